"""Look into the file of a cache, verify it, and shrink it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd

from ._cache_store import DAY, NoCacheError, is_sound, open_file, prepare_file, today


def cache_info(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Tell what a cache holds.

    Parameters
    ----------
    path : path
        File of the cache.

    Returns
    -------
    table : DataFrame
        A row per transformer: its name as ``kind``, ``n_rows``, ``n_bytes`` of their
        numbers, and ``last_used``, the last day (UTC) on which one was used, such as
        "2026-05-31".

    Raises
    ------
    OSError
        If there is no such file, it is no cache, or it is damaged.

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
        SELECT CAST(kind AS TEXT), COUNT(*), SUM(LENGTH(numbers)),
        DATE(MAX(used) * {DAY}, 'unixepoch') FROM rows GROUP BY kind ORDER BY kind
    """
    with _opened(path) as connection:
        found = connection.execute(query).fetchall()
    names = ["kind", "n_rows", "n_bytes", "last_used"]
    table = pd.DataFrame(found, columns=names)
    for name in ("kind", "last_used"):
        table[name] = [_as_text(value) for value in table[name]]
    return table


def verify_cache(path: str | os.PathLike[str]) -> int:
    """Check every row of a cache.

    Parameters
    ----------
    path : path
        File of the cache.

    Returns
    -------
    n_damaged : int
        Rows that are not what was written. They are never used; `prune_cache` removes
        them.

    Raises
    ------
    OSError
        If there is no such file, it is no cache, or it is damaged.
    """
    with _opened(path) as connection:
        complaints = connection.execute("PRAGMA quick_check(1)").fetchone()
        if complaints != (b"ok",):
            raise sqlite3.DatabaseError(complaints[0].decode(errors="replace"))
        return len(_damaged(connection))


def prune_cache(
    path: str | os.PathLike[str],
    *,
    max_bytes: int | None = None,
    max_days: int | None = None,
) -> int:
    """Remove damaged rows, and those that were not used for longest.

    Parameters
    ----------
    path : path
        File of the cache.
    max_bytes : int, default=None
        How large the file may be.
    max_days : int, default=None
        Days that a row may have been without use.

    Returns
    -------
    n_removed : int
        Rows.

    Raises
    ------
    OSError
        If there is no such file, it is no cache, or it is damaged or locked.

    Notes
    -----
    The file is written anew, which needs as much free space as is left in it. Processes
    that write to it meanwhile may have to wait, or not keep some rows.
    """
    with _opened(path) as connection:
        before = _count(connection)
        ids = [(each,) for each in _damaged(connection)]
        connection.executemany("DELETE FROM rows WHERE rowid = ?", ids)
        if max_days is not None:
            oldest = today() - max_days
            connection.execute("DELETE FROM rows WHERE used < ?", (oldest,))
        _compact(connection)
        while max_bytes is not None and _size(connection) > max_bytes:
            if not _count(connection):
                break
            _remove_oldest(connection, max_bytes / _size(connection))
            _compact(connection)
        return before - _count(connection)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[sqlite3.Connection]:
    path = Path(path)
    path.stat()  # a file that is not there is not made
    try:
        prepare_file(path)
        with closing(open_file(path)) as connection:
            yield connection
    except NoCacheError as error:
        raise NoCacheError(f"Got the cache {str(path)!r}, but {error}.") from error
    except sqlite3.Error as error:
        raise OSError(
            f"The cache {str(path)!r} cannot be used ({error}). If it is damaged, "
            "delete it."
        ) from error


def _damaged(connection):
    """Numbers of rows that are not what was written."""
    rows = connection.execute("SELECT rowid, key, checksum, numbers FROM rows")
    return [number for number, *row in rows if not is_sound(*row)]


def _remove_oldest(connection, share_kept):
    """Keep a share of the bytes, those last used, and of one day those last added."""
    query = """
        DELETE FROM rows WHERE rowid IN (
            SELECT rowid FROM (
                SELECT rowid, SUM(LENGTH(numbers)) OVER last AS n_bytes FROM rows
                WINDOW last AS (ORDER BY used DESC, rowid DESC)
            )
            WHERE n_bytes > ? * (SELECT SUM(LENGTH(numbers)) FROM rows)
        )
    """
    connection.execute(query, (share_kept,))


def _compact(connection):
    connection.execute("VACUUM")


def _size(connection):
    n_pages, page_size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "page_size")
    )
    return n_pages * page_size


def _count(connection) -> int:
    return connection.execute("SELECT COUNT(*) FROM rows").fetchone()[0]


def _as_text(value):
    return "unknown" if value is None else value.decode(errors="replace")
