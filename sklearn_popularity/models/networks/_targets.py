"""Several scores of each row, some of which are not known."""

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils import check_array, check_consistent_length

from .._delegation import take_rows
from ._inputs import mean_and_scale


def check_outputs(X, y):
    """Scores of several outputs, NaN where not known, as float64."""
    y = check_array(y, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y")
    check_consistent_length(X, y)
    known = ~np.isnan(y)
    for axis, what in enumerate(("column", "row")):
        unknown = np.flatnonzero(~known.any(axis=axis))
        if len(unknown):
            raise ValueError(
                f"Got y with NaN alone in {what} {unknown[0]}, but at least one score "
                f"that is known was expected. Leave out the {what}."
            )
    return y


def offset_and_scale(target, weight, loss):
    """What a network subtracts from the known scores, and what it divides them by.

    Those are the lowest score and the range for "log_loss", otherwise the mean and the
    standard deviation, or 1 for "raw_squared_error".
    """
    known = ~np.isnan(target)
    if not known.any():
        raise ValueError(
            "Got a column of y without a known score among the rows that are "
            "learned from: those with a weight, and not held out. Pass more scores "
            "of it, or early_stopping=False."
        )
    target, weight = target[known], weight[known]
    if loss == "log_loss":
        low, high = target.min(), target.max()
        return float(low), float(high - low) or 1.0
    mean, scale = mean_and_scale(target, weight)
    return float(mean), 1.0 if loss == "raw_squared_error" else float(scale)


def r2_of_known(y, predicted, weight):
    """Coefficient of determination of each output on its known rows, averaged."""
    found = [
        r2_score(true[known], told[known], sample_weight=take_rows(weight, known))
        for true, told, known in zip(y.T, predicted.T, ~np.isnan(y.T), strict=True)
    ]
    return float(np.mean(found))
