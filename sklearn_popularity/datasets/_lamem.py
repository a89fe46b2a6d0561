"""LaMem: photos with their memorability."""

from numbers import Integral
from os import PathLike

import pandas as pd

from .._messages import quote
from .._paths import expand_home
from .._sklearn_compat import Interval, StrOptions, validate_params
from ._fetch import Limits, fetch_folder
from ._posts import (
    check_folder,
    check_unique,
    drop_missing,
    join_paths,
    read_lines,
    read_numbers,
)

URL = "http://memorability.csail.mit.edu/lamem.tar.gz"
# The archive has 60,000 photos in 2.7 GB (its page and AMNet's README); with a margin.
LIMITS = Limits(n_files=100_000, n_bytes=8 * 2**30)


@validate_params(
    {
        "folder": [str, PathLike],
        "split": [Interval(Integral, 1, 5, closed="both")],
        "subset": [StrOptions({"train", "val", "test"})],
    },
    prefer_skip_nested_validation=True,
)
def load_lamem(folder, *, split=1, subset="train"):
    """Read LaMem: photos with their memorability.

    Parameters
    ----------
    folder : path
        The folder ``lamem`` of the archive, with ``images`` and ``splits``.
    split : int, default=1
        Number of the published split, 1 to 5.
    subset : {"train", "val", "test"}, default="train"
        Part of the split.

    Returns
    -------
    posts : DataFrame
        One row per photo in the order of the list, with the columns ``photo`` (path)
        and ``score`` (memorability, 0 to 1). Rows with a missing photo are dropped with
        one warning and listed in ``posts.attrs["missing"]``.

    Raises
    ------
    FileNotFoundError
        If the folder, the list or all photos are missing.
    ValueError
        If the list is not UTF-8, a line is not a name and a finite number, a photo is
        listed twice, or its path is outside ``images``.

    See Also
    --------
    fetch_lamem : Download the archive.

    Notes
    -----
    The layout was taken from two public loaders: ``lamem2.py`` of
    https://github.com/ok1zjf/AMNet and ``powerai_serverside/lamem_generator.py`` of
    https://github.com/IBM/powerai-image-memorability. ``splits/train_1.txt`` has a line
    per photo: its name in ``images``, a blank and its score.

    References
    ----------
    .. [1] Khosla, Raju, Torralba and Oliva, "Understanding and predicting image
       memorability at a large scale", ICCV 2015, http://memorability.csail.mit.edu.
    """
    folder = check_folder(folder)
    table = folder / "splits" / f"{subset}_{split}.txt"
    listed = _read_list(table)
    check_unique(listed["name"], table)
    photos = join_paths(folder / "images", listed["name"], table)
    posts = pd.DataFrame({"photo": photos, "score": listed["score"]})
    posts = drop_missing(posts, listed["name"], table)
    score = read_numbers(posts["score"], posts["photo"], "score", table)
    return posts.assign(score=score).reset_index(drop=True)


def _read_list(table):
    pairs = [line.rsplit(maxsplit=1) for line in read_lines(table)]
    for number, pair in enumerate(pairs, start=1):
        if len(pair) != 2:
            raise ValueError(
                f"Line {number} of {str(table)!r} holds {quote(' '.join(pair))}, but "
                "the name of a photo, a blank and its score were expected."
            )
    return pd.DataFrame(pairs, columns=["name", "score"])


@validate_params(
    {"folder": [str, PathLike], "sha256": [str], "url": [str]},
    prefer_skip_nested_validation=True,
)
def fetch_lamem(folder, *, sha256, url=URL):
    """Download LaMem, check its digest and unpack it.

    Parameters
    ----------
    folder : path
        Folder in which to create ``lamem``, with space for the archive (2.7 GB) and its
        content. If it already contains ``lamem``, nothing is downloaded.
    sha256 : str
        SHA-256 of the archive, as 64 hexadecimal digits. There is no default, because
        the authors published none that we could find and the address is not encrypted:
        get it from somebody whose copy you trust.
    url : str, default="http://memorability.csail.mit.edu/lamem.tar.gz"
        Address of the archive or of a copy. The official one may no longer answer.

    Returns
    -------
    folder : Path
        The folder ``lamem``, to be passed to `load_lamem`.

    Raises
    ------
    ValueError
        If `sha256` is not a digest, or the archive has another one, is damaged or
        unsafe (links, paths outside, more than 100,000 files or 8 GiB), or not LaMem.
    OSError
        If the download fails or is interrupted.

    Notes
    -----
    On any error nothing is left in `folder`.

    References
    ----------
    .. [1] Khosla, Raju, Torralba and Oliva, "Understanding and predicting image
       memorability at a large scale", ICCV 2015, http://memorability.csail.mit.edu.
    """
    target = expand_home(folder) / "lamem"
    if not target.exists():
        fetch_folder(url, sha256, target, LIMITS, expected="splits/train_1.txt")
    return target
