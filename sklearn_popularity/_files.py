"""Files that are written: possible before the work, whole or not there after it."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

_FULL = {errno.ENOSPC, errno.EDQUOT}


def check_destination(path: Path, suffixes: list[str], given: str) -> None:
    """Fail before the work, not after it.

    Parameters
    ----------
    path : Path
        File to write.
    suffixes : list of str
        How its name may end.
    given : str
        How it was given, for the error, such as "--output x.html".

    Raises
    ------
    ValueError
        If its name ends otherwise.
    OSError
        If it cannot be written there.
    """
    if path.suffix not in suffixes:
        raise ValueError(
            f"Got {given}, but a name in {' or '.join(suffixes)} was expected."
        )
    reason = _why_not(path)
    if reason is not None:
        raise OSError(f"Got {given}, which cannot be written there: {reason}.")


def _why_not(path):
    try:
        path = _follow(path)
        if path.is_dir():
            return "it is a folder"
        if not path.parent.is_dir():
            return f"there is no folder {str(path.parent)!r}"
        if path.exists() and not os.access(path, os.W_OK):
            return "a file is there that may not be changed"
        with suppress(FileNotFoundError):
            path.lstat()  # fails where the name is too long
        # Permissions say too little: of root, of a full disk, of /proc.
        with TemporaryFile(dir=path.parent):
            return None
    except OSError as error:
        return error.strerror


def _follow(path: str | os.PathLike[str]) -> Path:
    """The file that a link leads to, whether it is there yet or not."""
    path = Path(path)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return target


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A name to write to, which becomes the file when all is on the disk.

    Threads and processes may write the same file: the last one to end wins.

    Parameters
    ----------
    path : path
        File; what is there stays until then, and for good after an error. A link
        stays a link, and the file that it leads to is written.

    Yields
    ------
    unfinished : Path
        Beside it, with the beginning of its name, something that no one else has, and
        ``.part`` at the end. It is gone afterwards, unless the process was killed.
    """
    path = _follow(path)
    # A beginning, since the whole name may be as long as names can be.
    unfinished = path.with_name(f"{path.name[:40]}.{secrets.token_hex(8)}.part")
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        if error.errno in _FULL and error.filename is None:
            error.filename = str(path)  # a full disk does not say whose
        raise
    finally:
        unfinished.unlink(missing_ok=True)
