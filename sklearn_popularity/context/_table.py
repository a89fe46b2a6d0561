"""Read columns of a table of posts; errors name the first bad row."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._columns import column_names, resolve_columns
from .._messages import quote


class Column(NamedTuple):
    """Name and position of a column of X."""

    name: str
    position: int


def find_column(X, which, owner) -> Column:
    """Find a column by its name or its position; negative ones count from the end."""
    resolve_columns(X, which, f"parameter {owner}")
    names = column_names(X)
    if isinstance(which, str) and names is not None:
        return Column(which, names.index(which))
    position = range(X.shape[1])[which]
    return Column(f"x{position}" if names is None else str(names[position]), position)


def as_objects(values) -> pd.Series:
    """Values as a series of objects, with rows numbered from 0; lists stay lists."""
    for method in ("to_list", "tolist"):  # for polars only to_list is deep
        if hasattr(values, method):
            values = getattr(values, method)()
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return pd.Series(objects, dtype=object)


def read_numbers(values, name, *, expected="a finite number", missing=True) -> NDArray:
    """Read a column of numbers, or of text that spells them; NaN where one is missing.

    A value that is not a finite number, or is missing without `missing`, is an error.
    """
    array = np.asarray(values)
    numeric = array.dtype.kind in "biuf"
    given = pd.Series(array) if numeric else as_objects(values)
    numbers = pd.to_numeric(given, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(numbers) & ~(given.isna().to_numpy() & missing)
    reject_rows(wrong, given, name, expected)
    return numbers


def reject_rows(bad, values, name, expected, *, lead=""):
    """Raise an error that names the column and the first bad row, if there is one."""
    rows = np.flatnonzero(bad)
    if len(rows):
        raise ValueError(
            f"{lead}The column {name!r} holds {quote(values[rows[0]])} in row "
            f"{rows[0]} ({len(rows)} such row(s) in all), but {expected} was expected."
        )
