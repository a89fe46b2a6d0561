"""Helpers of all readers: paths inside the folder, checks, missing photos."""

from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from .._messages import MAX_QUOTED, did_you_mean, quote
from .._paths import expand_home
from .._warnings import warn_caller
from ._photo_files import Meant, photos_below
from ._tables import LINE, read_text

_N_SHOWN = 5  # missing photos that the warning names


class MissingPhotosWarning(UserWarning):
    """Warning that photos of a table do not exist and their rows are dropped."""


def check_folder(folder) -> Path:
    """An existing folder as a path, with ``~`` expanded."""
    folder = expand_home(folder)
    if folder.is_file():
        raise NotADirectoryError(
            f"Got {str(folder)!r}, which is a file, not a folder. Pass the folder "
            f"{str(folder.parent)!r}."
        )
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder {str(folder)!r} does not exist.")
    return folder


def read_needed(path) -> str:
    """Text of a file of a data set, in UTF-8, or in UTF-16 with a byte-order mark."""
    if not path.is_file():
        raise FileNotFoundError(
            f"The file {str(path)!r} does not exist, but the data set needs it."
        )
    return read_text(path)


def read_lines(path) -> list[str]:
    """Lines of a text file, stripped of blanks, without empty ones at the end."""
    text = read_needed(path).rstrip()
    if not text:
        raise ValueError(f"The file {str(path)!r} is empty.")
    return [line.strip() for line in text.split("\n")]


def check_columns(posts, names, table):
    """Check that a table has the given columns once; the error lists its columns."""
    twice = [name for name in names if name in posts.attrs.get("repeated", [])]
    if twice:
        raise ValueError(
            f"{str(table)!r} has more than one column {quote(twice[0])}, but one was "
            "expected. Rename or delete the others."
        )
    missing = [name for name in names if name not in posts]
    if not missing:
        return
    raise ValueError(
        f"{str(table)!r} has no column {', '.join(map(quote, missing))}; its columns "
        f"are {quote(list(posts))}.{did_you_mean(missing[0], posts)}"
    )


def join_paths(folder, names, table, *, absolute=False) -> list[str]:
    """Join the folder and the names of photos, checking that paths stay inside.

    `absolute` allows absolute paths, which are used as they are.
    """
    paths = []
    names = pd.Series(names, dtype=object)
    kind = LINE if names.index.name == LINE else "row"
    for row, name in names.map(str).items():
        path = PurePath(name)
        # Tables from Windows separate folders by backslashes.
        parts = PurePath(name.replace("\\", "/")).parts
        if ".." in parts or (path.anchor and not absolute):
            raise ValueError(
                f"{str(table)!r} has the photo {quote(name)} in {kind} {row}, which is "
                f"outside {str(folder)!r}. Expected a name in that folder, without "
                "'..'. Pass a parent folder if the photos are elsewhere in it."
            )
        paths.append(str(folder / path))
    return paths


def read_numbers(values, names, column, table) -> pd.Series:
    """Read a column of finite numbers; the error names the photo of another value."""
    numbers = pd.to_numeric(values, errors="coerce")
    bad = ~np.isfinite(numbers.to_numpy(dtype=np.float64))
    if bad.any():
        raise ValueError(
            f"The column {column!r} of {str(table)!r} holds "
            f"{quote(values[bad].iloc[0])} for the photo "
            f"{first_row(names.to_frame('photo'), bad)} ({bad.sum()} such row(s)), but "
            "finite numbers were expected. Correct or remove these rows."
        )
    return numbers


def first_row(posts, which) -> str:
    """Name the first row of a mask by its photo, and by its line if that is known."""
    first = posts[which].head(1)
    line = f"line {first.index[0]}"
    if "photo" not in first:
        return line
    photo = quote(first["photo"].iloc[0])
    return f"{photo} ({line})" if first.index.name == LINE else photo


def check_unique(names, table):
    """Check that no name is repeated."""
    twice = names[names.duplicated()]
    if len(twice):
        raise ValueError(
            f"{str(table)!r} has {quote(twice.iloc[0])} more than once ({len(twice)} "
            "repeated row(s)), but each was expected once. Remove the repeated rows."
        )


def first_file(paths) -> Path:
    """The first path of a file; if there is none, the first path."""
    return next((path for path in paths if path.is_file()), paths[0])


def records_of(posts, records, keys, path) -> pd.DataFrame:
    """The one record of each post, by two keys: columns of its user and its number."""
    user, number = keys
    keys = records[user].astype(str) + "/" + records[number].astype(str)
    wanted = posts["user"] + "/" + posts["post"]
    check_unique(keys, path)
    rows = pd.Index(keys).get_indexer(wanted)
    absent = wanted[rows < 0]
    if len(absent):
        raise ValueError(
            f"{str(path)!r} has no record of {quote(absent.iloc[0])} ({len(absent)} "
            "such post(s)), but one for each post was expected."
        )
    return records.iloc[rows].set_axis(posts.index)


def drop_missing(posts, names, table):
    """Drop posts whose photo does not exist, with one warning.

    `names` are those in the table, NaN for a missing one. The remaining posts keep
    their index, have the paths of the files found, whose names may differ slightly, and
    ``posts.attrs["missing"]``.
    """
    found = _find(posts["photo"].where(names.notna()), names, table)
    there, lined = found.notna(), names.index.name == LINE
    missing = [
        f"line {row} has no file name" if pd.isna(name) and lined else str(name)
        for row, name in names[~there].items()
    ]
    if len(missing) == len(posts):
        raise FileNotFoundError(
            f"None of the {len(posts)} photos of {str(table)!r} exists; the first is "
            f"{quote(posts['photo'].iloc[0])}. File names must be relative to the "
            f"folder of the photos.{_say_where(names, Path(table).parent)}"
        )
    if missing:
        listed = ", ".join(name[:MAX_QUOTED] for name in missing[:_N_SHOWN])
        listed += ", ..." if len(missing) > _N_SHOWN else ""
        warn_caller(
            f"{len(missing)} of {len(posts)} photos of {str(table)!r} do not exist and "
            f"are dropped: {listed}",
            MissingPhotosWarning,
        )
    posts = posts.assign(photo=found)[there]
    posts.attrs["missing"] = missing
    return posts


def _say_where(names, folder):
    """Say where below a folder a photo of one of the names lies, if anywhere."""
    stems = {PurePath(str(name)).stem for name in names}
    for path in photos_below(folder).photos:
        if PurePath(path).stem in stems:
            found = PurePath(path).relative_to(folder)
            return (
                f" {str(found)!r} is there: write file names with their folders and "
                "suffixes."
            )
    return ""


def _find(paths, names, table):
    """Path of the photo of each row; NaN if it does not exist."""
    meant, found = Meant(), []
    for path, name in zip(paths, names, strict=True):
        try:
            if isinstance(path, str) and not _is_file(path):
                path = meant.file(path)
        except ValueError as error:
            raise ValueError(
                f"{str(table)!r} has the photo {quote(name)}, which {error}. Write the "
                "full name."
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
