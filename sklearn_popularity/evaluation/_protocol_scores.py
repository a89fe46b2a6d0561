"""Scores of predictions in one protocol, with their intervals."""

import numpy as np

from ..metrics import mean_interval, user_correlations
from ._held_out_scores import held_out_interval, tested_rows
from ._protocol_folds import CannotRunError


def summarise_pooled(rows, held_out, confidence):
    """Score and interval of each predictor, and the numbers of rows and users."""
    has = ~np.isnan(held_out["model"].shares)
    for rows_of_one in has.T:  # one-per-user draws other rows in each repeat
        y = rows.y[rows_of_one]
        if np.ptp(y) == 0:
            raise CannotRunError(f"all {len(y)} test scores are {y[0]}")
    tested = tested_rows(held_out["model"])
    units = rows.users if rows.groups is None else rows.groups
    scores = {}
    for name, predicted in held_out.items():
        if len(np.unique(units[tested])) == 1:
            scores[name] = (float(predicted.scores(rows.y).mean()), np.nan, np.nan)
        else:
            scores[name] = held_out_interval(rows.y, predicted, units, confidence)
    return scores, (int(has[:, 0].sum()), len(np.unique(rows.users[tested])))


def summarise_users(rows, held_out, confidence):
    """The same for the mean over users, whose scores are averaged over repeats."""
    scores = {}
    for name, predicted in held_out.items():
        by_user = _scores_of_users(rows, predicted.shares)
        scored = np.isfinite(by_user).any(axis=1)
        if not scored.any():
            raise CannotRunError("no user has test scores that differ")
        means = np.nanmean(by_user[scored], axis=1)
        scores[name] = mean_interval(means, confidence=confidence)
    tested = tested_rows(predicted)
    return scores, (int(scored[rows.users[tested]].sum()), int(scored.sum()))


def _scores_of_users(rows, shares):
    """Spearman's correlation of each user in each repeat; NaN if not scored."""
    by_user = np.full((rows.users.max() + 1, shares.shape[1]), np.nan)
    for i, column in enumerate(shares.T):
        tested = ~np.isnan(column)
        found = user_correlations(rows.y[tested], column[tested], rows.users[tested])
        by_user[: len(found), i] = found
    return by_user
