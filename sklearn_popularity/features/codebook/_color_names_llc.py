"""Colour patches, coded by visual words and pooled over regions."""

from dataclasses import dataclass
from numbers import Integral
from os import PathLike
from sys import maxsize
from typing import ClassVar

from ..._sklearn_compat import Interval
from .._color import color_index
from .._integers import positive_integers
from .._palettes import Palette, PaletteMixin
from ._base import CodebookTransformer
from ._color_patches import color_patches

KIND = "colorpatch"


@dataclass(frozen=True)
class _ColorPatches:
    """Colour patches of one image."""

    palette: Palette
    sizes: tuple[int, ...]
    spacing: int

    def __call__(self, image):
        index = color_index(image, self.palette.table)
        n_colors = self.palette.n_colors
        patches = color_patches(index, n_colors, sizes=self.sizes, spacing=self.spacing)
        return {KIND: patches}


class ColorNamesLLC(PaletteMixin, CodebookTransformer):
    """Colour patches, coded by 200 words and pooled over 21 regions: 4,200 numbers.

    Square patches of several sizes are described by their shares of 50 colours. Each is
    coded by the nearest words of a dictionary (locality-constrained linear coding,
    LLC), and the largest weight of each word in each region is a feature.

    Parameters
    ----------
    palette : str, path or array-like, default="perceptual"
        Colours, as in :class:`ColorHistogram`.
    patch_sizes : tuple of int, default=(6, 10, 16)
        Sides of the patches in pixels, as in section 4.2 of [1]_.
    spacing : int, default=6
        Distance between neighbouring patches in pixels, as in section 4.2 of [1]_.
    dictionary : int, array-like of shape (n_words, n_numbers), path or dict, \
            default=200
        Number of words to learn in `fit` (200 in section 4.2 of [1]_), or an array of
        words, the path of a ``.npy`` file with one, or a dict from "colorpatch" to
        either. With given words, features are the same in every fold and need no fit.
    n_neighbors : int, default=3
        Number of words that code a descriptor (3 in the toolbox of [1]_, 5 in [2]_).
    n_levels : int, default=3
        Number of levels of the pyramid of 1, 2 x 2, 4 x 4, ... regions, from 1 to 6.
    flip : bool, default=False
        Whether to average the features of the photo and of its mirror image. This takes
        twice as long, and the features no longer tell left from right.
    subsample : tuple of 2 ints, default=(500, 200)
        Largest number of photos that the dictionary is learned from (500 in the
        toolbox) and of descriptors of each kind per photo; memory grows with both.
    random_state : int, RandomState instance or None, default=None
        Seed of the subsample and of k-means; an int makes `fit` reproducible.
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
        Number of colours, which is the length of a descriptor.
    dictionaries_ : dict of str to ndarray of shape (n_words, n_numbers)
        Words of each kind of descriptor: fewer than `dictionary` asks for if the photos
        have fewer distinct descriptors.
    n_features_in_ : int
        Number of features seen in `fit`; only set for rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of features seen in `fit`; only set for a DataFrame of pixel values.

    See Also
    --------
    ColorHistogram : Shares of the same colours in the whole photo.
    HOGLLC : Codes of gradients.

    Notes
    -----
    Regions are ordered from the whole photo to the finest level, row by row. The vector
    has norm 1, or 0 if no patch fits into the photo. Departures from [1]_: its 50
    colours, which have to be downloaded, are not the default; words are learned by
    k-means from the best of three initialisations; and a patch belongs to the region
    of its centre, where the toolbox is off by half a pixel.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014,
       section 4.2; toolbox github.com/adikhosla/feature-extraction.
    .. [2] Wang et al., "Locality-constrained linear coding for image classification",
       CVPR 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import ColorNamesLLC
    >>> photos = np.random.default_rng(0).integers(0, 256, (4, 40, 60, 3), np.uint8)
    >>> features = ColorNamesLLC(dictionary=8, random_state=0).fit(photos)
    >>> features.transform(photos).shape
    (4, 168)
    >>> features.get_feature_names_out()[8]
    'colorpatch_level1_r0c0_word0'
    """

    _parameter_constraints: ClassVar[dict] = {
        **CodebookTransformer._parameter_constraints,
        "palette": [str, PathLike, "array-like"],
        "patch_sizes": [tuple, list],
        "spacing": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        palette="perceptual",
        patch_sizes=(6, 10, 16),
        spacing=6,
        dictionary=200,
        n_neighbors=3,
        n_levels=3,
        flip=False,
        subsample=(500, 200),
        random_state=None,
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
        self.patch_sizes = patch_sizes
        self.spacing = spacing
        self.dictionary = dictionary
        self.n_neighbors = n_neighbors
        self.n_levels = n_levels
        self.flip = flip
        self.subsample = subsample
        self.random_state = random_state

    def _learn(self, photos):
        self._fit_palette()
        super()._learn(photos)

    def _describe_densely(self):
        palette = self._fitted_palette()
        return _ColorPatches(palette, self._sizes(), int(self.spacing))

    def _kinds(self):
        return {KIND: self._fitted_palette().n_colors}

    def _sizes(self):
        return positive_integers(
            "patch_sizes",
            self.patch_sizes,
            range(1, maxsize),
            "a tuple of positive integers was expected, in pixels, such as "
            "(6, 10, 16).",
        )
