"""Inspect, verify and shrink the file of a cache."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from numbers import Integral

import pandas as pd

from .._paths import expand_home
from ._cache_file import DAY, explain, is_sound, open_file, pragma, today


def prepare_cache(path: str | os.PathLike[str]) -> None:
    """Create the file of a cache if it does not exist, and check that it can be used.

    Raises
    ------
    OSError
        If the file is not a cache, is damaged, or cannot be read or created.
    """
    try:
        open_file(path).close()
    except (sqlite3.Error, OSError) as error:
        raise OSError(explain(path, error, is_cache=False)[0]) from error


def cache_info(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Summarise what a cache holds.

    Parameters
    ----------
    path : path
        File of the cache.

    Returns
    -------
    table : DataFrame
        One row per transformer: its name (``kind``), its number of rows (``n_rows``),
        the size of their features (``n_bytes``), and the last day in UTC on which one
        was used (``last_used``), such as "2026-05-31".

    Raises
    ------
    OSError
        If the file does not exist, is not a cache, or is damaged.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_popularity import ColorStatistics
    >>> from sklearn_popularity.features import cache_info
    >>> photos = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8)
    >>> with TemporaryDirectory() as folder:
    ...     path = str(Path(folder) / "features.cache")
    ...     features = ColorStatistics(cache=path).fit_transform(photos)
    ...     table = cache_info(path)
    >>> table[["kind", "n_rows", "n_bytes"]].values.tolist()
    [['ColorStatistics', 2, 48]]
    """
    query = f"""
        SELECT IFNULL(CAST(kind AS TEXT), 'unknown'), COUNT(*), SUM(LENGTH(numbers)),
        IFNULL(DATE(MAX(used) * {DAY}, 'unixepoch'), 'unknown')
        FROM rows GROUP BY kind ORDER BY kind
    """
    with _opened(path) as connection:
        found = connection.execute(query).fetchall()
    return pd.DataFrame(found, columns=["kind", "n_rows", "n_bytes", "last_used"])


def verify_cache(path: str | os.PathLike[str]) -> int:
    """Check every row of a cache.

    Parameters
    ----------
    path : path
        File of the cache.

    Returns
    -------
    n_damaged : int
        Number of rows whose checksum is wrong. They are never used; `prune_cache`
        removes them.

    Raises
    ------
    OSError
        If the file does not exist, is not a cache, or is damaged as a whole.
    """
    with _opened(path) as connection:
        complaint = pragma(connection, "quick_check(1)")
        if complaint != "ok":
            error = sqlite3.DatabaseError(" ".join(complaint.split()))
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        return len(_damaged(connection))


def prune_cache(
    path: str | os.PathLike[str],
    *,
    max_bytes: int | None = None,
    max_days: int | None = None,
) -> int:
    """Remove damaged rows, and the least recently used ones.

    Parameters
    ----------
    path : path
        File of the cache.
    max_bytes : int, default=None
        Largest size of the file; rows are removed until it fits. None means no limit.
    max_days : int, default=None
        Rows that were not used for more days are removed. None means no limit.

    Returns
    -------
    n_removed : int
        Number of rows removed.

    Raises
    ------
    OSError
        If the file does not exist, is not a cache, or is damaged or locked.
    ValueError
        If a limit is not an integer of at least 0.

    Notes
    -----
    The file is rewritten, which temporarily needs free space for what remains in it.
    Processes that write to it meanwhile may have to wait, or fail to store some rows.
    """
    for name, limit in {"max_bytes": max_bytes, "max_days": max_days}.items():
        if limit is not None and not (isinstance(limit, Integral) and limit >= 0):
            raise ValueError(
                f"Got {name}={limit!r}, but a whole number of at least 0, or None for "
                "no limit, was expected."
            )
    with _opened(path) as connection:
        with connection:
            ids = [(each,) for each in _damaged(connection)]
            connection.executemany("DELETE FROM rows WHERE rowid = ?", ids)
            if max_days is not None:
                oldest = today() - max_days
                connection.execute("DELETE FROM rows WHERE used < ?", (oldest,))
        connection.execute("VACUUM")
        if max_bytes is not None:
            _shrink(connection, max_bytes)
        return connection.total_changes


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[sqlite3.Connection]:
    path = expand_home(path)
    path.stat()  # raises if it does not exist, where open_file would create it
    is_cache = False
    try:
        with closing(open_file(path)) as connection:
            is_cache = True
            yield connection
    except sqlite3.Error as error:
        reason, way_out = explain(path, error, is_cache=is_cache)
        raise OSError(
            f"The cache {str(path)!r} cannot be used ({reason}). {way_out}"
        ) from error


def _damaged(connection):
    """Row ids of rows whose checksum is wrong."""
    rows = connection.execute("SELECT rowid, key, checksum, numbers FROM rows")
    return [number for number, *row in rows if not is_sound(*row)]


def _shrink(connection, max_bytes):
    """Remove the least recently used rows; within a day, the oldest first."""
    statement = """
        DELETE FROM rows WHERE rowid IN (
            SELECT rowid FROM (
                SELECT rowid, SUM(LENGTH(numbers)) OVER last AS n_bytes FROM rows
                WINDOW last AS (ORDER BY used DESC, rowid DESC)
            )
            WHERE n_bytes > ? * (SELECT SUM(LENGTH(numbers)) FROM rows)
        )
    """
    while (size := _size(connection)) > max_bytes:
        with connection:
            n_removed = connection.execute(statement, (max_bytes / size,)).rowcount
        connection.execute("VACUUM")
        if n_removed == 0:
            break


def _size(connection):
    return pragma(connection, "page_count") * pragma(connection, "page_size")
