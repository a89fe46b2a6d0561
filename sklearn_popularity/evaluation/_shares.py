"""Put values of different models or columns on one scale: shares of training rows."""

import numpy as np
from numpy.typing import NDArray


def shares_below(seen: NDArray, predicted: NDArray) -> NDArray[np.float64]:
    """Share of a model's training predictions that are below each prediction.

    Equal ones count half. The share is interpolated between values of `seen`, and
    extrapolated by less than half a row beyond them, so that the order of `predicted`
    is kept exactly and equal predictions stay equal.

    Parameters
    ----------
    seen : ndarray of shape (n_seen,)
        Predictions for training rows, or values of a column.
    predicted : ndarray of shape (n,) or (n, n_columns)
        Predictions of the same model, or values of the column, for other rows.

    Returns
    -------
    shares : ndarray of the shape of `predicted`, float64
        From about 0 to 1; all are 0.5 for a constant model.
    """
    values, shares = _steps(seen)
    distinct, place = np.unique(predicted, return_inverse=True)
    beyond = distinct - distinct.clip(values[0], values[-1])
    span = (values[-1] - values[0]) or 1.0
    # Rounded, so that the middle is the same number in all folds.
    ordered = np.round(np.interp(distinct, values, shares), 12)
    ordered += beyond / (np.abs(beyond) + span) / (2 * len(seen))
    return _strictly_increasing(ordered)[place].reshape(np.shape(predicted))


def middle_of(seen: NDArray) -> float:
    """The value whose share is 0.5: the median except for ties."""
    values, shares = _steps(seen)
    return float(np.interp(0.5, shares, values))


def _steps(seen):
    """Distinct values, and the share of rows below each; equal ones count half."""
    values, counts = np.unique(seen, return_counts=True)
    return values, (np.cumsum(counts) - counts / 2) / len(seen)


def _strictly_increasing(values):
    """Separate neighbours that rounding made equal."""
    values = np.maximum.accumulate(values)
    while len(stuck := np.flatnonzero(np.diff(values) <= 0)):
        values[stuck + 1] = np.nextafter(values[stuck], np.inf)
    return values
