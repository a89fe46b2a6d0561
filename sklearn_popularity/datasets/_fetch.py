"""Download an archive and unpack it: checked first, and all or nothing."""

import re
import tempfile
from pathlib import Path

from .._messages import quote
from ._archives import Limits, unpack


def fetch_folder(url, sha256, target, limits: Limits, *, expected):
    """Download an archive that holds one folder, and put the folder in its place.

    Parameters
    ----------
    url : str
        Address of a tar or zip archive.
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
        If the archive has another digest, cannot be unpacked or lacks the file.
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
        unpack(archive, unpacked, limits)
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
