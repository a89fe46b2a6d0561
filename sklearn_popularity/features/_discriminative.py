"""The published 50 discriminative colours: fetched once, checked at every use."""

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np

from .._paths import expand_home

_URL = (
    "https://raw.githubusercontent.com/adikhosla/feature-extraction/"
    "290f3e54cfcb319ca6d1a82f8a0cea4fc31190f8/features/color/DD50_w2c.mat"
)
# Of the table of names (32,768 bytes, 0 to 49) rather than of the file around it.
_SHA256 = "f628ddf4b64fdece51a8b6c38f6b787278522aaf857b9c8ea6427096bd061fdf"
_TABLE_SHAPE = (32_768, 50)
_FILE = "discriminative_50.npy"


def _data_home(folder=None) -> Path:
    """Folder for downloads; None is what `fetch_color_palette` says."""
    import pooch

    if folder is None:
        folder = os.environ.get("SKLEARN_POPULARITY_DATA")
    return expand_home(folder or pooch.os_cache("sklearn_popularity"))


def fetch_color_palette(*, folder=None, url=_URL):
    """Download the 50 discriminative colours of Khan et al. once.

    Afterwards ``ColorHistogram(palette="discriminative")`` finds them.

    Parameters
    ----------
    folder : path, default=None
        Where to keep the table. None is the folder named by the environment variable
        SKLEARN_POPULARITY_DATA, else the user's cache folder.
    url : str, optional
        Address of ``DD50_w2c.mat``; by default in the toolbox of Khosla et al.

    Returns
    -------
    path : Path
        File with the name (0 to 49) of each of the 32,768 colour bins.

    Raises
    ------
    ValueError
        If what was downloaded is not the published table; nothing of it is kept.

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
                f"colours (SHA-256 {_SHA256}). Nothing was kept; try again, or pass "
                "url= of a copy of DD50_w2c.mat."
            )
        finished = Path(scratch) / "table.npy"
        np.save(finished, table)
        finished.replace(target)
    return target


def _table_in(path):
    """The likeliest name of each bin, from a MATLAB file; None if it is no such."""
    from scipy.io import loadmat

    try:
        arrays = loadmat(path).values()
    except Exception:  # scipy raises many types on files that are none
        return None
    tables = [a for a in arrays if getattr(a, "shape", None) == _TABLE_SHAPE]
    return tables[0].argmax(axis=1).astype(np.uint8) if len(tables) == 1 else None


def _digest(table):
    return hashlib.sha256(table.tobytes()).hexdigest()


def read_discriminative() -> np.ndarray:
    """Name (0 to 49) of each colour bin, as `fetch_color_palette` has kept it."""
    path = _data_home() / _FILE
    if not path.is_file():
        raise ValueError(
            f"Got palette='discriminative', but {str(path)!r} is not there. Download "
            "it once with sklearn_popularity.fetch_color_palette()."
        )
    return _load_discriminative(path)


def _load_discriminative(path):
    # The header tells nothing that the digest of what follows it does not.
    table = np.frombuffer(path.read_bytes()[-_TABLE_SHAPE[0] :], np.uint8)
    if _digest(table) != _SHA256:
        raise ValueError(
            f"The file {str(path)!r} is damaged. Delete it and call "
            "sklearn_popularity.fetch_color_palette() again."
        )
    return table
