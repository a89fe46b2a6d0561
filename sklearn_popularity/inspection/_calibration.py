"""Calibration within groups: bias, and rank correlation."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from .._columns import encode_labels
from .._sklearn_compat import Interval, validate_params
from ..metrics import mean_interval, spearman_interval
from ._percentiles import check_pair, score_percentile
from ._plotting import draw_intervals, several_axes, shorten

ALL_ROWS = "all rows"
# Columns of a value and of the ends of its interval.
_BIAS = ("rank_bias", "bias_low", "bias_high")
_WITHIN = ("spearman", "low", "high")


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "by": ["array-like"],
        "clusters": ["array-like", None],
        "min_rows": [Interval(Integral, 2, None, closed="left")],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def calibration(
    y_true,
    y_pred,
    *,
    by,
    clusters=None,
    min_rows=10,
    confidence=0.95,
):
    """Bias and rank correlation of predictions within groups.

    A model may overrate all photos of faces, or rank well only because it tells faces
    from other photos, without ranking photos of faces among themselves.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True scores.
    y_pred : array-like of shape (n_samples,)
        Predicted scores of held-out rows.
    by : array-like of shape (n_samples,)
        Group of each row, such as its category, user or theme.
    clusters : array-like of shape (n_samples,), default=None
        Labels of dependent rows, such as users; None treats rows as independent.
    min_rows : int, default=10
        Minimal number of rows of a group; smaller groups are left out.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    table : DataFrame
        A row "all rows", then one per group, the most overrated first, with the columns

        - group and n_rows;
        - rank_bias: mean predicted minus true percentile, -100 to 100 (positive if
          overrated), with the ends bias_low and bias_high of its confidence interval;
        - mean_residual: mean true minus predicted score, which is only meaningful if
          both are on the same scale;
        - spearman: rank correlation within the group, with the ends low and high of
          its interval; NaN if true scores are equal or the group is one cluster.

    Raises
    ------
    ValueError
        If no group has enough rows, a group is missing, a score is NaN or infinite, or
        lengths differ.

    See Also
    --------
    percentile_reliability : Mean true percentiles by predicted percentile.
    plot_calibration : Plot the table.

    Notes
    -----
    Percentiles are among all rows. Predictions vary less than scores, so popular groups
    are underrated on average even by an optimal model. Percentiles remove differences
    of scale, but not this effect.

    Confidence intervals hold for these predictions on new rows or clusters. They are
    computed by the jackknife over clusters, as in :func:`spearman_interval`.

    Examples
    --------
    >>> from sklearn_popularity.inspection import calibration
    >>> table = calibration(
    ...     [1, 2, 3, 4, 5, 6, 7, 8],
    ...     [5, 6, 7, 8, 4, 3, 2, 1],
    ...     by=["face"] * 4 + ["tree"] * 4,
    ...     min_rows=4,
    ... )
    >>> table[["group", "rank_bias", "spearman"]].values.tolist()[1:]
    [['face', 50.0, 1.0], ['tree', -50.0, -1.0]]
    """
    y_true, y_pred = check_pair(y_true, y_pred)
    check_consistent_length(y_true, by, clusters)
    codes = encode_labels(by, "by")
    clusters = encode_labels(
        np.arange(len(y_true)) if clusters is None else clusters, "clusters"
    )
    bias = score_percentile(y_pred, y_pred) - score_percentile(y_true, y_true)
    names = pd.Series(np.asarray(by, dtype=object)).groupby(codes).first()
    members = [(ALL_ROWS, np.arange(len(codes)))]
    members += [(name, np.flatnonzero(codes == code)) for code, name in names.items()]
    members = [(name, rows) for name, rows in members if len(rows) >= min_rows]
    if len(members) <= 1:
        raise ValueError(
            f"None of the {len(names)} groups has min_rows={min_rows} rows. Pass "
            "larger groups or a smaller min_rows."
        )
    table = pd.DataFrame(
        [
            {"group": name, "n_rows": len(rows)}
            | _rate(y_true[rows], y_pred[rows], bias[rows], clusters[rows], confidence)
            for name, rows in members
        ]
    )
    order = np.argsort(-table["rank_bias"][1:].to_numpy(), kind="stable") + 1
    return table.iloc[[0, *order]].reset_index(drop=True)


def _rate(y_true, y_pred, bias, clusters, confidence):
    """Bias, residual and correlation of one group."""
    settings = {"groups": clusters, "confidence": confidence}
    row = dict(zip(_BIAS, mean_interval(bias, **settings), strict=True))
    row["mean_residual"] = float(np.mean(y_true - y_pred))
    interval = (np.nan,) * 3
    if np.ptp(y_true) > 0 and len(np.unique(clusters)) > 1:
        interval = spearman_interval(y_true, y_pred, **settings)
    return row | dict(zip(_WITHIN, interval, strict=True))


def plot_calibration(table, *, ax=None):
    """Plot the rank bias of each group, and the correlation within it.

    Parameters
    ----------
    table : DataFrame
        From :func:`calibration`.
    ax : sequence of 2 matplotlib axes, default=None
        Axes for the bias and for the correlation; None makes a new figure.

    Returns
    -------
    ax : ndarray of matplotlib axes of shape (2,)
        With confidence intervals; the grey line is the correlation over all rows.
    """
    groups = table[1:]
    ax = several_axes(ax, 2, (9.0, 1.2 + 0.3 * len(groups)), sharey=True)
    sizes = zip(groups["group"], groups["n_rows"], strict=True)
    labels = [f"{shorten(name)} ({n_rows})" for name, n_rows in sizes]
    draw_intervals(ax[0], groups, _BIAS, labels)
    ax[0].set_xlabel("average predicted minus actual percentile")
    whole = table["spearman"][0]
    draw_intervals(ax[1], groups, _WITHIN, labels, reference=whole, series=1)
    ax[1].set_xlabel("Spearman's correlation within the group")
    return ax
