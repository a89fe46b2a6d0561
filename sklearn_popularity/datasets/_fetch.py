"""Download, check and unpack an archive, completely or not at all."""

import gzip
import re
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .._messages import quote


class Limits(NamedTuple):
    """Largest number of files and folders, and of bytes when unpacked."""

    n_files: int
    n_bytes: int


def fetch_folder(url, sha256, target, limits: Limits, *, expected):
    """Download a ``.tar.gz`` archive of one folder, and unpack the folder to its place.

    The folder must have the name of `target`, and contain the file `expected`. After
    any error, nothing is kept.
    """
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ValueError(
            f"Got sha256={quote(sha256)}, but 64 hexadecimal digits were expected, "
            "as printed by sha256sum."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    # In the parent of the target, so that the last step is a rename on one file system.
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        archive = _download(url, sha256, Path(scratch))
        unpacked = Path(scratch) / "unpacked"
        try:
            _unpack(archive, unpacked, limits)
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"The archive from {url} is damaged or unsafe ({error}). Nothing was "
                "kept."
            ) from error
        if not (unpacked / target.name / expected).is_file():
            raise ValueError(
                f"The archive from {url} has no file {target.name}/{expected}, so it "
                "is not the data set. Nothing was kept."
            )
        (unpacked / target.name).rename(target)


def _download(url, sha256, folder):
    import pooch

    try:
        name = pooch.retrieve(
            url,
            f"sha256:{sha256}",
            fname="archive",
            path=folder,
            downloader=pooch.HTTPDownloader(progressbar=False),
        )
    except OSError as error:
        raise OSError(
            f"The download of {url} failed ({error}). Nothing was kept; try again, or "
            "pass url= of a copy."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"The file from {url} does not have the SHA-256 {sha256} ({error}). It is "
            "another version, damaged, or not from its authors. Nothing was kept."
        ) from error
    return Path(name)


def _unpack(archive, folder, limits):
    """Unpack with tarfile's "data" filter, within the limits and without links."""
    n_bytes = 0
    with tarfile.open(archive, "r:gz") as members:
        for n_files, member in enumerate(members, start=1):
            n_bytes += member.size
            if n_files > limits.n_files or n_bytes > limits.n_bytes:
                raise tarfile.FilterError(f"{quote(member.name)} exceeds {limits}")
            # tarfile allows links inside the folder; some versions can be deceived.
            if member.issym() or member.islnk():
                raise tarfile.FilterError(f"{quote(member.name)} is a link")
            if PurePosixPath(member.name).is_absolute():
                raise tarfile.AbsolutePathError(member)
            members.extract(member, folder, filter="data")
