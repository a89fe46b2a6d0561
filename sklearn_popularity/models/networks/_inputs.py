"""Inputs of branches: columns of X, their means and their scales."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_array

from ..._columns import resolve_columns, select_columns


def resolve_branches(branches, X, groups):
    """Names and columns of the branches, with callables resolved.

    None is one branch of all columns except that of `groups`.
    """
    if branches is None:
        return [("all", _all_but(groups, X))]
    if not branches:
        raise ValueError(
            "Got branches={}, but at least one branch was expected. Pass a dict of "
            "names to columns, or None for one branch of all columns."
        )
    return [
        (name, resolve_columns(X, columns, f"branch {name!r}"))
        for name, columns in branches.items()
    ]


def branch_arrays(branches, X):
    """Columns of each branch as finite numbers: float32 if all are, else float64."""
    arrays = []
    for name, columns in branches:
        values = select_columns(X, columns)
        if np.ndim(values) == 1:
            values = np.asarray(values)[:, np.newaxis]
        try:
            values = check_array(values, dtype=[np.float64, np.float32], input_name="X")
        except ValueError as error:
            raise ValueError(
                f"The columns {columns!r} of the branch {name!r} cannot be used: "
                f"{error}"
            ) from error
        arrays.append(values)
    dtype = np.result_type(*arrays)
    return [values.astype(dtype, copy=False) for values in arrays]


def mean_and_scale(values, weight):
    """Weighted mean and standard deviation of each column, in double precision.

    A weight of 2 counts a row twice; the scale of a constant is 1.
    """
    share = weight / weight.sum()
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    # No BLAS, whose sums may depend on the number of threads.
    mean = (share * values).sum(axis=0)
    scale = np.sqrt((share * (values - mean) ** 2).sum(axis=0))
    is_constant = scale <= 10 * np.finfo(values.dtype).eps * np.abs(mean)
    return mean, np.where(is_constant, 1.0, scale)


def _all_but(groups, X):
    if groups is None or not isinstance(groups, (str, Integral)):
        return slice(None)
    if isinstance(groups, str):
        return [column for column in X.columns if column != groups]
    columns = list(range(X.shape[1]))
    del columns[groups]
    return columns
