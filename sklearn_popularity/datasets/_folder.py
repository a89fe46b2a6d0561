"""Read a folder that holds photos and a table about them."""

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
        Folder that holds the table.
    labels : path, default="labels.csv"
        Table with a row per photo, comma-separated, UTF-8 (or UTF-16 with its mark),
        relative to `folder`.
    photo_column : str, default=None
        Column that names the files, relative to `folder` and in it, or by whole
        (absolute) paths. None takes the first of path, file, filename, image and photo
        that is there, in any case. Names may lack their end (``17`` for ``17.jpg``).
    required : sequence of str, default=()
        Other columns that have to be there, by their new names.
    columns : dict of str to str, or {"flickr", "twitter", "yfcc100m"}, default=None
        New names of columns, and the names they have in the table, such as
        ``{"photo": "img", "score": "memorability"}``; all have to be there, and the
        others stay as they are. A name stands for the columns of a known source
        (``sklearn_popularity.datasets.KNOWN_COLUMNS``).
    as_text : sequence of str, default=()
        Columns, as they are called in the table, that stay as they are written whatever
        is in them, beside those that are said below.

    Returns
    -------
    posts : DataFrame
        The table, with the paths of the photos as column ``photo`` in front instead of
        the column that named them. Rows whose photo is missing are left out, with one
        warning; ``posts.attrs["missing"]`` lists them. Columns become numbers where no
        text is lost by it; users, authors, themes, groups, tags, titles, paths and ids
        stay as they are written, such as "007".

    Raises
    ------
    FileNotFoundError
        If the folder or the table is not there, or none of the photos.
    ValueError
        If the table cannot be read or lacks a column, a photo's name leads out of the
        folder by ".." or may mean several files, or `columns` names score, views,
        favorites, comments or retweets and a photo that is there has no finite number
        in it.

    Notes
    -----
    Times are not converted: Flickr counts seconds since 1970
    (``pandas.to_datetime(posts["uploaded"], unit="s", utc=True)``). The counts of views
    become a target by ``log_normalized_popularity(posts["views"], posts["uploaded"],
    observed)``. ``docs/datasets.md`` has the lines for each data set of the papers.

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
    folder = check_folder(folder)
    table = folder / expand_home(labels)
    posts = with_numbers(
        _read_table(table), [photo_column, *_labels(columns), *as_text]
    )
    known = dict(KNOWN_COLUMNS[columns] if isinstance(columns, str) else columns or {})
    photo_column = _one_photo_column(known.pop("photo", None), photo_column)
    named_by = _find_photo_column(posts, photo_column, table)
    names = posts.pop(named_by)
    posts = _rename(posts, known, table)
    check_columns(posts, required, table)
    if "photo" in posts:
        raise ValueError(
            f"{str(table)!r} names photos in the column {named_by!r} but has a column "
            "'photo' too. Pass photo_column= or rename one of them."
        )
    posts.insert(0, "photo", join_paths(folder, names, table, absolute=True))
    posts = drop_missing(posts, names, table)
    numbers = {
        name: read_numbers(posts[name], posts["photo"], known[name], table)
        for name in NUMBERS
        if name in known
    }
    return posts.assign(**numbers).reset_index(drop=True)


def _read_table(table):
    if not table.is_file():
        raise FileNotFoundError(
            f"The table {str(table)!r} is not there. Write one with a row per photo: "
            f"a column {PHOTO_COLUMNS[0]!r} with file names, and columns of scores."
        )
    return read_table(table)


def _labels(columns):
    """Columns that are renamed to what is no number."""
    columns = KNOWN_COLUMNS[columns] if isinstance(columns, str) else columns or {}
    return [theirs for ours, theirs in columns.items() if is_label(ours)]


def _one_photo_column(ours, photo_column):
    if ours is not None and photo_column not in (None, ours):
        raise ValueError(
            f"Got photo_column={photo_column!r} and columns with 'photo': {ours!r}, "
            "but one column names the photos. Leave one of them out."
        )
    return ours or photo_column


def _find_photo_column(posts, photo_column, table):
    if photo_column is not None:
        check_columns(posts, [photo_column], table)
        return photo_column
    by_lower = {str(column).lower(): column for column in reversed(posts.columns)}
    for name in PHOTO_COLUMNS:
        if name in by_lower:
            return by_lower[name]
    raise ValueError(
        f"{str(table)!r} has the columns {quote(list(posts.columns))}, but one of "
        f"{list(PHOTO_COLUMNS)} was expected to name the photos. Name it by "
        "photo_column= (--photo on the command line), and separate columns by commas."
    )


def _rename(posts, columns, table):
    check_columns(posts, columns.values(), table)
    new_names = {theirs: ours for ours, theirs in columns.items()}
    renamed = posts.rename(columns=new_names)
    if len(new_names) < len(columns) or not renamed.columns.is_unique:
        raise ValueError(
            f"Got columns={quote(columns)}, but with them two columns of "
            f"{str(table)!r} ({quote(list(posts.columns))}) would have one name, or "
            "one column two."
        )
    return renamed
