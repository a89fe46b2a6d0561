"""What all readers share: paths that stay in the folder, checks, missing photos."""

from difflib import get_close_matches
from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from .._messages import MAX_QUOTED, quote
from .._paths import expand_home
from .._warnings import warn_caller
from . import _tables
from ._photo_files import Meant

_N_SHOWN = 5  # missing photos that the warning names


class MissingPhotosWarning(UserWarning):
    """A table names photos that are not there; their rows are left out."""


def check_folder(folder) -> Path:
    """Folder as a path, with ``~`` expanded.

    Raises
    ------
    NotADirectoryError
        If it is a file.
    FileNotFoundError
        If it is not there.
    """
    folder = expand_home(folder)
    if folder.is_file():
        raise NotADirectoryError(f"Got {str(folder)!r}, which is a file, not a folder.")
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder {str(folder)!r} is not there.")
    return folder


def read_text(path) -> str:
    """Text of a file in UTF-8, or in UTF-16 that says so.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it is neither.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"The file {str(path)!r} is not there, but the data set has one."
        )
    return _tables.read_text(path)


def read_lines(path) -> list[str]:
    """Lines of a text file, stripped of blanks, without empty ones at the end.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it is no text, or holds nothing.
    """
    text = read_text(path).rstrip()
    if not text:
        raise ValueError(f"The file {str(path)!r} is empty.")
    return [line.strip() for line in text.split("\n")]


def check_columns(posts, names, table):
    """Refuse a table that lacks columns.

    Raises
    ------
    ValueError
        Naming all that are missing, and those that are there.
    """
    missing = [name for name in names if name not in posts]
    if not missing:
        return
    there = list(posts.columns)
    close = get_close_matches(str(missing[0]), map(str, there), n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"{str(table)!r} has no column {', '.join(map(quote, missing))}; its columns "
        f"are {quote(there)}.{hint}"
    )


def join_paths(folder, names, table, *, absolute=False) -> list[str]:
    """Paths of the photos in a folder, none of which leads out of it.

    Parameters
    ----------
    folder : Path
        Folder of the photos.
    names : iterable of str
        File names, relative to the folder.
    table : path
        File that names them, for the error.
    absolute : bool, default=False
        Whether whole paths are taken as they are.

    Raises
    ------
    ValueError
        If a name is a whole path although `absolute` is False, or has a part "..".
    """
    paths = []
    for row, name in enumerate(map(str, names)):
        path = PurePath(name)
        # Backslashes part folders, too, in the tables of other systems.
        parts = PurePath(name.replace("\\", "/")).parts
        if ".." in parts or (path.anchor and not absolute):
            raise ValueError(
                f"{str(table)!r} names the photo {quote(name)} in row {row}, which "
                f"leads out of {str(folder)!r}. Expected a name in that folder, "
                "without '..'; pass the folder above if the photos are beside it."
            )
        paths.append(str(folder / path))
    return paths


def read_numbers(values, names, column, table) -> pd.Series:
    """Column of finite numbers.

    Parameters
    ----------
    values : Series
        The column.
    names : Series
        Names of the photos, for the error.
    column : str
        Name of the column, for the error.
    table : path
        File that holds it, for the error.

    Raises
    ------
    ValueError
        Naming the first photo whose value is missing, infinite or no number.
    """
    numbers = pd.to_numeric(values, errors="coerce")
    bad = ~np.isfinite(numbers.to_numpy(dtype=np.float64))
    if bad.any():
        raise ValueError(
            f"The column {column!r} of {str(table)!r} holds "
            f"{quote(values[bad].iloc[0])} for the photo {quote(names[bad].iloc[0])} "
            f"({bad.sum()} such rows), but finite numbers were expected. Correct or "
            "remove these rows."
        )
    return numbers


def check_unique(names, table):
    """Refuse names that occur twice.

    Raises
    ------
    ValueError
        Naming the first.
    """
    twice = names[names.duplicated()]
    if len(twice):
        raise ValueError(
            f"{str(table)!r} names {quote(twice.iloc[0])} more than once "
            f"({len(twice)} such rows), but each photo was expected once."
        )


def find_records(keys, wanted, path) -> np.ndarray:
    """Row of the record of each post.

    Parameters
    ----------
    keys : Series of str
        Users and posts of the records.
    wanted : Series of str
        Users and posts that are looked for.
    path : path
        File that holds the records, for the error.

    Raises
    ------
    ValueError
        Naming the first post that has no record or several.
    """
    check_unique(keys, path)
    rows = pd.Index(keys).get_indexer(wanted)
    absent = wanted[rows < 0]
    if len(absent):
        raise ValueError(
            f"{str(path)!r} has no record of {quote(absent.iloc[0])} (of {len(absent)} "
            "photos in the list), but one of each was expected."
        )
    return rows


def drop_missing(posts, names, table):
    """Leave out posts whose photo is not there, with one warning.

    Parameters
    ----------
    posts : DataFrame
        With paths in the column ``photo``.
    names : Series
        Names of the photos in the table; NaN is missing.
    table : path
        File that names them, for the messages.

    Returns
    -------
    posts : DataFrame
        With the index of those kept, the paths of files that are meant though they are
        called a little otherwise, and ``posts.attrs["missing"]``.

    Raises
    ------
    FileNotFoundError
        If no photo is there.
    ValueError
        If a name may mean several photos.
    """
    found = _find(posts["photo"].where(names.notna()), names, table)
    there = found.notna()
    missing = [str(name) for name in names[~there]]
    if len(missing) == len(posts):
        raise FileNotFoundError(
            f"None of the {len(posts)} photos named in {str(table)!r} is there; the "
            f"first is {quote(posts['photo'].iloc[0])}. File names are relative to the "
            "folder of the photos."
        )
    if missing:
        listed = ", ".join(name[:MAX_QUOTED] for name in missing[:_N_SHOWN])
        listed += ", ..." if len(missing) > _N_SHOWN else ""
        warn_caller(
            f"{len(missing)} of {len(posts)} photos named in {str(table)!r} are not "
            f"there and are left out: {listed}",
            MissingPhotosWarning,
        )
    posts = posts.assign(photo=found)[there]
    posts.attrs["missing"] = missing
    return posts


def _find(paths, names, table):
    """Path of the photo of each row, or NaN."""
    meant, found = Meant(), []
    for path, name in zip(paths, names, strict=True):
        try:
            if isinstance(path, str) and not _is_file(path):
                path = meant.file(path)
        except ValueError as error:
            raise ValueError(
                f"{str(table)!r} names the photo {quote(name)}, which {error}. Write "
                "the whole name."
            ) from error
        except OSError:  # a name that no file can have
            path = None
        found.append(np.nan if path is None else path)
    return pd.Series(found, paths.index)


def _is_file(path):
    try:
        return Path(path).is_file()
    except OSError:  # a name that no file can have
        return False
