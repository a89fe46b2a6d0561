"""How well features predict a suspect, and how much of a score goes with it."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd
from scipy.stats import rankdata
from sklearn.linear_model import RidgeCV

from ..metrics import (
    Estimate,
    degrees_of_freedom,
    jackknife,
    number_groups,
    spearman_difference,
)
from ._partitions import Folds
from ._shares import shares_below

_ALPHAS = np.logspace(-4, 3, 8)
_N_BINS = 10


def compress(blocks: list[NDArray]) -> NDArray[np.float64]:
    """Standardise features, weigh blocks equally, and keep at most n_samples columns.

    Angles and distances are kept, so ridge regression gives the same predictions as on
    the features.
    """
    columns = []
    for block in blocks:
        block = np.asarray(block, dtype=np.float64)
        scale = block.std(axis=0)
        # The deviation of constant columns is rounding: scale them to 0.
        scale[scale <= 1e-9 * np.abs(block).max(axis=0)] = np.inf
        columns.append((block - block.mean(axis=0)) / scale / np.sqrt(block.shape[1]))
    rows = np.hstack(columns)
    if rows.shape[1] <= len(rows):
        return rows
    left, values, _ = svd(rows, full_matrices=False)
    return left * values


def predict_targets(features: NDArray, targets: NDArray, folds: Folds) -> NDArray:
    """Held-out predictions of several targets by ridge regression, as shares.

    Features are from `compress`. Shares are those of `shares_below`, one column per
    target; NaN for rows in no test fold.
    """
    shares = np.full(targets.shape, np.nan)
    for train, test in folds:
        model = RidgeCV(_ALPHAS, alpha_per_target=True)
        model.fit(features[train], targets[train])
        known, new = (
            np.reshape(model.predict(features[rows]), (len(rows), -1))
            for rows in (train, test)
        )
        for target in range(targets.shape[1]):
            shares[test, target] = shares_below(known[:, target], new[:, target])
    return shares


def tell_number(values, shares, groups, n_folds) -> Estimate:
    """Spearman's correlation of a number with its predictions."""
    nothing = np.zeros(len(values))
    found = spearman_difference(values, shares, nothing, groups=groups, n_folds=n_folds)
    return Estimate(found.score, found.error, found.df)


def tell_levels(levels, shares, groups, n_folds) -> Estimate:
    """Mean over levels of the area under the ROC curve, less 0.5.

    The standard error is over groups of rows, from each row's part in the areas (DeLong
    1988, Obuchowski 1997).

    Parameters
    ----------
    levels : ndarray of shape (n_samples, n_levels), bool
        Whether each row has each level.
    shares : ndarray of shape (n_samples, n_levels)
        Predictions of each level.
    groups : ndarray of shape (n_samples,), int, or None
        Group of each row; rows of one group are not independent.
    n_folds : int or None
        Number of folds, to widen the error for retraining; see `Estimate.of_model`.
    """
    parts = np.zeros(len(levels))
    areas = []
    for inside, column in zip(levels.T, shares.T, strict=True):
        ranks, below = rankdata(column), np.empty(len(column))
        for rows in (inside, ~inside):
            below[rows] = (ranks[rows] - rankdata(column[rows])) / (~rows).sum()
        below[~inside] = 1 - below[~inside]
        area = below[inside].mean()
        areas.append(area)
        sizes = np.where(inside, inside.sum(), (~inside).sum())
        parts += (below - area) / sizes / levels.shape[1]
    codes = number_groups(groups, len(levels))
    sums = np.bincount(codes, parts)
    error = np.sqrt(len(sums) / (len(sums) - 1) * np.square(sums).sum())
    found = Estimate(np.mean(areas) - 0.5, error, degrees_of_freedom(codes))
    return found.of_model(n_folds)


def bin_numbers(values: NDArray) -> NDArray[np.intp]:
    """Ten levels of about equal size, lowest first; equal numbers share a level."""
    place = (rankdata(values) - 0.5) / len(values)
    return np.unique((place * _N_BINS).astype(np.intp), return_inverse=True)[1]


def follow(
    shares: NDArray, y: NDArray, levels: NDArray, folds: NDArray, groups, *, nested
) -> Estimate:
    """Part of Spearman's correlation of predictions with y that lies between levels.

    It is the covariance of the mean standardised ranks of the levels: how much the
    prediction of one row tells about the score of *another* row of its level, beyond
    any other row. Both rows of a pair are in one test fold, since the model of one fold
    was trained on the scores of others, and in different groups.

    Parameters
    ----------
    shares : ndarray of shape (n_samples, n_repeats)
        Held-out predictions, without NaN.
    y : ndarray of shape (n_samples,)
        Scores.
    levels : ndarray of shape (n_samples,), int
        Level of each row.
    folds : ndarray of shape (n_samples, n_repeats), int
        Number of the test fold of each row.
    groups : ndarray of shape (n_samples,), int, or None
        Group of each row; rows of one group are not independent.
    nested : bool
        Whether each level is in one group; pairs are then of any two rows.

    Returns
    -------
    found : Estimate
        Estimate with the jackknife error over groups, for the given predictions; NaN if
        no two rows that can be compared share a level.
    """
    codes = number_groups(groups, len(y))
    truth, found, left_out = _standard_ranks(y), [], []
    for column, fold in zip(shares.T, folds.T, strict=True):
        ranks = _standard_ranks(column)
        cells = fold * (levels.max() + 1) + levels
        same, same_left = _pair_means(cells, codes, ranks, truth, nested)
        any_two, any_left = _pair_means(fold, codes, ranks, truth, nested)
        found.append(same - any_two)
        left_out.append(same_left - any_left)
    whole = jackknife(float(np.mean(found)), np.mean(left_out, axis=0))
    return whole._replace(df=degrees_of_freedom(codes))


def _pair_means(cells, groups, p, y, nested):
    """Mean of p of one row times y of another of its cell, also without each group.

    Cells are weighted by their numbers of rows. Pairs within a group count only if
    `nested`.
    """
    n_groups = groups.max() + 1
    keys, place = np.unique(cells * n_groups + groups, return_inverse=True)
    n, sum_p, sum_y = (np.bincount(place, x) for x in (np.ones(len(p)), p, y))
    own = np.bincount(place, p * y) if nested else sum_p * sum_y
    selves = n if nested else n * n
    cell = np.unique(keys // n_groups, return_inverse=True)[1]
    pieces = np.stack([n, sum_p, sum_y, own, selves])
    totals = np.stack([np.bincount(cell, x) for x in pieces])
    value, weight = _weigh(totals)
    less, lighter = _weigh(totals[:, cell] - pieces)
    group = keys % n_groups
    with_cell = np.stack([value[cell] - less, weight[cell] - lighter])
    gone = [np.bincount(group, x, n_groups) for x in with_cell]
    with np.errstate(invalid="ignore", divide="ignore"):
        left_out = (value.sum() - gone[0]) / (weight.sum() - gone[1])
        mean = value.sum() / weight.sum() if weight.sum() > 0 else np.nan
    # If no pairs remain without a group, the rest shows nothing: 0.
    return mean, np.where(np.isfinite(left_out), left_out, 0.0)


def _weigh(sums):
    """Sizes of cells times their means over pairs, and sizes of cells with pairs."""
    n, sum_p, sum_y, own, selves = sums
    n_pairs = n * n - selves
    has = n_pairs > 0.5
    mean = np.divide(sum_p * sum_y - own, n_pairs, out=np.zeros_like(n), where=has)
    return n * mean, np.where(has, n, 0.0)


def _standard_ranks(values):
    ranks = rankdata(values) - (len(values) + 1) / 2
    return ranks / (ranks.std() or 1.0)
