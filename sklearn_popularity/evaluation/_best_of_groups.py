"""Which of these photos: how often the best of a group is picked, against chance."""

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.utils import check_array, check_consistent_length

from .._columns import encode_labels
from .._scores import check_score
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
    """How well predictions choose within groups, such as bursts of one scene.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Scores.
    predictions : array-like of shape (n_samples,) or (n_samples, n_predictions)
        Predictions of rows held out, such as the shares of
        :class:`HeldOutPredictions`; what is measured of several is averaged.
    groups : array-like of shape (n_samples,)
        Rows among which one is chosen: bursts, photos of a product, near-duplicates.
    clusters : array-like of shape (n_samples,), default=None
        Groups that are no independent evidence, such as those of one user, for the
        intervals. None takes each group by itself.
    confidence : float, default=0.95
        Confidence of the intervals, 0 to 1.

    Returns
    -------
    table : DataFrame
        The rows "best picked" and "pairs right", with the columns measure, rate,
        chance, gain (their difference, of which chance is 0), low and high (its
        interval) and n_groups. Groups weigh alike.

    Raises
    ------
    ValueError
        If lengths differ, a group is missing or in several clusters, or no group has
        rows of different scores.

    See Also
    --------
    per_user_spearman_score : Correlations within users, of many photos each.

    Notes
    -----
    "Best picked" is how often the row with the highest prediction is one with the
    highest score; where several predictions are highest, one of them is drawn by lot,
    and the rate is what is expected. Chance is the share of best rows. "Pairs right" is
    the share of pairs with different scores that predictions put in their order;
    equal predictions are right half of the time. Groups of one row, and those whose
    scores are all equal, are left out: nothing is to be chosen there.

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
    y = check_score(y, "y")
    predictions = check_array(predictions, ensure_2d=False, dtype=np.float64)
    check_consistent_length(y, predictions, groups, clusters)
    predictions = predictions.reshape(len(y), -1)
    codes = encode_labels(groups, "groups")
    rows = _rows_of(codes)
    chosen = [each for each in rows if np.ptp(y[each]) > 0]
    if not chosen:
        raise ValueError(
            f"Got {len(rows)} groups of {len(y)} rows, but at least one with two rows "
            "of different scores was expected."
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
                "but whole groups were expected."
            )
    return np.array([clusters[rows[0]] for rows in groups])


def _measure(y, predictions):
    """Rate and chance of the best, and of pairs, in one group."""
    best = y == y.max()
    picked = predictions == predictions.max(axis=0)
    hit = (picked & best[:, np.newaxis]).sum(axis=0) / picked.sum(axis=0)
    first, second = np.triu_indices(len(y), k=1)
    order = np.sign(y[first] - y[second])
    told = np.sign(predictions[first] - predictions[second])
    right = (1 + order[:, np.newaxis] * told)[order != 0] / 2
    return hit.mean(), best.mean(), right.mean(), 0.5
