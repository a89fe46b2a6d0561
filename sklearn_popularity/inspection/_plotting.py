"""Helpers of all figures: axes, colours for all kinds of colour vision, montages."""

import numpy as np
from numpy.typing import NDArray

from .._optional import import_optional

# Okabe and Ito 2008: distinguishable with all common kinds of colour vision. In this
# order neighbours also differ in lightness.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++", "oo")
INK, PALE = "#333333", "#BBBBBB"
_TILE, STEP = 96, 100  # side and distance of the photos of a montage, in pixels


def new_axes(ax, figsize=(6.0, 4.0)):
    """The given axes, or those of a new figure of `figsize` inches."""
    return several_axes(ax, 1, figsize)[0]


def several_axes(ax, n, figsize, **settings) -> NDArray:
    """The given axes, or n axes side by side of a new figure of `figsize` inches."""
    if ax is None:
        pyplot = import_optional("matplotlib.pyplot", "Drawing")
        settings = {"figsize": figsize, "layout": "constrained"} | settings
        ax = pyplot.subplots(1, n, **settings)[1]
    return np.atleast_1d(np.asarray(ax, dtype=object))


def style(i: int) -> dict:
    """Colour and marker of the i-th series; pairs only repeat after 49 series."""
    return {
        "color": COLORS[i % len(COLORS)],
        "marker": MARKERS[(i + i // len(COLORS)) % len(MARKERS)],
    }


def shorten(label, width: int = 32) -> str:
    """Shorten a label to `width` characters."""
    label = str(label)
    return label if len(label) <= width else label[: width - 3].rstrip(" ,") + "..."


def draw_intervals(ax, table, names, labels, *, reference=0, series=0):
    """Draw a value and its interval for each row of a table, the first row on top.

    `names` are the columns of the value and of the ends of the interval, `reference` is
    the position of a vertical line, and `series` the number of a `style`.
    """
    value, low, high = (np.asarray(table[name], np.float64) for name in names)
    places = np.arange(len(table))
    ax.axvline(reference, color=PALE, zorder=0)
    ax.hlines(places, low, high, color=INK, linewidth=1.5)
    ax.plot(value, places, linestyle="none", **style(series))
    ax.set_yticks(places, labels)
    ax.locator_params(axis="x", nbins=5)
    ax.set_ylim(len(table) - 0.5, -0.5)


def montage(photos, n_columns: int) -> NDArray:
    """Arrange photos in a grid of squares on white, `STEP` pixels apart."""
    n_rows = max(1, -(-len(photos) // n_columns))
    gap = STEP - _TILE
    sheet = np.full((n_rows * STEP - gap, n_columns * STEP - gap, 3), 255, np.uint8)
    for i, photo in enumerate(photos):
        small = _fit(photo)
        height, width = small.shape[:2]
        top = i // n_columns * STEP + (_TILE - height) // 2
        left = i % n_columns * STEP + (_TILE - width) // 2
        sheet[top : top + height, left : left + width] = small
    return sheet


def _fit(photo):
    """Resize a photo so that its longest side is that of a tile."""
    import cv2

    scale = _TILE / max(photo.shape[:2])
    height, width = (max(1, round(side * scale)) for side in photo.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(photo, (width, height), interpolation=how)
