"""Histograms of oriented gradients, coded by visual words and pooled over regions."""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

from ..._kept_parameters import keep_parameters
from ..._messages import quote
from ..._sklearn_compat import Interval
from ._base import CodebookTransformer
from ._hog import BLOCKS, N_CHANNELS, hog_blocks


@dataclass(frozen=True)
class _HOGBlocks:
    """HOG blocks of one image."""

    blocks: tuple[str, ...]
    spacing: int

    def __call__(self, image):
        found = hog_blocks(image, blocks=self.blocks, spacing=self.spacing)
        return {f"hog{block}": descriptors for block, descriptors in found.items()}


class HOGLLC(CodebookTransformer):
    """HOG blocks, coded by 2 x 256 words and pooled over 21 regions: 10,752 numbers.

    Blocks of 2 x 2 and of 3 x 3 cells are described by histograms of oriented gradients
    (HOG). Each is coded by the nearest words of a dictionary (locality-constrained
    linear coding, LLC); the largest weight of each word in each region is a feature.

    Parameters
    ----------
    blocks : tuple of {"2x2", "3x3"}, default=("2x2", "3x3")
        Numbers of cells of 8 x 8 pixels in a block, as in the toolbox of [1]_. Each
        kind of block has its own dictionary.
    spacing : int, default=4
        Distance between neighbouring blocks in pixels, as in section 4.2 of [1]_.
    dictionary : int, array-like of shape (n_words, n_numbers), path or dict, \
            default=256
        Number of words to learn in `fit` for each kind of block (256 in section 4.2 of
        [1]_), or an array of words, or the path of a ``.npy`` file with one; for both
        kinds, a dict from "hog2x2" and "hog3x3" to arrays or paths. With given words,
        features are the same in every fold and need no fit.
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
    max_size : int or None, default=400
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
    dictionaries_ : dict of str to ndarray of shape (n_words, n_numbers)
        Words of each kind of descriptor: fewer than `dictionary` asks for if the photos
        have fewer distinct descriptors.
    n_features_in_ : int
        Number of features seen in `fit`; only set for rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of features seen in `fit`; only set for a DataFrame of pixel values.

    See Also
    --------
    ColorNamesLLC : Codes of colour patches.

    Notes
    -----
    The vectors of both kinds of blocks are concatenated, each of norm 1. Regions are
    ordered from the whole photo to the finest level, row by row. Departures from the
    toolbox of [1]_: it swapped the rows and columns of the blocks' positions, which
    scatters the regions of photos that are not square; here they are correct. Words are
    learned by k-means from the best of three initialisations.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014,
       section 4.2; toolbox github.com/adikhosla/feature-extraction.
    .. [2] Wang et al., "Locality-constrained linear coding for image classification",
       CVPR 2010.
    .. [3] Felzenszwalb et al., "Object detection with discriminatively trained
       part-based models", PAMI 2010, for the 31 numbers of a cell.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import HOGLLC
    >>> photos = np.random.default_rng(0).integers(0, 256, (4, 40, 60, 3), np.uint8)
    >>> features = HOGLLC(dictionary=8, random_state=0).fit(photos)
    >>> features.transform(photos).shape
    (4, 336)
    >>> features.get_feature_names_out()[-1]
    'hog3x3_level2_r3c3_word7'
    """

    _parameter_constraints: ClassVar[dict] = {
        **CodebookTransformer._parameter_constraints,
        "blocks": [tuple, list],
        "spacing": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        blocks=("2x2", "3x3"),
        spacing=4,
        dictionary=256,
        n_neighbors=3,
        n_levels=3,
        flip=False,
        subsample=(500, 200),
        random_state=None,
        max_size=400,
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
        self.blocks = blocks
        self.spacing = spacing
        self.dictionary = dictionary
        self.n_neighbors = n_neighbors
        self.n_levels = n_levels
        self.flip = flip
        self.subsample = subsample
        self.random_state = random_state

    def _describe_densely(self):
        return _HOGBlocks(self._blocks(), int(self.spacing))

    def _learn(self, photos):
        keep_parameters(self, "blocks")
        super()._learn(photos)

    def _kinds(self):
        return {
            f"hog{block}": N_CHANNELS * len(BLOCKS[block]) ** 2
            for block in self._blocks()
        }

    def _blocks(self):
        blocks = tuple(self.blocks)
        known = all(block in list(BLOCKS) for block in blocks)
        if not blocks or not known or len(set(blocks)) < len(blocks):
            raise ValueError(
                f"Got blocks={quote(self.blocks)}, but a tuple of distinct names among "
                f"{tuple(BLOCKS)} was expected."
            )
        return blocks
