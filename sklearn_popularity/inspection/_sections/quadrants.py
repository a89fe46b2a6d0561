"""Gallery of right and wrong predictions."""

import numpy as np

from .._quadrants import QUADRANTS, quadrants
from .._report_evidence import Section

TITLE = "Right and wrong predictions"
N_AT_ONCE = 12  # photos that are shown before "Show more" is pressed


def write(evidence) -> Section:
    """Cards of photos, of which the page shows twelve at first."""
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
    """Select rows for the gallery, so that each of its orders has the right first rows.

    These are the clearest `n_photos` of each quadrant, and the photos with the highest
    and lowest true and predicted scores, and with the largest errors: as many of each
    as are shown at first.
    """
    clearest = table.groupby("quadrant", sort=False).head(n_photos).index
    true, predicted = table["true_percentile"], table["predicted_percentile"]
    n = min(N_AT_ONCE, n_photos)
    orders = [-true, true, -predicted, predicted, -(true - predicted).abs()]
    extremes = [order.sort_values(kind="stable").index[:n] for order in orders]
    chosen = np.unique(np.concatenate([clearest, *extremes]))
    return table.index[np.isin(table.index, chosen)]
