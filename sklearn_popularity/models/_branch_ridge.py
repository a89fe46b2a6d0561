"""Ridge regression on the outputs of branches, none of which counts against itself."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_array

#: Penalties to choose from, in units of the mean square of the scaled outputs.
ALPHAS = np.logspace(2, -3, 11)
# Outputs are scaled as if their correlation with y were at least this one.
_LEAST_EVIDENCE = 0.05
# Share of the mean square below which a variance is rounding.
_ROUNDING = 1e-10


class BranchRidge(RegressorMixin, BaseEstimator):
    """Ridge regression whose weights are 0 or more, but of columns that are free.

    Before they are penalised alike, outputs are scaled to have their correlation with y
    as standard deviation: they come in any unit, and those near chance shrink most.

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
        """Fit a weight for each column of X, and the constant."""
        rows, weight, origin = _centre(check_array(X), y, sample_weight)
        coef, intercept = _fit(_sums(rows, weight), self.alpha, self.free)
        self.coef_ = coef
        self.intercept_ = float(origin[-1] + intercept - coef @ origin[:-1])
        return self

    def predict(self, X):
        """Weighted sum of the columns of X, and the constant."""
        return check_array(X) @ self.coef_ + self.intercept_


def choose_ridge(X, y, sample_weight, *, folds, free) -> BranchRidge:
    """The ridge regression with the least squared error for rows held out.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_outputs)
        Outputs for rows that the branches did not learn from.
    y : ndarray of shape (n_samples,)
        Scores.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights.
    folds : list of (train, test) or None
        Partition of the rows. None, where the branches learned from all rows, takes the
        smallest penalty.
    free : sequence of int
        As of :class:`BranchRidge`.

    Returns
    -------
    ridge : BranchRidge
        Not fitted, with one of `ALPHAS`.
    """
    if folds is None:
        return BranchRidge(alpha=float(ALPHAS.min()), free=free)
    rows, weight, _ = _centre(check_array(X), y, sample_weight)
    whole, errors = _sums(rows, weight), np.zeros(len(ALPHAS))
    for _, test in folds:
        part = _sums(rows[test], weight[test])
        rest = whole - part
        if rest[0, 0] > _ROUNDING * whole[0, 0]:  # else no other row weighs anything
            errors += [_squared_error(part, *_fit(rest, a, free)) for a in ALPHAS]
    return BranchRidge(alpha=float(ALPHAS[np.argmin(errors)]), free=free)


def _centre(X, y, sample_weight):
    """Columns one, outputs and y, less their means; weights; and the means."""
    table = np.column_stack([X, y])
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    origin = np.average(table, axis=0, weights=weight)
    return np.column_stack([np.ones(len(y)), table - origin]), weight, origin


def _sums(rows, weight):
    """Sums of all products of two columns, which is all that a fit needs to know."""
    return (rows.T * weight) @ rows


def _squared_error(sums, coef, intercept):
    residual = np.r_[-intercept, -coef, 1.0]
    return residual @ sums @ residual


def _fit(sums, alpha, free):
    """Weights and constant from the sums of products of the columns one, X and y."""
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
    """The w of least w'Gw / 2 - t'w that is 0 or more, but where it is free."""
    free, bound = np.flatnonzero(is_free), np.flatnonzero(~is_free)
    # What free columns take up of the others and of y, whatever the others weigh.
    taken = np.linalg.solve(
        gram[np.ix_(free, free)], np.c_[gram[np.ix_(free, bound)], target[free]]
    )
    cross = gram[np.ix_(bound, free)] @ taken
    root = np.linalg.cholesky(gram[np.ix_(bound, bound)] - cross[:, :-1])
    aim = solve_triangular(root, target[bound] - cross[:, -1], lower=True)
    w = np.empty(len(gram))
    w[bound] = nnls(root.T, aim)[0] if len(bound) else []
    w[free] = taken[:, -1] - taken[:, :-1] @ w[bound]
    return w
