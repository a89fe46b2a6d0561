"""Spearman: against scipy, weights as repetitions, and the bootstrap's coverage."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_popularity import spearman_interval, spearman_score, spearman_scorer


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


def test_score_ignores_monotone_transforms():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.normal(size=(2, 50))
    score = spearman_score(y_true, y_pred)
    assert_allclose(spearman_score(np.exp(y_true), y_pred**3), score, atol=1e-12)
    assert_allclose(spearman_score(y_true, -y_pred), -score, atol=1e-12)


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


def _slow_bootstrap(y_true, y_pred, groups, n_resamples, seed):
    """Repeat rows literally and ask scipy."""
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    scores = []
    for _ in range(n_resamples):
        drawn = rng.choice(names, len(names))
        rows = np.concatenate([np.flatnonzero(groups == name) for name in drawn])
        scores.append(spearmanr(y_true[rows], y_pred[rows]).statistic)
    return np.quantile(scores, [0.025, 0.975])


@pytest.mark.parametrize("n_groups", [40, 120])
def test_interval_agrees_with_literal_bootstrap(n_groups):
    rng = np.random.default_rng(0)
    groups = np.arange(120) % n_groups
    effect = rng.normal(size=n_groups)[groups]
    y_true = effect + rng.normal(size=120)
    y_pred = effect + rng.normal(size=120)
    interval = spearman_interval(
        y_true, y_pred, groups=groups, n_resamples=1000, random_state=0
    )
    expected = _slow_bootstrap(y_true, y_pred, groups, 1000, seed=1)
    assert_allclose([interval.low, interval.high], expected, atol=0.04)
    assert interval.score == spearman_score(y_true, y_pred)


def test_interval_covers_population_score():
    # Spearman of a bivariate normal with correlation r is 6 / pi asin(r / 2).
    rng = np.random.default_rng(0)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)
    covered = 0
    for _ in range(200):
        a, b = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 80).T
        seed = int(rng.integers(99))
        _, low, high = spearman_interval(a, b, n_resamples=200, random_state=seed)
        covered += low <= truth <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_interval_widens_by_group():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    effect = rng.normal(size=20)[groups]
    y_true, y_pred = effect + 0.1 * rng.normal(size=(2, 200))
    rows = spearman_interval(y_true, y_pred, random_state=0)
    whole = spearman_interval(y_true, y_pred, groups=groups, random_state=0)
    assert whole.high - whole.low > 2 * (rows.high - rows.low)


def test_interval_averages_predictions():
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=60)
    y_pred = y_true[:, np.newaxis] + rng.normal(size=(60, 3))
    interval = spearman_interval(y_true, y_pred, random_state=0)
    scores = [spearman_score(y_true, column) for column in y_pred.T]
    assert_allclose(interval.score, np.mean(scores))


def test_interval_is_seeded_and_independent_of_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.normal(size=(2, 50))
    once = spearman_interval(y_true, y_pred, random_state=3)
    monkeypatch.setattr("sklearn_popularity.metrics._spearman._BLOCK_SIZE", 500)
    assert spearman_interval(y_true, y_pred, random_state=3) == once


def test_interval_narrows_with_confidence():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.normal(size=(2, 50))
    _, low, high = spearman_interval(y_true, y_pred, confidence=0.5, random_state=0)
    _, lower, higher = spearman_interval(y_true, y_pred, random_state=0)
    assert lower < low < high < higher


@pytest.mark.parametrize("missing", [None, np.nan])
@pytest.mark.parametrize("others", [["a", "b"], [1, 2]])
def test_interval_names_missing_group(missing, others):
    with pytest.raises(ValueError, match="in row 2 of groups"):
        spearman_interval([1, 2, 3], [1, 2, 3], groups=[*others, missing])


def test_tiny_weights_still_rank():
    assert spearman_score([1, 2], [1, 2], sample_weight=[1, 1e-12]) == 1.0


def test_interval_needs_two_groups():
    with pytest.raises(ValueError, match="1 group"):
        spearman_interval([1, 2, 3], [1, 2, 3], groups=["a", "a", "a"])


@pytest.mark.parametrize(
    ("name", "value"), [("confidence", 1.0), ("n_resamples", 0), ("random_state", "x")]
)
def test_interval_rejects_bad_parameters(name, value):
    with pytest.raises(ValueError, match=name):
        spearman_interval([1, 2, 3], [1, 2, 3], **{name: value})


def test_baseline_gives_paired_difference():
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    common = rng.normal(size=200)
    better, worse = y + 2 * common, y + 2 * common + 0.5 * rng.normal(size=200)
    interval = spearman_interval(y, better, baseline=worse, random_state=0)
    expected = spearman_score(y, better) - spearman_score(y, worse)
    assert_allclose(interval.score, expected)
    alone = spearman_interval(y, better, random_state=0)
    assert interval.high - interval.low < (alone.high - alone.low) / 2


def test_equal_baseline_gives_zero():
    rng = np.random.default_rng(0)
    y, pred = rng.normal(size=(2, 50))
    interval = spearman_interval(y, pred, baseline=pred, random_state=0)
    assert interval == (0, 0, 0)
