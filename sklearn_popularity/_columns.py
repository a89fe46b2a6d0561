"""Columns of X, however they are named: the input of a branch, the user of a row."""

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from ._messages import quote
from ._sklearn_compat import _safe_indexing


def column_names(X) -> list | None:
    """Names of the columns of a pandas, polars or pyarrow table; None of an array."""
    # Of the type: a column, too, may be called "columns". Of pyarrow they hold data.
    if hasattr(type(X), "column_names"):
        return list(X.column_names)
    return list(X.columns) if hasattr(type(X), "columns") else None


def check_table(estimator, X, *, reset):
    """Check the shape and the names of X; what values are fit is for others to say.

    Parameters
    ----------
    estimator : estimator
        Its `n_features_in_` and `feature_names_in_` are set or compared.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Table.
    reset : bool
        Whether to set (in `fit`) or to compare (in `predict` or `transform`).

    Returns
    -------
    X : DataFrame or ndarray

    Raises
    ------
    ValueError
        If X has no rows, columns of one name, or other columns than it had in `fit`.
    """
    named = column_names(X)
    if named is not None:
        _check_once(named, named)
        if len(X) == 0:
            raise ValueError(
                f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 "
                f"is required by {type(estimator).__name__}."
            )
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        return X
    return validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False)


def check_columns_seen(estimator, X, selections):
    """As `check_table` of a fitted estimator that sees some columns of X.

    Where all of them are names, others may be there or not, as the scores, or the
    groups of the fit; :class:`~sklearn.compose.ColumnTransformer` does the same.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Table.
    selections : list of columns
        Columns that it sees, as resolved in `fit`.

    Raises
    ------
    ValueError
        If X lacks one of them or has it twice.
    """
    named, known = column_names(X), getattr(estimator, "feature_names_in_", None)
    seen = [_names_in(each) for each in selections]
    if named is None or known is None or None in seen or len(X) == 0:
        return check_table(estimator, X, reset=False)
    names = {name for each in seen for name in each}
    _check_once(names, named)
    missing = sorted(names - set(named))
    if missing:
        raise ValueError(
            f"X lacks the columns {quote(missing)}, which {type(estimator).__name__} "
            f"was fitted on; it has {quote(named)}."
        )
    return X


def _names_in(columns):
    """Names of a selection in whatever holds them; None of positions and masks."""
    if isinstance(columns, str):
        return [columns]
    if isinstance(columns, slice) or not np.iterable(columns):
        return None
    names = list(columns)
    return names if all(isinstance(name, str) for name in names) else None


def _check_once(names, named):
    """Refuse a table that has some of its names twice."""
    names = set(names)
    twice = [name for name, n in Counter(named).items() if n > 1 and name in names]
    if twice:
        raise ValueError(
            f"X has more than one column of the names {quote(twice)}, but each name "
            "was expected once. Rename or drop the others."
        )


def select_columns(X, columns):
    """Columns of a frame or array: names, positions, a slice, a mask, or a scalar."""
    if isinstance(columns, slice) and columns == slice(None):
        return X
    return _safe_indexing(X, columns, axis=1)


def resolve_columns(X, columns, owner):
    """Call `columns` on X where it is a function, and check that X has them.

    Parameters
    ----------
    X : DataFrame or ndarray
        Table.
    columns : str, int, slice, list, mask or callable
        Columns.
    owner : str
        What named them, for the error.

    Returns
    -------
    columns : str, int, slice, list or mask

    Raises
    ------
    ValueError
        If X has no such columns.
    """
    columns = columns(X) if callable(columns) else columns
    try:
        select_columns(X, columns)
    except Exception as error:  # each kind of frame has errors of its own
        raise ValueError(
            f"The columns {quote(columns)} of the {owner} cannot be taken from X: "
            f"{error}"
        ) from error
    return columns


def label_rows(X, which, owner) -> NDArray | None:
    """One label per row, such as its user: from a column of X or a function of X.

    Parameters
    ----------
    X : DataFrame or ndarray
        Table.
    which : str, int, callable or None
        Column, or function from X to the labels.
    owner : str
        Parameter that names it, for the error.

    Returns
    -------
    labels : ndarray of shape (n_samples,), or None
        None if `which` is.

    Raises
    ------
    ValueError
        If X has no such column, or the function gives another number of labels.
    """
    if which is None:
        return None
    if callable(which):
        labels = which(X)
    else:
        labels = select_columns(X, resolve_columns(X, which, f"parameter {owner}"))
    check_consistent_length(X, labels)
    return _as_array(labels)


def split_off(estimator, X, owner) -> tuple:
    """The other columns of X, and the labels in the one that a parameter names.

    Parameters
    ----------
    estimator : estimator
        Its `n_features_in_` and `feature_names_in_` are those of X.
    X : DataFrame or ndarray
        Table; all of it is returned where the parameter is a function.
    owner : str
        Parameter that names the column.

    Returns
    -------
    others : DataFrame or ndarray
        What is learned from.
    labels : ndarray of shape (n_samples,)
        Such as the user of each row.

    Raises
    ------
    ValueError
        If X has no such column, or no other.
    """
    which = getattr(estimator, owner)
    labels = column_or_1d(label_rows(X, which, owner))
    if callable(which):
        return X, labels
    if estimator.n_features_in_ == 1:
        raise ValueError(
            f"Got X with n_features = 1, the column {owner}={which!r} alone, but at "
            "least one column beside it was expected for the models to learn from."
        )
    kept = list(range(estimator.n_features_in_))
    name = isinstance(which, str)
    del kept[list(estimator.feature_names_in_).index(which) if name else which]
    return select_columns(X, kept), labels


def encode_labels(labels, owner) -> NDArray[np.intp]:
    """Number labels 0, 1, and so on, in their order.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        Users, groups or themes, of any kind.
    owner : str
        What they are called, for the error.

    Returns
    -------
    codes : ndarray of shape (n_samples,), intp

    Raises
    ------
    ValueError
        If a label is missing.
    """
    labels = column_or_1d(_as_array(labels))
    codes, _ = pd.factorize(labels, sort=True)
    missing = np.flatnonzero(codes < 0)
    if len(missing):
        raise ValueError(
            f"Got {labels[missing[0]]} in row {missing[0]} of {owner} ({len(missing)} "
            "missing in all), but a label for every row was expected. Drop these rows "
            "or give them a label."
        )
    return codes


def _as_array(labels):
    array = np.asarray(labels)
    if array.dtype.kind in "SU" and isinstance(labels, list | tuple):
        # NumPy spells a missing label among strings "nan".
        return np.array(labels, dtype=object)
    if not array.dtype.isnative:  # which pandas refuses
        return array.astype(array.dtype.newbyteorder("="))
    return array
