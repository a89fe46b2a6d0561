"""Reliability of predicted percentiles."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from .._sklearn_compat import Interval, validate_params
from ..metrics import mean_interval, number_groups
from ._percentiles import check_pair, score_percentile
from ._plotting import INK, PALE, new_axes, style


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "groups": ["array-like", None],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def percentile_reliability(
    y_true,
    y_pred,
    *,
    n_bins=10,
    groups=None,
    confidence=0.95,
):
    """Mean true percentiles of photos by predicted percentile.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True scores.
    y_pred : array-like of shape (n_samples,)
        Predicted scores of held-out rows.
    n_bins : int, default=10
        Number of bins of predicted percentiles, of equal width.
    groups : array-like of shape (n_samples,), default=None
        Labels of dependent rows, such as users; None treats rows as independent.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    table : DataFrame
        A row per bin that has rows, with the columns left and right (ends of the bin),
        n_rows, predicted_percentile and true_percentile (means), low and high (ends of
        the confidence interval of the mean true percentile; NaN if there is one
        group) and top_half (share of the rows with a true score above the median).

    Raises
    ------
    ValueError
        If a score is NaN or infinite, or lengths differ.

    See Also
    --------
    plot_percentile_reliability : Plot the table.
    calibration : Bias and rank correlation within groups.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity.inspection import percentile_reliability
    >>> table = percentile_reliability(
    ...     np.arange(40), np.arange(40) ** 2, n_bins=2
    ... )
    >>> table[["n_rows", "true_percentile", "top_half"]].values.tolist()
    [[20.0, 25.0, 0.0], [20.0, 75.0, 1.0]]
    """
    y_true, y_pred = check_pair(y_true, y_pred)
    check_consistent_length(y_true, groups)
    groups = number_groups(groups, len(y_true))
    true, predicted = (score_percentile(y, y) for y in (y_true, y_pred))
    edges = np.linspace(0, 100, n_bins + 1)
    bins = (predicted * n_bins / 100).astype(int).clip(max=n_bins - 1)
    table = []
    for i in np.unique(bins):
        rows = bins == i
        mean, low, high = mean_interval(
            true[rows], groups=groups[rows], confidence=confidence
        )
        table.append(
            {
                "left": edges[i],
                "right": edges[i + 1],
                "n_rows": int(rows.sum()),
                "predicted_percentile": predicted[rows].mean(),
                "true_percentile": mean,
                "low": low,
                "high": high,
                "top_half": (true[rows] > 50).mean(),
            }
        )
    return pd.DataFrame(table)


def plot_percentile_reliability(table, *, ax=None):
    """Plot mean true percentiles over predicted ones, with confidence intervals.

    Parameters
    ----------
    table : DataFrame
        From :func:`percentile_reliability`.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
        The grey diagonal is a perfect ranking, the horizontal line a useless one.
    """
    ax = new_axes(ax, (4.5, 4.5))
    ax.plot([0, 100], [0, 100], color=PALE, zorder=0)
    ax.axhline(50, color=PALE, linestyle="dotted", zorder=0)
    ax.vlines(table["predicted_percentile"], table["low"], table["high"], color=INK)
    ax.plot(
        table["predicted_percentile"],
        table["true_percentile"],
        linestyle="none",
        **style(0),
    )
    ax.set_xlabel("predicted percentile")
    ax.set_ylabel("true percentile (mean)")
    ax.set_aspect("equal")
    return ax
