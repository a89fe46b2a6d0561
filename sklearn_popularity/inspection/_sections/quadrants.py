"""Gallery of right and wrong predictions."""

import base64

import numpy as np
import pandas as pd

from .._quadrants import QUADRANTS, quadrants
from .._report_evidence import Section

TITLE = "Right and wrong predictions"
_COLUMNS = ["name", "score", "true_percentile", "predicted_percentile"]
N_AT_ONCE = 12  # photos that are shown before "Show more" is pressed


def write(evidence) -> Section:
    """Cards of photos, of which the page shows twelve at first."""
    table = quadrants(evidence.y, evidence.predicted)
    chosen = table.loc[chosen_rows(table, evidence.n_photos)]
    cards = [
        row | evidence.picture(row["row"]) | {"score": evidence.y[row["row"]]}
        for row in chosen.to_dict("records")
    ]
    counts, shown = (
        each["quadrant"].value_counts().reindex(QUADRANTS, fill_value=0)
        for each in (table, chosen)
    )
    filters = [
        {"name": name, "count": int(counts[name]), "n": int(shown[name])}
        for name in QUADRANTS
    ]
    found = {"cards": cards, "filters": filters, "n_posts": len(table)}
    csv = _as_csv(evidence, table.sort_values("row"))
    return Section(table, found | {"n_at_once": N_AT_ONCE, "csv": csv})


def _as_csv(evidence, table):
    """Scores and percentiles of all posts, as the target of a link."""
    # Spreadsheets would run a name that begins like a formula.
    names = pd.Series(evidence.data.names, dtype=object)
    names = names.str.replace(r"^(?=[=+\-@\t\r])", "'", regex=True)
    table = table.assign(name=names.to_numpy(), score=evidence.y)
    text = table.to_csv(columns=_COLUMNS, index=False).encode(errors="backslashreplace")
    return "data:text/csv;charset=utf-8;base64," + base64.b64encode(text).decode()


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
