"""Right and wrong predictions as photos: the clearest, and the extremes."""

import numpy as np

from .._quadrants import QUADRANTS, quadrants
from .._report_evidence import Section

TITLE = "Right and wrong"
N_AT_ONCE = 12  # photos that are shown before "more" is asked for


def write(evidence) -> Section:
    """Cards of photos, of which the page shows twelve at once."""
    table = quadrants(evidence.y, evidence.predicted)
    rows = chosen_rows(table, evidence.n_photos)
    counts = table["quadrant"].value_counts()
    shown = table.loc[rows, "quadrant"].value_counts()
    cards = [
        row | evidence.picture(row["row"]) | {"score": evidence.y[row["row"]]}
        for row in table.loc[rows].to_dict("records")
    ]
    filters = [
        {"name": name, "count": int(counts.get(name, 0)), "n": int(shown.get(name, 0))}
        for name in QUADRANTS
    ]
    kept = {"cards": cards, "filters": filters, "n_posts": len(table)}
    return Section(table, kept | {"n_at_once": N_AT_ONCE})


def chosen_rows(table, n_photos):
    """Rows of the gallery: each order that it offers begins with what is truly first.

    Parameters
    ----------
    table : DataFrame
        From :func:`quadrants`.
    n_photos : int
        Photos of each quadrant, the clearest, and of each extreme as many as are shown
        at once: truly highest and lowest, predicted highest and lowest, and those whose
        prediction is farthest off.
    """
    clearest = table.groupby("quadrant", sort=False).head(n_photos).index
    true, predicted = table["true_percentile"], table["predicted_percentile"]
    n = min(N_AT_ONCE, n_photos)
    orders = [-true, true, -predicted, predicted, -(true - predicted).abs()]
    extremes = [order.sort_values(kind="stable").index[:n] for order in orders]
    chosen = np.unique(np.concatenate([clearest, *extremes]))
    return table.index[np.isin(table.index, chosen)]
