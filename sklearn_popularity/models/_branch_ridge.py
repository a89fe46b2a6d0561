"""Ridge regression on the outputs of branches, with weights of 0 or more."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_array

#: Penalties to choose from, in units of the mean square of the scaled outputs.
ALPHAS = np.logspace(2, -3, 11)
# Smallest correlation with y that an output is scaled by.
_LEAST_EVIDENCE = 0.05
# A variance below this share of the mean square counts as rounding error.
_ROUNDING = 1e-10


class BranchRidge(RegressorMixin, BaseEstimator):
    """Ridge regression with weights of 0 or more, except for the columns in `free`.

    Each output is first scaled so that its standard deviation is its correlation with
    y: units do not matter, and outputs near chance shrink most.

    Parameters
    ----------
    alpha : float
        Penalty, in units of the mean square of the scaled outputs.
    free : sequence of int
        Columns whose weights may be negative.
    """

    def __init__(self, *, alpha, free=()):
        self.alpha = alpha
        self.free = free

    def fit(self, X, y, sample_weight=None):
        """Fit a weight for each column of X, and the intercept."""
        rows, weight, origin = _centre(check_array(X), y, sample_weight)
        coef, intercept = _fit(_sums(rows, weight), self.alpha, self.free)
        self.coef_ = coef
        self.intercept_ = float(origin[-1] + intercept - coef @ origin[:-1])
        return self

    def predict(self, X):
        """Predict the weighted sum of the columns of X plus the intercept."""
        return check_array(X) @ self.coef_ + self.intercept_


def choose_ridge(X, y, sample_weight, *, folds, free) -> BranchRidge:
    """Unfitted ridge with the penalty of the least squared error on held-out rows.

    Without folds, where the branches were fitted on all rows, it is the smallest one.
    """
    if folds is None:
        return BranchRidge(alpha=float(ALPHAS.min()), free=free)
    rows, weight, _ = _centre(check_array(X), y, sample_weight)
    whole, errors = _sums(rows, weight), np.zeros(len(ALPHAS))
    for _, test in folds:
        part = _sums(rows[test], weight[test])
        rest = whole - part
        if rest[0, 0] > _ROUNDING * whole[0, 0]:  # else all weight is in the test fold
            errors += [_squared_error(part, *_fit(rest, a, free)) for a in ALPHAS]
    return BranchRidge(alpha=float(ALPHAS[np.argmin(errors)]), free=free)


def _centre(X, y, sample_weight):
    """Columns 1, outputs and y, the latter centred; the weights; and the means."""
    table = np.column_stack([X, y])
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    origin = np.average(table, axis=0, weights=weight)
    return np.column_stack([np.ones(len(y)), table - origin]), weight, origin


def _sums(rows, weight):
    """Weighted cross-products of the columns, which are all that a fit needs."""
    return (rows.T * weight) @ rows


def _squared_error(sums, coef, intercept):
    residual = np.r_[-intercept, -coef, 1.0]
    return residual @ sums @ residual


def _fit(sums, alpha, free):
    """Weights and intercept from the cross-products of the columns 1, X and y."""
    mean, square = sums[0, 1:] / sums[0, 0], sums[1:, 1:] / sums[0, 0]
    covariance = square - np.outer(mean, mean)
    variance, largest = np.diag(covariance), np.diag(square)
    deviation = np.sqrt(np.where(variance > _ROUNDING * largest, variance, 1.0))
    correlation = covariance / np.outer(deviation, deviation)
    target, is_free = correlation[:-1, -1], np.isin(np.arange(len(mean) - 1), free)
    evidence = np.where(is_free, np.abs(target), target)
    scale = np.maximum(evidence, _LEAST_EVIDENCE)
    gram = correlation[:-1, :-1] * np.outer(scale, scale)
    gram += alpha * np.mean(scale**2) * np.eye(len(scale))
    coef = _minimise(gram, scale * target, is_free)
    coef *= scale * deviation[-1] / deviation[:-1]
    return coef, mean[-1] - coef @ mean[:-1]


def _minimise(gram, target, is_free):
    """Minimise w'Gw / 2 - t'w with w >= 0, except where w is free."""
    free, bound = np.flatnonzero(is_free), np.flatnonzero(~is_free)
    # Regress the bound columns and y on the free ones, to eliminate the latter.
    taken = np.linalg.solve(
        gram[np.ix_(free, free)], np.c_[gram[np.ix_(free, bound)], target[free]]
    )
    if not len(bound):  # which versions of SciPy cannot solve for
        return taken[:, -1]
    cross = gram[np.ix_(bound, free)] @ taken
    root = np.linalg.cholesky(gram[np.ix_(bound, bound)] - cross[:, :-1])
    aim = solve_triangular(root, target[bound] - cross[:, -1], lower=True)
    w = np.empty(len(gram))
    w[bound], _ = nnls(root.T, aim)
    w[free] = taken[:, -1] - taken[:, :-1] @ w[bound]
    return w
