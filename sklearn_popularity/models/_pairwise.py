"""The pairwise hinge loss of a batch: every pair of rows whose scores differ."""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Pairs(NamedTuple):
    """All pairs (i, j) of a batch in which row i scores higher than row j.

    Attributes
    ----------
    weights : ndarray of shape (n, n)
        Entry (i, j) is the weight of the pair in the loss; 0 unless y_i > y_j.
    margins : float or ndarray of shape (n, n)
        By how much the prediction for i should exceed that for j.
    """

    weights: NDArray
    margins: NDArray | float


def total_pair_weight(
    y: NDArray, sample_weight: NDArray | None, within: NDArray | None = None
) -> float:
    """Sum of the weights of all pairs of rows with different scores.

    The weight of a pair is the product of those of its rows; pairs are within groups if
    there are any.
    """
    _, score = np.unique(y, return_inverse=True)
    group = np.zeros(len(y), dtype=np.intp) if within is None else within
    _, both = np.unique(group * (score.max() + 1) + score, return_inverse=True)
    weight_of_group = np.bincount(group, weights=sample_weight)
    weight_of_both = np.bincount(both, weights=sample_weight)
    # Both orders of all pairs, less the pairs of equal scores.
    return float((weight_of_group**2).sum() - (weight_of_both**2).sum()) / 2


def count_pairs(n: int, within: NDArray | None) -> int:
    """Number of ordered pairs of n rows, within groups if given."""
    sizes = np.array([n]) if within is None else np.bincount(within)
    return int((sizes * (sizes - 1)).sum())


def shuffle_rows(
    rows: NDArray, within: NDArray | None, random_state: np.random.RandomState
) -> NDArray:
    """Shuffle rows, keeping those of a group next to each other."""
    rows = random_state.permutation(rows)
    if within is None:
        return rows
    place = random_state.permutation(within.max() + 1)
    return rows[np.argsort(place[within[rows]], kind="stable")]


def center_within(y: NDArray, within: NDArray | None) -> NDArray:
    """Scores minus the mean of their group; without groups, the scores."""
    if within is None:
        return y
    return y - (np.bincount(within, y) / np.bincount(within))[within]


def score_unit(y: NDArray, sample_weight: NDArray | None) -> float:
    """Weighted standard deviation of the scores; 1 if all are equal."""
    mean = np.average(y, weights=sample_weight)
    unit = float(np.sqrt(np.average((y - mean) ** 2, weights=sample_weight)))
    return unit if np.ptp(y) > 0 and unit > 0 else 1.0


def viable_pairs(
    y: NDArray,
    sample_weight: NDArray | None,
    within: NDArray | None = None,
    *,
    unit: float | None,
    min_margin: float,
    total: float,
    dtype: DTypeLike,
) -> Pairs:
    """Find the pairs to rank.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Scores.
    sample_weight : ndarray of shape (n,) or None
        Weights of the rows; that of a pair is their product.
    within : ndarray of shape (n,), int, default=None
        Groups within which pairs are formed.
    unit : float or None
        Difference of scores for a margin of 1; margins are proportional to differences.
        None takes `min_margin` for all pairs.
    min_margin : float
        Smallest margin.
    total : float
        Average total weight of the pairs of a batch of n rows. Weights are divided by
        it rather than by the total of this batch, so that rows of small weight make a
        small step.
    dtype : dtype
        Of the result. Scores are compared before the conversion, since different
        counts may be equal in single precision.

    Returns
    -------
    pairs : Pairs
    """
    gaps = np.subtract.outer(y, y)
    if within is not None:
        gaps[np.not_equal.outer(within, within)] = 0
    weights = (gaps > 0).astype(dtype)
    if sample_weight is None:
        weights /= total
    else:
        share = np.multiply.outer(sample_weight / total, sample_weight)
        weights *= share.astype(dtype)
    if unit is None:
        return Pairs(weights, min_margin)
    return Pairs(weights, np.maximum(gaps / unit, min_margin).astype(dtype))


def pairwise_hinge(scores: NDArray, pairs: Pairs) -> tuple[float, NDArray]:
    """Sum over pairs of weight max(0, margin - scores_i + scores_j).

    The gradient with respect to the scores is returned too.
    """
    violations = pairs.margins - np.subtract.outer(scores, scores)
    active = pairs.weights * (violations > 0)
    loss = float(np.vdot(active, violations))
    ones = np.ones(len(scores), dtype=active.dtype)
    # Matrix products are faster than sums.
    return loss, ones @ active - active @ ones
