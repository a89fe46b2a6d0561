"""Paths as people write them."""

import os
from pathlib import Path


def expand_home(path: str | os.PathLike[str]) -> Path:
    """A path, with the home of a user in the place of ``~`` or ``~user`` in front."""
    if not os.fspath(path).startswith("~"):  # "./~" is a file, of which Path keeps "~"
        return Path(path)
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user: a file may be called so
        return Path(path)
