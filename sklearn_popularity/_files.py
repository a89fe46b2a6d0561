"""Write files: check first that they can be written, and write them atomically."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

# Errors of a disk or quota that is full, and of a file that exceeds a limit.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def check_destination(path: Path, suffixes: list[str], given: str) -> None:
    """Check that a file can be written, before the work that it will store.

    The error starts with what was `given`, such as "--output x.html".
    """
    if path.suffix not in suffixes:
        raise ValueError(
            f"Got {given}, but a name in {' or '.join(suffixes)} was expected."
        )
    reason = _why_not(path)
    if reason is not None:
        raise OSError(f"Got {given}, which cannot be written: {reason}.")


def _why_not(path):
    try:
        path = _follow(path)
        if path.is_dir():
            return "it is a folder"
        if not path.parent.is_dir():
            return f"there is no folder {str(path.parent)!r}"
        if path.exists() and not os.access(path, os.W_OK):
            return "the file that is there is read-only"
        with suppress(FileNotFoundError):
            path.lstat()  # fails where the name is too long
        # Permissions do not tell everything: root, a full disk, /proc.
        with TemporaryFile(dir=path.parent):
            return None
    except OSError as error:
        return error.strerror


def _follow(path: str | os.PathLike[str]) -> Path:
    """The target of a link, which need not exist; other paths unchanged."""
    path = Path(path)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return target


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the file in errors of a full disk, which the system raises without it."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL and error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file atomically: to a temporary path, which is renamed at the end.

    After an error, the file is as it was before. For a link, the target is written.
    Threads and processes may write the same file: the last one to finish wins.
    """
    given, path = str(path), _follow(path)
    # Only the beginning, since the whole name may be as long as names can be.
    unfinished = path.with_name(f"{path.name[:40]}.{secrets.token_hex(8)}.part")
    try:
        with naming(given):
            yield unfinished
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            unfinished.replace(path)
    except OSError as error:
        if error.filename is not None and Path(error.filename) == unfinished:
            error.filename = given
            del error.filename2  # of a rename, whose target is given
        raise
    finally:
        unfinished.unlink(missing_ok=True)
