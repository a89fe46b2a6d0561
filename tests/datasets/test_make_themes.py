"""Made-up themes: what was planted is there."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_popularity.datasets import make_themes


def test_score_is_signed_strength():
    themes = make_themes(500, n_popular=2, n_unpopular=1, noise=0, random_state=0)
    sign = np.where(themes.theme < 2, 1, -1)
    assert_allclose(themes.target, sign * themes.strength)
    assert set(themes.theme) == {0, 1, 2}


def test_themes_are_orthogonal_directions():
    themes = make_themes(40_000, 10, random_state=0)
    directions = np.array(
        [
            themes.data[themes.theme == t].T
            @ themes.strength[themes.theme == t]
            / (themes.strength[themes.theme == t] ** 2).sum()
            for t in range(4)
        ]
    )
    assert_allclose(directions @ directions.T, 4 * np.eye(4), atol=0.1)


def test_noise_is_what_strength_leaves():
    themes = make_themes(5000, noise=2, random_state=0)
    sign = np.where(themes.theme < 2, 1, -1)
    assert_allclose((themes.target - sign * themes.strength).std(), 2, rtol=0.05)


def test_seed_decides():
    one, same, other = (make_themes(5, random_state=s) for s in (0, 0, 1))
    assert_array_equal(one.data, same.data)
    assert (one.data != other.data).all()


def test_more_themes_than_features_raise():
    with pytest.raises(ValueError, match="n_features=3, but at least 4"):
        make_themes(10, 3)
