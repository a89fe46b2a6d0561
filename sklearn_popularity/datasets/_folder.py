"""Read a folder that holds photos and a table about them."""

import warnings
from difflib import get_close_matches
from os import PathLike
from pathlib import Path

import pandas as pd

from .._sklearn_compat import validate_params

PHOTO_COLUMNS = ("path", "file", "filename", "image", "photo")


class MissingPhotosWarning(UserWarning):
    """A table names photos that are not there; their rows are left out."""


@validate_params(
    {
        "folder": [str, PathLike],
        "labels": [str, PathLike],
        "photo_column": [str, None],
        "required": ["array-like"],
    },
    prefer_skip_nested_validation=True,
)
def load_folder(folder, *, labels="labels.csv", photo_column=None, required=()):
    """Read a folder of photos with a table of scores.

    Parameters
    ----------
    folder : path
        Folder that holds the table.
    labels : path, default="labels.csv"
        Table with a row per photo, comma-separated, UTF-8, relative to `folder`.
    photo_column : str, default=None
        Column that names the files, relative to `folder`. None takes the first of
        path, file, filename, image and photo that is there, in any case.
    required : sequence of str, default=()
        Other columns that have to be there.

    Returns
    -------
    posts : DataFrame
        The table, with the paths of the photos as column ``photo`` in front instead of
        the column that named them. Rows whose photo is missing are left out, with one
        warning; ``posts.attrs["missing"]`` lists them.

    Raises
    ------
    FileNotFoundError
        If the folder or the table is not there, or none of the photos.
    ValueError
        If the table cannot be read or lacks a column.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_popularity import load_folder, make_popularity
    >>> with TemporaryDirectory() as folder:
    ...     made_up, truth = make_popularity(3, folder=folder, random_state=0)
    ...     posts = load_folder(folder, required=["score"])
    >>> [Path(photo).name for photo in posts["photo"]]
    ['00000.jpg', '00001.jpg', '00002.jpg']
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder {str(folder)!r} is not there.")
    table = folder / labels
    posts = _read_table(table)
    named_by = _find_photo_column(posts, photo_column, table)
    names = posts.pop(named_by)
    _check_columns(posts, required, table)
    if "photo" in posts:
        raise ValueError(
            f"{str(table)!r} names photos in the column {named_by!r} but has a column "
            "'photo' too. Pass photo_column= or rename one of them."
        )
    posts.insert(0, "photo", [str(folder / str(name)) for name in names])
    return _drop_missing(posts, names, table)


def _read_table(table):
    if not table.is_file():
        raise FileNotFoundError(
            f"The table {str(table)!r} is not there. Write one with a row per photo: "
            f"a column {PHOTO_COLUMNS[0]!r} with file names, and columns of scores."
        )
    try:
        posts = pd.read_csv(table, encoding="utf-8-sig", low_memory=False)
    except (ValueError, UnicodeError, pd.errors.ParserError) as error:
        raise ValueError(
            f"The table {str(table)!r} cannot be read as comma-separated UTF-8 text: "
            f"{error}"
        ) from error
    if posts.empty:
        raise ValueError(f"The table {str(table)!r} has no rows.")
    return posts


def _find_photo_column(posts, photo_column, table):
    if photo_column is not None:
        _check_columns(posts, [photo_column], table)
        return photo_column
    by_lower = {str(column).lower(): column for column in reversed(posts.columns)}
    for name in PHOTO_COLUMNS:
        if name in by_lower:
            return by_lower[name]
    raise ValueError(
        f"{str(table)!r} has the columns {list(posts.columns)}, but one of "
        f"{list(PHOTO_COLUMNS)} was expected to name the photos. Name it by "
        "photo_column= (--photo on the command line), and separate columns by commas."
    )


def _check_columns(posts, names, table):
    for name in names:
        if name not in posts:
            close = get_close_matches(str(name), map(str, posts.columns), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"{str(table)!r} has no column {name!r}; its columns are "
                f"{list(posts.columns)}.{hint}"
            )


def _is_file(path):
    try:
        return Path(path).is_file()
    except OSError:  # a name that no file can have
        return False


def _drop_missing(posts, names, table, n_shown=5):
    there = names.notna() & posts["photo"].map(_is_file)
    missing = [str(name) for name in names[~there]]
    if len(missing) == len(posts):
        raise FileNotFoundError(
            f"None of the {len(posts)} photos named in {str(table)!r} is there; the "
            f"first is {posts['photo'].iloc[0]!r}. File names are relative to the "
            "folder of the table."
        )
    if missing:
        listed = ", ".join(missing[:n_shown]) + (", ..." * (len(missing) > n_shown))
        warnings.warn(
            f"{len(missing)} of {len(posts)} photos named in {str(table)!r} are not "
            f"there and are left out: {listed}",
            MissingPhotosWarning,
            stacklevel=3,
        )
    posts = posts[there].reset_index(drop=True)
    posts.attrs["missing"] = missing
    return posts
