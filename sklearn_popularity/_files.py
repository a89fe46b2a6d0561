"""Files that are written: possible before the work, whole or not there after it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_destination(path: Path, suffixes: list[str], given: str) -> None:
    """Fail before the work, not after it.

    Parameters
    ----------
    path : Path
        File to write.
    suffixes : list of str
        How its name may end.
    given : str
        How it was given, for the error, such as "--output x.html".

    Raises
    ------
    ValueError
        If its name ends otherwise.
    OSError
        If it cannot be written there.
    """
    if path.suffix not in suffixes:
        raise ValueError(
            f"Got {given}, but a name in {' or '.join(suffixes)} was expected."
        )
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise OSError(f"Got {given}, which cannot be written there.")


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A name to write to, which becomes the file when all is on the disk.

    Parameters
    ----------
    path : path
        File; what is there stays until then, and for good after an error.

    Yields
    ------
    unfinished : Path
        Beside it, with ``.part`` at the end; it is gone afterwards.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
