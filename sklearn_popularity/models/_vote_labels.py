"""Read votes for the left or the right item from labels."""

import numpy as np
import pandas as pd
from sklearn.utils import (
    assert_all_finite,
    check_consistent_length,
    column_or_1d,
)
from sklearn.utils.multiclass import check_classification_targets

from .._messages import quote

_VOTES = [0.0, 0.5, 1.0]


def read_votes(X, y):
    """Labels of votes for the right and the left item, and `as_won` of y."""
    y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    assert_all_finite(y, input_name="y")
    labels = pd.unique(pd.Series(y))
    if pd.api.types.is_numeric_dtype(y.dtype) and set(labels) <= set(_VOTES):
        classes = np.array([0, 1], dtype=float if 0.5 in labels else y.dtype)
    else:
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is "
                f"multiclass: got y with {quote(list(classes))}, but 1 (the left item "
                "was chosen), 0 (the right one was) and 0.5 (neither was) were "
                "expected."
            )
        if {str(label).lower() for label in classes} == {"left", "right"}:
            raise ValueError(
                f"Got y with {quote(list(classes))}, of which the greater one would "
                "mean the left item. Pass 1 where the left item was chosen, and 0 "
                "where the right one was."
            )
    if len(labels) == 1:
        raise ValueError(
            f"Got y with one class, {quote(labels[0])}, but votes for left and for "
            "right items were expected. If the left item is always the chosen one, "
            "swap the sides of some votes and their y."
        )
    return classes, as_won(X, y, classes)


def as_won(X, y, classes):
    """1 for votes for the left item, 0 for the right one, and 0.5 for neither."""
    y = column_or_1d(y)
    check_consistent_length(X, y)
    won = np.full(len(y), np.nan)
    for label, value in zip(classes, (0.0, 1.0), strict=True):
        won[y == label] = value
    if list(classes) == [0, 1]:
        won[y == 0.5] = 0.5
    if np.isnan(won).any():
        raise ValueError(
            f"Got y with {quote(y[np.isnan(won)][0])}, but {quote(list(classes))} were "
            "expected, as in fit."
        )
    return won
