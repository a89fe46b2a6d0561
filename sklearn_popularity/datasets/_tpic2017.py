"""TPIC2017: Flickr posts over several years, with addresses and log views."""

from os import PathLike
from typing import NamedTuple

import pandas as pd

from .._messages import quote
from .._sklearn_compat import validate_params
from ._posts import (
    check_folder,
    check_unique,
    drop_missing,
    first_file,
    join_paths,
    read_lines,
    read_numbers,
    records_of,
)


class _Source(NamedTuple):
    """Names of a file in the README and in its archive, and its columns."""

    names: tuple[str, ...]
    columns: tuple[str, ...]


LABEL = _Source(("LABEL.txt", "LABELS.txt"), ("logview",))
TIME_FLAG = _Source(
    ("TIME_FLAG.txt", "TIMEFLAG.txt"), ("year", "month", "day", "hour_index")
)
PHOTO_URL = _Source(("PHOTO_URL.txt", "PHOTOURL.txt"), ("url",))
COUNTS = {
    "commentcount": "comments",
    "haspeople": "has_people",
    "titlelen": "title_length",
    "deslen": "description_length",
    "tagcount": "tags_count",
    "avgview": "user_mean_views",
    "groupcount": "groups",
    "avgmembercount": "group_members",
}
USER_META = _Source(("USER_META.txt",), tuple(COUNTS))
OTHER_NAMES = {"logviews": "logview"}
# Segments of four hours, the first from 2 to 6 o'clock.
HOURS = {str(index): f"{2 + 4 * index:02d}" for index in range(6)}


@validate_params(
    {"folder": [str, PathLike], "images": [str, PathLike, None]},
    prefer_skip_nested_validation=True,
)
def load_tpic2017(folder, *, images=None):
    """Read TPIC2017: Flickr posts with their times and popularity.

    Parameters
    ----------
    folder : path
        Folder with the four files of the four archives: ``LABEL.txt``,
        ``TIME_FLAG.txt``, ``PHOTO_URL.txt`` and ``USER_META.txt``.
    images : path, default=None
        Folder of your own photos, named by post, such as ``9624.jpg``. The data set has
        no photos; if None, no column ``photo`` is returned.

    Returns
    -------
    posts : DataFrame
        One row per post in the order of ``LABEL.txt``: ``user``, ``post`` (number in
        the data set), ``score`` (logarithm of views, as published), ``uploaded`` (start
        of a segment of four hours, without a time zone), ``url`` (page of the photo),
        ``comments``, ``has_people`` (0 or 1), ``title_length``, ``description_length``,
        ``tags_count``, ``user_mean_views``, ``groups`` and ``group_members`` (mean
        number of members of the groups). With `images`, ``photo`` (path) comes first,
        and rows with a missing photo are dropped with one warning and listed in
        ``posts.attrs["missing"]``.

    Raises
    ------
    FileNotFoundError
        If a folder, a file or all photos are missing.
    ValueError
        If a file is not UTF-8, a line has more or fewer values than there are columns,
        the first line names other columns, a value is not a number or a date, a post is
        repeated or missing in a file, or the path of its photo is outside `images`.

    See Also
    --------
    load_smpd : A larger data set by the same authors, with titles and tags.
    UserHistoryEncoder : Scores of the user's other posts, without the post's own.

    Notes
    -----
    Leave two columns out of models that predict future posts: ``comments`` were counted
    after the post was made, and ``user_mean_views`` may include the post's own views.
    It is the "average view" of the source, which does not say over which photos.

    The layout is from the README of
    https://github.com/social-media-prediction/TPIC2017: values separated by tabs, below
    an optional line of column names. According to ``references/data-reuse.en.md`` of
    https://github.com/LIghtJUNction/x-quality-growth, the files in the archives are
    called ``LABELS.txt``, ``TIMEFLAG.txt`` and ``PHOTOURL.txt``, and a column
    ``logviews``; both spellings are read.

    The README calls the score normalized "log-views", without a formula. It does not
    say whether ``groups`` and ``group_members`` are of the user or of the groups that
    the photo was posted to, nor which time zone the times are in.

    ``hour_index`` is a segment of four hours: 0 is from 2 to 6 o'clock, and 5 from 22
    to 2 o'clock. The README does not say which date a post of segment 5 has after
    midnight. In the authors' code (``data/preprocess.py`` of
    https://github.com/csbobby/DTCN_IJCAI) it keeps its own date; if the data do the
    same, such a post was made 20 to 22 hours before its ``uploaded``.

    References
    ----------
    .. [1] Wu, Cheng, Zhang, Huang, Li and Mei, "Sequential prediction of social media
       popularity with deep temporal context networks", IJCAI 2017.
    """
    folder = check_folder(folder)
    images = images if images is None else check_folder(images)
    table, labels = _read(folder, LABEL)
    check_unique(labels["pid"], table)
    posts = labels[["uid", "pid"]].set_axis(["user", "post"], axis=1)
    score = read_numbers(labels["logview"], posts["post"], "logview", table)
    posts = posts.assign(score=score, uploaded=_read_times(folder, posts))
    _, urls = _records(folder, PHOTO_URL, posts)
    posts = posts.join([urls, _read_counts(folder, posts)])
    if images is not None:
        posts.insert(0, "photo", join_paths(images, posts["post"], table))
        posts = drop_missing(posts, posts["post"], table)
    return posts.reset_index(drop=True)


def _read(folder, source):
    """Path of a file, and its rows as text."""
    path = first_file([folder / name for name in source.names])
    columns = ["pid", "uid", *source.columns]
    lines = read_lines(path)
    names = [OTHER_NAMES.get(name, name) for name in lines[0].split()]
    n_headers = int(names[:1] == ["pid"])
    if n_headers and names != columns:
        raise ValueError(
            f"{str(path)!r} has the columns {quote(names)}, but {columns} were "
            "expected."
        )
    rows = [line.split("\t") for line in lines[n_headers:]]
    for number, row in enumerate(rows, start=n_headers + 1):
        if len(row) != len(columns) or not all(row):
            raise ValueError(
                f"Line {number} of {str(path)!r} holds {quote(row)}, but "
                f"{len(columns)} values separated by tabs were expected: "
                f"{', '.join(columns)}."
            )
    if not rows:
        raise ValueError(f"The file {str(path)!r} has column names, but no rows.")
    return path, pd.DataFrame(rows, columns=columns)


def _records(folder, source, posts):
    """Path of a file, and its values for each post."""
    path, records = _read(folder, source)
    return path, records_of(posts, records, ["uid", "pid"], path)[[*source.columns]]


def _read_counts(folder, posts):
    path, records = _records(folder, USER_META, posts)
    return pd.DataFrame(
        {
            ours: read_numbers(records[theirs], posts["post"], theirs, path)
            for theirs, ours in COUNTS.items()
        }
    )


def _read_times(folder, posts):
    path, records = _records(folder, TIME_FLAG, posts)
    month, day = (records[name].str.zfill(2) for name in ("month", "day"))
    hour = records["hour_index"].map(HOURS)
    texts = records["year"] + "-" + month + "-" + day + "T" + hour
    times = pd.to_datetime(texts, format="%Y-%m-%dT%H", errors="coerce")
    if times.isna().any():
        bad = records[times.isna()].iloc[0]
        raise ValueError(
            f"{str(path)!r} holds {quote(bad.to_dict())} for the post "
            f"{quote(posts['post'][bad.name])} ({times.isna().sum()} such rows), but a "
            "date and a segment of the day, 0 to 5, were expected."
        )
    return times
