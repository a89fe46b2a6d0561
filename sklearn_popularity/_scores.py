"""Scores: one finite number per row, or one error."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length, column_or_1d


def check_score(values, name: str, *, warn: bool = False) -> NDArray[np.float64]:
    """One finite number per row, as float64.

    Parameters
    ----------
    values : array-like of shape (n_samples,) or (n_samples, 1)
        Numbers.
    name : str
        What they are called, for the error.
    warn : bool, default=False
        Whether a column that is raveled is warned of, as scikit-learn does in `fit`.

    Raises
    ------
    ValueError
        If one is NaN, infinite or no number, or there are several columns.
    """
    values = check_array(values, ensure_2d=False, dtype=np.float64, input_name=name)
    return column_or_1d(values, warn=warn)


def check_scores(X, y) -> NDArray[np.float64]:
    """One finite number for each row of X, as float64.

    Raises
    ------
    ValueError
        If y is None, has another length, or holds something else than numbers.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    y = check_score(y, "y", warn=True)
    check_consistent_length(X, y)
    return y
