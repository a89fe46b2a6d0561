"""Spearman's rank correlation: the score and its scorer."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import make_scorer
from sklearn.utils import check_consistent_length

from .._numbers import check_numbers
from .._sklearn_compat import _check_sample_weight, validate_params


def _mid_ranks(values: NDArray, weights: NDArray) -> tuple[NDArray, bool]:
    """Mid-ranks of weighted values, and whether all with positive weight are equal.

    A row of weight w counts as w rows. A tie group of total weight W, after rows of
    total weight B, has the rank B + W / 2, up to a constant that cancels.
    """
    _, level = np.unique(values, return_inverse=True)
    totals = np.bincount(level, weights)
    return (np.cumsum(totals) - totals / 2)[level], bool(np.count_nonzero(totals) < 2)


def correlate(covariance, product):
    """Correlation from a covariance and the product of both variances.

    It is 0 where the product is 0 because one side is constant.
    """
    norm = np.sqrt(product)
    return np.divide(covariance, norm, out=np.zeros_like(norm), where=norm > 0)


def _pearson(a: NDArray, b: NDArray, weights: NDArray) -> float:
    """Weighted correlation; 0 if weights are so small that squares underflow."""
    a, b = a - np.average(a, weights=weights), b - np.average(b, weights=weights)
    product = (weights @ (a * a)) * (weights @ (b * b))
    return float(correlate(weights @ (a * b), product))


@validate_params(
    {"y_true": ["array-like"], "y_pred": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def spearman_score(y_true, y_pred, *, sample_weight=None):
    """Spearman's rank correlation between true and predicted scores.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, 1)
        True scores; only their order matters.
    y_pred : array-like of shape (n_samples,) or (n_samples, 1)
        Predicted scores; only their order matters.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row, 0 or more: a row of weight 2 counts as two equal rows.

    Returns
    -------
    score : float
        From -1 (reversed order) to 1 (same order); 0 is unrelated. If either side is
        constant it is 0.0, not NaN: a constant prediction ranks nothing.

    Raises
    ------
    ValueError
        If an input has NaN or infinity, lengths differ, a weight is negative or none
        is above 0.

    See Also
    --------
    spearman_scorer : The same for ``scoring=``.
    spearman_interval : With a confidence interval.

    Notes
    -----
    This is Pearson's correlation of mid-ranks. Without weights it equals
    :func:`scipy.stats.spearmanr` wherever the latter is defined.

    Examples
    --------
    >>> from sklearn_popularity import spearman_score
    >>> spearman_score([10, 200, 3000], [0.1, 0.4, 0.2])
    0.5
    """
    y_true, y_pred = check_numbers(y_true, "y_true"), check_numbers(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred, sample_weight)
    weights = _check_sample_weight(
        sample_weight, y_true, dtype=np.float64, ensure_non_negative=True
    )
    weights = weights / weights.max()
    a, a_constant = _mid_ranks(y_true, weights)
    b, b_constant = _mid_ranks(y_pred, weights)
    if a_constant or b_constant:
        return 0.0
    return float(np.clip(_pearson(a, b, weights), -1, 1))


#: Scorer of :func:`spearman_score`, for ``scoring=`` of
#: :func:`~sklearn.model_selection.cross_val_score` and others. `set_score_request`
#: would change it for all that use it; with weights, use
#: ``make_scorer(spearman_score).set_score_request(sample_weight=True)``. For a model of
#: several scores, score one column at a time, as with
#: ``lambda model, X, y: spearman_score(y[:, 0], model.predict(X)[:, 0])``.
spearman_scorer = make_scorer(spearman_score)
