"""`sklearn-popularity rank`: sort photos by predicted score."""

import numpy as np
import pandas as pd

from .._terminal import escape
from .._warnings import warn_caller
from ..inspection import (
    percentile_intervals,
    rank_page,
    score_percentile,
    write_page,
)
from ._fitted import read_fitted, read_record
from ._options import add_model, add_photos, add_table_output, add_work, describe
from ._output import TABLES, check_output, say, write_table
from ._scores import score_given, warn_of_photos
from ._streams import PIPE
from ._tables import format_table, warn_of_model
from ._target import in_unit, unit_of

_N_SHOWN = 10
_MIDDLE = [0.1, 0.9]
_NARROW = 0.25  # as a share of the span of held-out predictions
_COLUMNS = """\
The columns of the table:
  rank        1 for the highest score; empty for photos that cannot be read, which
              come last
  photo       path of the photo
  score       predicted, in the unit of the label (with --per-day, per day)
  percentile  percentage of the training photos whose held-out predictions are lower
              (equal ones count half)
  low, high   90 % interval for the true percentile of new photos like the training
              photos; 0 and 100 if there were fewer than nine training photos or groups
  unlike      whether the photo is farther from the training photos, in the features
              of the model, than 99 % of these are from one another; never with fewer
              than 100 training photos
  in_training whether the same file was among the training photos, so that its score
              is no prediction for a new photo; empty for models of earlier versions
  reason      why the photo cannot be read
"""
_NAMES = "rank photo score percentile low high unlike in_training reason".split()
_SHOWN = {
    "rank": "{rank}",
    "score": "{score:.4f}",
    "percentile": "{percentile:.0f}",
    "low": "{low:.0f}",
    "high": "{high:.0f}",
    "photo": "{photo}",
}


def add(command):
    describe(
        command,
        _rank,
        "Predict the scores of photos by a model that `fit` wrote. Prints the first "
        "and the last ten; --output writes all to a table, or to an HTML page with the "
        "reasons for the first 24. If the model uses columns beside the photos, pass "
        "folders whose labels.csv has these columns.",
        columns=_COLUMNS,
        example="sklearn-popularity rank model.skops new/photos -o ranked.csv",
    )
    add_model(command)
    add_photos(command)
    add_table_output(command, "write a page (.html) or a table")
    add_work(command)


def _rank(options):
    check_output(options.output, [".html", *TABLES])
    model, learned, training = read_fitted(options.model)
    posts, table, model = score_given(options, model, learned)
    scores = table["score"].dropna()
    warn_of_photos(table)
    if not learned.constant:
        _warn_of_collapse(scores, training["quantiles"])
    table = _ranked(table, scores, options, learned, training)
    # All photos are printed if a file of them cannot be written.
    n_first = _N_SHOWN if options.output in (None, PIPE) else len(table)
    try:
        _write(options, model, learned, training, posts, table)
        n_first = _N_SHOWN
    finally:
        _print(table, n_first, _N_SHOWN if options.output is None else 0)
    if learned.log or learned.per_day:
        unit = unit_of(learned.label, learned)
        print(f"Scores are {unit}; the model predicts {training['label']}")
    warn_of_model(training["interval"][0], learned.constant)


def _ranked(table, scores, options, learned, training):
    """The table with ranks, percentiles and intervals, the highest score first."""
    rows = scores.index
    table.loc[rows, "percentile"] = score_percentile(scores, training["quantiles"])
    record = read_record(options.model)
    table.loc[rows, ["low", "high"]] = percentile_intervals(record, scores)
    table["rank"] = table["score"].rank(ascending=False, method="min").astype("Int64")
    table["score"] = in_unit(table["score"], learned)
    return table.sort_values("rank", kind="stable")[_NAMES]


def _write(options, model, learned, training, posts, table):
    """Write a page or a table, depending on the suffix."""
    if options.output is None or options.output.suffix != ".html":
        about = {"model": str(options.model), "fingerprint": learned.fingerprint}
        # Nobody knows whether a photo that cannot be read is unlike others.
        unlike = table["unlike"].astype("boolean").where(table["score"].notna())
        write_table(options, table.assign(unlike=unlike), "photos", **about)
        return
    say("Explaining the scores of the first photos ...")
    page = rank_page(
        model,
        posts,
        table,
        training,
        label=unit_of(learned.label, learned),
        constant=learned.constant,
        heading=f"{table['score'].notna().sum():,} photos by predicted score",
    )
    write_page(options.output, page)
    say(f"{escape(str(options.output))}: page of {len(table):,} photos")


def _warn_of_collapse(scores, held_out):
    """Warn if predictions hardly differ, as for photos unlike the training photos."""
    spread, usual = (np.ptp(np.quantile(x, _MIDDLE)) for x in (scores, held_out))
    if len(scores) >= _N_SHOWN and spread < _NARROW * usual:
        warn_caller(
            "the predictions lie close together: the middle 80 % of these photos span "
            f"{spread:.3g}, those of the training photos {usual:.3g}. The model hardly "
            "tells these photos apart; they may be unlike the training photos"
        )


def _print(table, n_first, n_last):
    """Print the first and last photos, and a line for the rest."""
    ranked = table[table["score"].notna()]
    n_between = max(0, len(ranked) - n_first - n_last)
    after = len(ranked) - n_last if n_between else n_first
    rows = pd.concat([ranked[:n_first], ranked[after:]])
    marks = [name for name in ("unlike", "in_training") if ranked[name].any()]
    shown = _SHOWN | {name: f"{{{name}}}" for name in marks}
    lines = format_table(rows.to_dict("records"), shown).split("\n")
    if n_between:
        lines.insert(1 + n_first, f"and {n_between} more" + " ..." * (n_last > 0))
    print("\n".join(lines))
