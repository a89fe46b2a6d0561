"""`sklearn-popularity rank`: photos in the order of their predicted scores."""

import os
import warnings
from contextlib import suppress

import numpy as np
import pandas as pd
from scipy.stats import binom
from threadpoolctl import threadpool_limits

from .._warnings import warn_caller
from ..evaluation import NoPhotosError, PhotoTable, rows_described, with_settings
from ..features import UnreadablePhotosWarning
from ..inspection import find_unlike, score_percentile
from ._fitted import read_fitted, read_seen
from ._options import add_model, add_output, add_photos, add_work, describe
from ._output import TABLES, check_output, open_cache, write_table
from ._posts import posts_like
from ._steps import describing, shown
from ._tables import format_table, warn_of_chance
from ._target import in_unit, unit_of

_N_SHOWN = 10
_MIDDLE = [0.1, 0.9]
_NARROW = 0.25  # of the usual span
_UNLIKE, _SURE = 0.01, 0.01  # the usual share, and how seldom chance may warn
_COLUMNS = """\
The columns of the table:
  rank        1 for the highest score; photos that cannot be read have none and come
              last
  photo       as named
  score       predicted, in the unit of the label; with --per-day a day
  percentile  share of the photos that the model was fitted on whose predictions, by
              models that had not seen them, are lower (of equal ones half)
  unlike      whether the photo is farther from those that the model was fitted on
              than 99 % of these are from one another, as the model sees them; no photo
              is where it was fitted on fewer than 100
  reason      why the photo cannot be read
"""
_SHOWN = {
    "rank": "{rank}",
    "score": "{score:.4f}",
    "percentile": "{percentile:.1f}",
    "photo": "{photo}",
}


def add(command):
    describe(
        command,
        _rank,
        "Predict the scores of photos by a model that `fit` wrote. Prints the first "
        "and the last ten; a file has all. A model that learned from columns beside "
        "the photos ranks folders whose labels.csv has them.",
        columns=_COLUMNS,
        example="sklearn-popularity rank model.skops new/photos -o ranked.csv",
    )
    add_model(command)
    add_photos(command)
    add_output(command, "write the table (.csv, .json, .parquet)")
    add_work(command)


def _rank(options):
    if options.output is not None:
        check_output(options.output, TABLES)
    model, learned, training = read_fitted(options.model)
    posts = posts_like(learned, options.photos)
    settings = {"n_jobs": options.n_jobs, "cache": open_cache(options.cache)}
    model = with_settings(model, on_error="nan", **settings)
    with shown(describing(model)):
        table = _score(model, posts, read_seen(options.model))
    if table["score"].isna().all():
        raise ValueError(
            f"None of the {len(table)} photos could be read; the first: "
            f"{table['photo'].iloc[0]}: {table['reason'].iloc[0]}"
        )
    known = table["score"].notna()
    table.loc[known, "percentile"] = score_percentile(
        table["score"][known], training["quantiles"]
    )
    _warn_of_unlike(table["unlike"][known])
    _warn_of_collapse(table["score"][known], training["quantiles"])
    table["rank"] = table["score"].rank(ascending=False, method="min").astype("Int64")
    table["score"] = in_unit(table["score"], learned)
    table = table.sort_values("rank", kind="stable")
    table = table[["rank", "photo", "score", "percentile", "unlike", "reason"]]
    n_first, n_last = len(table), 0
    try:
        if options.output is not None:
            about = {"model": str(options.model), "fingerprint": learned.fingerprint}
            write_table(options.output, table, "photos", **about)
            n_first = _N_SHOWN
        else:
            n_first = n_last = _N_SHOWN
    finally:
        _print(table, n_first, n_last)
    if learned.log or learned.per_day:
        unit = unit_of(learned.label, learned)
        print(f"Scores are {unit}; learned was {training['label']}")
    warn_of_chance(training["interval"][0])


def _warn_of_unlike(unlike):
    """Say how many photos are unlike those of `fit`, if more than chance has it."""
    n = int(unlike.sum())
    if binom.sf(n - 1, len(unlike), _UNLIKE) < _SURE:
        warn_caller(
            f"{n} of {len(unlike)} photos are unlike those that the model was fitted "
            "on (of photos like these some 1 % are): the score of the model says "
            "little of them"
        )


def _warn_of_collapse(scores, held_out):
    """Say that a model tells new photos hardly apart, as those unlike its own."""
    spread, usual = (np.ptp(np.quantile(x, _MIDDLE)) for x in (scores, held_out))
    if len(scores) >= _N_SHOWN and spread < _NARROW * usual:
        warn_caller(
            f"the predictions lie close together: the middle 80 % of these photos span "
            f"{spread:.3g}, those of the photos of `fit` {usual:.3g}. The model tells "
            "them hardly apart, as it does photos unlike those that it was fitted on"
        )


def _score(model, posts, seen):
    """Predictions, NaN where photos cannot be read and why, and which are unlike."""
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
    scores, unlike = np.full(len(posts), np.nan), np.zeros(len(posts), dtype=bool)
    known = np.flatnonzero(photos.readable)
    if seen and len(known):
        blocks = [block[known] for block in rows_described(learner)]
        unlike[known] = find_unlike(seen, blocks)
    with threadpool_limits(1):  # of one row, others would only wait
        for row in known:
            # One by one, so that a score depends on its photo to the last bit.
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
    except ValueError as error:  # of a column beside the photo
        raise ValueError(f"{_printable(photo)}: {error}") from error


def _printable(path):
    """File names that are not UTF-8 hold lone surrogates, which no table takes."""
    return os.fsdecode(path).encode("utf-8", "backslashreplace").decode()


def _print(table, n_first, n_last):
    """The first and last photos, and a line for those between."""
    ranked = table[table["score"].notna()]
    n_between = max(0, len(ranked) - n_first - n_last)
    after = len(ranked) - n_last if n_between else n_first
    rows = pd.concat([ranked[:n_first], ranked[max(after, n_first) :]])
    shown = _SHOWN | ({"unlike": "{unlike}"} if ranked["unlike"].any() else {})
    lines = format_table(rows.to_dict("records"), shown).split("\n")
    if n_between:
        lines.insert(1 + n_first, f"and {n_between} more" + " ..." * (n_last > 0))
    print("\n".join(lines))
    unreadable = table[table["score"].isna()]
    if len(unreadable):
        warn_caller(
            f"{len(unreadable)} of {len(table)} photos could not be read:\n"
            + "\n".join(
                f"  {row.photo}: {row.reason}" for row in unreadable.itertuples()
            )
        )
