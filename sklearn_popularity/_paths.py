"""Paths with ``~``."""

import os
from pathlib import Path


def expand_home(path: str | os.PathLike[str]) -> Path:
    """Replace ``~`` or ``~user`` at the start of a path with the home folder."""
    if not os.fspath(path).startswith("~"):  # Path would turn "./~" into "~"
        return Path(path)
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user, but there may be such a file
        return Path(path)
