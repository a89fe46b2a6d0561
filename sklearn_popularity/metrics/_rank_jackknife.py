"""Spearman's correlation with each group left out in turn, vectorized."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._spearman import correlate

# Up to this many groups are left out exactly, with a pass over all rows for each. If
# there are more, only groups with at least 1 / _N_EXACT of the rows are.
_N_EXACT = 1000
# Rows times groups that are ranked in one block: 2 MB of numbers.
_BLOCK_SIZE = 2**18


class Ranking(NamedTuple):
    """Mid-ranks of values.

    Parameters
    ----------
    levels : ndarray of shape (n,), intp
        Position of each row's value among the distinct values.
    counts : ndarray of shape (n_levels,)
        Number of rows at each level.
    ranks : ndarray of shape (n,)
        Mid-ranks, less their mean.
    """

    levels: NDArray[np.intp]
    counts: NDArray[np.float64]
    ranks: NDArray[np.float64]


def rank(values: NDArray) -> Ranking:
    """Rank values; ties share their mean rank."""
    _, levels, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return Ranking(levels, counts.astype(float), middle[levels] - len(values) / 2)


def leave_groups_out(
    y_true: NDArray, y_pred: NDArray, codes: NDArray
) -> tuple[NDArray, NDArray]:
    """Spearman's correlations with y_true, on all rows and without each group.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,)
        True scores.
    y_pred : ndarray of shape (n_samples, n_predictions)
        Predictions; rows where one is NaN are left out of its correlation.
    codes : ndarray of shape (n_samples,), intp
        Groups, numbered from 0; at least two.

    Returns
    -------
    scores : ndarray of shape (n_predictions,)
        0 if either side is constant.
    left_out : ndarray of shape (n_groups, n_predictions)
        The same without each group. With more than a thousand groups, those with less
        than a thousandth of the rows are approximated by the influence function of the
        score, with an error of the order of the square of the group's share.
    """
    if np.isnan(y_pred).any():
        return _leave_out_of_each(y_true, y_pred, codes)
    truth, columns = rank(y_true), [rank(column) for column in y_pred.T]
    scores = np.array([_correlation(truth, column) for column in columns])
    sizes = np.bincount(codes)
    exact = (len(sizes) <= _N_EXACT) | (sizes * _N_EXACT >= len(codes))
    left_out = np.empty((len(sizes), len(columns)))
    if not exact.all():
        rest = (1 - sizes / len(codes))[:, np.newaxis]
        shifts = [influence(truth, column) for column in columns]
        sums = np.column_stack([np.bincount(codes, shift) for shift in shifts])
        left_out = scores - sums / rest
    if exact.any():
        left_out[exact] = _leave_out(truth, columns, codes, np.flatnonzero(exact))
    return scores, left_out.clip(-1, 1)


def _leave_out_of_each(y_true, y_pred, codes) -> tuple[NDArray, NDArray]:
    """The same for predictions with NaN; a group without rows changes nothing."""
    scores, n_groups = [], codes.max() + 1
    left_out = np.empty((n_groups, y_pred.shape[1]))
    for i, column in enumerate(y_pred.T):
        rows = ~np.isnan(column)
        groups, numbers = np.unique(codes[rows], return_inverse=True)
        score, without = leave_groups_out(y_true[rows], column[rows, None], numbers)
        left_out[:, i] = score
        left_out[groups, i] = without[:, 0]
        scores.append(score[0])
    return np.array(scores), left_out


def _correlation(a: Ranking, b: Ranking) -> float:
    product = _square(a.counts) * _square(b.counts)
    return float(np.clip(correlate(a.ranks @ b.ranks, product), -1, 1))


def _square(counts: NDArray) -> float:
    """Sum of the squares of centred mid-ranks, from the rows of each level."""
    return (counts.sum() ** 3 - (counts**3).sum()) / 12


def influence(a: Ranking, b: Ranking) -> NDArray[np.float64]:
    """What each row adds to the correlation, to first order; the sum is 0.

    This is the derivative of the correlation by the weight of a row. The weight adds
    the product of its ranks, and raises the rank of each row above it by one and of
    each row tied with it by one half.
    """
    n = len(a.ranks)
    squares = _square(a.counts), _square(b.counts)
    if not all(squares):
        return np.zeros(n)
    norm = np.sqrt(squares[0] * squares[1])
    covariance = a.ranks * b.ranks + _sum_above(a, b.ranks) + _sum_above(b, a.ranks)
    spread = sum(
        (n**2 - x.counts[x.levels] ** 2) / (4 * square)
        for x, square in zip((a, b), squares, strict=True)
    )
    return covariance / norm - (a.ranks @ b.ranks) / norm * spread / 2


def _sum_above(ranking: Ranking, values: NDArray) -> NDArray[np.float64]:
    """Sum of the values of the rows above each row, and half of those tied with it.

    The values must sum to 0.
    """
    sums = np.bincount(ranking.levels, values)
    return (sums / 2 - np.cumsum(sums))[ranking.levels]


def _leave_out(truth, columns, codes, groups) -> NDArray[np.float64]:
    """Exact correlations with each of the given groups left out."""
    place = np.full(codes.max() + 1, -1)
    place[groups] = np.arange(len(groups))
    place = place[codes]  # position of each row's group in `groups`, or -1
    rows = np.argsort(place, kind="stable")[np.count_nonzero(place < 0) :]
    covariances = np.concatenate(list(_covariances(truth, columns, place, rows)))
    square = _squares_left(truth, place, rows)
    products = [square * _squares_left(column, place, rows) for column in columns]
    return correlate(covariances, np.column_stack(products))


def _covariances(truth, columns, place, rows) -> Iterator[NDArray]:
    """Sums of products of the ranks among the remaining rows, block by block."""
    n, n_groups = len(place), place.max() + 1
    block = max(1, _BLOCK_SIZE // n)
    for start in range(0, n_groups, block):
        size = min(block, n_groups - start)
        first, last = np.searchsorted(place[rows], [start, start + size])
        gone = rows[first:last]
        owner = place[gone] - start
        left = _ranks_left(truth, gone, owner, size)
        left[owner, gone] = 0
        yield np.column_stack(
            [
                np.einsum("ij,ij->i", left, _ranks_left(column, gone, owner, size))
                for column in columns
            ]
        )


def _ranks_left(ranking, gone, owner, size) -> NDArray[np.float64]:
    """Centred ranks among the remaining rows, for each group of a block.

    What removing a group takes off the ranks of others is a step function of the level.
    """
    n_levels = len(ranking.counts)
    starts, sizes = np.arange(size) * n_levels, np.bincount(owner, minlength=size)
    cells, counts = np.unique(
        owner * n_levels + ranking.levels[gone], return_counts=True
    )
    above = np.cumsum(counts) - (np.cumsum(sizes) - sizes / 2)[cells // n_levels]
    first = np.searchsorted(cells, starts)
    steps, edges = np.insert(above, first, -sizes / 2), np.insert(cells, first, starts)
    taken = np.repeat(steps, np.diff(edges, append=size * n_levels))
    taken[cells] -= counts / 2  # ties take half
    return ranking.ranks - np.take(
        taken.reshape(size, n_levels), ranking.levels, axis=1
    )


def _squares_left(ranking, place, rows) -> NDArray[np.float64]:
    """Sums of squares of the ranks among the remaining rows, for all groups."""
    n, n_levels = len(place), len(ranking.counts)
    cells, gone = np.unique(
        place[rows] * n_levels + ranking.levels[rows], return_counts=True
    )
    owner, counts = cells // n_levels, ranking.counts[cells % n_levels]
    cubes = (ranking.counts**3).sum() + np.bincount(
        owner, (counts - gone) ** 3 - counts**3
    )
    left = (n - np.bincount(place[rows])) ** 3.0
    return np.maximum(left - cubes, 0) / 12  # rounding of large cubes may give less
