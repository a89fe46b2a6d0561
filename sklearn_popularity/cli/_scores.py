"""Predictions of posts, and what is known of the photos that have none."""

import os
import warnings
from contextlib import suppress

import numpy as np
import pandas as pd
from scipy.stats import binom
from threadpoolctl import threadpool_limits

from .._warnings import warn_caller
from ..evaluation import NoPhotosError, PhotoTable, rows_described
from ..features import UnreadablePhotosWarning
from ..inspection import find_unlike

_UNLIKE, _SURE = 0.01, 0.01  # the usual share, and how seldom chance may warn


def score_posts(model, posts, seen):
    """Predictions, NaN where photos cannot be read and why, and which are unlike.

    Parameters
    ----------
    model : estimator
        Fitted; its transformers have ``on_error="nan"``.
    posts : DataFrame
        With the column "photo".
    seen : dict of str to ndarray
        From `read_seen`.

    Returns
    -------
    table : DataFrame
        A row per post, with the columns photo, score, unlike and reason.

    Raises
    ------
    ValueError
        If no photo can be read.
    """
    photos = PhotoTable(posts, "photo")
    reasons: dict[int, str] = {}
    with warnings.catch_warnings(record=True) as caught, suppress(NoPhotosError):
        warnings.simplefilter("always")
        learner, rows = photos.describe_fitted(model)
    for warning in caught:
        if isinstance(warning.message, UnreadablePhotosWarning):
            reasons |= {error.row: error.reason for error in warning.message.errors}
        else:
            warn_caller(warning.message)
    known = np.flatnonzero(photos.readable)
    if not len(known):
        raise ValueError(
            f"None of the {len(posts)} photos could be read; the first: "
            f"{printable(posts['photo'].iloc[0])}: {reasons.get(0, '')}"
        )
    scores, unlike = np.full(len(posts), np.nan), np.zeros(len(posts), dtype=bool)
    if seen:
        blocks = [block[known] for block in rows_described(learner)]
        unlike[known] = find_unlike(seen, blocks)
    with threadpool_limits(1):  # of one row, others would only wait
        for row in known:
            # One by one, so that a score depends on its photo to the last bit.
            scores[row] = _predict(learner, rows.iloc[[row]], posts["photo"].iloc[row])
    return pd.DataFrame(
        {
            "photo": [printable(path) for path in posts["photo"]],
            "score": scores,
            "unlike": unlike,
            "reason": [reasons.get(row, "") for row in range(len(posts))],
        }
    )


def _predict(learner, row, photo):
    try:
        return learner.predict(row)[0]
    except ValueError as error:  # of a column beside the photo
        raise ValueError(f"{printable(photo)}: {error}") from error


def printable(path):
    """File names that are not UTF-8 hold lone surrogates, which no table takes."""
    return os.fsdecode(path).encode("utf-8", "backslashreplace").decode()


def warn_of_unreadable(table):
    """Name the photos that could not be read."""
    unreadable = table[table["score"].isna()]
    if len(unreadable):
        warn_caller(
            f"{len(unreadable)} of {len(table)} photos could not be read:\n"
            + "\n".join(
                f"  {row.photo}: {row.reason}" for row in unreadable.itertuples()
            )
        )


def warn_of_unlike(unlike):
    """Say how many photos are unlike those of `fit`, if more than chance has it."""
    n = int(unlike.sum())
    if binom.sf(n - 1, len(unlike), _UNLIKE) < _SURE:
        warn_caller(
            f"{n} of {len(unlike)} photos are unlike those that the model was fitted "
            "on (of photos like these some 1 % are): the score of the model says "
            "little of them"
        )
