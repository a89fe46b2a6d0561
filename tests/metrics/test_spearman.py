"""Spearman: against scipy, weights as repetitions, and constants."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_popularity import spearman_score, spearman_scorer


@pytest.mark.parametrize("n_samples", [3, 10, 200])
@pytest.mark.parametrize("n_levels", [2, 5, 1000])
def test_score_equals_scipy(n_samples, n_levels):
    rng = np.random.default_rng(n_samples + n_levels)
    for _ in range(20):
        y_true = rng.integers(0, n_levels, n_samples)
        y_pred = rng.integers(0, n_levels, n_samples) + 0.3 * y_true
        if np.ptp(y_true) == 0 or np.ptp(y_pred) == 0:
            continue
        expected = spearmanr(y_true, y_pred).statistic
        assert_allclose(spearman_score(y_true, y_pred), expected, atol=1e-12)


@pytest.mark.parametrize("weight_dtype", [int, float])
def test_weight_equals_repetition(weight_dtype):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 6, size=(2, 40))
    weight = rng.integers(0, 4, 40)
    repeated = spearman_score(np.repeat(y_true, weight), np.repeat(y_pred, weight))
    weighted = spearman_score(y_true, y_pred, sample_weight=weight.astype(weight_dtype))
    assert_allclose(weighted, repeated, atol=1e-12)


def test_weight_scale_does_not_matter():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.normal(size=(2, 40))
    weight = rng.uniform(size=40)
    scores = [
        spearman_score(y_true, y_pred, sample_weight=weight * scale)
        for scale in (1e-300, 1e-6, 1, 1e6, 1e306)
    ]
    assert_allclose(scores, scores[0], atol=1e-9)
    assert spearman_score([1, 2], [1, 2], sample_weight=[1, 1e-12]) == 1.0


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [([1, 2, 3], [5, 5, 5]), ([5, 5, 5], [1, 2, 3]), ([1], [1]), ([2, 2], [3, 3])],
)
def test_constant_scores_zero(y_true, y_pred):
    assert spearman_score(y_true, y_pred) == 0.0


def test_constant_after_weights_scores_zero():
    assert spearman_score([1, 2, 3], [1, 2, 2], sample_weight=[0, 1, 1]) == 0.0
    rng = np.random.default_rng(0)
    weight = rng.uniform(size=30)
    assert spearman_score(np.arange(30), np.ones(30), sample_weight=weight) == 0.0


def test_column_vectors_are_ravelled():
    y = np.arange(5.0)
    assert spearman_score(y[:, np.newaxis], y[:, np.newaxis] ** 2) == 1.0


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([1, np.nan], [1, 2], "y_true contains NaN"),
        ([1, 2], [1, np.inf], "y_pred contains infinity"),
        ([1, 2, 3], [1, 2], "inconsistent numbers of samples"),
        ([], [], "0 sample"),
        ([[1, 2], [3, 4]], [1, 2], "1d array"),
    ],
)
def test_score_rejects_bad_input(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        spearman_score(y_true, y_pred)


def test_score_rejects_negative_weight():
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        spearman_score([1, 2], [1, 2], sample_weight=[1, -1])


def test_scorer_ranks_and_tunes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = np.exp(X[:, 0])
    scores = cross_val_score(LinearRegression(), X, y, scoring=spearman_scorer)
    assert scores.min() > 0.9
    constant = cross_val_score(DummyRegressor(), X, y, scoring=spearman_scorer)
    assert (constant == 0).all()
    grid = GridSearchCV(Ridge(), {"alpha": [1e-3, 1e6]}, scoring=spearman_scorer)
    assert np.isfinite(grid.fit(X, y).best_score_)
