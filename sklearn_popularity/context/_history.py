"""Counts, means and spreads of a user's earlier scores, by running sums."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Moments(NamedTuple):
    """Number, mean and sum of squared deviations of the scores in each history.

    Parameters
    ----------
    n, mean, squares : ndarray of shape (n_histories,), float64
        All are 0 for an empty history.
    """

    n: NDArray
    mean: NDArray
    squares: NDArray


class RunningMoments(NamedTuple):
    """Scores of every user in the order in which they became known.

    Parameters
    ----------
    moments : ndarray of times or numbers, sorted
        The distinct moments at which a score became known.
    keys : ndarray of shape (n_known,), int64, sorted
        User and moment of each score, as one number.
    firsts, sums, squares : ndarray of shape (n_known,), float64
        First score of the user, and the running sums of the deviations from it and of
        their squares, up to and including each score.
    """

    moments: NDArray
    keys: NDArray
    firsts: NDArray
    sums: NDArray
    squares: NDArray


def running_moments(users, known_at, scores) -> RunningMoments:
    """Sort scores by user and moment, and add them up within users.

    Rows with a negative user are left out. Scores are known after `known_at`.
    Sums start anew with each user, so that a score leaves no rounding errors in the
    history of other users or of earlier moments.
    """
    with_user = users >= 0
    users, known_at, scores = users[with_user], known_at[with_user], scores[with_user]
    moments, ranks = np.unique(known_at, return_inverse=True)
    keys = users * (len(moments) + 1) + ranks
    order = np.argsort(keys, kind="stable")
    users, scores = users[order], scores[order]
    starts = np.flatnonzero(np.diff(users, prepend=-1))
    firsts = np.repeat(scores[starts], np.diff(starts, append=len(users)))
    deviations = pd.DataFrame(
        {"sum": scores - firsts, "squares": (scores - firsts) ** 2}
    )
    sums = deviations.groupby(users, sort=False).cumsum()
    return RunningMoments(
        moments, keys[order], firsts, sums["sum"].to_numpy(), sums["squares"].to_numpy()
    )


def moments_before(running: RunningMoments, users, times) -> Moments:
    """Moments of the scores of each row's user that were known before the row.

    Scores that became known at the very time of the row are left out. A negative number
    is no user.
    """
    if len(running.keys) == 0:
        return Moments(*np.zeros((3, len(users))))
    stride = len(running.moments) + 1
    ranks = np.searchsorted(running.moments, times, side="left")
    starts = np.searchsorted(running.keys, users * stride)
    stops = np.searchsorted(running.keys, users * stride + ranks)
    count = np.where(users >= 0, stops - starts, 0)
    last = np.maximum(stops - 1, 0)
    sums, squares, firsts = (
        np.where(count > 0, values[last], 0.0)
        for values in (running.sums, running.squares, running.firsts)
    )
    mean = sums / np.maximum(count, 1)
    # Rounding may leave a negative number.
    squares = np.maximum(squares - sums * mean, 0.0)
    return Moments(count.astype(float), firsts + mean, squares)


def moments_of_users(users, scores, n_users) -> Moments:
    """Moments of all scores of each user and, last, empty ones for rows without a user.

    A negative number is no user.
    """
    with_user = users >= 0
    users, scores = users[with_user], scores[with_user]
    count = np.bincount(users, minlength=n_users + 1).astype(float)
    sums = np.bincount(users, scores, minlength=n_users + 1)
    mean = sums / np.maximum(count, 1)
    squares = np.bincount(users, (scores - mean[users]) ** 2, minlength=n_users + 1)
    return Moments(count, mean, squares)


def shrink(moments: Moments, prior: Moments, smoothing) -> NDArray:
    """Mean, count and spread of each history, shrunk towards those of all known scores.

    The prior weighs as much as `smoothing` scores.
    """
    weight = moments.n + smoothing
    empty = weight == 0
    variance = prior.squares / np.maximum(prior.n, 1)
    mean = moments.n * moments.mean + smoothing * prior.mean
    squares = moments.squares + smoothing * variance
    weight = np.where(empty, 1, weight)
    return np.column_stack(
        [
            np.where(empty, prior.mean, mean / weight),
            moments.n,
            np.sqrt(np.where(empty, variance, squares / weight)),
        ]
    )
