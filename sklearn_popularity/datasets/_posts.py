"""What all readers share: paths that stay in the folder, checks, missing photos."""

import warnings
from difflib import get_close_matches
from pathlib import Path, PurePath

import numpy as np
import pandas as pd

_N_SHOWN = 5  # missing photos that the warning names


class MissingPhotosWarning(UserWarning):
    """A table names photos that are not there; their rows are left out."""


def check_folder(folder) -> Path:
    """Folder as a path.

    Raises
    ------
    NotADirectoryError
        If it is a file.
    FileNotFoundError
        If it is not there.
    """
    folder = Path(folder)
    if folder.is_file():
        raise NotADirectoryError(f"Got {str(folder)!r}, which is a file, not a folder.")
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder {str(folder)!r} is not there.")
    return folder


def read_text(path) -> str:
    """Text of a UTF-8 file, with or without a byte-order mark.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it is not UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"The file {str(path)!r} is not there, but the data set has one."
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeError as error:
        raise ValueError(
            f"The file {str(path)!r} cannot be read as UTF-8 text: {error}"
        ) from error


def read_lines(path) -> list[str]:
    """Lines of a UTF-8 file, stripped of blanks, without empty ones at the end.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it is not UTF-8, or holds nothing.
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
        f"{str(table)!r} has no column {', '.join(map(repr, missing))}; its columns "
        f"are {there}.{hint}"
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
        if ".." in path.parts or (path.anchor and not absolute):
            raise ValueError(
                f"{str(table)!r} names the photo {name!r} in row {row}, which leads "
                f"out of {str(folder)!r}. Expected a name in that folder, without "
                "'..'; pass the folder above if the photos are beside it."
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
            f"The column {column!r} of {str(table)!r} holds {values[bad].iloc[0]!r} "
            f"for the photo {names[bad].iloc[0]!r} ({bad.sum()} such rows), but finite "
            "numbers were expected. Correct or remove these rows."
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
            f"{str(table)!r} names {twice.iloc[0]!r} more than once ({len(twice)} such "
            "rows), but each photo was expected once."
        )


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
        With the index of those kept, and ``posts.attrs["missing"]``.

    Raises
    ------
    FileNotFoundError
        If no photo is there.
    """
    there = names.notna() & posts["photo"].map(_is_file)
    missing = [str(name) for name in names[~there]]
    if len(missing) == len(posts):
        raise FileNotFoundError(
            f"None of the {len(posts)} photos named in {str(table)!r} is there; the "
            f"first is {posts['photo'].iloc[0]!r}. File names are relative to the "
            "folder of the photos."
        )
    if missing:
        listed = ", ".join(missing[:_N_SHOWN])
        listed += ", ..." if len(missing) > _N_SHOWN else ""
        warnings.warn(
            f"{len(missing)} of {len(posts)} photos named in {str(table)!r} are not "
            f"there and are left out: {listed}",
            MissingPhotosWarning,
            stacklevel=4,  # past the reader and the check of its parameters
        )
    posts = posts[there]
    posts.attrs["missing"] = missing
    return posts


def _is_file(path):
    try:
        return Path(path).is_file()
    except OSError:  # a name that no file can have
        return False
