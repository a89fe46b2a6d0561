"""The file of a cache: rows by key in SQLite, each with a checksum of its own."""

import hashlib
import os
import sqlite3
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FAULTS = (sqlite3.Error, OSError, MemoryError)
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


class NoCacheError(OSError):
    """A file that is there and no cache."""


class CacheFault(NamedTuple):
    """Why a cache could not be used in full."""

    path: str
    reason: str

    @classmethod
    def of(cls, path, action, error):
        """What was not possible with the file, because of an error."""
        reason = getattr(error, "strerror", None) or error
        return cls(path, f"it cannot be {action} ({reason})")


class RowStore:
    """The rows of a cache within reach, for one thread of one process.

    After a fault there are none, and none are kept. Several processes may read and
    write at a time; a killed one loses what it has not written.

    Parameters
    ----------
    path : str or None
        File, see `prepare_file`; None keeps nothing.
    kind : str
        Name of the transformer.
    n_numbers : int
        Length of a row.

    Attributes
    ----------
    faults : list of CacheFault
        What went wrong.
    """

    def __init__(self, path: str | None, kind: str, n_numbers: int | None) -> None:
        self._path, self._kind = path or "", kind
        self._n_bytes = 4 * (n_numbers or 0)
        self._today = today()
        self._fresh: dict[bytes, NDArray[np.float32]] = {}
        self._used: list[tuple[int, bytes]] = []
        self._connection: sqlite3.Connection | None = None
        self.faults: list[CacheFault] = []
        if path is not None:
            with self._noting_faults("opened"):
                self._connection = open_file(Path(path))

    def find(self, key: bytes) -> NDArray[np.float32] | None:
        """A row; None if there is none, or a damaged one."""
        row = self._fresh.get(key)
        if row is None and self._connection is not None:
            with self._noting_faults("read"):
                return self._read(self._connection, key)
        return row

    def keep(self, key: bytes, row: NDArray[np.float32]) -> None:
        """Take a row, which `close` writes."""
        if self._connection is not None:
            self._fresh[key] = row

    def close(self) -> None:
        """Write what is new, and which rows were used today; let go of the file."""
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
        if not is_sound(key, checksum, numbers) or len(numbers) != self._n_bytes:
            fault = CacheFault(self._path, "it holds damaged rows")
            self.faults += [fault] * (fault not in self.faults)
            return None
        if used != self._today:
            self._used.append((self._today, key))
        return np.frombuffer(numbers, "<f4").astype(np.float32, copy=False)

    def _write(self, connection):
        if self._fresh:
            with _writing(connection):
                statement = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)"
                connection.executemany(statement, map(self._record, self._fresh))
                self._note_use(connection)
        elif self._used:
            # Rows can be used from a file that cannot be written.
            with suppress(sqlite3.Error), _writing(connection):
                self._note_use(connection)

    def _record(self, key):
        numbers = self._fresh[key].astype("<f4", copy=False).tobytes()
        return key, self._today, self._kind, checksum_of(key, numbers), numbers

    def _note_use(self, connection):
        statement = "UPDATE rows SET used = ? WHERE key = ?"
        connection.executemany(statement, self._used)

    @contextmanager
    def _noting_faults(self, action):
        try:
            yield
        except FAULTS as error:
            self.faults.append(CacheFault.of(self._path, action, error))
            if self._connection is not None:
                with suppress(sqlite3.Error):
                    self._connection.close()
                self._connection = None


@contextmanager
def _writing(connection):
    """A transaction that waits for its turn and is undone by an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


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


def prepare_file(path: str | os.PathLike[str]) -> None:
    """Make the file of a cache, and its folder, or check the one that is there.

    Raises
    ------
    OSError, sqlite3.Error
        If the file is something else, is damaged, or cannot be read or made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    open_file(path).close()


def open_file(path: Path) -> sqlite3.Connection:
    """Connect to the file of a cache, which is made where there is none.

    Only SQLite may look into it: when a process closes a file that it has opened
    otherwise, the system takes away the locks of its other threads on that file.
    """
    uri = f"{path.absolute().as_uri()}?mode=rwc"
    connection = sqlite3.connect(uri, uri=True, timeout=_TIMEOUT, isolation_level=None)
    # Damaged text may be no UTF-8.
    connection.text_factory = lambda text: text.decode(errors="replace")
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")  # of a new file
        if _application(connection) != _APPLICATION_ID:
            with _writing(connection):  # another process may be faster
                _make_table(connection)
        # Unlike a write-ahead log, it works where processes of several machines meet;
        # it costs 0.3 ms a photo, all of it waiting for the disk.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = NORMAL")
    except (sqlite3.Error, OSError) as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise NoCacheError(_NO_CACHE) from error
        raise
    return connection


def _application(connection):
    return connection.execute("PRAGMA application_id").fetchone()[0]


def _make_table(connection):
    """Turn an empty file into a cache; those of others are left alone."""
    is_empty = connection.execute("PRAGMA schema_version").fetchone()[0] == 0
    if is_empty:
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(_TABLE)
    elif _application(connection) != _APPLICATION_ID:
        raise NoCacheError(_NO_CACHE)
