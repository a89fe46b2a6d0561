"""The file of a cache: an SQLite table of rows by key, each with its own checksum."""

import hashlib
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

DAY = 24 * 60 * 60  # seconds
_APPLICATION_ID = 0x736B7070
# Large enough for several rows of 512 numbers to share a page.
_PAGE_SIZE = 16384
_TIMEOUT = 5  # seconds to wait for a lock

_NO_CACHE = "the file is not a cache of sklearn-popularity, or it is damaged"
_ANOTHER = "Name a cache or a new file, in a writable folder."
# The numbers come last: SQLite then reads the columns before them without them.
_TABLE = """
CREATE TABLE rows (
    key BLOB PRIMARY KEY, used INTEGER, kind TEXT, checksum BLOB, numbers BLOB
)
"""


def today() -> int:
    """Days since 1970."""
    return int(time.time() // DAY)


def checksum_of(key: bytes, numbers: bytes) -> bytes:
    """A checksum of 16 bytes over a row and its key."""
    return hashlib.sha256(key + numbers).digest()[:16]


def is_sound(key: object, checksum: object, numbers: object) -> bool:
    """Whether the checksum of a row is right; a damaged file may hold any type."""
    if not (isinstance(key, bytes) and isinstance(numbers, bytes)):
        return False
    return checksum_of(key, numbers) == checksum


def open_file(path: str | os.PathLike[str]) -> sqlite3.Connection:
    """Connect to the file of a cache; create it and its folder if they do not exist.

    Never open the file other than through SQLite: POSIX drops all locks of a process
    on a file, also those of its other threads, when the process closes it once.

    Returns
    -------
    connection : sqlite3.Connection
        Change rows in a ``with connection:`` block, which waits for the lock.

    Raises
    ------
    OSError, sqlite3.Error
        If the file is not a cache, is damaged, or cannot be read or created.
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_TIMEOUT, isolation_level="IMMEDIATE")
    # Damaged text may not be UTF-8.
    connection.text_factory = lambda text: text.decode(errors="replace")
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")  # of a new file
        if pragma(connection, "application_id") != _APPLICATION_ID:
            _make_table(connection)
        # Unlike a write-ahead log, this works on network file systems. It costs 0.3 ms
        # per photo, all of it waiting for the disk.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise sqlite3.DatabaseError(_NO_CACHE) from error
        raise
    return connection


def explain(path: str | os.PathLike[str], error: Exception, *, is_cache: bool) -> tuple:
    """Why the file cannot be used, and the way out.

    Only what was opened as a cache may be deleted: another file may hold anything.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without its extension
    reason = getattr(error, "strerror", None) or str(error)
    if Path(path).is_dir():
        return "it is a folder", _ANOTHER
    if code == sqlite3.SQLITE_READONLY:
        return "it is read-only", "Make the file and its folder writable to store rows."
    if code == sqlite3.SQLITE_FULL:
        return reason, "Free some space."
    if code == sqlite3.SQLITE_BUSY:
        return reason, "Another process is writing to it."
    if is_cache and code == sqlite3.SQLITE_CORRUPT:
        return reason, "Delete the file; rows are then computed again."
    return reason, _ANOTHER


def pragma(connection: sqlite3.Connection, name: str) -> Any:
    """The value of a pragma."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _make_table(connection):
    """Turn an empty file into a cache; refuse a file of another program."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # another process may have made it
        if pragma(connection, "schema_version") == 0:
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(_TABLE)
        elif pragma(connection, "application_id") != _APPLICATION_ID:
            raise sqlite3.DatabaseError(_NO_CACHE)
