"""Scores of held-out predictions, with intervals for the models trained again."""

import numpy as np
from numpy.typing import NDArray

from ..metrics import (
    SpearmanDifference,
    SpearmanInterval,
    spearman_difference,
    spearman_interval,
)


def tested_rows(held_out) -> NDArray[np.bool_]:
    """Whether each row is in a test fold."""
    return ~np.isnan(held_out.shares).all(axis=1)


def held_out_interval(y, held_out, groups=None, confidence=0.95) -> SpearmanInterval:
    """Score of held-out predictions, averaged over repeats, with its interval.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        True scores.
    held_out : HeldOutPredictions
        Predictions of the same rows.
    groups : ndarray of shape (n_samples,), default=None
        Group of each row; rows of one group are not independent.
    confidence : float, default=0.95
        Confidence level of the interval, between 0 and 1.
    """
    rows = tested_rows(held_out)
    return spearman_interval(
        y[rows],
        held_out.shares[rows],
        groups=None if groups is None else groups[rows],
        confidence=confidence,
        n_folds=held_out.n_folds,
    )


def held_out_difference(
    y, held_out, baseline, groups=None, confidence=0.95
) -> SpearmanDifference:
    """Paired difference to the score of other predictions on the same folds.

    Parameters
    ----------
    y, held_out, groups, confidence
        As in `held_out_interval`.
    baseline : HeldOutPredictions
        Predictions to compare with.
    """
    rows = tested_rows(held_out)
    return spearman_difference(
        y[rows],
        held_out.shares[rows],
        baseline.shares[rows],
        groups=None if groups is None else groups[rows],
        confidence=confidence,
        n_folds=held_out.n_folds,
    )
