"""How well each branch of a late fusion ranks rows by itself."""

from typing import NamedTuple

import numpy as np

from ..metrics import SpearmanInterval, spearman_interval, spearman_score


class BranchScore(NamedTuple):
    """Spearman's correlation of a branch with its interval.

    Parameters
    ----------
    score : float
        The correlation, -1 to 1.
    low, high : float
        Ends of its 95 % confidence interval.
    at_chance : bool
        Whether the branch may rank no better than chance: `low` is not above 0.
    """

    score: float
    low: float
    high: float
    at_chance: bool


def score_branches(branches, outputs, y, sample_weight, *, groups, folds):
    """Score the output of each branch that predicts, by name.

    Intervals ignore the weights, and are shifted to the weighted score. Rows of a group
    are not independent. `folds` is None if the outputs are those for training rows.
    """
    counted = slice(None) if sample_weight is None else sample_weight > 0
    units = np.arange(len(y)) if groups is None else groups
    few = len(np.unique(units[counted])) < 2
    n_folds = None if folds is None else max(len(folds), 2)
    scores = {}
    for (name, estimator, _), output in zip(branches, outputs, strict=True):
        if isinstance(estimator, str):  # passes its columns through
            continue
        score = spearman_score(y, output, sample_weight=sample_weight)
        found = SpearmanInterval(score, -1.0, 1.0)  # one group gives no interval
        if not few:
            found = spearman_interval(
                y[counted], output[counted], groups=units[counted], n_folds=n_folds
            )
        low, high = np.clip(np.array(found[1:]) + score - found.score, -1, 1).tolist()
        scores[name] = BranchScore(score, low, high, low <= 0)
    return scores
