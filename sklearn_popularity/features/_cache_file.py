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
_TIMEOUT = 5  # seconds that one waits for others

_NO_CACHE = "the file is no cache of sklearn-popularity, or is damaged"
# The numbers come last: what is before them is read without them.
_TABLE = """
CREATE TABLE rows (
    key BLOB PRIMARY KEY, used INTEGER, kind TEXT, checksum BLOB, numbers BLOB
)
"""


def today() -> int:
    """Days since 1970."""
    return int(time.time() // DAY)


def checksum_of(key: bytes, numbers: bytes) -> bytes:
    """16 bytes that hold a row to its key."""
    return hashlib.sha256(key + numbers).digest()[:16]


def is_sound(key: object, checksum: object, numbers: object) -> bool:
    """Whether a row is what was written; a damaged file may hold any type."""
    if not (isinstance(key, bytes) and isinstance(numbers, bytes)):
        return False
    return checksum_of(key, numbers) == checksum


def open_file(path: str | os.PathLike[str]) -> sqlite3.Connection:
    """Connect to the file of a cache, which is made, with its folder, if need be.

    Only SQLite may look into it: when a process closes a file that it has opened
    otherwise, the system takes away the locks of its other threads on that file.

    Returns
    -------
    connection : sqlite3.Connection
        Rows are changed in a ``with connection:`` block, which waits for its turn.

    Raises
    ------
    OSError, sqlite3.Error
        If the file is something else, is damaged, or cannot be read or made.
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_TIMEOUT, isolation_level="IMMEDIATE")
    # Damaged text may be no UTF-8.
    connection.text_factory = lambda text: text.decode(errors="replace")
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")  # of a new file
        if pragma(connection, "application_id") != _APPLICATION_ID:
            _make_table(connection)
        # Unlike a write-ahead log, it works where processes of several machines meet;
        # it costs 0.3 ms a photo, all of it waiting for the disk.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise sqlite3.DatabaseError(_NO_CACHE) from error
        raise
    return connection


def pragma(connection: sqlite3.Connection, name: str) -> Any:
    """What SQLite says of the file."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _make_table(connection):
    """Turn an empty file into a cache; those of others are left alone."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # another process may be faster
        if pragma(connection, "schema_version") == 0:
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(_TABLE)
        elif pragma(connection, "application_id") != _APPLICATION_ID:
            raise sqlite3.DatabaseError(_NO_CACHE)
