"""Local descriptors and where they are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Descriptors(NamedTuple):
    """Vectors that describe places of an image.

    Attributes
    ----------
    values : ndarray of shape (n, n_numbers), float32
        One descriptor a row.
    positions : ndarray of shape (n, 2), float64
        Centres as (row, col) in pixels from the upper left corner of the image; the
        centre of its first pixel is (0.5, 0.5).
    """

    values: NDArray[np.float32]
    positions: NDArray[np.float64]


def window_starts(side: int, size: int, spacing: int) -> NDArray[np.intp]:
    """Starts of windows along a side, the part that is left over split to both ends.

    Parameters
    ----------
    side : int
        Length of the image, in pixels.
    size : int
        Length of a window.
    spacing : int
        Distance of neighbouring windows.

    Returns
    -------
    starts : ndarray of int
        Empty if no window fits.
    """
    return np.arange((side - size) % spacing // 2, side - size + 1, spacing)
