"""The base of codebook features: dense descriptors, LLC and max pooling."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from os import PathLike
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from ..._kept_parameters import check_ready
from ..._messages import quote
from ..._moved import MovedParametersMixin
from ..._sklearn_compat import Interval
from ..._warnings import warn_caller
from .._base import ImageTransformer
from .._cache import CacheWarning
from .._describe import describe_photos
from .._flip import flip_average
from .._integers import positive_integers
from ._descriptors import Descriptors
from ._dictionary import learn_words, load_words, sample_rows
from ._kept_words import learn_once, words_cache
from ._llc import llc_codes
from ._pyramid import Pooled, finest_regions, max_pool, region_names

# From one image to the descriptors of each kind.
DescribeDensely = Callable[[NDArray[np.uint8]], dict[str, Descriptors]]


@dataclass(frozen=True)
class Encoder:
    """Compute the pooled codes of an image; pickled with each batch of photos.

    Parameters
    ----------
    densely : callable
        Function from an image to its descriptors, by kind.
    dictionaries : dict of str to ndarray of shape (n_words, n_numbers)
        Words of each kind.
    n_neighbors : int
        Number of words that code a descriptor.
    n_levels : int
        Number of levels of the pyramid.
    """

    densely: DescribeDensely
    dictionaries: dict[str, NDArray]
    n_neighbors: int
    n_levels: int

    def pool(self, image: NDArray[np.uint8]) -> dict[str, tuple[Pooled, Descriptors]]:
        """Pooled codes of each kind, before normalisation, and the descriptors."""
        pooled = {}
        for kind, descriptors in self.densely(image).items():
            dictionary = self.dictionaries[kind]
            codes = llc_codes(
                descriptors.values,
                dictionary,
                n_neighbors=min(self.n_neighbors, len(dictionary)),
            )
            size = image.shape[:2]
            regions = finest_regions(descriptors.positions, size, self.n_levels)
            found = max_pool(codes, regions, len(dictionary), self.n_levels)
            pooled[kind] = (found, descriptors)
        return pooled

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Concatenate the vectors of all kinds, each of norm 1, or 0 if it is empty."""
        vectors = [pooled.values.ravel() for pooled, _ in self.pool(image).values()]
        return np.concatenate([_unit(vector) for vector in vectors])


def _unit(vector):
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


@dataclass(frozen=True)
class _Sampler:
    """Sample descriptors of an image, by kind."""

    densely: DescribeDensely
    n_samples: int
    seed: int

    def __call__(self, image):
        # The seed depends on the image, not on its batch or worker.
        seed = [self.seed, int(image.sum()), *image.shape]
        return {
            kind: sample_rows(descriptors.values, self.n_samples, seed)
            for kind, descriptors in self.densely(image).items()
        }


class CodebookTransformer(MovedParametersMixin, ImageTransformer):
    """Base of features from dense descriptors, a dictionary, LLC and max pooling.

    A subclass defines the kinds of descriptors (`_kinds`) and computes them from an
    image (`_describe_densely`).
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageTransformer._parameter_constraints,
        "dictionary": [
            Interval(Integral, 1, None, closed="left"),
            "array-like",
            str,
            PathLike,
            Mapping,
        ],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_levels": [Interval(Integral, 1, 6, closed="both")],
        "flip": ["boolean"],
        "subsample": [tuple, list],
        "random_state": ["random_state"],
    }
    _moved: ClassVar[dict[str, str]] = {
        "n_words": "dictionary=, the number of words to learn, or an array of words",
        "n_sample_photos": "subsample=(photos, descriptors per photo)",
        "n_sample_descriptors": "subsample=(photos, descriptors per photo)",
        "regularization": "nothing: it is the 0.03 of the toolbox",
    }

    @abstractmethod
    def _describe_densely(self) -> DescribeDensely:
        """Return a picklable function from an image to its descriptors, by kind."""

    @abstractmethod
    def _kinds(self) -> dict[str, int]:
        """Return the length of each kind of descriptor."""

    def _learn(self, photos):
        n_photos, n_descriptors = self._sample_sizes()
        if self._is_learned():
            words = self._learn_dictionaries(photos, n_photos, n_descriptors)
        else:
            words = self._given_dictionaries()
        self.dictionaries_ = words

    def _is_learned(self):
        return isinstance(self.dictionary, Integral)

    def _sample_sizes(self):
        return positive_integers(
            "subsample",
            self.subsample,
            [2],
            "two positive integers were expected, such as (500, 200): the number of "
            "photos, and of descriptors of each kind per photo.",
        )

    def _warn_of_chance(self):
        warn_caller(
            f"{type(self).__name__} learns its dictionary with random_state="
            f"{quote(self.random_state)}, so another fit learns other words and will "
            f"not find the rows that this one stores in the cache {quote(self.cache)}. "
            "Pass an integer as random_state, or an array of words as dictionary.",
            CacheWarning,
        )

    def _dictionaries(self):
        """The learned or given words; given ones need no fit."""
        if hasattr(self, "dictionaries_"):
            return self.dictionaries_
        check_ready(self)
        return self._given_dictionaries()

    def _learn_dictionaries(self, photos, n_photos, n_descriptors):
        random_state = check_random_state(self.random_state)
        seed = int(random_state.randint(np.iinfo(np.int32).max))
        if len(photos) > n_photos:
            photos = photos.take(sample_rows(np.arange(len(photos)), n_photos, [seed]))
        sampler = _Sampler(self._describe_densely(), n_descriptors, seed)
        lengths = self._kinds()
        learn = partial(self._words_of, photos, sampler, lengths)
        by_chance = not isinstance(self.random_state, Integral)
        if self.cache is not None and by_chance:
            self._warn_of_chance()
        if self.cache is None or by_chance:
            return learn()[0]
        settings = (self.max_size, sampler, self.dictionary, lengths)
        cache = words_cache(self, settings, self.dictionary * sum(lengths.values()))
        return learn_once(learn, photos, cache, lengths)

    def _words_of(self, photos, sampler, lengths):
        """Learn words of each kind; also return whether all photos could be read."""
        samples = {
            kind: [np.empty((0, n_numbers), np.float32)]
            for kind, n_numbers in lengths.items()
        }
        consequence = "the dictionary is learned without them"
        found = dict(describe_photos(self, photos, sampler, consequence=consequence))
        for _, sample in sorted(found.items()):
            for kind, rows in sample.items():
                samples[kind].append(rows)
        words = {
            kind: learn_words(np.concatenate(rows), self.dictionary, sampler.seed)
            for kind, rows in samples.items()
        }
        return words, len(found) == len(photos)

    def _given_dictionaries(self):
        given, kinds = self.dictionary, self._kinds()
        if not isinstance(given, Mapping):
            if len(kinds) > 1:
                raise ValueError(
                    f"Got one dictionary, but {list(kinds)} need one each. Pass a "
                    "dict from these names to arrays or paths of .npy files."
                )
            given = dict.fromkeys(kinds, given)
        if set(given) != set(kinds):
            raise ValueError(
                f"Got dictionaries for {list(given)}, but {list(kinds)} was expected."
            )
        return {kind: load_words(given[kind], n, kind) for kind, n in kinds.items()}

    def _encoder(self):
        return Encoder(
            densely=self._describe_densely(),
            dictionaries=self._dictionaries(),
            n_neighbors=self.n_neighbors,
            n_levels=self.n_levels,
        )

    def _describe(self):
        return flip_average(self._encoder(), self.flip)

    def _feature_names(self):
        return [
            f"{kind}_{region}_word{word}"
            for kind, dictionary in self._dictionaries().items()
            for region in region_names(self.n_levels)
            for word in range(len(dictionary))
        ]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self._is_learned()
        return tags


def pooled_codes(
    transformer: CodebookTransformer, image: NDArray[np.uint8]
) -> dict[str, tuple[Pooled, Descriptors]]:
    """Compute the pooled codes of one image, before they are normalised.

    Parameters
    ----------
    transformer : CodebookTransformer
        Fitted, or with a given dictionary. Its `flip` is ignored.
    image : ndarray of shape (height, width, 3), uint8
        sRGB, already reduced to the `max_size` of the transformer.

    Returns
    -------
    pooled : dict of str to (Pooled, Descriptors)
        For each kind, the pooled codes before normalisation, and the descriptors.
    """
    return transformer._encoder().pool(image)
