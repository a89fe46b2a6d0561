"""Confidence interval of a mean over rows that come in groups."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from .._numbers import check_numbers
from ._jackknife import Estimate, degrees_of_freedom, jackknife, number_groups


class MeanInterval(NamedTuple):
    """A mean with the ends of its confidence interval.

    Parameters
    ----------
    mean : float
        The mean.
    low, high : float
        The ends of the interval.
    """

    mean: float
    low: float
    high: float


def mean_interval(
    values: ArrayLike, *, groups: ArrayLike | None = None, confidence: float = 0.95
) -> MeanInterval:
    """Mean over rows with a confidence interval for new rows or new groups.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        Values to average; each row weighs the same.
    groups : array-like of shape (n_samples,), default=None
        Group of each row; rows of one group are not independent. If None, all rows are.
    confidence : float, default=0.95
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    interval : MeanInterval
        Named tuple (mean, low, high). The ends are NaN if there is one group.

    Notes
    -----
    The jackknife over groups with Student's t. The degrees of freedom are one less than
    the effective number of groups, ``sum(sizes)**2 / sum(sizes**2)``, because the
    largest groups dominate a mean when sizes differ much: for power-law sizes from 1 to
    200, counting all groups covers 88 to 91 % instead of 95, the effective number 94 to
    98. Without groups it is the usual interval of a mean.
    """
    found = mean_estimate(values, groups=groups)
    return MeanInterval(found.value, *found.ends(confidence))


def mean_estimate(values: ArrayLike, *, groups: ArrayLike | None = None) -> Estimate:
    """Mean over rows with its standard error; see :func:`mean_interval`.

    The error is NaN, and the degrees of freedom are 0, if there is one group.
    """
    values = check_numbers(values, "values")
    check_consistent_length(values, groups)
    codes = number_groups(groups, len(values))
    sums, sizes = np.bincount(codes, values), np.bincount(codes)
    mean = float(values.mean())
    if len(sizes) < 2:
        return Estimate(mean, np.nan, 0)
    left_out = (sums.sum() - sums) / (len(values) - sizes)
    return jackknife(mean, left_out)._replace(df=degrees_of_freedom(codes))
