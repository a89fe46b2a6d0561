"""Local descriptors and their positions."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Descriptors(NamedTuple):
    """Vectors that describe small parts of an image.

    Attributes
    ----------
    values : ndarray of shape (n, n_numbers), float32
        One descriptor per row.
    positions : ndarray of shape (n, 2), float64
        Centres as (row, col) in pixels from the upper left corner of the image; the
        centre of its first pixel is (0.5, 0.5).
    """

    values: NDArray[np.float32]
    positions: NDArray[np.float64]


def window_starts(side: int, size: int, spacing: int) -> NDArray[np.intp]:
    """Starts of windows along a side, in pixels; none if no window fits.

    What is left over is split between both ends.
    """
    return np.arange((side - size) % spacing // 2, side - size + 1, spacing)
