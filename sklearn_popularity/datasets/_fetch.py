"""Download an archive and unpack it: checked first, and all or nothing."""

import gzip
import re
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .._messages import quote


class Limits(NamedTuple):
    """What an archive may hold: files and folders, and bytes when unpacked."""

    n_files: int
    n_bytes: int


def fetch_folder(url, sha256, target, limits: Limits, *, expected):
    """Download an archive that holds one folder, and put the folder in its place.

    Parameters
    ----------
    url : str
        Address of a ``.tar.gz`` archive.
    sha256 : str
        Its digest, 64 hexadecimal digits.
    target : Path
        Where the folder goes; its name is that of the folder in the archive.
    limits : Limits
        What the archive may hold.
    expected : str
        A file that the folder has to hold.

    Raises
    ------
    ValueError
        If the archive has another digest, is damaged, passes a limit, lacks the file,
        or holds a link, a device or a name that leads out of the folder.
    OSError
        If the download fails or breaks off.
    """
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ValueError(
            f"Got sha256={quote(sha256)}, but 64 hexadecimal digits were expected, "
            "such as sha256sum prints for a file."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        archive = _download(url, sha256, Path(scratch))
        unpacked = Path(scratch) / "unpacked"
        try:
            _unpack(archive, unpacked, limits)
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"The archive from {url} is damaged or not safe ({error}). Nothing was "
                "kept."
            ) from error
        if not (unpacked / target.name / expected).is_file():
            raise ValueError(
                f"The archive from {url} holds no {target.name}/{expected}, so it is "
                "not the data set. Nothing was kept."
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
            f"What was downloaded from {url} has not the SHA-256 {sha256} ({error}). "
            "Nothing was kept: it is another version, damaged, or not from its authors."
        ) from error
    return Path(name)


def _unpack(archive, folder, limits):
    """Unpack by the rules of tarfile, and within the limits, without links."""
    n_bytes = 0
    with tarfile.open(archive, "r:gz") as members:
        for n_files, member in enumerate(members, start=1):
            n_bytes += member.size
            if n_files > limits.n_files or n_bytes > limits.n_bytes:
                raise tarfile.FilterError(f"{quote(member.name)} passes the {limits}")
            # tarfile takes them if they stay inside; some versions can be deceived.
            if member.issym() or member.islnk():
                raise tarfile.FilterError(f"{quote(member.name)} is a link")
            if PurePosixPath(member.name).is_absolute():
                raise tarfile.AbsolutePathError(member)
            members.extract(member, folder, filter="data")
