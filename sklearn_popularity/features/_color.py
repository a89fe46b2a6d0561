"""Colour histograms, and simple statistics of colour and intensity."""

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
    """Mean hue, saturation and value, each from 0 to 1; hue in turns from red."""
    # From 0 to 255, since OpenCV adds a constant to the denominators, which would count
    # from 0 to 1.
    hsv = cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2HSV)
    hue, saturation, value, _ = cv2.mean(hsv)
    return np.array([hue / 360, saturation, value / 255])


def intensity_moments(image: np.ndarray) -> np.ndarray:
    """Mean, variance and skewness of (R + G + B) / 3, from 0 to 1.

    Population moments; the skewness of a constant image is 0.
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
    """Index of the colour of each pixel, by a table of the colour of each bin."""
    return table[color_bins(image)]


def color_histogram(image: np.ndarray, palette: Palette) -> np.ndarray:
    """Share of the pixels of each colour; they sum to 1."""
    index = color_index(image, palette.table)
    return np.bincount(index.ravel(), minlength=palette.n_colors) / index.size


class ColorStatistics(ImageTransformer):
    """Means of the HSV channels, and three moments of the intensity: 6 numbers.

    Parameters
    ----------
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
    ColorHistogram : Share of the pixels of each colour.

    Notes
    -----
    The simple image features of [1]_, section 4.1: means of hue, saturation and value,
    each from 0 to 1; mean, variance and skewness of the intensity (R + G + B) / 3 from
    0 to 1. As in the paper, hue is averaged as a number, not on the circle. The
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
        The colours whose pixels are counted.

        - "perceptual": 50 perceptually uniform colours, by k-means over the sRGB cube
          in CIELAB.
        - "discriminative": the 50 colours of [2]_ used in [1]_, which
          :func:`fetch_color_palette` downloads.
        - An array, or the path of a ``.npy``, ``.csv`` or ``.txt`` file with one, of
          shape (n_colors, 3): sRGB colours from 0 to 255; a pixel counts for the
          nearest in CIELAB. Of shape (32768,): the index of the colour of each bin
          R // 8 + 32 (G // 8) + 1024 (B // 8). Of shape (32768, n_colors): the
          probability of each colour in each bin; the likeliest counts.
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
    palette_ : ndarray of shape (32768,), uint8
        Index of the colour of each bin R // 8 + 32 (G // 8) + 1024 (B // 8). A palette
        file is read once, in `fit`; without a fit, every `transform` reads it.
    n_colors_ : int
        Number of colours, which is the number of features.
    n_features_in_ : int
        Number of features seen in `fit`; only set for rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of features seen in `fit`; only set for a DataFrame of pixel values.

    See Also
    --------
    ColorStatistics : Mean hue, saturation and value, and moments of the intensity.

    Notes
    -----
    The colour histogram of [1]_, section 4.1; its numbers sum to 1. Features are named
    after the mean colour of their bins, in hexadecimal sRGB. Departure from the paper:
    its 50 colours are not the default, since they have to be downloaded.

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
