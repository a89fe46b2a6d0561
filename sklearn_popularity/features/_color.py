"""Colour and simple statistics: what a photo looks like from far away."""

from functools import partial
from os import PathLike
from typing import ClassVar

import cv2
import numpy as np

from ._base import ImageTransformer
from ._intensity import MAX_LEVEL, intensity_levels
from ._palettes import Palette, PaletteMixin, color_bins, mean_colors

_STATISTICS = [
    "mean_hue",
    "mean_saturation",
    "mean_value",
    "mean_intensity",
    "variance_intensity",
    "skewness_intensity",
]


def hsv_means(image: np.ndarray) -> np.ndarray:
    """Mean hue, saturation and value.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        sRGB.

    Returns
    -------
    means : ndarray of shape (3,), float64
        Each from 0 to 1; hue in turns from red.
    """
    # In levels rather than shares of 1: OpenCV adds a constant to what it divides by.
    hsv = cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2HSV)
    hue, saturation, value, _ = cv2.mean(hsv)
    return np.array([hue / 360, saturation, value / 255])


def intensity_moments(image: np.ndarray) -> np.ndarray:
    """Mean, variance and skewness of the intensity (R + G + B) / 3.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        sRGB.

    Returns
    -------
    moments : ndarray of shape (3,), float64
        Of intensities from 0 to 1; of the pixels as a population. The skewness of a
        constant image is 0.
    """
    counts = np.bincount(intensity_levels(image).ravel(), minlength=MAX_LEVEL + 1)
    share = counts / counts.sum()
    intensity = np.arange(MAX_LEVEL + 1) / MAX_LEVEL
    mean = share @ intensity
    deviation = intensity - mean
    variance = share @ deviation**2
    if np.count_nonzero(counts) == 1:
        return np.array([mean, 0.0, 0.0])
    return np.array([mean, variance, share @ deviation**3 / variance**1.5])


def _describe_statistics(image):
    return np.concatenate([hsv_means(image), intensity_moments(image)])


def color_index(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Name of the colour of each pixel.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        sRGB.
    table : ndarray of shape (32768,), uint8
        Name of each colour bin.

    Returns
    -------
    index : ndarray of shape (height, width), uint8
    """
    return table[color_bins(image)]


def color_histogram(image: np.ndarray, palette: Palette) -> np.ndarray:
    """Share of the pixels that each colour has.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        sRGB.
    palette : Palette
        Name of each colour bin.

    Returns
    -------
    histogram : ndarray of shape (n_colors,), float64
        Sums to 1.
    """
    index = color_index(image, palette.table)
    return np.bincount(index.ravel(), minlength=palette.n_colors) / index.size


class ColorStatistics(ImageTransformer):
    """Six numbers: mean of each HSV channel; three moments of the intensity.

    Parameters
    ----------
    max_size : int or None, default=500
        Longest side in pixels; larger photos are reduced first (the toolbox of [1]_).
    image_shape : tuple of 2 or 3 ints, default=None
        Height, width and channels of the images in numeric rows (2-D X).
    value_range : tuple of 2 floats, default=None
        Pixel values of black and white in arrays; None follows the dtype (uint8
        0-255, uint16 0-65535, floats 0-1).
    n_jobs : int, default=None
        Number of worker processes; None means 1 unless in a
        :func:`joblib.parallel_config` context, -1 means all cores.
    batch_size : int, default=32
        Photos handed to a worker at a time.
    cache : str or path, default=None
        File that keeps rows: a photo that was described before in the same way is read
        but not decoded. See the Notes of :class:`ImageTransformer`.
    on_error : {"raise", "nan"}, default="raise"
        Whether a photo that cannot be read stops the run or gives a row of NaN and
        one warning.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    n_features_in_ : int
        Length of a row; only after a fit on rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of the columns; only after a fit on a frame of pixel values.

    See Also
    --------
    ColorHistogram : Which colours, rather than how much colour.

    Notes
    -----
    The simple image features of [1]_, section 4.1: means of hue, saturation and value,
    each from 0 to 1; mean, variance and skewness of the intensity (R + G + B) / 3 from
    0 to 1. Hue is averaged as a number, not on the circle, as the paper does. The
    skewness of a constant photo is 0.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import ColorStatistics
    >>> red = np.zeros((1, 40, 60, 3), np.uint8)
    >>> red[..., 0] = 255
    >>> ColorStatistics().fit_transform(red).round(2)
    array([[0.  , 1.  , 1.  , 0.33, 0.  , 0.  ]], dtype=float32)
    """

    def _describe(self):
        return _describe_statistics

    def _feature_names(self):
        return _STATISTICS


class ColorHistogram(PaletteMixin, ImageTransformer):
    """Share of the pixels in each of 50 colours.

    Parameters
    ----------
    palette : str, path or array-like, default="perceptual"
        The colours that pixels are counted for.

        - "perceptual": 50 colours spread evenly to the eye, k-means in CIELAB over the
          sRGB cube.
        - "discriminative": the 50 colours of [2]_ that the paper used, after
          :func:`fetch_color_palette` has downloaded them.
        - an array, or a ``.npy``, ``.csv`` or ``.txt`` file with one: of shape
          (n_colors, 3), colours in sRGB 0-255, of which the nearest in CIELAB counts;
          of shape (32768,), the colour of each bin R // 8 + 32 (G // 8) +
          1024 (B // 8); or of shape (32768, n_colors), a probability of each.
    max_size : int or None, default=500
        Longest side in pixels; larger photos are reduced first (the toolbox of [1]_).
    image_shape : tuple of 2 or 3 ints, default=None
        Height, width and channels of the images in numeric rows (2-D X).
    value_range : tuple of 2 floats, default=None
        Pixel values of black and white in arrays; None follows the dtype (uint8
        0-255, uint16 0-65535, floats 0-1).
    n_jobs : int, default=None
        Number of worker processes; None means 1 unless in a
        :func:`joblib.parallel_config` context, -1 means all cores.
    batch_size : int, default=32
        Photos handed to a worker at a time.
    cache : str or path, default=None
        File that keeps rows: a photo that was described before in the same way is read
        but not decoded. See the Notes of :class:`ImageTransformer`.
    on_error : {"raise", "nan"}, default="raise"
        Whether a photo that cannot be read stops the run or gives a row of NaN and
        one warning.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    palette_ : ndarray of shape (32768,), uint8
        Number of the colour of each bin R // 8 + 32 (G // 8) + 1024 (B // 8). A file
        is read in `fit` alone; `transform` without a `fit` reads it each time.
    n_colors_ : int
        Number of colours.
    n_features_in_ : int
        Length of a row; only after a fit on rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of the columns; only after a fit on a frame of pixel values.

    See Also
    --------
    ColorStatistics : How much colour, rather than which.

    Notes
    -----
    The colour histogram of [1]_, section 4.1; its numbers sum to 1. Features are named
    by the mean colour of the bins they count, in hexadecimal sRGB. Departure from the
    paper: its 50 colours are not the default, since they have to be downloaded.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.
    .. [2] Khan, Van de Weijer, Khan, Muselet, Ducottet and Barat, "Discriminative
       color descriptors", CVPR 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import ColorHistogram
    >>> photos = np.zeros((1, 40, 60, 3), np.uint8)
    >>> photos[:, :, 15:] = 255
    >>> palette = np.array([[0, 0, 0], [255, 255, 255]])
    >>> ColorHistogram(palette=palette).fit_transform(photos)
    array([[0.25, 0.75]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageTransformer._parameter_constraints,
        "palette": [str, PathLike, "array-like"],
    }

    def __init__(
        self,
        *,
        palette="perceptual",
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
        self.palette = palette

    def _learn(self, photos):
        self._fit_palette()

    def _describe(self):
        return partial(color_histogram, palette=self._fitted_palette())

    def _feature_names(self):
        colors = mean_colors(self._fitted_palette()).round().astype(int)
        return [
            f"color{i:02d}_{red:02x}{green:02x}{blue:02x}"
            for i, (red, green, blue) in enumerate(colors)
        ]
