"""Local binary patterns in a spatial pyramid: the texture of a photo by region."""

from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

import cv2
import numpy as np

from ._base import ImageTransformer
from ._flip import flip_average
from ._intensity import MAX_LEVEL, intensity_levels

N_PATTERNS = 59
_LEVEL_WEIGHTS = (1, 4, 32)

# Eight samples on a circle of radius 1, counter-clockwise from the right: (row, col).
_NEIGHBOURS = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))

# A diagonal sample N lies between the centre C, the horizontal and vertical neighbours
# H and V and the corner D. With t = 1/sqrt(2) its sign is that of integers:
#   N >= C  <=>  (H + V - 2 C) + (1 + sqrt(2)) (D - C) >= 0.
# 2378/985 is a convergent of 1 + sqrt(2), close enough to decide for all levels up to
# 765: |p + (1 + sqrt(2)) q| > 4.6e-4 unless p = q = 0, and 765 |2378/985 - 1 - sqrt(2)|
# < 2.8e-4. Products stay below 2**24, so float32 sums of them are exact.
_EDGE, _CORNER = 985, 2378


def lbp_codes(levels: np.ndarray, *, divisor: int = 1) -> np.ndarray:
    """Local binary pattern of each inner pixel (8 samples, radius 1).

    Parameters
    ----------
    levels : ndarray of shape (height, width)
        Integers from 0 to 765.
    divisor : int, default=1
        The intensities are ``levels / divisor``. It only affects how interpolated
        samples that equal the centre are rounded.

    Returns
    -------
    codes : ndarray of shape (max(height - 2, 0), max(width - 2, 0)), uint8
        Bit i is set where the sample at i * 45 degrees, counter-clockwise from the
        right, is at least the centre.

    Notes
    -----
    Where a diagonal sample equals the centre exactly, its bit depends on the rounding
    of the bilinear interpolation. These bits are looked up in a table computed in
    double precision, in the order of operations of the reference; all others are
    computed in exact integer arithmetic.
    """
    values = np.ascontiguousarray(levels, dtype=np.float32)
    if min(values.shape) < 3:
        return np.zeros([max(side - 2, 0) for side in values.shape], dtype=np.uint8)
    codes = np.zeros(values.shape, dtype=np.uint8)
    inner = codes[1:-1, 1:-1]
    for bit, (row, col) in enumerate(_NEIGHBOURS):
        if row and col:
            mask = _diagonal_at_least_centre(values, row, col, bit, divisor)[1:-1, 1:-1]
        else:
            mask = _neighbour_at_least_centre(values, row, col)
        inner |= mask & np.uint8(1 << bit)
    return inner


def _neighbour_at_least_centre(values, row, col):
    """Mask (0 or 255) of inner pixels."""
    height, width = values.shape
    neighbour = values[1 + row : height - 1 + row, 1 + col : width - 1 + col]
    return cv2.compare(neighbour, values[1:-1, 1:-1], cv2.CMP_GE)


def _diagonal_at_least_centre(values, row, col, bit, divisor):
    """Mask (0 or 255) of all pixels; its rim is meaningless."""
    kernel = np.zeros((3, 3), dtype=np.float32)
    kernel[1 + row, 1] = kernel[1, 1 + col] = _EDGE
    kernel[1 + row, 1 + col] = _CORNER
    kernel[1, 1] = -2 * _EDGE - _CORNER
    difference = cv2.filter2D(values, cv2.CV_32F, kernel)
    mask = (difference > 0).view(np.uint8) * np.uint8(255)
    ties = np.flatnonzero(difference == 0)
    if ties.size:
        centre = values.ravel()[ties].astype(np.intp)
        beside = values.ravel().take(ties + col, mode="clip").astype(np.intp)
        mask.ravel()[ties] = _tie_table(bit, divisor)[centre, beside]
    return mask


@lru_cache(maxsize=8)
def _tie_table(bit: int, divisor: int) -> np.ndarray:
    """Masks of diagonal samples that equal the centre up to rounding.

    A sample ties where the corner D equals the centre C and the neighbours H and V lie
    on opposite sides of it, V = 2 C - H: entry [C, H] is 255 where the sample, as the
    reference interpolates it, is at least the centre.
    """
    centre = np.arange(MAX_LEVEL + 1)[:, np.newaxis]
    beside = np.arange(MAX_LEVEL + 1)
    row, col = _NEIGHBOURS[bit]
    at = {(0, 0): centre, (row, col): centre, (0, col): beside}
    at[row, 0] = 2 * centre - beside
    # Doubles, and four terms summed left to right around 2, as in the toolbox.
    down = 2 - np.sin(bit * 2 * np.pi / 8)
    right = 2 + np.cos(bit * 2 * np.pi / 8)
    top, left = int(np.floor(down)), int(np.floor(right))
    down, right = down - top, right - left
    weights = {
        (0, 0): (1 - right) * (1 - down),
        (0, 1): right * (1 - down),
        (1, 0): (1 - right) * down,
        (1, 1): right * down,
    }
    sample = 0.0
    for (i, j), weight in weights.items():
        sample = sample + weight * (at[top - 2 + i, left - 2 + j] / divisor)
    return np.where(sample >= centre / divisor, 255, 0).astype(np.uint8)


@lru_cache(maxsize=1)
def uniform_patterns() -> np.ndarray:
    """Pattern number of each code.

    Returns
    -------
    patterns : ndarray of shape (256,), uint8
        Codes with at most two 0/1 transitions around the circle are numbered 0 to 57
        in increasing order; all others share 58.
    """
    codes = np.arange(256)
    rotated = (codes >> 1) | ((codes & 1) << 7)
    transitions = np.array([int(code).bit_count() for code in codes ^ rotated])
    patterns = np.full(256, N_PATTERNS - 1, dtype=np.uint8)
    patterns[transitions <= 2] = np.arange(N_PATTERNS - 1)
    patterns.flags.writeable = False
    return patterns


def pyramid_edges(size: int, n_cells: int) -> list[int]:
    """Edges of `n_cells` equal cells along a side, halves rounded away from zero."""
    return [int(size * i / n_cells + 0.5) for i in range(n_cells + 1)]


def lbp_pyramid(levels: np.ndarray, *, divisor: int = 1) -> np.ndarray:
    """Histograms of uniform patterns over 1, 2 x 2 and 4 x 4 regions.

    Parameters
    ----------
    levels : ndarray of shape (height, width)
        Integers from 0 to 765.
    divisor : int, default=1
        See :func:`lbp_codes`.

    Returns
    -------
    histograms : ndarray of shape (1239,), float64
        59 bins for each of 21 regions, level by level, regions row by row. Each level
        sums to its weight (1, 4, 32), or to 0 if no region has an inner pixel.
    """
    codes = lbp_codes(levels, divisor=divisor)
    pattern_of_code = np.eye(N_PATTERNS)[uniform_patterns()]
    pyramid = []
    for level, weight in enumerate(_LEVEL_WEIGHTS):
        rows = pyramid_edges(levels.shape[0], 2**level)
        cols = pyramid_edges(levels.shape[1], 2**level)
        counts = [
            _count_codes(codes, top, bottom, left, right)
            for top, bottom in pairwise(rows)
            for left, right in pairwise(cols)
        ]
        counts = np.array(counts) @ pattern_of_code
        pyramid.append(weight * counts / max(counts.sum(), 1))
    return np.concatenate(pyramid, axis=None)


def _count_codes(codes, top, bottom, left, right):
    """Histogram of the codes whose 3 x 3 pixels all lie within a region."""
    # codes[0, 0] belongs to the pixel (1, 1).
    region = codes[top : max(bottom - 2, top), left : max(right - 2, left)]
    if region.size == 0:
        return np.zeros(256)
    # OpenCV 4 returns a column, OpenCV 5 a vector.
    return cv2.calcHist([region], [0], None, [256], [0, 256]).ravel()


def _describe_lbp(image):
    return lbp_pyramid(intensity_levels(image), divisor=3)


class LBPPyramid(ImageTransformer):
    """Histograms of local binary patterns: the texture of a photo by region.

    Each pixel is compared with eight samples around it; the 59 uniform patterns are
    counted over the whole photo, its quarters and its sixteenths.

    Parameters
    ----------
    flip : bool, default=False
        Whether to average the features of the photo and of its mirror image. This takes
        twice as long, and the features no longer tell left from right.
    max_size : int or None, default=500
        Longest side in pixels, as in the toolbox of [1]_; larger photos are reduced
        first. None means no limit.
    image_shape : tuple of 2 or 3 ints, default=None
        Height, width and channels of each image in a 2-D X; None guesses and warns.
    value_range : tuple of 2 floats, default=None
        Pixel values of black and white in arrays; None follows the dtype (uint8
        0-255, uint16 0-65535, floats 0-1).
    n_jobs : int, default=None
        Number of worker processes; None means 1 unless in a
        :func:`joblib.parallel_config` context, -1 means all cores.
    batch_size : int, default=32
        Number of photos that a worker describes at a time.
    cache : str or path, default=None
        File that stores features, so that the same photo is not described twice. None
        stores nothing. See the Notes of :class:`ImageTransformer`.
    on_error : {"raise", "nan"}, default="raise"
        Whether a photo that cannot be read raises an ImageError, or gives a row of NaN
        and one warning.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in `fit`; only set for rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of features seen in `fit`; only set for a DataFrame of pixel values.

    See Also
    --------
    GistTransformer : Coarse layout of the scene.

    Notes
    -----
    The histograms of a level are divided by their sum and weighted by 1, 4 and 32
    from coarse to fine, as in the toolbox of [1]_; the 59 x 21 = 1239 numbers of a
    photo sum to 37, or to 0 if it is less than three pixels high or wide.

    Departures from the toolbox: it ran on the three colour planes laid side by side,
    where all blocks but the rightmost saw only red; here the patterns are of the
    intensity (R + G + B) / 3, as the paper means. Regions of the second level are
    ordered row by row, not clockwise. The paper speaks of "non-uniform" patterns, but
    1239 is the number of features with uniform ones.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014,
       section 4.2; toolbox github.com/adikhosla/feature-extraction.
    .. [2] Ojala, Pietikainen and Maenpaa, "Multiresolution gray-scale and rotation
       invariant texture classification with local binary patterns", PAMI 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import LBPPyramid
    >>> photos = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8)
    >>> features = LBPPyramid().fit_transform(photos)
    >>> features.shape
    (2, 1239)
    >>> features.sum(axis=1).round(3)
    array([37., 37.], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageTransformer._parameter_constraints,
        "flip": ["boolean"],
    }

    def __init__(
        self,
        *,
        flip=False,
        max_size=500,
        image_shape=None,
        value_range=None,
        n_jobs=None,
        batch_size=32,
        cache=None,
        on_error="raise",
        verbose=False,
    ):
        super().__init__(
            max_size=max_size,
            image_shape=image_shape,
            value_range=value_range,
            n_jobs=n_jobs,
            batch_size=batch_size,
            cache=cache,
            on_error=on_error,
            verbose=verbose,
        )
        self.flip = flip

    def _describe(self):
        return flip_average(_describe_lbp, self.flip)

    def _feature_names(self):
        return [
            f"lbp_level{level}_r{row}c{col}_pattern{pattern}"
            for level in range(len(_LEVEL_WEIGHTS))
            for row in range(2**level)
            for col in range(2**level)
            for pattern in range(N_PATTERNS)
        ]
