"""Jackknife standard errors over groups, and intervals from them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from .._columns import encode_labels

# A smaller standard error is rounding: leaving out any group changes nothing.
_ROUNDING = 1e-9


class Estimate(NamedTuple):
    """A value with its standard error.

    Parameters
    ----------
    value : float
        The estimate.
    error : float
        Its standard error; NaN if there is one group.
    df : float
        Degrees of freedom; by default the number of groups less one.
    """

    value: float
    error: float
    df: float

    def ends(self, confidence: float) -> tuple[float, float]:
        """Ends of the interval by Student's t.

        Raises
        ------
        ValueError
            If `confidence` is not between 0 and 1.
        """
        if not 0 < confidence < 1:
            raise ValueError(
                f"Got confidence={confidence!r}, but a number between 0 and 1 was "
                "expected, such as 0.95."
            )
        half = student.ppf((1 + confidence) / 2, self.df) * self.error
        return float(self.value - half), float(self.value + half)

    def p_value(self, boundary: float = 0.0) -> float:
        """Two-sided p-value of `value` equal to `boundary`; 1 if it is exactly that."""
        if self.value == boundary:
            return 1.0
        distance = np.divide(abs(self.value - boundary), self.error)
        return float(2 * student.sf(distance, self.df))

    def of_model(self, n_folds: int | None) -> "Estimate":
        """Widen the error to cover retraining, since folds share training rows.

        Parameters
        ----------
        n_folds : int or None
            Number of folds of cross-validation; None leaves the estimate as it is.
        """
        if n_folds is None:
            return self
        widened = self.error * np.sqrt(1 + n_folds / (n_folds - 1))
        return self._replace(error=float(widened))


def jackknife(value: float, left_out: NDArray) -> Estimate:
    """Standard error of a value, from the values with each group left out.

    Deviations are taken from the full value, not from the mean of the left-out ones:
    if leaving out any group has the same effect, they must not vanish.
    """
    n = len(left_out)
    if n < 2:
        return Estimate(value, np.nan, 0)
    error = np.sqrt((n - 1) / n * np.square(left_out - value).sum())
    return Estimate(value, float(error) if error > _ROUNDING else 0.0, n - 1)


def effective_number(codes: NDArray[np.intp]) -> float:
    """Number of groups of equal size that vary a mean as much: (sum n)^2 / sum n^2."""
    sizes = np.bincount(codes)
    return float(len(codes) ** 2 / np.square(sizes).sum())


def degrees_of_freedom(codes: NDArray[np.intp]) -> float:
    """Effective number of groups less one, but at least one."""
    return max(effective_number(codes) - 1, 1.0)


def number_groups(groups, n_samples: int) -> NDArray[np.intp]:
    """Groups numbered from 0; without groups every row is its own."""
    if groups is None:
        return np.arange(n_samples)
    return encode_labels(groups, "groups")
