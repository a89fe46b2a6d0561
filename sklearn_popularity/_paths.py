"""Paths with ``~``, and the user's folders."""

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """The user's folder for caches and downloads, which need not exist.

    Raises
    ------
    OSError
        If the home folder is unknown, as of a user without a name in a container.
    """
    import pooch

    try:
        folder = pooch.os_cache(name)
    except RuntimeError:
        folder = Path()
    if not folder.is_absolute():  # versions of platformdirs keep the "~"
        raise OSError("the home folder is unknown, since HOME is not set")
    return folder


def expand_home(path: str | os.PathLike[str]) -> Path:
    """Replace ``~`` or ``~user`` at the start of a path with the home folder."""
    if not os.fspath(path).startswith("~"):  # Path would turn "./~" into "~"
        return Path(path)
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user, but there may be such a file
        return Path(path)
