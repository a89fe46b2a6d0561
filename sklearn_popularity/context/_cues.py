"""Features of a single cue: a column of the table to numbers, NaN if missing."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._table import as_objects, read_numbers, reject_rows
from ._tags import split_tags
from ._times import DAY, days_between, looks_like_times, read_times

_WORDS = {"true": True, "false": False, "yes": True, "no": False}


def describe_count(values, name) -> NDArray:
    """Logarithm of 1 + a count of 0 or more."""
    expected = "a finite count of 0 or more (mark missing ones by None or NaN)"
    counts = read_numbers(values, name, expected=expected)
    # scikit-learn's estimator checks look for this wording.
    lead = "Negative values in data passed to SocialFeatures. "
    reject_rows(counts < 0, counts, name, expected, lead=lead)
    return np.log1p(counts)[:, None]


def describe_flag(values, name) -> NDArray:
    """Yes as 1 and no as 0."""
    expected = "true or false, yes or no, 1 or 0"
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        array = as_objects(values).map(_flag_of).to_numpy()
    flags = read_numbers(array, name, expected=expected)
    reject_rows(~np.isnan(flags) & ~np.isin(flags, [0, 1]), flags, name, expected)
    return flags[:, None]


def _flag_of(value):
    return _WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value


def describe_text(values, name) -> NDArray:
    """Logarithm of 1 + the number of characters; a missing text has none."""
    objects = as_objects(values)
    text = objects.map(lambda value: isinstance(value, str)).to_numpy(bool)
    expected = "text (convert other values with astype(str))"
    reject_rows(~text & objects.notna().to_numpy(), objects, name, expected)
    lengths = [len(value) if isinstance(value, str) else 0 for value in objects]
    return np.log1p(np.array(lengths, dtype=float))[:, None]


def describe_tags(values, name, *, separator) -> NDArray:
    """Logarithm of 1 + the number of tags; a missing list has none."""
    tags = split_tags(values, separator, name)
    return np.log1p([float(len(row)) for row in tags])[:, None]


def describe_time(values, name) -> NDArray:
    """Time of day and of week, each as sine and cosine."""
    times = read_times(values, name).values
    # 1970-01-05 was a Monday.
    since_monday = times - np.datetime64("1970-01-05", "us")
    circles = [
        2 * np.pi * (since_monday % period / period) for period in (DAY, 7 * DAY)
    ]
    return np.column_stack([f(angle) for angle in circles for f in (np.sin, np.cos)])


def describe_duration(start, end) -> NDArray:
    """Logarithm of 1 + the days between two columns (values, name)."""
    days = days_between(read_times(*start), read_times(*end), (start[1], end[1]))
    return np.log1p(days)[:, None]


def kind_of_column(values) -> str:
    """Kind of cue that the values of a column suggest.

    "flags" for booleans, "counts" for numbers and for text that mostly spells numbers,
    "times" for times and for text that mostly spells ISO 8601 times, "tags" for lists,
    and "texts" for other text.
    """
    if looks_like_times(values):
        return "times"
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return "flags" if array.dtype.kind == "b" else "counts"
    known = as_objects(values).dropna()
    if known.map(lambda value: isinstance(value, str)).any():
        spelled = pd.to_numeric(known, errors="coerce").notna().mean()
        return "counts" if spelled > 0.5 else "texts"
    if known.map(lambda value: isinstance(value, list | tuple | np.ndarray)).any():
        return "tags"
    return "flags" if len(known) and known.map(_is_bool).all() else "counts"


def _is_bool(value):
    return isinstance(value, bool | np.bool_)
