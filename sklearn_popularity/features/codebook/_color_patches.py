"""Dense colour patches: shares of colours in square windows of several sizes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ._descriptors import Descriptors, window_starts


def color_patches(
    index: NDArray[np.uint8], n_colors: int, *, sizes: tuple[int, ...], spacing: int
) -> Descriptors:
    """Compute the shares of colours in square patches on a grid.

    Parameters
    ----------
    index : ndarray of shape (height, width), uint8
        Colour of each pixel, below `n_colors`.
    n_colors : int
        Number of colours.
    sizes : tuple of int
        Sides of the patches, in pixels.
    spacing : int
        Distance between neighbouring patches of one size, in pixels.

    Returns
    -------
    descriptors : Descriptors
        Ordered by size, then row by row; each descriptor sums to 1. Sizes that do not
        fit into the image have none.
    """
    starts = [
        [window_starts(side, size, spacing) for side in index.shape] for size in sizes
    ]
    ends = np.cumsum([len(tops) * len(lefts) for tops, lefts in starts])
    values = np.zeros((ends[-1], n_colors), dtype=np.float32)
    blocks = np.split(values, ends[:-1])
    # Only colours that occur: about a third, and the time grows with their number.
    for color in np.flatnonzero(np.bincount(index.ravel())):
        integral = cv2.integral((index == color).view(np.uint8))
        for block, size, (tops, lefts) in zip(blocks, sizes, starts, strict=True):
            if len(block):
                counts = _window_sums(integral, tops, lefts, size, spacing)
                block[:, color] = counts.ravel()
    for block, size in zip(blocks, sizes, strict=True):
        block /= size * size
    centres = [
        np.stack(np.meshgrid(tops + size / 2, lefts + size / 2, indexing="ij"), axis=-1)
        for size, (tops, lefts) in zip(sizes, starts, strict=True)
    ]
    return Descriptors(values, np.concatenate([c.reshape(-1, 2) for c in centres]))


def _window_sums(integral, tops, lefts, size, spacing):
    """Sums over square windows on a grid, from the corners in the integral image."""
    rows = slice(tops[0], tops[-1] + 1, spacing)
    cols = slice(lefts[0], lefts[-1] + 1, spacing)
    strips = integral[size:][rows] - integral[rows]
    return strips[:, size:][:, cols] - strips[:, cols]
