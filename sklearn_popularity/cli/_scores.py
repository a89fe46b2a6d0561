"""Scores of posts, and warnings about photos that cannot be read or are unlike."""

import os
import warnings
from contextlib import suppress

import numpy as np
import pandas as pd
from scipy.stats import binom
from threadpoolctl import threadpool_limits

from .._terminal import escape
from .._warnings import warn_caller
from ..evaluation import NoPhotosError, PhotoTable, rows_described, with_settings
from ..features import UnreadablePhotosWarning
from ..inspection import find_unlike
from ._fitted import are_known, read_seen
from ._output import open_cache
from ._posts import posts_like
from ._steps import describing, shown

# Share of training-like photos found to be unlike, and p-value of the warning.
_UNLIKE, _SURE = 0.01, 0.01


def score_given(options, model, learned):
    """The posts of the given photos, their table, and the model."""
    learned.photo = options.photo_column or learned.photo
    posts = posts_like(learned, options.photos)
    settings = {"n_jobs": options.n_jobs, "cache": open_cache(options.cache)}
    model = with_settings(model, on_error="nan", **settings)
    with shown(describing(model)):
        table = _score_posts(model, posts, read_seen(options.model))
    table.insert(3, "in_training", are_known(options.model, posts["photo"]))
    return posts, table, model


def _score_posts(model, posts, seen):
    """Predict scores, find photos unlike the training photos, and collect errors.

    The model has ``on_error="nan"``, and `seen` is from `read_seen`. The columns are
    photo, score (NaN if the photo cannot be read), unlike (bool) and reason (why it
    cannot be read, or "").
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
            f"{_printable(posts['photo'].iloc[0])}: {reasons.get(0, '')}"
        )
    scores, unlike = np.full(len(posts), np.nan), np.zeros(len(posts), dtype=bool)
    if seen:
        blocks = [block[known] for block in rows_described(learner)]
        unlike[known] = find_unlike(seen, blocks)
    with threadpool_limits(1):  # more threads do not speed up a single row
        for row in known:
            # One by one, so that other photos cannot change the last bit of a score.
            scores[row] = _predict(learner, rows.iloc[[row]], posts["photo"].iloc[row])
    return pd.DataFrame(
        {
            "photo": [_printable(path) for path in posts["photo"]],
            "score": scores,
            "unlike": unlike,
            "reason": [reasons.get(row, "") for row in range(len(posts))],
        }
    )


def _predict(learner, row, photo):
    try:
        return learner.predict(row)[0]
    except ValueError as error:  # such as a bad value in a column beside the photo
        raise ValueError(f"{_printable(photo)}: {error}") from error


def _printable(path):
    """Escape lone surrogates of file names that are not UTF-8: tables reject them."""
    return os.fsdecode(path).encode("utf-8", "backslashreplace").decode()


def warn_of_photos(table):
    """Warn of photos that cannot be read, are unlike training photos, or are such."""
    _warn_of_unreadable(table)
    warn_of_unlike(table["unlike"][table["score"].notna()])
    _warn_of_known(table["in_training"])


def _warn_of_unreadable(table):
    """Name the photos that could not be read."""
    unreadable = table[table["score"].isna()]
    if len(unreadable):
        warn_caller(
            f"{len(unreadable)} of {len(table)} photos could not be read:\n"
            + "\n".join(
                escape(f"  {row.photo}: {row.reason}")
                for row in unreadable.itertuples()
            )
        )


def _warn_of_known(in_training):
    n = int(in_training.sum())
    if n:
        warn_caller(
            f"{n} of {len(in_training)} photos were in the training set: their scores "
            "are not predictions for new photos, and the intervals do not hold for them"
        )


def warn_of_unlike(unlike):
    """Warn if more photos are unlike the training photos than chance explains."""
    n = int(unlike.sum())
    if binom.sf(n - 1, len(unlike), _UNLIKE) < _SURE:
        warn_caller(
            f"{n} of {len(unlike)} photos are unlike the training photos (1 % is "
            "usual): their predicted scores are unreliable"
        )
