"""The default last model of a late fusion: exact, and negative where it is free."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import lsq_linear
from sklearn.linear_model import Ridge

from sklearn_popularity.models._branch_ridge import ALPHAS, BranchRidge, choose_ridge

FREE = [[], [1, 3], [0, 1, 2, 3]]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) * [1, 1e-3, 1, 1e4] + 5
    y = X[:, 0] - 300 * X[:, 1] - X[:, 2] + 3 * rng.normal(size=60)
    return X, y


def _scaled(X, y, weight, free):
    """Columns whose deviations are their correlations with y, and these."""
    covariance = np.cov(X.T, y, aweights=weight, ddof=0)
    *deviation, spread = np.sqrt(covariance.diagonal())
    target = covariance[-1, :-1] / deviation / spread
    is_free = np.isin(np.arange(X.shape[1]), free)
    evidence = np.maximum(np.where(is_free, np.abs(target), target), 0.05)
    return X / deviation * evidence, evidence


def _slowly(X, y, weight, alpha, free):
    """Predictions by bounded least squares on rows of the penalty."""
    scaled, evidence = _scaled(X, y, weight, free)
    weight = np.ones(len(y)) if weight is None else weight
    mean, level = (
        np.average(scaled, axis=0, weights=weight),
        np.average(y, weights=weight),
    )
    root = np.sqrt(weight / weight.sum())[:, np.newaxis]
    penalty = np.sqrt(alpha * np.mean(evidence**2)) * np.eye(X.shape[1])
    low = np.where(np.isin(np.arange(X.shape[1]), free), -np.inf, 0)
    found = lsq_linear(
        np.vstack([root * (scaled - mean), penalty]),
        np.r_[root[:, 0] * (y - level), np.zeros(X.shape[1])],
        bounds=(low, np.inf),
        method="bvls",
        tol=1e-14,
    )
    return (scaled - mean) @ found.x + level


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("free", FREE)
@pytest.mark.parametrize("alpha", [1e-3, 1.0])
def test_ridge_equals_bounded_least_squares(data, weighted, free, alpha):
    X, y = data
    weight = np.arange(60) % 4.0 if weighted else None
    ridge = BranchRidge(alpha=alpha, free=free).fit(X, y, weight)
    assert_allclose(ridge.predict(X), _slowly(X, y, weight, alpha, free), rtol=1e-9)
    assert (np.delete(ridge.coef_, free) >= 0).all()


@pytest.mark.parametrize("free", [[], [0, 1, 2, 3]])
def test_ridge_equals_that_of_sklearn(data, free):
    X, y = data
    ours = BranchRidge(alpha=0.1, free=free).fit(X, y)
    scaled, evidence = _scaled(X, y, None, free)
    alpha = 0.1 * len(y) * np.mean(evidence**2)
    theirs = Ridge(alpha=alpha, positive=not free, tol=1e-12, max_iter=100_000)
    assert_allclose(ours.predict(X), theirs.fit(scaled, y).predict(scaled), rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("free", FREE)
def test_penalty_is_the_best_for_rows_held_out(data, weighted, free):
    X, y = data
    weight = np.arange(60) % 4.0 if weighted else np.ones(60)
    folds = [
        (np.flatnonzero(np.arange(60) % 5 != k), np.arange(k, 60, 5)) for k in range(5)
    ]
    errors = []
    for alpha in ALPHAS:
        ridge = BranchRidge(alpha=alpha, free=free)
        errors.append(0.0)
        for train, test in folds:
            ridge.fit(X[train], y[train], weight[train])
            errors[-1] += weight[test] @ np.square(y[test] - ridge.predict(X[test]))
    found = choose_ridge(X, y, weight, folds=folds, free=free)
    assert found.alpha == ALPHAS[np.argmin(errors)]
    assert list(found.free) == free


def test_constants_and_reversed_outputs_have_no_weight(data):
    X, y = data
    useful = y + np.random.default_rng(1).normal(size=60)
    X = np.column_stack([np.full(60, 0.1), -y, useful, np.r_[1e9, np.full(59, 1e9)]])
    halves = [(np.arange(30, 60), np.arange(30)), (np.arange(30), np.arange(30, 60))]
    ridge = choose_ridge(X, y, None, folds=halves, free=[3]).fit(X, y)
    assert ridge.coef_[1] == 0
    assert_allclose(ridge.coef_[[0, 3]], 0, atol=1e-15)
    assert ridge.coef_[2] > 0
    flat = BranchRidge(alpha=1.0).fit(X, np.full(60, 7.0))
    assert_allclose(flat.predict(X), 7)
