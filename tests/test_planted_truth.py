"""What is told of made-up and filtered posts is true of these very posts."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from sklearn_popularity import make_popularity
from sklearn_popularity.datasets import filter_top_tags


def test_expected_score_is_that_at_the_expected_views():
    posts, truth = make_popularity(40, image_size=(32, 40), rate=0.05, random_state=0)
    views = np.exp2(truth.coefficients.intercept + truth.effects.sum(axis=1))
    days = (posts["observed"] - posts["uploaded"]) / pd.Timedelta(days=1)
    assert_allclose(truth.expected_score, np.log2(views / days + 1))


def test_tag_counts_once_for_each_post():
    posts = pd.DataFrame({"tags": ["sea sea sea", "sun", "sun"]})
    assert filter_top_tags(posts, n_tags=1)["tags"].tolist() == ["sun", "sun"]
