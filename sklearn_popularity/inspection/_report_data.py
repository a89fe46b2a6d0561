"""The posts that a report is about, and what is wrong with the others."""

from dataclasses import dataclass
from os import PathLike, fsdecode
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.parallel import Parallel, delayed

from .._columns import encode_labels, label_rows
from .._messages import quote
from ..evaluation import near_duplicates
from ..images import ImageError, Photos
from ._photos import as_photos

_MAX_SIZE, _BATCH = 64, 64  # of photos that are only tried


@dataclass(frozen=True)
class ReportData:
    """Posts with a score and a photo, and what is wrong with the data.

    Parameters
    ----------
    posts : DataFrame
        Posts that are kept.
    photos : Photos
        Their photos.
    y : ndarray of shape (n_posts,)
        Their scores.
    groups, by : ndarray of shape (n_posts,) or None
        Labels of what stays together, and of kinds of posts.
    times : ndarray of shape (n_posts,), datetime64, or None
        When they were made.
    names : list of str
        What they are called.
    kept : ndarray of shape (n_posts,)
        Which of the posts given they are.
    errors : list of ImageError
        Photos that cannot be read; rows number the posts given.
    n_unscored : int
        Posts without a score.
    duplicates : DataFrame
        Pairs of kept posts whose photos are nearly the same, with the columns first,
        second and together (whether groups keep them together).
    missing : DataFrame
        Columns with empty cells, with the columns column, n_missing and share.
    """

    posts: pd.DataFrame
    photos: Photos
    y: NDArray
    groups: NDArray | None
    by: NDArray | None
    times: NDArray | None
    names: list[str]
    kept: NDArray
    errors: list[ImageError]
    n_unscored: int
    duplicates: pd.DataFrame
    missing: pd.DataFrame


def read_data(posts, y, photo, *, groups, by, time, title, n_jobs) -> ReportData:
    """Keep the posts that can be learned from, and look for problems.

    Parameters
    ----------
    posts : DataFrame
        Posts.
    y : array-like of shape (n_posts,)
        Scores; NaN where unknown.
    photo : str
        Column of photos.
    groups, by, time : str, array-like of shape (n_posts,) or None
        Columns or labels, and times.
    title : str or None
        Column of names.
    n_jobs : int or None
        Number of worker processes.

    Returns
    -------
    data : ReportData
    """
    y = check_array(y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan")
    y = column_or_1d(y)
    labels = {"groups": groups, "by": by}
    labels = {name: _labels_of(posts, given, name) for name, given in labels.items()}
    check_consistent_length(posts, y, *labels.values())
    photos = as_photos(posts[photo])
    errors = _find_unreadable(photos, n_jobs)
    kept = _usable_rows(y, errors)
    labels = {k: None if v is None else v[kept] for k, v in labels.items()}
    for name, given in labels.items():
        if given is not None:
            encode_labels(given, name)  # an error for missing ones
    times = None if time is None else _read_times(posts, time)[kept]
    photos = photos.take(kept)
    posts_kept = posts.iloc[kept].reset_index(drop=True)
    titles = [None] * len(kept) if title is None else posts_kept[title]
    names = list(map(name_of, photos.items, titles, kept))
    return ReportData(
        posts=posts_kept,
        photos=photos,
        y=y[kept],
        times=times,
        names=names,
        kept=kept,
        errors=errors,
        n_unscored=int(np.isnan(y).sum()),
        duplicates=_pair_up(photos, names, labels["groups"], n_jobs),
        missing=_count_missing(posts),
        **labels,
    )


def _usable_rows(y, errors):
    usable = ~np.isnan(y)
    usable[[error.row for error in errors]] = False
    if usable.sum() < 2:
        raise ValueError(
            f"Of {len(y)} posts {usable.sum()} have a score and a photo that can be "
            f"read, but at least 2 were expected."
            + (f" The first error: {errors[0]}" if errors else "")
        )
    return np.flatnonzero(usable)


def _labels_of(posts, given, name):
    if isinstance(given, str):
        return label_rows(posts, given, name)
    return None if given is None else np.asarray(given)


def _read_times(posts, time):
    """When posts were made, in UTC."""
    given = label_rows(posts, time, "time") if isinstance(time, str) else time
    check_consistent_length(posts, given)
    values = pd.Series(np.asarray(given))
    if pd.api.types.is_numeric_dtype(values):
        values = values.astype(str)  # which are no times: of numbers none is known
    times = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        raise ValueError(
            f"Got {quote(values.iloc[row])} as the time in row {row}, but a time of "
            "each post was expected, such as '2025-07-04T03:36:00Z' (ISO 8601; read "
            "others by pandas.to_datetime). Drop posts without one."
        )
    return times.dt.tz_localize(None).to_numpy()


def name_of(photo, title=None, row=0) -> str:
    """What a post is called on a page.

    Parameters
    ----------
    photo : photo
        Its photo.
    title : object, default=None
        Its title; anything but text is none.
    row : int, default=0
        Its number, for posts with neither title nor file.

    Returns
    -------
    name : str
    """
    if isinstance(title, str) and title.strip():
        return title
    if isinstance(photo, str | PathLike):
        # Names of files that are not UTF-8 hold lone surrogates, which no page takes.
        name = Path(fsdecode(photo)).name
        return name.encode("utf-8", "backslashreplace").decode()
    return f"photo {row}"


def _find_unreadable(photos, n_jobs):
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_errors_of)(batch) for batch in photos.batches(_BATCH)
    )
    return [error for errors in parts for error in errors]


def _errors_of(photos):
    errors = []
    for i in range(len(photos)):
        try:
            photos.read(i, max_size=_MAX_SIZE)
        except ImageError as error:
            errors.append(error)
    return errors


def _pair_up(photos, names, groups, n_jobs):
    first, second = near_duplicates(photos.items, n_jobs=n_jobs).T
    together = False if groups is None else groups[first] == groups[second]
    names = np.array(names, dtype=object)
    pairs = pd.DataFrame({"first": names[first], "second": names[second]})
    return pairs.assign(together=together)


def _count_missing(posts):
    n_missing = posts.isna().sum()
    n_missing = n_missing[n_missing > 0]
    return pd.DataFrame(
        {
            "column": [str(name) for name in n_missing.index],
            "n_missing": n_missing.to_numpy(),
            "share": n_missing.to_numpy() / len(posts),
        }
    )
