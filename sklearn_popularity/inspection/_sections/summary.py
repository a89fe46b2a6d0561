"""Summary: the score with its interval, and the distribution of true scores."""

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, rankdata

from ...evaluation import variance_shares
from .._report_evidence import Section

TITLE = "Summary"


def write(evidence) -> Section:
    """The score with its interval and ceiling, and a histogram of true scores."""
    y, predicted = evidence.y, evidence.predicted
    n_groups = 0 if evidence.clusters is None else int(evidence.clusters.max()) + 1
    row = {
        "spearman": evidence.score.score,
        "low": evidence.score.low,
        "high": evidence.score.high,
        "ceiling": ceiling_of_photos(evidence),
        "pairs_in_order": pairs_in_order(y, predicted),
        "top_fifth_in_order": top_fifth_in_order(y, predicted),
        "n_posts": len(y),
        "n_groups": n_groups,
        "n_folds": len(evidence.folds),
    }
    counts, edges = np.histogram(y, bins=min(30, max(5, int(len(y) ** 0.5))))
    bars = [
        {"left": left, "right": right, "count": int(count)}
        for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    shown = row | {"bars": bars, "most": int(counts.max()), "median": np.median(y)}
    return Section(pd.DataFrame([row]), shown)


def ceiling_of_photos(evidence) -> float:
    """Highest correlation that a model of photos can reach; NaN without repeats."""
    photos = evidence.data.posts[evidence.data.column]
    if not all(isinstance(photo, str) for photo in photos):
        return np.nan
    if not photos.duplicated().any():
        return np.nan
    known = {} if evidence.clusters is None else {"user": evidence.clusters}
    found = variance_shares(evidence.y, photo=photos, **known).ceilings
    rows = found[found["known"] == "photo"]
    return float(rows["spearman"].iloc[0]) if len(rows) else np.nan


def pairs_in_order(y_true, y_pred) -> float:
    """Share of the pairs with different true scores whose predictions are in order.

    Equal predictions count half; 0.5 if all scores are equal.
    """
    n, (_, counts) = len(y_true), np.unique(y_true, return_counts=True)
    m = min(len(counts), len(np.unique(y_pred)))
    if m == 1:
        return 0.5
    tau = kendalltau(y_true, y_pred, variant="c").statistic
    # Kendall's tau-c is (right - wrong) / (n^2 (m - 1) / 2m).
    gain = tau * n**2 * (m - 1) / (2 * m)
    n_pairs = (n**2 - (counts**2).sum()) / 2
    return float(0.5 + 0.5 * gain / n_pairs)


def top_fifth_in_order(y_true, y_pred) -> float:
    """How often a photo of the predicted top fifth truly beats one of the others.

    Of the pairs with different true scores. Photos with equal predictions at the border
    of the fifth belong to it in equal parts, so a perfect model has 1, and a constant
    0.5, with any ties.
    """
    inside = _shares_of_top_fifth(y_pred)
    _, value = np.unique(y_true, return_inverse=True)
    top, rest = np.bincount(value, inside), np.bincount(value, 1 - inside)
    won = (top * (np.cumsum(rest) - rest)).sum()
    lost = (rest * (np.cumsum(top) - top)).sum()
    return float(won / (won + lost)) if won + lost > 0 else 0.5


def _shares_of_top_fifth(y_pred):
    """Membership of each row in the highest fifth, 0 to 1."""
    place = rankdata(-y_pred, method="min") - 1  # number of higher rows
    n_equal = rankdata(-y_pred, method="max") - place
    return np.clip((len(y_pred) / 5 - place) / n_equal, 0, 1)
