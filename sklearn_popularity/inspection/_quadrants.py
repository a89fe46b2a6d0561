"""Quadrants of photos by true and predicted popularity."""

from numbers import Integral, Real

import numpy as np
import pandas as pd

from .._sklearn_compat import Interval, validate_params
from ._percentiles import check_pair, score_percentile
from ._photos import read_photos
from ._plotting import INK, STEP, montage, new_axes, style

# As in figure 6: truth from left to right, prediction from top to bottom.
QUADRANTS = [
    "low, predicted high",
    "high, predicted high",
    "low, predicted low",
    "high, predicted low",
]


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "threshold": [Interval(Real, 0, 100, closed="neither")],
        "n_photos": [Interval(Integral, 1, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def quadrants(y_true, y_pred, *, threshold=50.0, n_photos=None):
    """Group photos by whether they are popular and predicted to be popular.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True scores.
    y_pred : array-like of shape (n_samples,)
        Predicted scores of held-out rows, on any scale.
    threshold : float, default=50
        Percentile, between 0 and 100, above which a score is high.
    n_photos : int, default=None
        Number of photos per quadrant, those with the highest clarity; None is all.

    Returns
    -------
    table : DataFrame
        A row per photo with the columns row (its position), quadrant (the truth, then
        the prediction, such as "low, predicted high"), correct (whether they agree),
        true_percentile, predicted_percentile and clarity (the smaller distance of both
        percentiles from the threshold). Quadrants are in the order of figure 6, row by
        row; within each, photos are sorted by falling clarity.

    Raises
    ------
    ValueError
        If a score is NaN or infinite, or lengths differ.

    See Also
    --------
    plot_quadrants : Plot the table as in figure 6 of [1]_.

    Notes
    -----
    Section 6.2 of [1]_ shows examples of four quadrants of true and predicted
    popularity without giving the thresholds. Here they are percentiles, by default the
    medians, so predictions need not be on the scale of the scores. Equal scores share
    their percentile.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> from sklearn_popularity import quadrants
    >>> table = quadrants([1, 2, 3, 4], [0.1, 0.9, 0.2, 0.8])
    >>> table[["row", "quadrant"]].values.tolist()[:2]
    [[1, 'low, predicted high'], [3, 'high, predicted high']]
    """
    y_true, y_pred = check_pair(y_true, y_pred)
    true, predicted = (score_percentile(y, y) for y in (y_true, y_pred))
    is_high, said_high = true > threshold, predicted > threshold
    table = pd.DataFrame(
        {
            "row": np.arange(len(true)),
            "quadrant": np.array(QUADRANTS)[2 * ~said_high + is_high],
            "correct": is_high == said_high,
            "true_percentile": true,
            "predicted_percentile": predicted,
            "clarity": np.minimum(abs(true - threshold), abs(predicted - threshold)),
        }
    )
    order = table["quadrant"].map(QUADRANTS.index)
    table = table.iloc[np.lexsort((-table["clarity"], order))]
    if n_photos is not None:
        table = table.groupby("quadrant", sort=False).head(n_photos)
    return table.reset_index(drop=True)


def plot_quadrants(table, photos=None, *, n_columns=4, n_rows=3, ax=None):
    """Plot the quadrants as points, or as the clearest photos of each.

    Parameters
    ----------
    table : DataFrame
        From :func:`quadrants`.
    photos : sequence of photos, default=None
        All photos, in the order of `y_true`; None draws a marker for each row.
    n_columns, n_rows : int, default=4 and 3
        Number of photos of a quadrant from left to right, and from top to bottom.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
        The x axis is the truth and the y axis the prediction, as in figure 6 of Khosla
        et al. Correct quadrants have a solid frame or filled markers, wrong ones a
        dashed frame or open markers.
    """
    ax = new_axes(ax, (7.0, 6.0))
    if photos is None:
        _draw_points(ax, table)
    else:
        _draw_galleries(ax, table, photos, n_columns, n_rows)
    unit = " (percentile)" if photos is None else ""
    ax.set_xlabel(f"true popularity{unit}")
    ax.set_ylabel(f"predicted popularity{unit}")
    return ax


def _draw_points(ax, table):
    for i, name in enumerate(QUADRANTS):
        rows = table[table["quadrant"] == name]
        look = style(i)
        if not rows["correct"].all():
            look["markerfacecolor"] = "none"
        ax.plot(
            rows["true_percentile"],
            rows["predicted_percentile"],
            linestyle="none",
            markersize=4,
            label=f"{name} ({len(rows)})",
            **look,
        )
    ax.set_aspect("equal")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)


def _draw_galleries(ax, table, photos, n_columns, n_rows):
    width, height, gap = STEP * n_columns, STEP * n_rows, 40
    for i, name in enumerate(QUADRANTS):
        rows = table[table["quadrant"] == name].head(n_columns * n_rows)
        left, top = i % 2 * (width + gap), i // 2 * (height + gap)
        sheet = montage(read_photos(photos, rows["row"], 200), n_columns)
        bottom, right = top + sheet.shape[0], left + sheet.shape[1]
        ax.imshow(sheet, extent=(left, right, bottom, top))
        line = "solid" if rows["correct"].all() else "dashed"
        west, east, north, south = left - 8, left + width + 4, top - 8, top + height + 4
        cols = [west, east, east, west, west]
        ax.plot(cols, [north, north, south, south, north], color=INK, linestyle=line)
    ax.set_xlim(-15, 2 * width + gap + 15)
    ax.set_ylim(2 * height + gap + 15, -15)
    ax.set_xticks([width / 2, 1.5 * width + gap], ["low", "high"])
    ax.set_yticks([height / 2, 1.5 * height + gap], ["high", "low"])
    ax.spines[:].set_visible(False)
