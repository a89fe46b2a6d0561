"""A cache of rows of features in a file, which later runs read."""

import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import fspath
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._paths import expand_home
from ._cache_file import checksum_of, explain, is_sound, open_file, today
from ._cache_keys import NotCacheableError, photo_key, settings_digest

_FAULTS = (sqlite3.Error, OSError, MemoryError)


class CacheWarning(UserWarning):
    """A cache could not be read or written in full; missing rows were computed."""


@dataclass(frozen=True)
class RowCache:
    """The rows of a transformer, and the file in which they are kept.

    Parameters
    ----------
    kind : str
        Name of the transformer, which `cache_info` shows.
    n_numbers : int
        Length of a row.
    path : str, default=""
        File; nothing is stored if it is empty.
    settings : bytes
        Digest of everything that determines a row, apart from the photo.
    """

    kind: str
    n_numbers: int
    path: str = ""
    settings: bytes = b""

    @classmethod
    def of(cls, transformer: Any, n_numbers: int, settings: Any) -> "RowCache":
        """The cache of a transformer, for its present parameters.

        Raises
        ------
        ValueError
            If the settings hold an object that cannot be hashed reliably.
        """
        kind, path = type(transformer).__name__, transformer.cache
        if path is None:
            return cls(kind, n_numbers)
        if not fspath(path):
            raise ValueError(
                "Got cache='', but the path of a file was expected, or None for no "
                "cache."
            )
        try:
            digest = settings_digest(type(transformer), n_numbers, settings)
        except NotCacheableError as error:
            raise ValueError(
                f"Got cache={fspath(path)!r}, but rows of {kind} cannot be stored: "
                f"{error}. Describe photos with functions, partial functions or "
                "dataclasses that a module defines, or pass cache=None."
            ) from error
        # Workers may run in another folder.
        return cls(kind, n_numbers, str(expand_home(path).absolute()), digest)


class RowStore:
    """An open cache, for one thread of one process.

    After a fault no row is found or stored. Several processes may read and write at a
    time; a killed one loses what it has not written.

    Parameters
    ----------
    cache : RowCache
        The cache; its file is created if it does not exist.

    Attributes
    ----------
    faults : set of (path, reason, way out)
        Why the file could not be read or written in full.
    """

    def __init__(self, cache: RowCache) -> None:
        self.faults: set[tuple[str, str, str]] = set()
        self._cache = cache
        self._fresh: dict[bytes, NDArray[np.float32]] = {}
        self._used: list[tuple[bytes]] = []
        self._connection: sqlite3.Connection | None = None
        if cache.path:
            with self._noting_faults("opened"):
                self._connection = open_file(cache.path)

    def key(self, content: bytes | NDArray[np.uint8]) -> bytes:
        """The key of the row of a photo; empty if nothing is stored."""
        return photo_key(self._cache.settings, content) if self._cache.path else b""

    def find(self, key: bytes) -> NDArray[np.float32] | None:
        """A row; None if it is missing or damaged."""
        row = self._fresh.get(key)
        if row is None and self._connection is not None:
            with self._noting_faults("read"):
                return self._read(self._connection, key)
        return row

    def keep(self, key: bytes, numbers: ArrayLike) -> NDArray[np.float32]:
        """Convert numbers to a float32 row, and store it when the cache is closed.

        Raises
        ------
        ValueError
            If the number of features differs from the number of their names.
        """
        row = np.asarray(numbers, dtype=np.float32)
        if row.shape != (self._cache.n_numbers,):
            raise ValueError(
                f"{self._cache.kind} described a photo by an array of shape "
                f"{row.shape}, but shape ({self._cache.n_numbers},) was expected, one "
                "number per feature name. Return an array of this shape."
            )
        if self._connection is not None:
            self._fresh[key] = row
        return row

    def close(self) -> None:
        """Write new rows and the day of use of old ones, and close the file."""
        if self._connection is not None:
            with self._noting_faults("written"):
                self._write(self._connection)
                self._connection.close()

    def _read(self, connection, key):
        query = "SELECT used, checksum, numbers FROM rows WHERE key = ?"
        found = connection.execute(query, (key,)).fetchone()
        if found is None:
            return None
        used, checksum, numbers = found
        n_bytes = 4 * self._cache.n_numbers
        if not is_sound(key, checksum, numbers) or len(numbers) != n_bytes:
            way_out = "`sklearn-popularity cache prune` removes them."
            self.faults.add((self._cache.path, "it holds damaged rows", way_out))
            return None
        if used != today():
            self._used.append((key,))
        return np.frombuffer(numbers, "<f4")

    def _write(self, connection):
        if self._fresh:
            statement = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)"
            with connection:
                connection.executemany(statement, map(self._record, self._fresh))
        if self._used:
            statement = f"UPDATE rows SET used = {today()} WHERE key = ?"
            # A read-only file still serves its rows.
            with suppress(sqlite3.Error), connection:
                connection.executemany(statement, self._used)

    def _record(self, key):
        numbers = self._fresh[key].astype("<f4", copy=False).tobytes()
        return key, today(), self._cache.kind, checksum_of(key, numbers), numbers

    @contextmanager
    def _noting_faults(self, action):
        try:
            yield
        except _FAULTS as error:
            path, is_cache = self._cache.path, self._connection is not None
            reason, way_out = explain(path, error, is_cache=is_cache)
            self.faults.add((path, f"it cannot be {action} ({reason})", way_out))
            if self._connection is not None:
                self._connection.close()
                self._connection = None
