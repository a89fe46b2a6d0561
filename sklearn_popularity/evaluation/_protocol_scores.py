"""Scores of predictions in one setting, with their intervals."""

import numpy as np

from ..metrics import (
    mean_interval,
    spearman_interval,
    spearman_score,
    user_correlations,
)
from ._protocol_folds import CannotRunError


def summarise_pooled(rows, predictions, partitions, confidence):
    """Score and interval of each predictor, and how many rows and users it is of."""
    tested = np.sort(np.concatenate([test for _, test in partitions[0]]))
    y, users = rows.y[tested], rows.users[tested]
    if np.ptp(y) == 0:
        raise CannotRunError(f"all {len(y)} scores that are tested are {y[0]}")
    units = users if rows.groups is None else rows.groups[tested]
    n_units = len(np.unique(units))
    scores = {}
    for name, predicted in predictions.items():
        predicted = predicted[tested]
        if np.ptp(predicted) == 0:
            scores[name] = (0.0, 0.0, 0.0)
        elif n_units == 1:
            score = np.mean([spearman_score(y, column) for column in predicted.T])
            scores[name] = (float(score), np.nan, np.nan)
        else:
            scores[name] = spearman_interval(
                y, predicted, groups=units, confidence=confidence
            )
    return scores, (len(tested), len(np.unique(users)))


def summarise_users(rows, predictions, partitions, confidence):
    """The same for the mean over users; a user's score is the mean over partitions."""
    tested = [np.concatenate([test for _, test in folds]) for folds in partitions]
    scores = {}
    for name, predicted in predictions.items():
        by_user = np.full((rows.users.max() + 1, len(partitions)), np.nan)
        for i, test in enumerate(tested):
            found = user_correlations(
                rows.y[test], predicted[test, i], rows.users[test]
            )
            by_user[: len(found), i] = found
        scored = np.isfinite(by_user).sum(axis=1) > 0
        if not scored.any():
            raise CannotRunError("no user has test scores that differ")
        scores[name] = mean_interval(
            np.nanmean(by_user[scored], axis=1), confidence=confidence
        )
    users_tested = rows.users[np.unique(np.concatenate(tested))]
    return scores, (int(scored[users_tested].sum()), int(scored.sum()))


def fold_gap(rows, predicted, partitions):
    """By how much the pooled score lies below the mean score within folds."""
    folds = [(i, test) for i, folds in enumerate(partitions) for _, test in folds]
    within = np.mean([spearman_score(rows.y[t], predicted[t, i]) for i, t in folds])
    tested = np.concatenate([test for _, test in partitions[0]])
    pooled = np.mean([spearman_score(rows.y[tested], p) for p in predicted[tested].T])
    return within - pooled
