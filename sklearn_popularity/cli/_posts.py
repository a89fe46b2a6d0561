"""Read posts from folders and tables, and find photos."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .._messages import quote
from .._warnings import warn_caller
from ..datasets import (
    check_columns,
    load_folder,
    photos_below,
    read_table,
    read_text,
    with_numbers,
)
from ._target import time_columns, with_target

_TABLE = "labels.csv"
_N_SHOWN = 5  # file names that a warning lists
# Names of columns that often hold groups of similar photos.
_GROUPS = "user author owner uploader photographer theme album series group".split()


def read_posts(options, required=(), as_text=()):
    """The rows of a folder's table that have a label, and their groups or None.

    `attrs` of the rows holds ``missing`` (names of missing photos), ``n_unlabelled``
    (number of rows without a label) and ``target`` (name of the predicted quantity).
    """
    times = time_columns(options)
    groups = [options.group] * (options.group is not None)
    needed = [options.label, *required, *times, *groups]
    posts = load_folder(
        options.folder, photo_column=options.photo, required=needed, as_text=as_text
    )
    return prepare_posts(posts, options)


def read_table_of_posts(options, required=(), as_text=()):
    """The same for a table of posts without photos."""
    posts = with_numbers(read_table(options.folder), as_text)
    check_columns(posts, [options.label, *required], options.folder)
    # Errors name a post by its photo.
    posts = posts.assign(photo=[f"row {i}" for i in range(len(posts))])
    posts, groups = prepare_posts(posts, options)
    return posts.drop(columns="photo"), groups


def prepare_posts(posts, options):
    """Rows that have a label, with the label transformed, and their groups."""
    times = time_columns(options)
    posts = _with_label(posts, options.label)
    for column in times:
        check_filled(posts, column, "a time")
    posts = with_target(posts, options)
    if options.group is None:
        return posts, None
    check_filled(posts, options.group, "a group")
    return posts, posts[options.group].astype(str).to_numpy()


def warn_of_groups(options, posts):
    """Without --group, warn about a column that may hold groups of similar photos."""
    if options.group is not None:
        return
    for column in posts.columns[posts.columns.str.lower().isin(_GROUPS)]:
        n = posts[column].nunique()
        if 1 < n < len(posts):
            warn_caller(
                f"no --group, but the column {column!r} has {n} values in {len(posts)} "
                "rows. If photos with the same value resemble each other, the scores "
                f"are too high for new photos: try --group {column}"
            )
            return


def posts_like(learned, given):
    """Read new posts with the columns that a model uses, as `fit` read them.

    For a model that uses columns beside the photos, folders with a table are given.
    """
    if not learned.columns:
        return _photos_alone(find_photos(given))
    for path in given:
        if not path.exists():
            raise FileNotFoundError(f"There is no {path}.")
        if not (path / _TABLE).is_file():
            raise ValueError(
                f"Got {str(path)!r}, but the model uses the columns "
                f"{', '.join(learned.columns)} beside the photos: a folder with a "
                f"table {_TABLE} that has these columns was expected."
            )
    return pd.concat([_read(path, learned) for path in given], ignore_index=True)


def post_like(learned, photo):
    """Read the post of a photo, with columns from the nearest table at or above it."""
    if not learned.columns:
        return _photos_alone([str(photo)])
    whole = photo.resolve()
    folders = [folder for folder in whole.parents if (folder / _TABLE).is_file()]
    for folder in folders:
        posts = _read(folder, learned)
        rows = posts[[Path(path).resolve() == whole for path in posts["photo"]]]
        if len(rows):
            return rows.head(1)
    raise ValueError(
        f"The model uses the columns {', '.join(learned.columns)} beside the photos, "
        f"but {str(photo)!r} has no row in a {_TABLE} in its folder, or above it. Add "
        "one."
    )


def _photos_alone(paths):
    return pd.DataFrame({"photo": pd.Series(paths, dtype=object)})


def _read(folder, learned):
    posts = load_folder(
        folder,
        photo_column=learned.photo,
        required=learned.columns,
        as_text=learned.texts,
    )
    if learned.time is not None:
        numbers = is_numeric_dtype(posts[learned.time])
        if numbers != learned.time_is_number:
            seen, kinds = posts[learned.time].iloc[0], ["ISO 8601", "numbers"]
            raise ValueError(
                f"The column {learned.time!r} holds {quote(seen)}, but times as "
                f"{kinds[learned.time_is_number]} were expected, as in `fit`."
            )
        check_filled(posts, learned.time, "a time")
    return posts


def find_photos(given):
    """Paths of photos: those given, those below folders, and those in text files."""
    if not any(path.exists() for path in given):
        raise FileNotFoundError(f"There is no {', nor '.join(map(str, given))}.")
    paths: list[str] = []
    refused: dict[str, list[str]] = {}
    others: Counter[str] = Counter()
    for path in given:
        if path.is_dir():
            found = photos_below(path)
            paths += found.photos
            others += found.others
            for reason, names in found.refused.items():
                refused.setdefault(reason, []).extend(names)
        else:
            paths += _listed(path) if path.suffix.lower() == ".txt" else [str(path)]
    _warn_of_others(refused, others)
    if not paths:
        raise ValueError(f"Found no photos in {', '.join(map(str, given))}.")
    return paths


def _listed(path):
    """Lines of a text file of paths, which need not be valid UTF-8."""
    lines = read_text(path, errors="surrogateescape").split("\n")
    return [line.rstrip("\r") for line in lines if line.strip()]


def _warn_of_others(refused, others):
    for reason, names in refused.items():
        more = f" and {len(names) - _N_SHOWN} more" if len(names) > _N_SHOWN else ""
        warn_caller(f"left out {', '.join(names[:_N_SHOWN])}{more}: {reason}")
    if others:
        ends = ", ".join(
            f"{n} {end or 'without suffix'}" for end, n in sorted(others.items())
        )
        warn_caller(f"skipped {others.total()} file(s) that are not photos ({ends})")


def _with_label(posts, label):
    """Rows that have a label; an error for labels that are not numbers."""
    values = pd.to_numeric(posts[label], errors="coerce").astype(float)
    wrong = posts[label].notna() & ~np.isfinite(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        text = posts[label].astype(str).str.strip()
        n_separated = text.str.fullmatch(r"[+-]?\d{1,3}([,.' ]\d{3})+").sum()
        way_out = f" Remove the thousands separators of {n_separated} cell(s)."
        raise ValueError(
            f"The column {label!r} holds {quote(posts[label].tolist()[row])} for "
            f"{quote(posts['photo'].iloc[row])}, but a finite number was expected, or "
            f"an empty cell if the score is unknown.{way_out if n_separated else ''}"
        )
    known = posts.assign(**{label: values})[values.notna()].reset_index(drop=True)
    if known[label].nunique() < 2:
        raise ValueError(
            f"The column {label!r} has {known[label].nunique()} distinct value(s) in "
            f"{len(posts)} rows, but scores that differ were expected."
        )
    n_unlabelled = len(posts) - len(known)
    if n_unlabelled:
        warn_caller(
            f"{n_unlabelled} of {len(posts)} rows have no {label!r} and are left out"
        )
    known.attrs["n_unlabelled"] = n_unlabelled
    return known


def check_filled(posts, column, needed):
    """Raise an error that names the first photo for which a column is empty."""
    without = posts[column].isna()
    if without.any():
        raise ValueError(
            f"The column {column!r} is empty for {int(without.sum())} rows, first for "
            f"{quote(posts.loc[without, 'photo'].iloc[0])}, but each needs {needed}."
        )
