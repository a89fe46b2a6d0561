"""Columns that order posts: times or numbers."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._columns import select_columns
from ._table import find_column, read_numbers, reject_rows
from ._times import read_times


class Order(NamedTuple):
    """A column of times or numbers without missing values.

    Parameters
    ----------
    name : str
        Name of the column.
    values : ndarray of shape (n_samples,), float64 or datetime64[us]
        Numbers, or times (in UTC if they have a zone).
    kind : str
        "numbers", "times with a time zone" or "times without a time zone".
    """

    name: str
    values: NDArray
    kind: str

    def check_kind(self, known: str) -> None:
        """Refuse a column of another kind than in `fit`."""
        if self.kind != known:
            raise ValueError(
                f"The column {self.name!r} held {known} in fit and holds {self.kind} "
                "now, but the same kind was expected."
            )


def read_order(X, which, owner) -> Order:
    """Read a column of X that orders the rows.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n_samples, n_columns)
        Table.
    which : str or int
        Column.
    owner : str
        Name of the parameter that names the column, for the error.

    Returns
    -------
    order : Order

    Raises
    ------
    ValueError
        If X has no such column, or a value is missing or neither number nor time.
    """
    column = find_column(X, which, owner)
    values = select_columns(X, column.position)
    if _is_numeric(values):
        numbers = read_numbers(values, column.name, missing=False)
        return Order(column.name, numbers, "numbers")
    times, zoned = read_times(values, column.name)
    reject_rows(np.isnat(times), times, column.name, "a time in each row")
    kind = f"times {'with' if zoned else 'without'} a time zone"
    return Order(column.name, times, kind)


def _is_numeric(values):
    array = np.asarray(values)
    if array.dtype.kind == "O":
        array = np.asarray(pd.Series(array.tolist()).dropna().infer_objects())
    return array.dtype.kind in "iuf"


def read_known_at(X, time: Order, observed) -> NDArray:
    """When each score became known: in the column `observed`, or at `time` if None.

    A score observed before its time, or a column of another kind, is an error.
    """
    if observed is None:
        return time.values
    known = read_order(X, observed, "observed")
    if known.kind != time.kind:
        raise ValueError(
            f"The column {time.name!r} holds {time.kind} and {known.name!r} "
            f"holds {known.kind}, but the same kind was expected."
        )
    expected = f"no earlier value than {time.name!r} has in the same row"
    reject_rows(known.values < time.values, known.values, known.name, expected)
    return known.values
