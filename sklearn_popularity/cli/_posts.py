"""From the table of a folder to rows that can be learned from."""

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
_N_SHOWN = 5  # names of photos that a warning shows
# Columns whose rows tend to resemble each other.
_GROUPS = "user author owner uploader photographer theme album series group".split()


def read_posts(options, required=(), as_text=()):
    """The rows of a folder's table that have a label, and their groups or None.

    `attrs` of the rows has the names of those whose photo is ``missing``,
    ``n_unlabelled``, the number of those without a label, and ``target``, what is
    learned of it.
    """
    times = time_columns(options)
    groups = [options.group] * (options.group is not None)
    needed = [options.label, *required, *times, *groups]
    posts = load_folder(
        options.folder, photo_column=options.photo, required=needed, as_text=as_text
    )
    return prepare_posts(posts, options)


def read_table_of_posts(options, required=(), as_text=()):
    """The same of a table alone, whose posts have no photos."""
    posts = with_numbers(read_table(options.folder), as_text)
    check_columns(posts, [options.label, *required], options.folder)
    # Errors name a post by its photo.
    posts = posts.assign(photo=[f"row {i}" for i in range(len(posts))])
    posts, groups = prepare_posts(posts, options)
    return posts.drop(columns="photo"), groups


def prepare_posts(posts, options):
    """Rows that have a label, with what is learned of it, and their groups."""
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
    """Name a column that looks as if its rows should stay together, if none do."""
    if options.group is not None:
        return
    for column in posts.columns[posts.columns.str.lower().isin(_GROUPS)]:
        n = posts[column].nunique()
        if 1 < n < len(posts):
            warn_caller(
                f"no --group, but the column {column!r} has {n} values in {len(posts)} "
                "rows. Where photos of one value resemble each other, the scores are "
                f"too high for new ones: try --group {column}"
            )
            return


def posts_like(learned, given):
    """Posts with the columns that a model has learned from, as `fit` read them.

    Parameters
    ----------
    learned : Namespace
        Options that the model was fitted with.
    given : list of Path
        Photos, folders and lists; folders with a table for a model of columns.
    """
    if not learned.columns:
        return _photos_alone(find_photos(given))
    for path in given:
        if not path.exists():
            raise FileNotFoundError(f"There is no {path}.")
        if not (path / _TABLE).is_file():
            raise ValueError(
                f"Got {str(path)!r}, but the model has learned from the columns "
                f"{', '.join(learned.columns)} beside the photos: a folder with a "
                f"table {_TABLE} that has them was expected."
            )
    return pd.concat([_read(path, learned) for path in given], ignore_index=True)


def post_like(learned, photo):
    """The post of one photo; its columns are in the nearest table above it."""
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
        f"The model has learned from the columns {', '.join(learned.columns)} beside "
        f"the photos, but {str(photo)!r} has no row in a table {_TABLE} in its folder, "
        "or above it."
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
    """Photos, those in folders and below by name, and those that lists name."""
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
    """Lines of a list; names of files may be no text."""
    lines = read_text(path, errors="surrogateescape").split("\n")
    return [line.rstrip("\r") for line in lines if line.strip()]


def _warn_of_others(refused, others):
    for reason, names in refused.items():
        more = f" and {len(names) - _N_SHOWN} more" if len(names) > _N_SHOWN else ""
        warn_caller(f"left out {', '.join(names[:_N_SHOWN])}{more}: {reason}")
    if others:
        ends = ", ".join(
            f"{n} {end or 'without end'}" for end, n in sorted(others.items())
        )
        warn_caller(f"skipped {others.total()} file(s) that are no photos ({ends})")


def _with_label(posts, label):
    """Rows that have a label; an error for labels that are no numbers."""
    values = pd.to_numeric(posts[label], errors="coerce").astype(float)
    wrong = posts[label].notna() & ~np.isfinite(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"The column {label!r} holds {quote(posts[label].tolist()[row])} for "
            f"{quote(posts['photo'].iloc[row])}, but a finite number was expected in "
            "each row, or nothing where the score is unknown."
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
    """An error that names the first photo where a column is empty."""
    without = posts[column].isna()
    if without.any():
        raise ValueError(
            f"The column {column!r} is empty for {int(without.sum())} rows, first for "
            f"{quote(posts.loc[without, 'photo'].iloc[0])}, but each needs {needed}."
        )
