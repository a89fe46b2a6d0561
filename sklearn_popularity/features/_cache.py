"""Rows of features that outlive a run: what was described before is looked up."""

import sqlite3
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..images import Photos
from ._cache_keys import NotCacheableError, photo_key, settings_digest
from ._cache_store import RowStore, open_file, prepare_file

_FAULTS = (sqlite3.Error, OSError, MemoryError)


class CacheWarning(UserWarning):
    """A cache could not be used in full; what it lacked was computed."""


class CacheFault(NamedTuple):
    """Why a cache could not be used in full."""

    reason: str


class Unfinished(NamedTuple):
    """A worker's result that the calling process makes a row of."""

    key: bytes
    value: Any


@dataclass(frozen=True)
class RowCache:
    """Where rows are kept, and which of them a transformer may use.

    Parameters
    ----------
    path : str or None, default=None
        File of the cache; None keeps nothing.
    settings : bytes
        Digest of what decides a row, apart from the photo.
    kind : str
        Name of the transformer, for those who look into the file.
    n_numbers : int
        Length of a row.
    finished : bool, default=True
        Whether what a worker computes is a row, or :class:`Unfinished`.
    faults : list of CacheFault
        What went wrong, as far as the calling process knows.
    """

    path: str | None = None
    settings: bytes = b""
    kind: str = ""
    n_numbers: int = 0
    finished: bool = True
    faults: list[CacheFault] = field(default_factory=list)

    @contextmanager
    def opened(self) -> Iterator["OpenCache"]:
        """The rows, for one thread; what is new is written at the end."""
        rows = OpenCache(self)
        try:
            yield rows
        finally:
            rows.close()

    def keep(self, keys: Sequence[bytes], rows: NDArray[np.float32]) -> None:
        """Write rows that the calling process has finished."""
        if self.path is None:
            return
        with self.opened() as opened:
            for key, row in zip(keys, rows, strict=True):
                opened.keep(key, row)
        self.faults.extend(opened.faults)


class OpenCache:
    """Rows within reach. After a fault there are none, and none are kept.

    Parameters
    ----------
    cache : RowCache
        Which rows.

    Attributes
    ----------
    faults : list of CacheFault
        What went wrong.
    """

    def __init__(self, cache: RowCache) -> None:
        self._cache = cache
        self._fresh: dict[bytes, NDArray[np.float32]] = {}
        self._store: RowStore | None = None
        self.faults: list[CacheFault] = []
        if cache.path is not None:
            with self._without_faults("opened"):
                self._store = RowStore(cache.path)

    def result(
        self, photos: Photos, index: int, function: Callable, max_size: int | None
    ) -> Any:
        """The row of a photo, from the cache or else from the function.

        The bytes that are looked up are those that are decoded, so that a file that
        changes meanwhile does not leave its row under the name of another.
        """
        if self._cache.path is None:
            value = function(photos.read(index, max_size=max_size))
            return value if self._cache.finished else Unfinished(b"", value)
        content = photos.content(index)
        key = photo_key(self._cache.settings, content)
        row = self._find(key)
        if row is not None:
            return row
        value = function(photos.decode(index, content, max_size=max_size))
        if not self._cache.finished:
            return Unfinished(key, value)
        self.keep(key, value)
        return value

    def keep(self, key: bytes, row: NDArray[np.float32]) -> None:
        """Take a new row, which `close` writes."""
        if self._store is not None:
            self._fresh[key] = row
            self._store.add(key, row, self._cache.kind)

    def close(self) -> None:
        """Write what is new and let go of the file."""
        if self._store is None:
            return
        if self._store.n_damaged:
            self.faults.append(CacheFault("it holds damaged rows"))
        with self._without_faults("written"):
            self._store.commit()
            self._store.close()

    def _find(self, key):
        row = self._fresh.get(key)
        if row is None and self._store is not None:
            with self._without_faults("read"):
                return self._store.find(key, self._cache.n_numbers)
        return row

    @contextmanager
    def _without_faults(self, action):
        try:
            yield
        except _FAULTS as error:
            self.faults.append(_fault(action, error))
            if self._store is not None:
                with suppress(sqlite3.Error):
                    self._store.close()
                self._store = None


@contextmanager
def cached_rows(
    path: str | PathLike[str] | None,
    transformer: Any,
    n_numbers: int,
    *settings: Any,
    finished: bool = True,
) -> Iterator[RowCache]:
    """The rows of a transformer; one warning at the end if there were faults.

    Parameters
    ----------
    path : path or None
        File of the cache.
    transformer : ImageTransformer
        Whose rows.
    n_numbers : int
        Length of a row.
    *settings : object
        All that decides a row, apart from the photo.
    finished : bool, default=True
        See :class:`RowCache`.

    Yields
    ------
    cache : RowCache

    Raises
    ------
    ValueError
        If the settings hold what cannot be told apart from others.
    """
    if path is None:
        yield RowCache(finished=finished)
        return
    kind = type(transformer).__name__
    try:
        digest = settings_digest(type(transformer), n_numbers, *settings)
    except NotCacheableError as error:
        raise ValueError(
            f"Got cache={fspath(path)!r}, but rows of {kind} cannot be kept: {error}. "
            "Compute them by functions, partial functions or dataclasses of a module, "
            "or pass cache=None."
        ) from error
    # Workers may be elsewhere.
    absolute = str(Path(path).absolute())
    cache = RowCache(absolute, digest, kind, n_numbers, finished)
    with ExitStack() as stack:
        try:
            prepare_file(absolute)
            # The last to close a file tidies it up, which need not be each batch.
            stack.enter_context(closing(open_file(Path(absolute))))
        except _FAULTS as error:
            cache.faults.append(_fault("opened", error))
        # Where the file cannot be opened, no worker needs to try.
        yield replace(cache, path=None) if cache.faults else cache
    if cache.faults:
        _warn(cache)


def _fault(action, error):
    reason = getattr(error, "strerror", None) or error
    return CacheFault(f"it cannot be {action} ({reason})")


def _warn(cache):
    reasons = "; ".join(dict.fromkeys(fault.reason for fault in cache.faults))
    warnings.warn(
        f"The cache {cache.path!r} could not be used in full: {reasons}. What it "
        "lacked was computed and may not have been kept. See `sklearn-popularity "
        "cache verify`, or delete the file, and those with -wal and -shm beside it.",
        CacheWarning,
        stacklevel=7,  # who called transform
    )
