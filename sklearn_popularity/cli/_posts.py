"""Read posts from folders and tables, and find photos."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .._messages import quote
from .._warnings import warn_caller
from ..context import looks_like_times, times_and_zones
from ..datasets import (
    check_columns,
    first_row,
    photos_below,
    read_folder,
    read_table,
    read_text,
    with_numbers,
)
from ._target import time_columns, with_target

_TABLE = "labels.csv"
_N_SHOWN = 5  # file names that a warning lists
# Names of columns that often hold groups of similar photos.
_GROUPS = "user author owner uploader photographer theme album series group".split()


def read_posts(options, required=(), as_text=(), filled=()):
    """The rows of a folder's table that have a label, and their groups or None.

    An empty cell in a column of `filled` is an error. `attrs` of the rows holds
    ``missing`` (names of missing photos), ``left_out`` (numbers of rows without a
    label, time or group, by column) and ``target`` (name of the predicted quantity).
    """
    groups = [options.group] * (options.group is not None)
    needed = [options.label, *required, *time_columns(options), *groups]
    posts = read_folder(
        options.folder, photo_column=options.photo, required=needed, as_text=as_text
    )
    posts, groups = _prepare_posts(posts, options, filled)
    _warn_of_repeats(posts)
    return posts.reset_index(drop=True), groups


def read_table_of_posts(options, required=(), as_text=()):
    """The same for a table of posts without photos."""
    posts = with_numbers(read_table(options.folder), as_text)
    check_columns(posts, [options.label, *required], options.folder)
    posts, groups = _prepare_posts(posts, options)
    return posts.reset_index(drop=True), groups


def _prepare_posts(posts, options, filled=()):
    """Rows that have a label, with the label transformed, and their groups.

    The index of the posts, the lines of the table, stays: errors name them.
    """
    posts = _with_label(posts, options.label)
    time, social = getattr(options, "time", None), getattr(options, "social", [])
    times = [*time_columns(options), *([time] if time else [])]
    groups = [options.group] * (options.group is not None)
    for column in [*times, *groups]:
        posts = _with_filled(posts, column)
    for column in [*times, *(one for one in social if looks_like_times(posts[one]))]:
        _check_times(posts, column)
    for column in filled:
        _check_filled(posts, column)
    posts = with_target(posts, options)
    return posts, posts[options.group].astype(str).to_numpy() if groups else None


def warn_of_groups(options, posts):
    """Without --group, warn about a column that may hold groups of similar photos."""
    if options.group is not None or getattr(options, "user", None) is not None:
        return  # with --user alone, `compose` says which question is answered
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
    posts = [_read(path, learned).reset_index(drop=True) for path in given]
    return pd.concat(posts, ignore_index=True)


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
            return rows.head(1).reset_index(drop=True)
    raise ValueError(
        f"The model uses the columns {', '.join(learned.columns)} beside the photos, "
        f"but {str(photo)!r} has no row in a {_TABLE} in its folder, or above it. Add "
        "one."
    )


def _photos_alone(paths):
    return pd.DataFrame({"photo": pd.Series(paths, dtype=object)})


def _read(folder, learned):
    posts = read_folder(
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
        _check_filled(posts, learned.time)
        _check_times(posts, learned.time)
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
        first = posts[label][wrong].iloc[0]
        plain = _plain_number(str(first).strip())
        way_out = f" Write {plain} instead of {first}." if plain else ""
        raise ValueError(
            f"The column {label!r} holds {quote(first)} for {first_row(posts, wrong)} "
            f"({wrong.sum()} such row(s) in all), but a finite number was expected, or "
            f"an empty cell if the score is unknown.{way_out}"
        )
    known = _with_filled(posts.assign(**{label: values}), label)
    if known[label].nunique() < 2:
        raise ValueError(
            f"The column {label!r} has {known[label].nunique()} distinct value(s) in "
            f"{len(posts)} rows, but scores that differ were expected."
        )
    return known


def _plain_number(text):
    """A number such as 1.2k, 1,234 or 3,5 as it is expected in a table, or None."""
    short = re.fullmatch(r"([+-]?\d+)[.,]?(\d*)\s?([kKmM])", text)
    if short:
        whole, decimals, unit = short.groups()
        factor = {"k": 1_000, "m": 1_000_000}[unit.lower()]
        return f"{float(f'{whole}.{decimals}') * factor:.10g}"
    if re.fullmatch(r"[+-]?\d{1,3}([,.' \u2019\xa0\u202f]\d{3})+", text):
        return re.sub(r"[^\d+-]", "", text)
    return text.replace(",", ".") if re.fullmatch(r"[+-]?\d+,\d+", text) else None


def _with_filled(posts, column):
    """Leave out the rows whose cell is empty, with a warning that counts them."""
    filled = posts[column].notna()
    n = int((~filled).sum())
    if not n:
        return posts
    if n == len(posts):
        raise ValueError(f"The column {column!r} is empty in all {n} rows.")
    warn_caller(f"{n} of {len(posts)} rows have no {column!r} and are left out")
    left_out = posts.attrs.get("left_out", {}) | {column: n}
    posts = posts[filled]
    posts.attrs["left_out"] = left_out
    return posts


def _check_filled(posts, column):
    """Raise an error that names the first row for which a column is empty."""
    without = posts[column].isna()
    if without.any():
        raise ValueError(
            f"The column {column!r} is empty for {int(without.sum())} rows, first for "
            f"{first_row(posts, without)}, but each needs a value. Fill in the cell, "
            "or delete the line."
        )


def _check_times(posts, column):
    """Raise an error that names the first row whose time is not ISO 8601."""
    values = posts[column]
    if is_numeric_dtype(values):
        return
    known, zoned = times_and_zones(values)
    known = known | values.isna().to_numpy()
    if not known.all():
        raise ValueError(
            f"The column {column!r} holds {quote(values[~known].iloc[0])} for "
            f"{first_row(posts, ~known)} ({(~known).sum()} such row(s) in all), but a "
            "time such as 2025-07-04 03:36 (ISO 8601) was expected. Format the column "
            "as yyyy-mm-dd hh:mm."
        )
    naive = ~zoned & values.notna().to_numpy()
    if zoned.any() and naive.any():
        raise ValueError(
            f"The column {column!r} has a time with a time zone for "
            f"{first_row(posts, zoned)} and one without for {first_row(posts, naive)}, "
            "but one kind was expected. Give all of them a zone, or none."
        )


def _warn_of_repeats(posts):
    """Warn once about rows that repeat the photo of an earlier row."""
    again = posts["photo"].duplicated()
    n = int(again.sum())
    if not n:
        return
    lines = posts.index[again]
    told = f"{n} lines repeat photos of earlier lines"
    if lines[-1] - lines[0] == n - 1:
        told = f"lines {lines[0]} to {lines[-1]} repeat photos of earlier lines"
    if n == 1:
        told = f"line {lines[0]} repeats the photo of an earlier line"
    warn_caller(
        f"{told}, such as {first_row(posts, again)}: remove lines that are not meant"
    )
