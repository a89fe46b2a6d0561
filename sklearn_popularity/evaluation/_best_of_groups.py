"""How often predictions pick the best photo of a group, compared with chance."""

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.utils import check_array, check_consistent_length

from .._columns import encode_labels
from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from ..metrics import mean_interval


@validate_params(
    {
        "y": ["array-like"],
        "predictions": ["array-like"],
        "groups": ["array-like"],
        "clusters": ["array-like", None],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def best_of_groups(y, predictions, groups, *, clusters=None, confidence=0.95):
    """Score how well predictions choose within groups, such as bursts of one scene.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        True scores.
    predictions : array-like of shape (n_samples,) or (n_samples, n_predictions)
        Held-out predictions, such as the shares of :class:`HeldOutPredictions`.
        Measures are averaged over columns.
    groups : array-like of shape (n_samples,)
        Group of each row, such as a burst, a product or a set of near-duplicates.
    clusters : array-like of shape (n_samples,), default=None
        Cluster of each row, such as its user, for the intervals: groups of one cluster
        are not independent. If None, all groups are.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    table : DataFrame
        The rows "best picked" and "pairs right", with the columns measure, rate,
        chance, gain (rate less chance), low and high (interval of the gain) and
        n_groups. Each group weighs the same.

    Raises
    ------
    ValueError
        If lengths differ, a group is missing or in several clusters, or no group has
        rows with different scores.

    See Also
    --------
    per_user_spearman_score : Rank correlation within users with many photos.

    Notes
    -----
    "Best picked" is how often the row with the highest prediction has the highest
    score, in expectation over random draws if several predictions are highest. Chance
    is the share of rows with the highest score. "Pairs right" is the share of pairs
    with different scores that predictions order correctly; equal predictions count as
    half right. Groups of one row, and groups whose scores are all equal, are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity.evaluation import best_of_groups
    >>> rng = np.random.default_rng(0)
    >>> bursts = np.repeat(np.arange(200), 5)
    >>> y = rng.normal(size=1000)
    >>> table = best_of_groups(y, y + rng.normal(size=1000), bursts)
    >>> table[["measure", "rate", "chance"]].round(1).values.tolist()
    [['best picked', 0.5, 0.2], ['pairs right', 0.7, 0.5]]
    """
    y = check_numbers(y, "y")
    predictions = check_array(predictions, ensure_2d=False, dtype=np.float64)
    check_consistent_length(y, predictions, groups, clusters)
    predictions = predictions.reshape(len(y), -1)
    codes = encode_labels(groups, "groups")
    rows = _rows_of(codes)
    chosen = [each for each in rows if np.ptp(y[each]) > 0]
    if not chosen:
        raise ValueError(
            f"Got {len(rows)} groups of {len(y)} rows, but at least one group with two "
            "rows of different scores was expected."
        )
    units = None
    if clusters is not None:
        units = _clusters_of(encode_labels(clusters, "clusters"), chosen)
    found = np.array([_measure(y[each], predictions[each]) for each in chosen])
    names = {"best picked": (0, 1), "pairs right": (2, 3)}
    table = []
    for name, (rate, chance) in names.items():
        gain = mean_interval(
            found[:, rate] - found[:, chance], groups=units, confidence=confidence
        )
        means = found[:, [rate, chance]].mean(axis=0)
        table.append((name, *means, *gain, len(chosen)))
    columns = ["measure", "rate", "chance", "gain", "low", "high", "n_groups"]
    return pd.DataFrame(table, columns=columns)


def _rows_of(codes):
    """Row numbers of each group."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def _clusters_of(clusters, groups):
    for rows in groups:
        others = rows[clusters[rows] != clusters[rows[0]]]
        if len(others):
            raise ValueError(
                f"Got rows {rows[0]} and {others[0]} of one group in several clusters, "
                "but each group was expected in one cluster."
            )
    return np.array([clusters[rows[0]] for rows in groups])


def _measure(y, predictions):
    """Rate and chance of the best row, and of pairs, in one group."""
    best = y == y.max()
    picked = predictions == predictions.max(axis=0)
    hit = (picked & best[:, np.newaxis]).sum(axis=0) / picked.sum(axis=0)
    first, second = np.triu_indices(len(y), k=1)
    order = np.sign(y[first] - y[second])
    told = np.sign(predictions[first] - predictions[second])
    right = (1 + order[:, np.newaxis] * told)[order != 0] / 2
    return hit.mean(), best.mean(), right.mean(), 0.5
