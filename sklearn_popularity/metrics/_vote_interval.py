"""Confidence interval of a mean over votes that share items and voters."""

import numpy as np
from numpy.typing import NDArray

from ._jackknife import Estimate, effective_number
from ._mean_interval import MeanInterval


def vote_interval(
    values: NDArray,
    left: NDArray,
    right: NDArray,
    voters: NDArray | None,
    confidence: float,
) -> MeanInterval:
    """Mean over votes with a confidence interval for new items and new voters.

    Parameters
    ----------
    values : ndarray of shape (n_votes,)
        Values to average.
    left, right : ndarray of shape (n_votes,), int
        Numbers of the items of each vote, from 0.
    voters : ndarray of shape (n_votes,), int, or None
        Number of the voter of each vote, from 0; None if votes share no voter.
    confidence : float
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    interval : MeanInterval
        The ends are NaN with fewer than three items or two voters.

    Notes
    -----
    The variance sums the products of deviations over all pairs of votes that share an
    item [1]_, a voter, or both (counted once) [2]_. It is no less than the variance
    from items alone, from voters alone, or of independent votes. The items' part is
    multiplied by ``n (n - 1) / (n - 2)**2``, since subtracting the mean removes a part
    of each item's deviation on both sides. n is the effective number of items,
    ``sum(sizes)**2 / sum(sizes**2)``; Student's t has one degree of freedom less.

    References
    ----------
    .. [1] Aronow, Samii and Assenova, "Cluster-robust variance estimation for dyadic
       data", Political Analysis 23, 2015.
    .. [2] Cameron, Gelbach and Miller, "Robust inference with multiway clustering",
       Journal of Business and Economic Statistics 29, 2011.
    """
    mean = float(values.mean())
    apart = values - mean
    n_items = effective_number(np.concatenate([left, right]))
    n_voters = np.inf if voters is None else effective_number(voters)
    if n_items <= 2 or n_voters <= 1:
        return MeanInterval(mean, np.nan, np.nan)
    of_items = _over_items(apart, left, right, None)
    of_items *= n_items * (n_items - 1) / (n_items - 2) ** 2
    variances = [np.square(apart).sum(), of_items]
    if voters is not None:
        of_voters = _over_groups(apart, voters) * n_voters / (n_voters - 1)
        shared = _over_items(apart, left, right, voters)
        variances += [of_voters, of_items + of_voters - shared]
    df = min(n_items, n_voters) - 1
    found = Estimate(mean, np.sqrt(max(variances)) / len(values), df)
    return MeanInterval(mean, *found.ends(confidence))


def _over_groups(values, *labels):
    """Sum of products over all pairs of rows that share all labels."""
    numbers = np.zeros(len(values), dtype=np.int64)
    for label in labels:
        _, numbers = np.unique(numbers * (label.max() + 1) + label, return_inverse=True)
    return np.square(np.bincount(numbers, values)).sum()


def _over_items(values, left, right, voters):
    """Sum of products over pairs of votes that share an item (and a voter if given)."""
    within = [] if voters is None else [voters]
    low, high = np.minimum(left, right), np.maximum(left, right)
    items = np.concatenate([left, right])
    either = _over_groups(np.tile(values, 2), *(np.tile(w, 2) for w in within), items)
    # Pairs of votes on the same two items were counted twice.
    return either - _over_groups(values, *within, low, high)
