"""The 50 discriminative colours: downloaded once, verified whenever they are read."""

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np

from .._paths import cache_folder, expand_home

_URL = (
    "https://raw.githubusercontent.com/adikhosla/feature-extraction/"
    "290f3e54cfcb319ca6d1a82f8a0cea4fc31190f8/features/color/DD50_w2c.mat"
)
# Of the array (32,768 bytes, values 0 to 49), not of the file that it is read from.
_SHA256 = "f628ddf4b64fdece51a8b6c38f6b787278522aaf857b9c8ea6427096bd061fdf"
_TABLE_SHAPE = (32_768, 50)
_FILE = "discriminative_50.npy"


def _data_home(folder=None) -> Path:
    """Folder for downloads, with the default of `fetch_color_palette`."""
    if folder is None:
        folder = os.environ.get("SKLEARN_POPULARITY_DATA")
    try:
        return expand_home(folder or cache_folder("sklearn_popularity"))
    except OSError as error:
        raise OSError(
            f"There is no folder for downloads: {error}. Set the environment variable "
            "SKLEARN_POPULARITY_DATA to a folder."
        ) from error


def fetch_color_palette(*, folder=None, url=_URL):
    """Download the 50 discriminative colours of Khan et al., unless they are there.

    ``ColorHistogram(palette="discriminative")`` reads them from the default `folder`.

    Parameters
    ----------
    folder : path, default=None
        Where to store the table. None is the folder in the environment variable
        SKLEARN_POPULARITY_DATA if that is set, else the user's cache folder.
    url : str, optional
        URL of ``DD50_w2c.mat``; by default in the repository of Khosla et al.

    Returns
    -------
    path : Path
        A ``.npy`` file with the index (0 to 49) of the colour of each of 32,768 bins.

    Raises
    ------
    ValueError
        If the downloaded file is not the published table; it is then discarded.

    References
    ----------
    .. [1] Khan, Van de Weijer, Khan, Muselet, Ducottet and Barat, "Discriminative
       color descriptors", CVPR 2013.
    """
    import pooch

    home = _data_home(folder)
    target = home / _FILE
    if target.is_file():
        _load_discriminative(target)
        return target
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        name = pooch.retrieve(url, known_hash=None, path=scratch, progressbar=False)
        table = _table_in(name)
        if table is None or _digest(table) != _SHA256:
            raise ValueError(
                f"What was downloaded from {url} is not the published table of 50 "
                f"colours (SHA-256 {_SHA256}). Nothing was kept. Try again, or pass "
                "url= with the URL of a copy of DD50_w2c.mat."
            )
        finished = Path(scratch) / "table.npy"
        np.save(finished, table)
        finished.replace(target)
    return target


def _table_in(path):
    """The likeliest colour of each bin, from a MATLAB file; None if it has none."""
    from scipy.io import loadmat

    try:
        arrays = loadmat(path).values()
    except Exception:  # scipy raises errors of many types
        return None
    tables = [a for a in arrays if getattr(a, "shape", None) == _TABLE_SHAPE]
    return tables[0].argmax(axis=1).astype(np.uint8) if len(tables) == 1 else None


def _digest(table):
    return hashlib.sha256(table.tobytes()).hexdigest()


def read_discriminative() -> np.ndarray:
    """Index (0 to 49) of the colour of each bin, which `fetch_color_palette` stored."""
    path = _data_home() / _FILE
    if not path.is_file():
        raise ValueError(
            f"Got palette='discriminative', but {str(path)!r} does not exist. "
            "Download it once with sklearn_popularity.fetch_color_palette()."
        )
    return _load_discriminative(path)


def _load_discriminative(path):
    # The header is skipped: shape and dtype follow from the digest.
    table = np.frombuffer(path.read_bytes()[-_TABLE_SHAPE[0] :], np.uint8)
    if _digest(table) != _SHA256:
        raise ValueError(
            f"The file {str(path)!r} is damaged. Delete it and call "
            "sklearn_popularity.fetch_color_palette() again."
        )
    return table
