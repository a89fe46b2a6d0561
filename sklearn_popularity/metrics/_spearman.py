"""Spearman's rank correlation: the score, its scorer and its interval."""

from collections.abc import Iterator
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import make_scorer
from sklearn.utils import check_array, check_consistent_length, check_random_state

from .._columns import encode_labels
from .._scores import check_score
from .._sklearn_compat import Interval, _check_sample_weight, validate_params

# Resamples are ranked together in blocks of this many numbers, about 16 MB each.
_BLOCK_SIZE = 2_000_000


class SpearmanInterval(NamedTuple):
    """A rank correlation with the ends of its confidence interval.

    Parameters
    ----------
    score : float
        The correlation, or the difference of two.
    low, high : float
        The ends of the interval.
    """

    score: float
    low: float
    high: float


def _mid_ranks(values: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    """Rank values under one or many sets of weights; ties share their mean rank.

    Also tell for each set of weights whether all values that weigh anything are equal.

    A row of weight w counts as w rows: its tie group, of total weight W, after rows of
    total weight B, has the rank B + W / 2, up to a constant that no correlation sees.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(order)]))
    totals = np.add.reduceat(weights[..., order], starts, axis=-1)
    ranks = (np.cumsum(totals, axis=-1) - totals / 2)[..., group]
    return ranks, np.count_nonzero(totals, axis=-1) < 2


def _pearson(a: NDArray, b: NDArray, weights: NDArray, constant: NDArray) -> NDArray:
    """Weighted correlation along the last axis; 0 where a or b is constant."""
    total = weights.sum(axis=-1, keepdims=True)
    a = a - (weights * a).sum(axis=-1, keepdims=True) / total
    b = b - (weights * b).sum(axis=-1, keepdims=True) / total
    covariance = (weights * a * b).sum(axis=-1)
    product = (weights * a * a).sum(axis=-1) * (weights * b * b).sum(axis=-1)
    constant = constant | (product == 0)  # or weights so small that squares vanish
    return np.where(constant, 0.0, covariance / np.sqrt(np.where(constant, 1, product)))


def _spearman(y_true: NDArray, y_pred: NDArray, weights: NDArray) -> NDArray:
    """Mean over the columns of y_pred, for each set of weights."""
    a, a_constant = _mid_ranks(y_true, weights)
    scores = []
    for column in y_pred.T:
        b, b_constant = _mid_ranks(column, weights)
        scores.append(_pearson(a, b, weights, a_constant | b_constant))
    return np.mean(scores, axis=0).clip(-1, 1)


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
        A row of weight 2 counts as two equal rows.

    Returns
    -------
    score : float
        From -1 (reversed) over 0 (unrelated) to 1 (the same order). 0.0, not NaN, if
        either side is constant: a constant prediction ranks nothing.

    Raises
    ------
    ValueError
        If an input has NaN or infinity, lengths differ, a weight is negative or none
        is above 0.

    See Also
    --------
    spearman_scorer : The same for ``scoring=``.
    spearman_interval : With a bootstrap confidence interval.

    Notes
    -----
    Pearson's correlation of mid-ranks; without weights equal to
    :func:`scipy.stats.spearmanr` wherever that is defined.

    Examples
    --------
    >>> from sklearn_popularity import spearman_score
    >>> spearman_score([10, 200, 3000], [0.1, 0.4, 0.2])
    0.5
    """
    y_true, y_pred = check_score(y_true, "y_true"), check_score(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred, sample_weight)
    weights = _check_sample_weight(
        sample_weight, y_true, dtype=np.float64, ensure_non_negative=True
    )
    weights = weights / weights.max()
    return float(_spearman(y_true, y_pred[:, np.newaxis], weights))


#: Scorer of :func:`spearman_score`, for ``scoring=`` of
#: :func:`~sklearn.model_selection.cross_val_score` and others.
spearman_scorer = make_scorer(spearman_score)


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "baseline": ["array-like", None],
        "groups": ["array-like", None],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "n_resamples": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def spearman_interval(
    y_true,
    y_pred,
    *,
    baseline=None,
    groups=None,
    confidence=0.95,
    n_resamples=2000,
    random_state=None,
):
    """Spearman's rank correlation with a bootstrap confidence interval.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True scores.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_predictions)
        Predicted scores. The score of several predictions, such as those of repeated
        cross-validation, is the mean of theirs.
    baseline : array-like of shape (n_samples,) or (n_samples, n_predictions), \
            default=None
        Predictions to compare with. The score is then by how much `y_pred` is better,
        and the interval is paired: both are scored on the same resamples.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together (the photos of a user or a theme); whole groups are
        resampled, as rows within a group are no independent evidence.
    confidence : float, default=0.95
        Share of intervals that would cover the score of the population, 0 to 1.
    n_resamples : int, default=2000
        Number of bootstrap resamples.
    random_state : int, RandomState instance or None, default=None
        Seed of the resampling.

    Returns
    -------
    interval : SpearmanInterval
        Named tuple (score, low, high).

    Raises
    ------
    ValueError
        If an input has NaN or infinity, lengths differ, or all rows are one group.

    Notes
    -----
    Percentile bootstrap: rows, or groups, are drawn with replacement and the score is
    computed anew; the ends are quantiles of these scores.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import spearman_interval
    >>> score, low, high = spearman_interval(
    ...     np.arange(50), np.arange(50) % 25, random_state=0
    ... )
    >>> bool(low < score < high)
    True
    """
    y_true = check_score(y_true, "y_true")
    y_pred = _check_columns(y_pred, "y_pred")
    if baseline is not None:
        baseline = _check_columns(baseline, "baseline")
    check_consistent_length(y_true, y_pred, baseline, groups)
    group_of_row = np.arange(len(y_true))
    if groups is not None:
        group_of_row = encode_labels(groups, "groups")
    n_groups = group_of_row.max() + 1
    if n_groups < 2:
        raise ValueError(
            f"Got {n_groups} group(s), but at least 2 are needed to resample them. "
            "Pass groups=None to resample rows."
        )
    score = float(_mean_gain(y_true, y_pred, baseline, np.ones(len(y_true))))
    scores: list[float] = []
    for weights in _resample(group_of_row, n_resamples, random_state):
        scores.extend(_mean_gain(y_true, y_pred, baseline, weights))
    tail = (1 - confidence) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return SpearmanInterval(score, float(low), float(high))


def _resample(
    group_of_row: NDArray, n_resamples: int, random_state
) -> Iterator[NDArray]:
    """Weights of rows, in blocks of resamples: how often each one's group is drawn."""
    random_state = check_random_state(random_state)
    n_groups = group_of_row.max() + 1
    chances = np.full(n_groups, 1 / n_groups)
    block = max(1, _BLOCK_SIZE // len(group_of_row))
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        draws = random_state.multinomial(n_groups, chances, size=size)
        yield draws[:, group_of_row].astype(np.float64)


def _check_columns(values: ArrayLike, name: str) -> NDArray:
    columns = check_array(values, ensure_2d=False, dtype=np.float64, input_name=name)
    return columns.reshape(len(columns), -1)


def _mean_gain(y_true, y_pred, baseline, weights) -> NDArray:
    score = _spearman(y_true, y_pred, weights)
    if baseline is None:
        return score
    return score - _spearman(y_true, baseline, weights)
