"""Words that were learned from the same photos before are not learned again."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

from ...images import ImageError, Photos
from .._cache import RowCache, RowStore

Words = dict[str, NDArray]


def words_cache(transformer: Any, settings: Any, n_numbers: int) -> RowCache:
    """The place of a transformer's words in its cache, by all that decides them."""
    cache = RowCache.of(
        transformer, n_numbers, ("words", sklearn.__version__, settings)
    )
    return RowCache(f"{cache.kind} words", n_numbers, cache.path, cache.settings)


def learn_once(
    learn: Callable[[], tuple[Words, bool]],
    photos: Photos,
    cache: RowCache,
    lengths: dict[str, int],
) -> Words:
    """Words from the cache, or learned now and kept for the next time.

    Parameters
    ----------
    learn : callable
        Returns the words, and whether all photos could be read.
    photos : Photos
        What the words are learned from, in this order.
    cache : RowCache
        Of `words_cache`. What is wrong with its file is told when photos are described.
    lengths : dict of str to int
        Numbers of a word of each kind.
    """
    with closing(RowStore(cache)) as store:
        before = _content_key(store, photos)
        row = None if before is None else store.find(before)
        if row is not None:
            return _unpack(row, lengths)
        words, is_whole = learn()
        # A file that changed meanwhile does not give its words to others.
        if before is not None and is_whole and _content_key(store, photos) == before:
            store.keep(before, _pack(words, cache.n_numbers, lengths))
    return words


def _content_key(store, photos) -> bytes | None:
    """What the words of these photos are known by; None if one cannot be read."""
    digest = hashlib.sha256()
    try:
        for i in range(len(photos)):
            digest.update(store.key(photos.content(i)))
    except ImageError:
        return None
    return store.key(digest.digest())


def _pack(words, n_numbers, lengths):
    """One row of all words; NaN where there are fewer than were wanted."""
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
