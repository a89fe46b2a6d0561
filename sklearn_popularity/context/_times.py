"""Read columns of times in any form; those with a zone are converted to UTC."""

from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._table import as_objects, reject_rows

DAY = np.timedelta64(86_400_000_000, "us")
_DATE = r"\d{4}-\d\d-\d\d"
_ZONE = r"(?:Z|[+-]\d\d:?\d\d)"
_ISO = rf"{_DATE}(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?{_ZONE}?)?"
_EXPECTED = (
    "a time such as '2025-07-04T03:36:00Z' (ISO 8601; convert other forms with "
    "pandas.to_datetime and its format=)"
)


class Times(NamedTuple):
    """Times of a column.

    Parameters
    ----------
    values : ndarray of shape (n_samples,), datetime64[us]
        In UTC if they have a zone, else as given; NaT if missing.
    zoned : bool or None
        Whether they have a zone; None if all are missing.
    """

    values: NDArray
    zoned: bool | None


def read_times(values, name) -> Times:
    """Read a column of times, of a time type or as ISO 8601 text.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        Datetimes, dates, or text such as "2025-07-04" or "2025-07-04T03:36:00+02:00".
    name : str
        Name of the column, for errors.

    Returns
    -------
    times : Times
        Times with different offsets are all converted to UTC.

    Raises
    ------
    ValueError
        If a value is not a time, or only some times have a zone.
    """
    if _has_zone(values):
        utc = pd.Series(values).dt.tz_convert("UTC").dt.tz_localize(None)
        return Times(utc.to_numpy("datetime64[us]"), True)
    array = np.asarray(values)
    if array.dtype.kind == "M":  # already in UTC if it has a zone
        return Times(array.astype("datetime64[us]"), _zone_of(values) is not None)
    return _read_objects(as_objects(values), name)


def _zone_of(values):
    """Time zone of a polars or pyarrow column, or None."""
    polars = getattr(getattr(values, "dtype", None), "time_zone", None)
    return polars or getattr(getattr(values, "type", None), "tz", None)


def _has_zone(values):
    return isinstance(getattr(values, "dtype", None), pd.DatetimeTZDtype)


def _read_objects(objects, name) -> Times:
    absent = objects.isna().to_numpy()
    parsed, zoned = _parsed(objects)
    reject_rows(~absent & parsed.isna().to_numpy(), objects, name, _EXPECTED)
    with_zone, without = np.flatnonzero(zoned), np.flatnonzero(~zoned & ~absent)
    if len(with_zone) and len(without):
        raise ValueError(
            f"The column {name!r} mixes times with a time zone (row {with_zone[0]}: "
            f"{objects[with_zone[0]]}) and without (row {without[0]}: "
            f"{objects[without[0]]}), but one kind was expected. Give all of them a "
            "zone, or none."
        )
    times = parsed.dt.tz_localize(None).to_numpy("datetime64[us]")
    return Times(times, None if absent.all() else bool(len(with_zone)))


def _parsed(objects) -> tuple[pd.Series, NDArray]:
    """Times in UTC, NaT for what is none, and whether they have a zone."""
    text = np.array([isinstance(value, str) for value in objects], dtype=bool)
    usable = np.array([isinstance(v, date | np.datetime64) for v in objects], bool)
    zoned = np.array([_is_zoned(value) for value in objects], dtype=bool)
    usable[text] = objects[text].str.fullmatch(_ISO).to_numpy(bool)
    zoned[text] = objects[text].str.contains(rf":\d\d.*{_ZONE}$").to_numpy(bool)
    candidates = objects.where(usable, None)
    parsed = pd.to_datetime(candidates, format="ISO8601", utc=True, errors="coerce")
    return parsed, zoned


def times_and_zones(values) -> tuple[NDArray, NDArray]:
    """Which values `read_times` reads as times, and which of them have a zone."""
    parsed, zoned = _parsed(as_objects(values))
    known = parsed.notna().to_numpy()
    return known, known & zoned


def _is_zoned(value):
    return isinstance(value, datetime) and value.tzinfo is not None


def looks_like_times(values) -> bool:
    """Whether a column is of a time type, or `read_times` reads most of its values."""
    if np.asarray(values).dtype.kind == "M" or _has_zone(values):
        return True
    known = as_objects(values).dropna()
    return len(known) > 0 and bool(times_and_zones(known)[0].mean() > 0.5)


def days_between(start: Times, end: Times, names) -> NDArray:
    """Days from one column to another, NaN if either is missing.

    Columns are of equal length, or one is of length 1. A time zone in only one of them,
    or an end before its start, is an error.
    """
    if None not in (start.zoned, end.zoned) and start.zoned != end.zoned:
        zoned, naive = names if start.zoned else names[::-1]
        raise ValueError(
            f"The column {zoned!r} has a time zone and {naive!r} has none, but a zone "
            "was expected in both or in neither. Localize one of them."
        )
    days = (end.values - start.values) / DAY
    ends = np.broadcast_to(end.values, days.shape)
    expected = f"a time no earlier than {names[0]!r} in the same row"
    reject_rows(days < 0, ends, names[1], expected)
    return days
