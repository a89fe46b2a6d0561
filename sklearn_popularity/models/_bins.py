"""Cut scores into bins of about equal weight."""

import numpy as np

# Sums of weights such as 0.1 are below their exact value by less than this share.
_ROUNDING = 1e-9


def balanced_bins(y, n_bins, sample_weight=None):
    """Cut y into bins with about the same total weight.

    A value with the share q of the total weight below it goes to bin ``floor(n_bins *
    q)``, so that equal values share a bin; empty bins are left out. If y has at most
    `n_bins` different values, each gets a bin of its own.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Values.
    n_bins : int
        Maximum number of bins.
    sample_weight : ndarray of shape (n_samples,), default=None
        Positive weights; a weight of 2 counts a value twice. None is 1 for each.

    Returns
    -------
    bins : ndarray of shape (n_samples,), int
        Bin of each value, numbered from 0.
    edges : ndarray of shape (n_bins_found + 1,), float64
        Lowest value; midpoints between the highest value of a bin and the lowest of
        the next; highest value.
    """
    values, index = np.unique(y, return_inverse=True)
    if len(values) <= n_bins:
        bins_of_values = np.arange(len(values))
    else:
        weight = np.bincount(index, weights=sample_weight)
        below = np.cumsum(weight) - weight
        floors = np.floor(n_bins * below / weight.sum() + _ROUNDING)
        _, bins_of_values = np.unique(floors, return_inverse=True)
    last = np.flatnonzero(np.diff(bins_of_values))
    middles = (values[last] + values[last + 1]) / 2
    return bins_of_values[index], np.concatenate([values[:1], middles, values[-1:]])


def bin_means(y, bins, sample_weight=None):
    """Weighted mean of y in each bin, as an array of shape (n_bins,)."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    return np.bincount(bins, weights=weight * y) / np.bincount(bins, weights=weight)


def bin_medians(y, bins, sample_weight=None):
    """Weighted median of y in each bin, as an array of shape (n_bins,).

    Half of the weight lies below it; where that is true of all points between two
    values, it is their midpoint. Equal weights give :func:`numpy.median`.
    """
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    medians = []
    for k in range(bins.max() + 1):
        order = np.flatnonzero(bins == k)
        order = order[np.argsort(y[order], kind="stable")]
        share = np.cumsum(weight[order]) / weight[order].sum()
        low, high = np.searchsorted(share, [0.5 - _ROUNDING, 0.5 + _ROUNDING])
        medians.append((y[order[low]] + y[order[high]]) / 2)
    return np.array(medians)
