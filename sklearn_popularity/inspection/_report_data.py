"""Posts of a report, and problems of the data."""

from dataclasses import dataclass
from os import PathLike, fsdecode
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.parallel import Parallel, delayed

from .._columns import encode_labels, label_rows
from .._warnings import warn_caller
from ..context import read_times
from ..evaluation import near_duplicates
from ..features import UnreadablePhotosWarning
from ..images import ImageError, Photos
from ._photos import as_photos

_MAX_SIZE, _BATCH = 64, 64  # pixels and photos per batch, to test if photos decode


@dataclass(frozen=True)
class ReportData:
    """Posts with a score and a photo, and problems of the data.

    Parameters
    ----------
    posts : DataFrame
        Posts that are kept.
    column : str
        Column of photos.
    n_given : int
        Number of posts before any was left out.
    photos : Photos
        Photos of the kept posts.
    y : ndarray of shape (n_posts,)
        Scores of the kept posts.
    clusters : ndarray of shape (n_posts,), int, or None
        Codes of the groups that stay together in all folds.
    by : ndarray of shape (n_posts,) or None
        Labels of groups to check for bias.
    times : ndarray of shape (n_posts,), datetime64, or None
        Posting times.
    names : list of str
        Names of the posts on the page.
    kept : ndarray of shape (n_posts,)
        Positions of the kept posts among the given ones.
    errors : list of ImageError
        Photos that cannot be read, with their positions among the given posts.
    n_unscored : int
        Number of posts without a score.
    duplicates : DataFrame
        Pairs of kept posts with near-duplicate photos, with the columns first, second
        and together (whether they are in the same group).
    missing : DataFrame
        Columns with empty cells, with the columns column, n_missing and share.
    """

    posts: pd.DataFrame
    column: str
    n_given: int
    photos: Photos
    y: NDArray
    clusters: NDArray | None
    by: NDArray | None
    times: NDArray | None
    names: list[str]
    kept: NDArray
    errors: list[ImageError]
    n_unscored: int
    duplicates: pd.DataFrame
    missing: pd.DataFrame


def read_data(posts, y, photo, *, groups, by, time, title, n_jobs) -> ReportData:
    """Select posts with a score and a photo, and look for problems.

    Parameters are those of :func:`popularity_report`. Warns of photos that cannot be
    read.
    """
    y = check_array(y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan")
    y = column_or_1d(y)
    groups, by = _labels_of(posts, groups, "groups"), _labels_of(posts, by, "by")
    check_consistent_length(posts, y, groups, by)
    photos = as_photos(posts[photo])
    errors = _find_unreadable(photos, n_jobs)
    kept = _usable_rows(y, errors)
    clusters = None if groups is None else encode_labels(groups[kept], "groups")
    if by is not None:
        by = by[kept]
        encode_labels(by, "by")  # raises an error for missing labels
    times = None if time is None else _read_times(posts, time)[kept]
    photos = photos.take(kept)
    posts_kept = posts.iloc[kept].reset_index(drop=True)
    titles = [None] * len(kept) if title is None else posts_kept[title]
    names = list(map(name_of, photos.items, titles, kept))
    _warn_of_errors(errors, len(posts))
    return ReportData(
        posts=posts_kept,
        column=photo,
        n_given=len(posts),
        photos=photos,
        y=y[kept],
        clusters=clusters,
        by=by,
        times=times,
        names=names,
        kept=kept,
        errors=errors,
        n_unscored=int(np.isnan(y).sum()),
        duplicates=_pair_up(photos, names, clusters, n_jobs),
        missing=_count_missing(posts),
    )


def _usable_rows(y, errors):
    usable = ~np.isnan(y)
    usable[[error.row for error in errors]] = False
    if usable.sum() < 2:
        raise ValueError(
            f"{usable.sum()} of {len(y)} posts have a score and a photo that can be "
            f"read, but at least 2 were expected."
            + (f" The first error: {errors[0]}" if errors else "")
        )
    return np.flatnonzero(usable)


def _labels_of(posts, given, name):
    if isinstance(given, str):
        return label_rows(posts, given, name)
    return None if given is None else np.asarray(given)


def _read_times(posts, time):
    """Posting times, in UTC if they have a zone."""
    given, name = time, "time"
    if isinstance(time, str):
        given, name = label_rows(posts, time, "time"), time
    check_consistent_length(posts, given)
    times = read_times(given, name).values
    missing = np.flatnonzero(np.isnat(times))
    if len(missing):
        raise ValueError(
            f"Got no time in row {missing[0]} of {name!r} ({len(missing)} missing in "
            "all), but a time for every post was expected. Drop posts without a time."
        )
    return times


def name_of(photo, title=None, row=0) -> str:
    """Name of a post on a page: its title if that is text, file name, or row number."""
    if isinstance(title, str) and title.strip():
        return title
    if isinstance(photo, str | PathLike):
        # Names that are not UTF-8 hold lone surrogates, which pages cannot contain.
        name = Path(fsdecode(photo)).name
        return name.encode("utf-8", "backslashreplace").decode()
    return f"photo {row}"


def _find_unreadable(photos, n_jobs):
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_errors_of)(batch) for batch in photos.batches(_BATCH)
    )
    return [error for errors in parts for error in errors]


def _warn_of_errors(errors, n_given):
    if errors:
        warn_caller(
            UnreadablePhotosWarning(
                f"{len(errors)} of {n_given} photos could not be read and are left "
                f"out; the first: {errors[0]}",
                errors,
            )
        )


def _errors_of(photos):
    errors = []
    for i in range(len(photos)):
        try:
            photos.read(i, max_size=_MAX_SIZE)
        except ImageError as error:
            errors.append(error)
    return errors


def _pair_up(photos, names, clusters, n_jobs):
    first, second = near_duplicates(photos.items, n_jobs=n_jobs).T
    together = False if clusters is None else clusters[first] == clusters[second]
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
