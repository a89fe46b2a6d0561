"""GIST: the layout of a scene as the energy of Gabor filters on a coarse grid."""

from functools import lru_cache, partial
from numbers import Integral
from typing import ClassVar, NamedTuple

import cv2
import numpy as np
from scipy import fft

from .._sklearn_compat import Interval
from ._base import ImageTransformer
from ._central_square import central_square
from ._flip import flip_average
from ._integers import positive_integers
from ._intensity import intensity_levels

# Constants of Oliva and Torralba's LMgist. Frequencies are in cycles per pixel.
_RADIAL_SHARPNESS = 3.5
_TOP_FREQUENCY = 0.3
_SCALE_RATIO = 1.85
_BOUNDARY = 32
_PREFILTER_CUTOFF = 4
_PREFILTER_BOUNDARY = 5
_CONTRAST_FLOOR = 0.2

# Smaller gains are left out: this is far below the rounding of float32.
_NEGLIGIBLE = 1e-10


class GaborFilter(NamedTuple):
    """The non-negligible part of a transfer function, frequency zero at the centre.

    Columns come in pairs, for the real and the imaginary part of a frequency, with the
    same gain: real numbers multiply several times faster than complex ones.
    """

    rows: slice
    cols: slice
    gain: np.ndarray


@lru_cache(maxsize=4)
def gabor_bank(size: int, orientations: tuple[int, ...]) -> tuple[GaborFilter, ...]:
    """Transfer functions of log-polar Gabor filters, one-sided in frequency.

    Parameters
    ----------
    size : int
        Height and width in pixels of the images to filter.
    orientations : tuple of int
        Number of orientations at each scale, from high to low frequency.

    Returns
    -------
    bank : tuple of GaborFilter
        Scale by scale, frequencies in the order of :func:`scipy.fft.fftshift`.
    """
    frequency = fft.fftshift(fft.fftfreq(size))
    radius = np.hypot(frequency[:, None], frequency)
    angle = np.arctan2(frequency[:, None], frequency)
    bank = []
    for scale, n_orientations in enumerate(orientations):
        relative = radius / (_TOP_FREQUENCY / _SCALE_RATIO**scale)
        radial = _RADIAL_SHARPNESS * (relative - 1) ** 2
        sharpness = 2 * np.pi * (n_orientations / 8) ** 2
        for orientation in range(n_orientations):
            turned = angle + np.pi * orientation / n_orientations
            turned = np.where(turned > np.pi, turned - 2 * np.pi, turned)
            bank.append(_crop(np.exp(-radial - sharpness * turned**2)))
    return tuple(bank)


def _crop(gain):
    matters = gain > _NEGLIGIBLE
    row = np.flatnonzero(matters.any(axis=1))
    col = np.flatnonzero(matters.any(axis=0))
    rows, cols = slice(row[0], row[-1] + 1), slice(col[0], col[-1] + 1)
    pairs = np.repeat(gain[rows, cols].astype(np.float32), 2, axis=1)
    return GaborFilter(rows, slice(2 * cols.start, 2 * cols.stop), pairs)


@lru_cache(maxsize=4)
def _smoothing_basis(side: int) -> np.ndarray:
    """Matrix B such that B (B' X B) B' is X under the prefilter's low-pass.

    The filter is a Gaussian in frequency, hence separable, and passes only the lowest
    frequencies. Their cosines and sines are the columns, so that two thin products
    replace a Fourier transform and its inverse.
    """
    frequency = np.arange(side // 2 + 1)
    gain = np.exp(-np.log(2) * (frequency / _PREFILTER_CUTOFF) ** 2)
    gain = gain[gain > _NEGLIGIBLE]
    frequency = frequency[: len(gain)]
    phase = 2 * np.pi * np.outer(np.arange(side), frequency) / side
    # Frequency zero and, for an even side, the highest one have no negative partner.
    alone = (frequency == 0) | (2 * frequency == side)
    scale = np.sqrt(gain * np.where(alone, 1, 2) / side)
    return np.hstack([scale * np.cos(phase), (scale * np.sin(phase))[:, ~alone]])


def whiten(grey: np.ndarray) -> np.ndarray:
    """Remove the local mean of the logarithm and divide by the local contrast.

    The intensities of the square image are from 0 to 255.
    """
    pad = _PREFILTER_BOUNDARY
    log = np.pad(np.log1p(grey), pad, mode="symmetric")
    if len(log) % 2:  # the toolbox makes the side even
        log = np.pad(log, (0, 1), mode="symmetric")
    basis = _smoothing_basis(len(log))
    detail = log - basis @ (basis.T @ log @ basis) @ basis.T
    energy = basis @ (basis.T @ (detail * detail) @ basis) @ basis.T
    # Single precision from here on; above, it would lose the contrast of flat areas.
    inner = slice(pad, pad + len(grey))
    contrast = np.sqrt(np.abs(energy[inner, inner])).astype(np.float32)
    return detail[inner, inner].astype(np.float32) / (_CONTRAST_FLOOR + contrast)


def gist(
    grey: np.ndarray, *, size: int, n_blocks: int, orientations: tuple[int, ...]
) -> np.ndarray:
    """GIST descriptor of a grey image.

    Parameters
    ----------
    grey : ndarray of shape (height, width)
        Intensities in any range; the contrast is stretched to 0-255.
    size : int
        Side in pixels of the square that is described.
    n_blocks : int
        Number of blocks along a side.
    orientations : tuple of int
        Number of orientations at each scale, from high to low frequency.

    Returns
    -------
    energies : ndarray of shape (sum(orientations) * n_blocks**2,), float32
        Filter by filter, then block column by block column, block rows fastest.
        Zeros for a constant image.
    """
    grey = central_square(grey, size)
    low, high = grey.min(), grey.max()
    # A constant image stays constant only up to rounding when it is resized.
    if high - low <= 1e-9 * max(high, 1):
        return np.zeros(sum(orientations) * n_blocks**2, dtype=np.float32)
    whitened = whiten(255 * (grey - low) / (high - low))
    padded = np.pad(whitened, _BOUNDARY, mode="symmetric")
    energies = block_energies(padded, gabor_bank(len(padded), orientations), n_blocks)
    return energies.transpose(0, 2, 1).ravel()


def block_energies(
    padded: np.ndarray, bank: tuple[GaborFilter, ...], n_blocks: int
) -> np.ndarray:
    """Mean modulus of the filtered image over the blocks of a grid.

    Parameters
    ----------
    padded : ndarray of shape (size, size), float32
        Image with a boundary, which is filtered but not averaged.
    bank : tuple of GaborFilter
        Filters for images of this size.
    n_blocks : int
        Number of blocks along a side.

    Returns
    -------
    energies : ndarray of shape (len(bank), n_blocks, n_blocks), float32
    """
    side = len(padded)
    # cv2.dft below does not scale: the two products scale by 1 / side each instead.
    averages = _block_averages(side - 2 * _BOUNDARY, n_blocks) / np.float32(side)
    # The shift of the frequencies changes only the phase, which np.abs drops.
    spectrum = fft.fftshift(fft.fft2(padded)).view(np.float32)
    product = np.zeros_like(spectrum)
    filtered = np.empty((side, side, 2), dtype=np.float32)
    inner = filtered.view(np.complex64)[_BOUNDARY:-_BOUNDARY, _BOUNDARY:-_BOUNDARY, 0]
    energies = np.empty((len(bank), n_blocks, n_blocks), dtype=np.float32)
    for energy, (rows, cols, gain) in zip(energies, bank, strict=True):
        np.multiply(spectrum[rows, cols], gain, out=product[rows, cols])
        # For complex float32, OpenCV is twice as fast as scipy.
        cv2.dft(product.reshape(filtered.shape), filtered, cv2.DFT_INVERSE)
        product[rows, cols] = 0
        energy[:] = averages @ np.abs(inner) @ averages.T
    return energies


def _block_averages(size, n_blocks):
    """Matrix that averages over the rows of each block."""
    edges = np.arange(n_blocks + 1) * size // n_blocks
    block = np.repeat(np.arange(n_blocks), np.diff(edges))
    member = (block == np.arange(n_blocks)[:, None]).astype(np.float32)
    return member / member.sum(axis=1, keepdims=True)


def _describe_gist(image, *, size, n_blocks, orientations):
    grey = intensity_levels(image) / 3
    return gist(grey, size=size, n_blocks=n_blocks, orientations=orientations)


class GistTransformer(ImageTransformer):
    """GIST descriptor: the layout of a scene in 512 numbers.

    The photo is reduced to a square, its contrast is normalised, and the energy of 32
    Gabor filters (4 scales, 8 orientations) is averaged over 4 x 4 blocks.

    Parameters
    ----------
    image_size : int, default=256
        Side in pixels, at least 16, of the square that is described: the shorter side
        of the photo is resized to it, and the centre is cropped, as in the toolbox of
        [1]_.
    n_blocks : int, default=4
        Number of blocks along a side, from 1 to 16 (4 in [2]_ and the toolbox).
    orientations_per_scale : tuple of int, default=(8, 8, 8, 8)
        Number of orientations at each scale, from high to low frequency, as in the
        toolbox.
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
    LBPPyramid : Fine texture by region.

    Notes
    -----
    With frequencies (u, v) in cycles per pixel, r = hypot(u, v) and t = atan2(v, u),
    the filter of scale i and orientation j of n has the gain ::

        exp(-3.5 (r / f_i - 1)^2 - 2 pi (n / 8)^2 (t + pi j / n)^2),  f_i = 0.3 / 1.85^i

    and a feature is the mean modulus of the filtered photo over a block. Features are
    ordered by filter, then block column, then block row, as in the toolbox of [1]_.
    Departure from the toolbox: a constant photo, whose contrast cannot be normalised,
    gives zeros instead of NaN.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014,
       section 4.2; toolbox github.com/adikhosla/feature-extraction.
    .. [2] Oliva and Torralba, "Modeling the shape of the scene: a holistic
       representation of the spatial envelope", IJCV 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import GistTransformer
    >>> photos = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8)
    >>> GistTransformer().fit_transform(photos).shape
    (2, 512)
    >>> GistTransformer().get_feature_names_out()[:2].tolist()
    ['gist_scale0_orientation0_r0c0', 'gist_scale0_orientation0_r1c0']
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageTransformer._parameter_constraints,
        "image_size": [Interval(Integral, 16, None, closed="left")],
        "n_blocks": [Interval(Integral, 1, 16, closed="both")],
        "orientations_per_scale": [tuple, list],
        "flip": ["boolean"],
    }

    def __init__(
        self,
        *,
        image_size=256,
        n_blocks=4,
        orientations_per_scale=(8, 8, 8, 8),
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
        self.image_size = image_size
        self.n_blocks = n_blocks
        self.orientations_per_scale = orientations_per_scale
        self.flip = flip

    def _describe(self):
        describe = partial(
            _describe_gist,
            size=self.image_size,
            n_blocks=self.n_blocks,
            orientations=self._orientations(),
        )
        return flip_average(describe, self.flip)

    def _feature_names(self):
        blocks = range(self.n_blocks)
        return [
            f"gist_scale{scale}_orientation{orientation}_r{row}c{col}"
            for scale, n_orientations in enumerate(self._orientations())
            for orientation in range(n_orientations)
            for col in blocks
            for row in blocks
        ]

    def _orientations(self):
        # One period of the lowest frequency has to fit into the padded image.
        n_periods = _TOP_FREQUENCY * (self.image_size + 2 * _BOUNDARY)
        n_scales = int(np.log(n_periods) / np.log(_SCALE_RATIO))
        return positive_integers(
            "orientations_per_scale",
            self.orientations_per_scale,
            range(1, n_scales + 2),
            f"a tuple of 1 to {n_scales + 1} positive integers was expected with "
            f"image_size={self.image_size}, one per scale, such as (8, 8, 8, 8).",
        )
