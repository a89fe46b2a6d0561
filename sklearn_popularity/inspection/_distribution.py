"""Histograms of views, and of true and predicted scores."""

from numbers import Integral

import numpy as np
import pandas as pd
from scipy.stats import skew
from sklearn.utils import check_consistent_length

from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from ._plotting import COLORS, INK, new_axes, several_axes

RAW, LOGGED, PER_DAY = "views", "log2(views + 1)", "log2(views / days + 1)"


@validate_params(
    {
        "views": ["array-like"],
        "days": ["array-like", None],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def popularity_distribution(views, days=None, *, n_bins=30):
    """Histograms of views, of log views, and of log views per day.

    Parameters
    ----------
    views : array-like of shape (n_posts,)
        Views, likes or shares, 0 or more.
    days : array-like of shape (n_posts,), default=None
        Days since the upload, above 0; None leaves the third histogram out.
    n_bins : int, default=30
        Number of bins of each histogram, of equal width.

    Returns
    -------
    table : DataFrame
        A row per bin with the columns transform ("views", "log2(views + 1)" or
        "log2(views / days + 1)"), left and right (ends of the bin), count (of posts)
        and skewness (of all transformed values; 0 if they are symmetric or equal).

    Raises
    ------
    ValueError
        If views are negative, days are not positive, or lengths differ.

    See Also
    --------
    plot_popularity_distribution : Plot the table as in figure 2 of [1]_.

    Notes
    -----
    Figure 2 of [1]_: a few photos have nearly all views; the log of views per day,
    which the paper predicts, "resembles a Gaussian". Views are divided by days before
    taking the log, as in section 3 of the paper.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> from sklearn_popularity.inspection import popularity_distribution
    >>> table = popularity_distribution([0, 1, 3, 63], days=[1, 1, 1, 21], n_bins=2)
    >>> table[["transform", "count"]].values.tolist()[:4]
    [['views', 3], ['views', 1], ['log2(views + 1)', 3], ['log2(views + 1)', 1]]
    """
    views = check_numbers(views, "views")
    if (views < 0).any():
        raise ValueError(
            f"Got views={views.min():g}, but counts of 0 or more were expected. Pass "
            "counts, not their logarithms."
        )
    values = {RAW: views, LOGGED: np.log2(views + 1)}
    if days is not None:
        values[PER_DAY] = np.log2(views / _check_days(days, views) + 1)
    tables = [
        _histogram(numbers, n_bins, transform=name).assign(
            skewness=float(skew(numbers)) if np.ptp(numbers) > 0 else 0.0
        )
        for name, numbers in values.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _check_days(days, views):
    days = check_numbers(days, "days")
    check_consistent_length(views, days)
    if (days <= 0).any():
        raise ValueError(
            f"Got days={days.min():g}, but days since the upload above 0 were "
            "expected. Leave out posts whose views were counted at their upload."
        )
    return days


def _histogram(values, bins, **kind):
    """A row per bin, with its ends and its number of values."""
    counts, edges = np.histogram(values, bins)
    return pd.DataFrame(
        {**kind, "left": edges[:-1], "right": edges[1:], "count": counts}
    )


def _draw(ax, rows, **look):
    edges = [*rows["left"], rows["right"].iloc[-1]]
    ax.stairs(rows["count"], edges, fill=True, **look)


def plot_popularity_distribution(table, *, ax=None):
    """Plot the histograms side by side.

    Parameters
    ----------
    table : DataFrame
        From :func:`popularity_distribution`.
    ax : sequence of matplotlib axes, default=None
        Axes for each transform; None makes a new figure.

    Returns
    -------
    ax : ndarray of matplotlib axes of shape (n_transforms,)
    """
    transforms = table.groupby("transform", sort=False)
    n = len(transforms)
    axes = several_axes(ax, n, (3.2 * n, 2.8))
    for place, (name, rows) in zip(axes, transforms, strict=True):
        _draw(place, rows, fc=COLORS[0], ec=INK)
        place.set_title(f"skewness {rows['skewness'].iloc[0]:.1f}")
        place.set_xlabel(name)
        place.set_ylabel("posts")
    return axes


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def score_distribution(y_true, y_pred, *, n_bins=30):
    """Histograms of true and predicted scores, with the same bins.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True scores.
    y_pred : array-like of shape (n_predicted,)
        Predicted scores, on the scale of the true ones.
    n_bins : int, default=30
        Number of bins over the range of both, of equal width.

    Returns
    -------
    table : DataFrame
        A row per bin and kind with the columns scores ("true" or "predicted"), left
        and right (ends of the bin), count, mean and std (of all scores of this kind).

    Raises
    ------
    ValueError
        If a score is NaN or infinite.

    See Also
    --------
    plot_score_distribution : Plot the table.

    Examples
    --------
    >>> from sklearn_popularity.inspection import score_distribution
    >>> table = score_distribution([0, 0, 4], [1, 2, 2], n_bins=2)
    >>> table["count"].tolist()
    [2, 1, 1, 2]
    """
    kinds = {
        "true": check_numbers(y_true, "y_true"),
        "predicted": check_numbers(y_pred, "y_pred"),
    }
    edges = np.histogram_bin_edges(np.concatenate(list(kinds.values())), n_bins)
    tables = [
        _histogram(values, edges, scores=name).assign(
            mean=values.mean(), std=values.std()
        )
        for name, values in kinds.items()
    ]
    return pd.concat(tables, ignore_index=True)


def plot_score_distribution(table, *, ax=None):
    """Plot the histograms of true and predicted scores over each other.

    Parameters
    ----------
    table : DataFrame
        From :func:`score_distribution`.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
        True scores are filled, predicted ones hatched.
    """
    ax = new_axes(ax)
    looks = ({"facecolor": COLORS[4]}, {"facecolor": "none", "hatch": "///"})
    kinds = table.groupby("scores", sort=False)
    for look, (name, rows) in zip(looks, kinds, strict=True):
        _draw(ax, rows, edgecolor=INK, label=name, **look)
    ax.set_xlabel("score")
    ax.set_ylabel("photos")
    ax.legend(title="scores")
    return ax
