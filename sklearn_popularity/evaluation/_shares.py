"""Values of different models or columns on one scale: shares of training rows."""

import numpy as np
from numpy.typing import NDArray


def shares_below(seen: NDArray, predicted: NDArray) -> NDArray[np.float64]:
    """Share of a model's predictions for training rows that lie below other ones.

    Half of those that are equal count. Between two values of `seen` the share is
    interpolated, and beyond them it goes on within half a row, so that the order of
    `predicted` is kept exactly, and equals stay equal.

    Parameters
    ----------
    seen : ndarray of shape (n_seen,)
        Predictions for training rows, or the values of a column there.
    predicted : ndarray of shape (n,) or (n, n_columns)
        Those of the same model or column for other rows.

    Returns
    -------
    shares : ndarray of the shape of `predicted`, float64
        About 0 to 1; 0.5 for all of a constant model.
    """
    values, shares = _steps(seen)
    distinct, place = np.unique(predicted, return_inverse=True)
    beyond = distinct - distinct.clip(values[0], values[-1])
    span = (values[-1] - values[0]) or 1.0
    # Rounded, so that the middle of one fold is that of another.
    ordered = np.round(np.interp(distinct, values, shares), 12)
    ordered += beyond / (np.abs(beyond) + span) / (2 * len(seen))
    return _strictly_increasing(ordered)[place].reshape(np.shape(predicted))


def middle_of(seen: NDArray) -> float:
    """The value whose share is 0.5: the median, but for ties."""
    values, shares = _steps(seen)
    return float(np.interp(0.5, shares, values))


def _steps(seen):
    """Distinct values, and the share of rows below each, of equal ones half."""
    values, counts = np.unique(seen, return_counts=True)
    return values, (np.cumsum(counts) - counts / 2) / len(seen)


def _strictly_increasing(values):
    """The same, but where rounding made neighbours equal."""
    values = np.maximum.accumulate(values)
    while len(stuck := np.flatnonzero(np.diff(values) <= 0)):
        values[stuck + 1] = np.nextafter(values[stuck], np.inf)
    return values
