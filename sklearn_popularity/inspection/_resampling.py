"""Intervals of means, rows that belong together resampled together."""

from numbers import Integral, Real

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from .._columns import encode_labels
from .._sklearn_compat import Interval

# Constraints of the parameters of all bootstrap intervals.
BOOTSTRAP = {
    "confidence": [Interval(Real, 0, 1, closed="neither")],
    "n_resamples": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
}


def cluster_codes(clusters, n_samples: int) -> NDArray[np.intp]:
    """Numbers of the clusters of rows, or of the rows where there are none."""
    if clusters is None:
        return np.arange(n_samples)
    return encode_labels(clusters, "clusters")


def bootstrap_mean(
    values: NDArray, clusters: NDArray, *, confidence, n_resamples, random_state
) -> tuple[float, float]:
    """Ends of the percentile interval of a mean, whole clusters resampled.

    Parameters
    ----------
    values : ndarray of shape (n,)
        What the mean is of.
    clusters : ndarray of shape (n,), int
        Rows that are drawn together.
    confidence : float
        Of the interval, 0 to 1.
    n_resamples : int
        Number of resamples.
    random_state : int
        Seed.

    Returns
    -------
    low, high : float
        NaN if there is one cluster.
    """
    _, codes = np.unique(clusters, return_inverse=True)
    n = codes.max() + 1
    if n < 2:
        return np.nan, np.nan
    sums, counts = np.bincount(codes, values), np.bincount(codes)
    generator, shares = RandomState(random_state), np.full(n, 1 / n)
    means = []
    for _ in range(n_resamples):  # all draws at once would take n x n_resamples
        drawn = generator.multinomial(n, shares)
        means.append(drawn @ sums / (drawn @ counts))
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
