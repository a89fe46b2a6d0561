"""The base of all image transformers: photos in any form to a float32 matrix."""

from abc import ABCMeta, abstractmethod
from copy import copy
from numbers import Integral
from os import PathLike
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .._kept_parameters import check_parameters, check_ready
from .._sklearn_compat import (
    Interval,
    StrOptions,
    _check_feature_names_in,
    _fit_context,
)
from ..images import photos_of
from ._cache import RowCache
from ._describe import Describe, describe_photos


class ImageTransformer(TransformerMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of transformers from photos to vectors.

    A subclass defines the vector of one image (`_describe`) and the names of its
    features (`_feature_names`). This class accepts X in any form, reads photos, runs
    batches in parallel and reports unreadable photos.

    Parameters
    ----------
    max_size : int or None, default=500
        Longest side in pixels; larger photos are reduced first. None means no limit.
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
        File that stores features, see Notes; it is created if it does not exist. None
        stores nothing.
    on_error : {"raise", "nan"}, default="raise"
        Whether a photo that cannot be read raises an ImageError, or gives a row of NaN
        and one warning.
    verbose : bool, default=False
        Whether to show a progress bar.

    Notes
    -----
    The key of a row in the `cache` is a SHA-256 of the photo and of everything that
    determines its features: what `_describe` returns, with its parameters, learned
    words or weights, `max_size`, the source code and version of this library, and the
    versions of Pillow and its decoders, OpenCV, NumPy and SciPy. A file is identified
    by its bytes, not its name, and is not decoded if its row is found; arrays and
    Pillow images are identified by their pixels. Folds, grid points, transformers,
    processes and later runs may share and write one file, and so may machines whose
    CPUs round differently.

    Each row has a checksum. A fault of the file, from a flipped bit to a full disk,
    costs time and one :class:`CacheWarning`, but never gives a wrong row. The file is
    an SQLite database without pickles; ``sklearn-popularity cache`` shows what it
    holds, verifies it and shrinks it.

    For a subclass outside this library, the key includes the source of the modules
    that define what `_describe` returns, and what its functions captured (closures,
    defaults, the state of a method's dataclass), but not what these modules import. An
    object whose state is unknown raises a ValueError.
    """

    _parameter_constraints: ClassVar[dict] = {
        "max_size": [Interval(Integral, 1, None, closed="left"), None],
        "image_shape": [tuple, list, None],
        "value_range": [tuple, list, None],
        "n_jobs": [Integral, None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "cache": [str, PathLike, None],
        "on_error": [StrOptions({"raise", "nan"})],
        "verbose": ["boolean"],
    }

    def __init__(
        self,
        *,
        max_size=500,
        image_shape=None,
        value_range=None,
        n_jobs=None,
        batch_size=32,
        cache=None,
        on_error="raise",
        verbose=False,
    ):
        self.max_size = max_size
        self.image_shape = image_shape
        self.value_range = value_range
        self.n_jobs = n_jobs
        self.batch_size = batch_size
        self.cache = cache
        self.on_error = on_error
        self.verbose = verbose

    @abstractmethod
    def _describe(self) -> Describe:
        """Return a picklable function from one image to its vector."""

    @abstractmethod
    def _feature_names(self) -> list[str]:
        """Return the name of each feature, in the order of the vector."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters and X, and learn the dictionary or palette if any.

        Parameters
        ----------
        X : sequence of photos
            Paths, arrays, PIL images, encoded bytes, or rows of pixel values.
        y : None
            Ignored.

        Returns
        -------
        self : object
            This transformer.
        """
        self._learn(photos_of(self, X, reset=True))
        self._feature_names()  # refuses parameters that do not go together
        return self

    def transform(self, X):
        """Describe each photo by a vector.

        Parameters
        ----------
        X : sequence of photos
            Paths, arrays, PIL images, encoded bytes, or rows of pixel values.

        Returns
        -------
        features : ndarray of shape (n_photos, n_features_out), float32
            Row i depends only on photo i and on what `fit` learned.

        Raises
        ------
        ImageError
            If a photo cannot be read and `on_error` is "raise".
        """
        check_ready(self)
        photos = photos_of(self, X, reset=False)
        describe, finish = self._describe(), self._finish()
        cache = self._row_cache(describe, finish)
        features = np.full((len(photos), cache.n_numbers), np.nan, dtype=np.float32)
        described = describe_photos(self, photos, describe, cache=cache, finish=finish)
        for row, numbers in described:
            features[row] = numbers
        return features

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only checked against the names seen in `fit`.

        Returns
        -------
        feature_names_out : ndarray of str
            One name per column of `transform`.
        """
        check_parameters(self)
        if hasattr(self, "n_features_in_"):
            _check_feature_names_in(self, input_features)
        return np.asarray(self._feature_names(), dtype=object)

    def _finish(self):
        """Return a function from stacked descriptions to rows; None if they are rows.

        It runs in the calling process, and its attribute `settings` holds everything
        that determines the rows.
        """

    def _learn(self, photos):
        """Learn what `_describe` needs from photos; most features need nothing."""

    def _row_cache(self, describe, finish):
        settings = (self.max_size, describe, getattr(finish, "settings", ()))
        return RowCache.of(self, len(self._feature_names()), settings)

    def _row_digest(self):
        """SHA-256 of what determines the rows, as in the keys of a cache."""
        keyed = copy(self)
        keyed.cache = self.cache or "any"  # otherwise nothing is hashed
        return keyed._row_cache(self._describe(), self._finish()).settings

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Rows of pixels are accepted, so scikit-learn's checks run on every subclass.
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
