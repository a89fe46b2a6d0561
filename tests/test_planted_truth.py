"""What is told of made-up and filtered posts is true of these very posts."""

import pandas as pd

from sklearn_popularity import make_popularity
from sklearn_popularity.datasets import filter_top_tags


def test_objects_are_those_whose_effects_were_planted():
    _, truth = make_popularity(60, image_size=(32, 40), random_state=0)
    names = truth.objects["name"]
    expected = names.map(truth.coefficients.object).fillna(0.0)
    assert names.nunique() > 4
    assert truth.effects["object"].tolist() == expected.tolist()
    empty = (truth.objects[["height", "width"]] == 0).all(axis=1)
    assert empty.tolist() == (names == "none").tolist()


def test_tag_counts_once_for_each_post():
    posts = pd.DataFrame({"tags": ["sea sea sea", "sun", "sun"]})
    assert filter_top_tags(posts, n_tags=1)["tags"].tolist() == ["sun", "sun"]
