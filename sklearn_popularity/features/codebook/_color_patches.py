"""Dense colour patches: how often each colour occurs in windows of several sizes."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ._descriptors import Descriptors, window_starts


def color_patches(
    index: NDArray[np.uint8], n_colors: int, *, sizes: tuple[int, ...], spacing: int
) -> Descriptors:
    """Shares of the colours in square patches on a grid.

    Parameters
    ----------
    index : ndarray of shape (height, width), uint8
        Name of the colour of each pixel, below `n_colors`.
    n_colors : int
        Number of names.
    sizes : tuple of int
        Sides of the patches, in pixels.
    spacing : int
        Distance of neighbouring patches of a size, in pixels.

    Returns
    -------
    descriptors : Descriptors
        Size by size, patches row by row; a descriptor sums to 1. None for sizes that
        do not fit into the image.
    """
    values, positions = [], []
    for size in sizes:
        tops = window_starts(index.shape[0], size, spacing)
        lefts = window_starts(index.shape[1], size, spacing)
        n_patches = len(tops) * len(lefts)
        if not n_patches:
            continue
        windows = sliding_window_view(index, (size, size))[tops][:, lefts]
        # One count for all patches: each has its own n_colors bins.
        keys = windows.reshape(n_patches, -1).astype(np.int32)
        keys += n_colors * np.arange(n_patches, dtype=np.int32)[:, np.newaxis]
        counts = np.bincount(keys.ravel(), minlength=n_patches * n_colors)
        shares = counts.astype(np.float32) / np.float32(size * size)
        values.append(shares.reshape(n_patches, n_colors))
        rows, cols = np.meshgrid(tops + size / 2, lefts + size / 2, indexing="ij")
        positions.append(np.stack([rows.ravel(), cols.ravel()], axis=1))
    if not values:
        return Descriptors(np.empty((0, n_colors), np.float32), np.empty((0, 2)))
    return Descriptors(np.concatenate(values), np.concatenate(positions))
