"""Groups of posts that are over- or underrated."""

import numpy as np
import pandas as pd

from .._calibration import calibration
from .._report_evidence import Section

TITLE = "Over- and underrated groups"
MIN_ROWS = 10  # posts of a group
_N_SHOWN = 8  # of each end


def write(evidence) -> Section | str:
    """Mean predicted minus true percentile of each group, and its correlation."""
    by = evidence.data.by
    if by is None:
        return "No groups of posts were given."
    if pd.Series(by).value_counts().max() < MIN_ROWS:
        return f"No group of posts has {MIN_ROWS} photos."
    table = rate_kinds(evidence, by)
    groups = table[1:]
    if len(groups) > 2 * _N_SHOWN:
        groups = pd.concat([groups.head(_N_SHOWN), groups.tail(_N_SHOWN)])
    shown = rows_with_limit(groups) | {
        "n_groups": len(table) - 1,
        "n_kinds": pd.Series(by).nunique(),
        "min_rows": MIN_ROWS,
    }
    return Section(table, shown)


def rate_kinds(evidence, by):
    """Table of the groups, without residuals, since shares have no unit."""
    table = calibration(
        evidence.y,
        evidence.predicted,
        by=by,
        clusters=evidence.clusters,
        min_rows=MIN_ROWS,
    )
    return table.drop(columns="mean_residual")


def rows_with_limit(groups):
    """Rows, and the largest absolute end of an interval, which scales the drawing."""
    ends = np.abs(groups[["bias_low", "bias_high", "rank_bias"]].to_numpy())
    limit = float(np.nanmax(ends)) or 1.0
    return {"rows": groups.to_dict("records"), "limit": limit}
