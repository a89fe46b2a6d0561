"""Reliability of the mean ratings of items."""

from numbers import Integral

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length, check_random_state

from .._columns import encode_labels
from .._messages import quote
from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params


@validate_params(
    {
        "ratings": ["array-like", None],
        "items": ["array-like", None],
        "raters": ["array-like", None],
        "means": ["array-like", None],
        "deviations": ["array-like", None],
        "counts": ["array-like", None],
        "n_splits": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def human_consistency(
    ratings=None,
    *,
    items=None,
    raters=None,
    means=None,
    deviations=None,
    counts=None,
    n_splits=100,
    random_state=None,
):
    """Reliability of the mean ratings of items.

    The expected correlation with the means of a second panel of the same size. Pass it
    to :func:`evaluate_protocols` as `reliability`; its square root is the noise
    ceiling, the highest correlation that any prediction can reach.

    Parameters
    ----------
    ratings : array-like of shape (n_raters, n_items) or (n_ratings,), default=None
        One row per rater, with NaN for items not rated; or a flat list of ratings,
        which needs `items`. If None, pass `means`, `deviations` and `counts`.
    items : array-like of shape (n_ratings,), default=None
        Item of each rating in a flat list, such as the name of a photo.
    raters : array-like of shape (n_ratings,), default=None
        Rater of each rating in a flat list. If None, the ratings of each item are split
        regardless of who gave them.
    means, deviations, counts : array-like of shape (n_items,), default=None
        Mean, standard deviation (with ``ddof=1``) and number of the ratings of each
        item, if the ratings themselves were not published.
    n_splits : int, default=100
        Number of random splits into halves.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits.

    Returns
    -------
    reliability : float
        From 0 (noise) to 1, as Pearson's correlation. It is the reliability of the
        means over all ratings, not over half of them.

    Raises
    ------
    ValueError
        If not exactly one of `ratings` and the three summaries is given, an item has
        too few ratings, or all items have the same mean.

    See Also
    --------
    evaluate_protocols : Takes it as `reliability`.

    Notes
    -----
    Raters are repeatedly split into random halves. The mean ratings of the two halves
    share nothing but the items, so their covariance estimates the variance between
    items. The reliability is this divided by the variance of the means of all ratings.
    For halves of equal size and variance that correlate by r it equals
    ``2 r / (1 + r)``, the formula of [1]_ and [2]_; it also holds if sizes differ.

    From summaries, the error variance is ``mean(deviations**2 / counts)``. If all
    raters rate all items, the deviations include differences in level between raters,
    which shift all means alike; the estimated reliability is then too low.

    References
    ----------
    .. [1] Spearman, "Correlation calculated from faulty data", British Journal of
       Psychology 3, 1910.
    .. [2] Brown, "Some experimental results in the correlation of mental abilities",
       British Journal of Psychology 3, 1910.

    Examples
    --------
    >>> from sklearn_popularity import human_consistency
    >>> ratings = [[1, 2, 4, 5], [2, 2, 5, 4], [1, 3, 4, 4], [2, 1, 5, 5]]
    >>> round(human_consistency(ratings, random_state=0), 2)
    0.95
    >>> round(
    ...     human_consistency(
    ...         means=[2.0, 3.0, 4.0], deviations=[1.0, 1.0, 1.0], counts=[9, 9, 9]
    ...     ),
    ...     2,
    ... )
    0.89
    """
    summary = {"means": means, "deviations": deviations, "counts": counts}
    given = [name for name, values in summary.items() if values is not None]
    if len(given) != (3 if ratings is None else 0):
        got = given if ratings is None else ["ratings", *given]
        raise ValueError(
            f"Got {' and '.join(got) or 'nothing'}, but either ratings or all of "
            "means, deviations and counts were expected."
        )
    if ratings is None:
        return _from_summary(**summary)
    values, items, raters = _check_ratings(ratings, items, raters)
    return _from_halves(values, items, raters, n_splits, random_state)


def _from_summary(means, deviations, counts):
    means = check_numbers(means, "means")
    deviations = check_numbers(deviations, "deviations")
    counts = check_numbers(counts, "counts")
    check_consistent_length(means, deviations, counts)
    if deviations.min() < 0:
        raise ValueError(
            f"Got {deviations.min():g} in deviations, but 0 or more was expected."
        )
    if counts.min() < 2:
        raise ValueError(
            f"Got {counts.min():g} in counts, but at least 2 ratings of each item were "
            "expected: a single one has no deviation. Drop items with fewer."
        )
    total = _spread(means)
    return float(np.clip(1 - np.mean(deviations**2 / counts) / total, 0, 1))


def _spread(means):
    if len(means) < 2 or np.ptp(means) == 0:
        raise ValueError(
            f"Got {len(means)} item(s) with the mean rating(s) {quote(list(means))}, "
            "but at least two items whose means differ were expected."
        )
    return means.var(ddof=1)


def _check_ratings(ratings, items, raters):
    """Flat arrays of ratings, item numbers and rater numbers."""
    ratings = check_array(
        ratings,
        ensure_2d=False,
        dtype=np.float64,
        ensure_all_finite="allow-nan",
        input_name="ratings",
    )
    table = ratings.ndim == 2 and items is None and raters is None
    if not table and (ratings.ndim != 1 or items is None):
        raise ValueError(
            f"Got ratings of shape {ratings.shape} with"
            f"{'out' if items is None else ''} items, but one row per rater, or a flat "
            "list of ratings with items=, was expected."
        )
    if table:
        raters, items = np.indices(ratings.shape).reshape(2, -1)
        ratings = ratings.ravel()
    check_consistent_length(ratings, items, raters)
    items = encode_labels(items, "items")
    raters = None if raters is None else encode_labels(raters, "raters")
    given = ~np.isnan(ratings)
    counts = np.bincount(items[given], minlength=items.max() + 1)
    if (counts < 1).any() or (counts < 2).all():
        raise ValueError(
            f"Got items with {counts.min()} to {counts.max()} ratings, but at least 1 "
            "each, and 2 for some, were expected. Drop items without ratings."
        )
    return ratings[given], items[given], None if raters is None else raters[given]


def _from_halves(values, items, raters, n_splits, random_state):
    """Covariance of the means of random halves, over the variance of all means."""
    total = _spread(np.bincount(items, values) / np.bincount(items))
    random_state = check_random_state(random_state)
    covariances = []
    for _ in range(n_splits):
        half = _split(items, raters, random_state)
        first, second = (_means(values, items, side) for side in (half, ~half))
        both = ~np.isnan(first + second)
        if both.sum() > 1:
            covariances.append(np.cov(first[both], second[both])[0, 1])
    if not covariances:
        raise ValueError(
            f"None of {n_splits} splits of {len(values)} ratings left two items with "
            "ratings in both halves. Pass more ratings, or a larger n_splits."
        )
    return float(np.clip(np.mean(covariances) / total, 0, 1))


def _split(items, raters, random_state) -> NDArray[np.bool_]:
    """Whether each rating is in the first half, of the raters or of its item."""
    if raters is not None:
        return (random_state.permutation(raters.max() + 1) % 2 == 0)[raters]
    order = np.lexsort((random_state.uniform(size=len(items)), items))
    counts = np.bincount(items)
    place = np.empty(len(items), dtype=np.intp)
    place[order] = np.arange(len(items)) - np.repeat(np.cumsum(counts) - counts, counts)
    return (place + random_state.randint(2, size=len(counts))[items]) % 2 == 0


def _means(values, items, chosen):
    """Mean of the chosen ratings of each item; NaN where there are none."""
    n_items = items.max() + 1
    sums = np.bincount(items[chosen], values[chosen], minlength=n_items)
    counts = np.bincount(items[chosen], minlength=n_items)
    return np.divide(sums, counts, out=np.full(n_items, np.nan), where=counts > 0)
