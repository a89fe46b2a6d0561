"""Dictionaries in the cache: words are not learned twice from the same photos."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

from ...images import ImageError, Photos
from .._cache import RowCache, RowStore

Words = dict[str, NDArray]


def words_cache(transformer: Any, settings: Any, n_numbers: int) -> RowCache:
    """The part of a transformer's cache that stores its words."""
    settings = ("words", sklearn.__version__, settings)
    cache = RowCache.of(transformer, n_numbers, settings)
    return replace(cache, kind=f"{cache.kind} words")


def learn_once(
    learn: Callable[[], tuple[Words, bool]],
    photos: Photos,
    cache: RowCache,
    lengths: dict[str, int],
) -> Words:
    """Return words from the cache, or learn and store them.

    Parameters
    ----------
    learn : callable
        Returns the words, and whether all photos could be read.
    photos : Photos
        Photos to learn from; their order matters.
    cache : RowCache
        From `words_cache`. Faults of its file are reported when photos are described.
    lengths : dict of str to int
        Length of a word of each kind.
    """
    with closing(RowStore(cache)) as store:
        before = _content_key(store, photos)
        row = None if before is None else store.find(before)
        if row is not None:
            return _unpack(row, lengths)
        words, is_whole = learn()
        # Not if a photo has changed meanwhile: the key would be wrong.
        if before is not None and is_whole and _content_key(store, photos) == before:
            store.keep(before, _pack(words, cache.n_numbers, lengths))
    return words


def _content_key(store, photos) -> bytes | None:
    """The key of the words of these photos; None if one cannot be read."""
    digest = hashlib.sha256()
    try:
        for i in range(len(photos)):
            digest.update(store.key(photos.content(i)))
    except ImageError:
        return None
    return store.key(digest.digest())


def _pack(words, n_numbers, lengths):
    """All words in one row, padded with NaN if there are fewer than asked for."""
    n_words = n_numbers // sum(lengths.values())
    parts = [
        np.pad(
            words[kind].ravel(),
            (0, (n_words - len(words[kind])) * length),
            constant_values=np.nan,
        )
        for kind, length in lengths.items()
    ]
    return np.concatenate(parts)


def _unpack(row, lengths) -> Words:
    n_words = len(row) // sum(lengths.values())
    stops = np.cumsum([n_words * length for length in lengths.values()])[:-1]
    parts = np.split(row, stops)
    return {
        kind: part[~np.isnan(part)].reshape(-1, length)
        for (kind, length), part in zip(lengths.items(), parts, strict=True)
    }
