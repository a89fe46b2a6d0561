"""Score and bias over time, and for posts later than the training posts."""

import numpy as np
import pandas as pd

from ...evaluation import predict_partitions, prepare_fit
from ...metrics import spearman_interval
from .._report_evidence import Section
from .calibration import MIN_ROWS, rate_kinds, rows_with_limit

TITLE = "Over time"
_PERIODS = {"Y": "year", "Q": "quarter", "M": "month", "W": "week", "D": "day"}
_MOST = 24  # periods in the table
_LATER = 0.2  # share of the posts that are held out as the later ones


def write(evidence) -> Section | str:
    """Score and bias by period, and of a model of earlier posts on the last fifth."""
    times = evidence.data.times
    if times is None:
        return "No times of posting were given."
    kind, periods = periods_of(times)
    if periods.value_counts().max() < MIN_ROWS:
        return f"No {kind} has {MIN_ROWS} photos."
    table = rate_kinds(evidence, periods)
    order = ["all rows", *np.unique(periods)]
    table = table.sort_values("group", key=lambda names: names.map(order.index))
    table = table.reset_index(drop=True)
    shown = rows_with_limit(table[1:]) | {"kind": kind, "later": _later(evidence)}
    return Section(table, shown)


def periods_of(times):
    """The shortest periods with enough posts, at most 24 of them.

    The kind of period, such as "month", and a Series with the period of each post as
    text, whose order is that of time.
    """
    found = pd.Series(pd.to_datetime(times))
    for code in reversed(_PERIODS):
        periods = found.dt.to_period(code)
        counts = periods.value_counts()
        if len(counts) <= _MOST and counts.max() >= MIN_ROWS:
            break
    return _PERIODS[code], periods.astype(str).str.split("/").str[0]


def _later(evidence):
    """Score of a model of earlier posts on the last posts, of new groups only."""
    times, clusters = evidence.data.times, evidence.clusters
    border = np.sort(times)[int(len(times) * (1 - _LATER))]
    before, after = times < border, times >= border
    if clusters is not None:
        after &= ~np.isin(clusters, clusters[before])
    if min(before.sum(), after.sum()) < MIN_ROWS or not evidence.learns_anew:
        return None
    rows = np.flatnonzero(before), np.flatnonzero(after)
    learner, fit_params = prepare_fit(evidence.learner, clusters)
    held_out = predict_partitions(
        learner, evidence.table, evidence.y, [[rows]], fit_params=fit_params
    )
    found = spearman_interval(
        evidence.y[after],
        held_out.shares[after],
        groups=None if clusters is None else clusters[after],
    )
    return found._asdict() | {
        "n_before": int(before.sum()),
        "n_after": int(after.sum()),
        "new_groups": clusters is not None,
    }
