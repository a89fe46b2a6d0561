"""The file of a cache: rows by key in SQLite, each with a checksum of its own."""

import hashlib
import os
import re
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

_APPLICATION_ID = 0x736B7070
DAY = 24 * 60 * 60  # seconds
# Large enough for several rows of 512 numbers to share a page.
_PAGE_SIZE = 16384
_TIMEOUT = 5  # seconds that a writer waits for others

# The numbers come last: what is before them is read without them.
_SCHEMA = f"""
PRAGMA page_size = {_PAGE_SIZE};
PRAGMA application_id = {_APPLICATION_ID};
CREATE TABLE rows (
    key BLOB PRIMARY KEY, used INTEGER, kind TEXT, checksum BLOB, numbers BLOB
);
"""

# Where processes of several machines meet, which cannot share memory.
_NETWORK = {
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "virtiofs"),
    *("lustre", "gpfs", "beegfs", "ceph", "glusterfs", "pvfs2", "orangefs", "panfs"),
}


class NoCacheError(OSError):
    """A file that is there and no cache, or one that is not safe to open."""


class RowStore:
    """An open cache, for one thread of one process.

    Parameters
    ----------
    path : path
        Of the file; see `prepare_file`.

    Raises
    ------
    OSError, sqlite3.Error
        If the file is something else, is damaged or cannot be read. All methods raise
        sqlite3.Error where it is damaged or locked, or the disk full.

    Attributes
    ----------
    n_damaged : int
        Rows found that are not what was written.

    Notes
    -----
    Several processes may read and write at a time: on a local disk with a write-ahead
    log, on a network file system with a rollback journal. A killed process loses what
    it has not committed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._connection = open_file(Path(path))
        self._new: list[tuple] = []
        self._used: list[tuple] = []
        self._today = today()
        self.n_damaged = 0

    def find(self, key: bytes, n_numbers: int) -> NDArray[np.float32] | None:
        """A row; None if there is none, or a damaged one."""
        query = "SELECT used, checksum, numbers FROM rows WHERE key = ?"
        found = self._connection.execute(query, (key,)).fetchone()
        if found is None:
            return None
        used, checksum, numbers = found
        if not is_sound(key, checksum, numbers) or len(numbers) != 4 * n_numbers:
            self.n_damaged += 1
            return None
        if used != self._today:
            self._used.append((self._today, key))
        return np.frombuffer(numbers, "<f4").astype(np.float32, copy=False)

    def add(self, key: bytes, row: NDArray[np.float32], kind: str) -> None:
        """Take a row, which `commit` writes."""
        numbers = row.astype("<f4", copy=False).tobytes()
        checksum = checksum_of(key, numbers)
        self._new.append((key, self._today, kind, checksum, numbers))

    def commit(self) -> None:
        """Write new rows in one transaction, and which ones were used today."""
        if self._new:
            with _writing(self._connection):
                statement = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)"
                self._connection.executemany(statement, self._new)
                self._note_use()
        elif self._used:
            # Rows can be used from a file that cannot be written.
            with suppress(sqlite3.Error), _writing(self._connection):
                self._note_use()
        self._new, self._used = [], []

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _note_use(self):
        statement = "UPDATE rows SET used = ? WHERE key = ?"
        self._connection.executemany(statement, self._used)


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
    if path.exists():
        # Reading alone, SQLite changes nothing in a database of others.
        open_file(path, mode="ro").close()
    else:
        _create(path)


def open_file(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Connect to the file of a cache that is there.

    Only SQLite may look into it: when a process closes a file that it has opened
    otherwise, the system takes away the locks of its other threads on that file.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=_TIMEOUT, isolation_level=None)
    connection.text_factory = bytes  # damaged text may be no UTF-8
    try:
        _check(connection, path)
        # Commits reach the disk with the next checkpoint; until then a power cut may
        # take the last ones, a killed process none.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA trusted_schema = OFF")
    except (sqlite3.Error, OSError):
        connection.close()
        raise
    return connection


def _check(connection, path):
    """Refuse files of others, and a log where it cannot be shared."""
    try:
        ((application,),) = connection.execute("PRAGMA application_id")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        application = None
    if application != _APPLICATION_ID:
        raise NoCacheError("the file is no cache of sklearn-popularity, or is damaged")
    ((journal,),) = connection.execute("PRAGMA journal_mode")
    if journal == b"wal" and is_on_network(path.absolute()):
        raise NoCacheError(
            "it has the log of a local disk, which processes of several machines "
            "cannot share"
        )


@lru_cache(maxsize=32)
def is_on_network(path: Path, mounts: str | None = None) -> bool:
    """Whether a path lies on a file system that several machines share.

    Parameters
    ----------
    path : Path
        Absolute, of a file that need not be there.
    mounts : str, default=None
        Lines of device, folder and type, as in ``/proc/mounts``; None reads that. Where
        there is none, every path counts as local.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(errors="surrogateescape")
        except OSError:
            return False
    folder, kind = Path("/"), ""
    resolved = path.resolve()
    for line in mounts.splitlines():
        _, name, mounted_kind, *_ = line.split(" ")
        # Blanks in names are written as octal numbers.
        mounted = Path(re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), name))
        if resolved.is_relative_to(mounted) and mounted.is_relative_to(folder):
            folder, kind = mounted, mounted_kind
    return kind in _NETWORK or kind.startswith("fuse.")


def _create(path):
    """Made aside and then linked, so that nobody sees half of it."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        new = Path(folder) / path.name
        with closing(sqlite3.connect(new)) as connection:
            connection.executescript(_SCHEMA)
            if not is_on_network(path):
                connection.execute("PRAGMA journal_mode = WAL")
        try:
            os.link(new, path)
        except FileExistsError:
            pass  # another process was faster
        except OSError:
            new.replace(path)  # a file system without links
