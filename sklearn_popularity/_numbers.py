"""Check what a score or a prediction must be: one finite number per row."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import (
    assert_all_finite,
    check_array,
    check_consistent_length,
    column_or_1d,
)


def check_numbers(values, name: str, *, warn: bool = False) -> NDArray[np.float64]:
    """Check one finite number per row, and convert to float64.

    `warn` warns if a column vector is raveled, as scikit-learn does in `fit`.
    """
    kinds = {"ensure_2d": False, "ensure_all_finite": False, "dtype": np.float64}
    values = check_array(values, input_name=name, **kinds)
    if values.ndim == 2 and values.shape[1] > 1:
        raise ValueError(
            f"Got {name} of shape {values.shape}, but a 1d array, one number per "
            "row, was expected. Pass one column at a time, and only the rows in which "
            "it is known."
        )
    assert_all_finite(values, input_name=name)
    return column_or_1d(values, warn=warn)


def check_target(X, y) -> NDArray[np.float64]:
    """Check that y has one finite number per row of X, and convert to float64."""
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    y = check_numbers(y, "y", warn=True)
    check_consistent_length(X, y)
    return y
