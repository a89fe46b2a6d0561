"""Unpack tar and zip archives that nobody vouches for: only plain files, in bounds."""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from lzma import LZMAError
from pathlib import PurePosixPath, PureWindowsPath
from typing import IO, NamedTuple

from .._messages import quote

# What the standard library raises on damaged data.
_DAMAGE = (
    EOFError,
    LZMAError,
    NotImplementedError,
    gzip.BadGzipFile,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


class Limits(NamedTuple):
    """What an archive may hold: files and folders, and bytes when unpacked."""

    n_files: int
    n_bytes: int


class _Member(NamedTuple):
    """A file, folder or something else (None) in an archive."""

    name: str
    is_file: bool | None
    n_bytes: int
    open: Callable[[], IO[bytes]]


def unpack(archive, folder, limits: Limits):
    """Unpack an archive into a new folder.

    Parameters
    ----------
    archive : Path
        Tar (plain, gzip, bzip2, xz) or zip.
    folder : Path
        Made here; on an error, what it holds is to be thrown away.
    limits : Limits
        What the archive may hold; checked before a file is written.

    Raises
    ------
    ValueError
        If the archive is damaged or no archive, a name leads out of the folder or is
        there twice, a member is neither file nor folder, or a limit is passed.

    Notes
    -----
    Times, owners and permissions in the archive are ignored.
    """
    folder.mkdir()
    try:
        with ExitStack() as stack:
            n_files = n_bytes = 0
            for member in _members(archive, stack):
                n_files, n_bytes = n_files + 1, n_bytes + member.n_bytes
                _check(member)
                if n_files > limits.n_files or n_bytes > limits.n_bytes:
                    raise _refusal(member, f"passes the limits ({limits})")
                _write(member, folder)
    except _DAMAGE as error:
        raise ValueError(
            f"The archive is damaged and was not used: {error or type(error).__name__}"
        ) from error


def _members(archive, stack) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        return _zip_members(stack.enter_context(zipfile.ZipFile(archive)))
    return _tar_members(stack.enter_context(tarfile.open(archive)))


def _tar_members(archive) -> Iterator[_Member]:
    for info in archive:
        kind = info.isreg() if info.isreg() or info.isdir() else None
        yield _Member(info.name, kind, info.size, partial(archive.extractfile, info))


def _zip_members(archive) -> Iterator[_Member]:
    for info in archive.infolist():
        # The upper half holds the mode of Unix, or 0 from other systems.
        kind = stat.S_IFMT(info.external_attr >> 16)
        plain = kind in (0, stat.S_IFREG, stat.S_IFDIR) and not info.flag_bits & 1
        yield _Member(
            info.filename,
            not info.is_dir() if plain else None,
            info.file_size,
            partial(archive.open, info),
        )


def _check(member):
    # Both flavours: "C:\\x" and "..\\x" lead out only on Windows.
    for flavour in (PurePosixPath, PureWindowsPath):
        path = flavour(member.name)
        if path.anchor or ".." in path.parts or "\0" in member.name:
            raise _refusal(member, "leads out of the folder")
    if member.is_file is None:
        raise _refusal(member, "is a link, a device or encrypted, not a plain file")


def _write(member, folder):
    path = folder / member.name
    try:
        (path.parent if member.is_file else path).mkdir(parents=True, exist_ok=True)
        if member.is_file:
            # Never over what is there: no member replaces another.
            with member.open() as source, path.open("xb") as copy:
                shutil.copyfileobj(source, copy)
    except (FileExistsError, NotADirectoryError) as error:
        raise _refusal(member, "is there twice") from error


def _refusal(member, reason):
    return ValueError(
        f"The archive was refused and not used: {quote(member.name)} {reason}. "
        "Expected files and folders only, with names that stay in the folder."
    )
