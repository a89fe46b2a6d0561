"""Read a folder of photos with a table of their scores."""

from os import PathLike

from .._messages import quote
from .._paths import expand_home
from .._sklearn_compat import StrOptions, validate_params
from ._known_columns import KNOWN_COLUMNS
from ._posts import (
    check_columns,
    check_folder,
    drop_missing,
    join_paths,
    read_numbers,
)
from ._tables import is_label, read_table, with_numbers

PHOTO_COLUMNS = ("path", "file", "filename", "image", "photo")
NUMBERS = ("score", "views", "favorites", "comments", "retweets")


@validate_params(
    {
        "folder": [str, PathLike],
        "labels": [str, PathLike],
        "photo_column": [str, None],
        "required": ["array-like"],
        "columns": [dict, StrOptions(set(KNOWN_COLUMNS)), None],
        "as_text": ["array-like"],
    },
    prefer_skip_nested_validation=True,
)
def load_folder(
    folder,
    *,
    labels="labels.csv",
    photo_column=None,
    required=(),
    columns=None,
    as_text=(),
):
    """Read a folder of photos with a table of scores.

    Parameters
    ----------
    folder : path
        Folder with the table.
    labels : path, default="labels.csv"
        Comma-separated table with one row per photo, in UTF-8 (or UTF-16 with a
        byte-order mark). The path is absolute, or relative to `folder`.
    photo_column : str, default=None
        Column with the file names of the photos, either relative to `folder` and inside
        it, or absolute. The extension may be missing (``17`` for ``17.jpg``). If None,
        the first of path, file, filename, image and photo in the table, in any case.
    required : sequence of str, default=()
        Names of other columns, after renaming, that the table must have.
    columns : dict of str to str, or {"flickr", "twitter", "yfcc100m"}, default=None
        New names of columns, mapped to their names in the table, such as
        ``{"photo": "img", "score": "memorability"}``. The table must have all of them;
        other columns keep their names. A string stands for the columns of a known
        source (``sklearn_popularity.datasets.KNOWN_COLUMNS``).
    as_text : sequence of str, default=()
        Names of columns, before renaming, to keep as text in addition to those below.

    Returns
    -------
    posts : DataFrame
        The table, one row per photo. Its first column ``photo``, the paths, replaces
        the column of file names. Rows with a missing photo are dropped with one
        warning and listed in ``posts.attrs["missing"]``. Columns become numeric if no
        text is lost; users, authors, themes, groups, tags, titles, paths and ids stay
        as they are written, such as "007".

    Raises
    ------
    FileNotFoundError
        If the folder, the table or all photos are missing.
    ValueError
        If the table cannot be read or lacks a column, the name of a photo contains ".."
        or matches several files, or `columns` names score, views, favorites, comments
        or retweets and an existing photo has no finite number there.

    Notes
    -----
    Times are not converted. Flickr's are in seconds since 1970
    (``pandas.to_datetime(posts["uploaded"], unit="s", utc=True)``). To turn views into
    a target, use ``log_normalized_popularity(posts["views"], posts["uploaded"],
    observed)``. ``docs/datasets.md`` shows how to read each data set of the papers.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_popularity import load_folder, make_popularity
    >>> with TemporaryDirectory() as folder:
    ...     made_up, truth = make_popularity(3, folder=folder, random_state=0)
    ...     posts = load_folder(folder, columns={"album": "theme"}, required=["score"])
    >>> [Path(photo).name for photo in posts["photo"]]
    ['00000.jpg', '00001.jpg', '00002.jpg']
    >>> "album" in posts
    True
    """
    posts = read_folder(
        folder,
        labels=labels,
        photo_column=photo_column,
        required=required,
        columns=columns,
        as_text=as_text,
    )
    return posts.reset_index(drop=True)


def read_folder(
    folder, *, labels="labels.csv", photo_column, required, columns=None, as_text
):
    """Read as `load_folder` does; the index is the line of each row in the table."""
    folder = check_folder(folder)
    table = folder / expand_home(labels)
    known = dict(KNOWN_COLUMNS[columns] if isinstance(columns, str) else columns or {})
    # Columns that stay text, since their new names stand for it.
    renamed = [theirs for ours, theirs in known.items() if is_label(ours)]
    posts = with_numbers(_read_table(table), [photo_column, *renamed, *as_text])
    photo_column = _one_photo_column(known.pop("photo", None), photo_column)
    named_by = _find_photo_column(posts, photo_column, table)
    names = posts.pop(named_by)
    posts = _rename(posts, known, table)
    check_columns(posts, required, table)
    if "photo" in posts:
        raise ValueError(
            f"{str(table)!r} has photos in the column {named_by!r} but also a column "
            "'photo'. Pass photo_column= or rename one of them."
        )
    posts.insert(0, "photo", join_paths(folder, names, table, absolute=True))
    posts = drop_missing(posts, names, table)
    numbers = {
        name: read_numbers(posts[name], posts["photo"], known[name], table)
        for name in NUMBERS
        if name in known
    }
    del posts.attrs["repeated"]
    return posts.assign(**numbers)


def _read_table(table):
    if not table.is_file():
        raise FileNotFoundError(
            f"The table {str(table)!r} does not exist. Write one with a row per photo, "
            f"a column {PHOTO_COLUMNS[0]!r} of file names, and columns of scores."
        )
    return read_table(table)


def _one_photo_column(ours, photo_column):
    if ours is not None and photo_column not in (None, ours):
        raise ValueError(
            f"Got photo_column={photo_column!r} and columns with 'photo': {ours!r}, "
            "but one column of photos was expected. Leave one of them out."
        )
    return ours or photo_column


def _find_photo_column(posts, photo_column, table):
    if photo_column is None:
        photo_column = _known_photo_column(posts, table)
    check_columns(posts, [photo_column], table)
    return photo_column


def _known_photo_column(posts, table):
    by_lower = {str(column).lower(): column for column in reversed(posts.columns)}
    for name in PHOTO_COLUMNS:
        if name in by_lower:
            return by_lower[name]
    raise ValueError(
        f"{str(table)!r} has the columns {quote(list(posts.columns))}, but one of "
        f"{list(PHOTO_COLUMNS)} was expected for the photos. Pass its name as "
        "photo_column= (--photo on the command line), and separate columns by commas."
    )


def _rename(posts, columns, table):
    check_columns(posts, columns.values(), table)
    new_names = {theirs: ours for ours, theirs in columns.items()}
    renamed = posts.rename(columns=new_names)
    if len(new_names) < len(columns) or not renamed.columns.is_unique:
        raise ValueError(
            f"Got columns={quote(columns)}, which would give two columns of "
            f"{str(table)!r} ({quote(list(posts.columns))}) one name, or one column "
            "two. Use each name once."
        )
    return renamed
