"""Select columns of X: the input of a branch, or the user of each row."""

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from ._messages import quote
from ._sklearn_compat import _safe_indexing


def column_names(X) -> list | None:
    """Names of the columns of a pandas, polars or pyarrow table; None for an array."""
    # Ask the type: a column may be called "columns", which of pyarrow holds the data.
    if hasattr(type(X), "column_names"):
        return list(X.column_names)
    return list(X.columns) if hasattr(type(X), "columns") else None


def check_table(estimator, X, *, reset):
    """Check the shape and the column names of X, but not its values.

    Names and number of columns are set if `reset`, or else compared with those of fit.
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
    """Check X for a fitted estimator that uses some columns of X.

    If the columns are selected by name, X may lack or add other columns, such as the
    scores or groups of the fit, as in :class:`~sklearn.compose.ColumnTransformer`.
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
    """Names in a selection of columns; None for positions and masks."""
    if isinstance(columns, str):
        return [columns]
    if isinstance(columns, slice) or not np.iterable(columns):
        return None
    names = list(columns)
    return names if all(isinstance(name, str) for name in names) else None


def _check_once(names, named):
    """Refuse a table in which one of some names occurs twice."""
    names = set(names)
    twice = [name for name, n in Counter(named).items() if n > 1 and name in names]
    if twice:
        raise ValueError(
            f"X has more than one column of the names {quote(twice)}, but each name "
            "was expected once. Rename or drop the others."
        )


def select_columns(X, columns):
    """Select columns by names, positions, a slice, a mask, or a scalar."""
    if isinstance(columns, slice) and columns == slice(None):
        return X
    return _safe_indexing(X, columns, axis=1)


def resolve_columns(X, columns, owner):
    """Check that X has columns, and call `columns` on X first if it is a function.

    The error names the `owner`, which selects them.
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
    """One label per row, such as its user, from a column or a function of X, or None.

    The error names the `owner`, the parameter that names the column.
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
    """The columns to learn from, and the column of labels that a parameter names.

    If the parameter `owner` is a function, all of X is learned from.
    """
    which = getattr(estimator, owner)
    labels = column_or_1d(label_rows(X, which, owner))
    if callable(which):
        return X, labels
    if estimator.n_features_in_ == 1:
        raise ValueError(
            f"Got X with n_features = 1, only the column {owner}={which!r}, but at "
            "least one other column to learn from was expected."
        )
    kept = list(range(estimator.n_features_in_))
    name = isinstance(which, str)
    del kept[list(estimator.feature_names_in_).index(which) if name else which]
    return select_columns(X, kept), labels


def encode_labels(labels, owner) -> NDArray[np.intp]:
    """Encode labels of any type as 0, 1, and so on, in sorted order.

    A missing label is an error that names its row and the `owner` of the labels.
    """
    labels = column_or_1d(_as_array(labels))
    codes, _ = pd.factorize(labels, sort=True)
    missing = np.flatnonzero(codes < 0)
    if len(missing):
        raise ValueError(
            f"Got {labels[missing[0]]} in row {missing[0]} of {owner} ({len(missing)} "
            "missing in all), but a label for every row was expected. Drop these rows "
            "or label them."
        )
    return codes


def _as_array(labels):
    array = np.asarray(labels)
    if array.dtype.kind in "SU" and isinstance(labels, list | tuple):
        # NumPy would turn a missing label among strings into "nan".
        return np.array(labels, dtype=object)
    if not array.dtype.isnative:  # which pandas refuses
        return array.astype(array.dtype.newbyteorder("="))
    return array
