"""The base of codebook features: describe densely, code by words, pool by region."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..._sklearn_compat import Interval
from .._base import ImageTransformer
from .._flip import flip_average
from ._descriptors import Descriptors
from ._dictionary import learn_words, load_words, sample_rows
from ._llc import llc_codes
from ._pyramid import Pooled, finest_regions, max_pool, region_names

# From one image to the descriptors of each kind.
DescribeDensely = Callable[[NDArray[np.uint8]], dict[str, Descriptors]]


@dataclass(frozen=True)
class Encoder:
    """From one image to its pooled codes.

    Parameters
    ----------
    densely : callable
        From an image to its descriptors, by kind.
    dictionaries : dict of str to ndarray of shape (n_words, n_numbers)
        Words of each kind.
    n_neighbors : int
        Words that a descriptor is coded by.
    regularization : float
        See :func:`llc_codes`.
    n_levels : int
        Levels of the pyramid.
    """

    densely: DescribeDensely
    dictionaries: dict[str, NDArray]
    n_neighbors: int
    regularization: float
    n_levels: int

    def pool(self, image: NDArray[np.uint8]) -> dict[str, tuple[Pooled, Descriptors]]:
        """Pooled codes of each kind, before normalisation, and what they code."""
        pooled = {}
        for kind, descriptors in self.densely(image).items():
            dictionary = self.dictionaries[kind]
            codes = llc_codes(
                descriptors.values,
                dictionary,
                n_neighbors=min(self.n_neighbors, len(dictionary)),
                regularization=self.regularization,
            )
            size = image.shape[:2]
            regions = finest_regions(descriptors.positions, size, self.n_levels)
            found = max_pool(codes, regions, len(dictionary), self.n_levels)
            pooled[kind] = (found, descriptors)
        return pooled

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The vectors of all kinds, each of length 1 (0 without descriptors)."""
        vectors = [pooled.values.ravel() for pooled, _ in self.pool(image).values()]
        return np.concatenate([_unit(vector) for vector in vectors])


def _unit(vector):
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


@dataclass(frozen=True)
class _Sampler:
    """Some descriptors of one image, by kind."""

    densely: DescribeDensely
    n_samples: int
    seed: int

    def __call__(self, image):
        # Seeded by the image itself: batches and workers make no difference.
        seed = [self.seed, int(image.sum()), *image.shape]
        return {
            kind: sample_rows(descriptors.values, self.n_samples, seed)
            for kind, descriptors in self.densely(image).items()
        }


class CodebookTransformer(ImageTransformer):
    """Base of features from dense descriptors, a dictionary, LLC and max pooling.

    A subclass says which kinds of descriptors there are (`_kinds`) and how an image is
    described by them (`_describe_densely`).
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageTransformer._parameter_constraints,
        "n_words": [Interval(Integral, 1, None, closed="left")],
        "dictionary": ["array-like", str, PathLike, Mapping, None],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "regularization": [Interval(Real, 0, None, closed="neither")],
        "n_levels": [Interval(Integral, 1, 6, closed="both")],
        "flip": ["boolean"],
        "n_sample_photos": [Interval(Integral, 1, None, closed="left")],
        "n_sample_descriptors": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def _describe_densely(self) -> DescribeDensely:
        """Return a picklable function from an image to its descriptors, by kind."""

    @abstractmethod
    def _kinds(self) -> dict[str, int]:
        """Return the kinds of descriptors and their lengths."""

    def _learn(self, photos):
        if self.dictionary is None:
            self.dictionaries_ = self._learn_dictionaries(photos)
        else:
            self.dictionaries_ = self._given_dictionaries()

    def _dictionaries(self):
        """The words to use; ready ones need no fit."""
        if hasattr(self, "dictionaries_"):
            return self.dictionaries_
        check_is_fitted(self)
        return self._given_dictionaries()

    def _learn_dictionaries(self, photos):
        random_state = check_random_state(self.random_state)
        seed = int(random_state.randint(np.iinfo(np.int32).max))
        if len(photos) > self.n_sample_photos:
            chosen = np.random.default_rng(seed).choice(
                len(photos), self.n_sample_photos, replace=False
            )
            photos = photos.take(np.sort(chosen))
        sampler = _Sampler(self._describe_densely(), self.n_sample_descriptors, seed)
        samples = {
            kind: [np.empty((0, n_numbers), np.float32)]
            for kind, n_numbers in self._kinds().items()
        }
        consequence = "the dictionary is learned without them"
        for sample in self._extraction().map(sampler, photos, consequence):
            for kind, rows in (sample or {}).items():
                samples[kind].append(rows)
        return {
            kind: learn_words(np.concatenate(rows), self.n_words, seed)
            for kind, rows in samples.items()
        }

    def _given_dictionaries(self):
        given, kinds = self.dictionary, self._kinds()
        if not isinstance(given, Mapping):
            if len(kinds) > 1:
                raise ValueError(
                    f"Got one dictionary, but {list(kinds)} need one each. Pass a "
                    "dict from these names to arrays or .npy files."
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
            regularization=self.regularization,
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
        tags.requires_fit = self.dictionary is None
        return tags
