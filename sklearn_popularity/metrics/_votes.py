"""Pairwise votes: scores of items, and the accuracy of predictions."""

from numbers import Real
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from sklearn.utils import check_consistent_length

from .._columns import encode_labels
from .._messages import quote
from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from ._mean_interval import MeanInterval, mean_interval
from ._vote_interval import vote_interval


class VotedScores(NamedTuple):
    """Result of :func:`bradley_terry`.

    Parameters
    ----------
    items : ndarray of shape (n_items,)
        The distinct items, sorted.
    scores : ndarray of shape (n_items,)
        Score of each item, with mean 0. A difference of 1 is odds of e to 1.
    n_votes : ndarray of shape (n_items,)
        Number of votes on each item.
    """

    items: NDArray
    scores: NDArray[np.float64]
    n_votes: NDArray[np.intp]


@validate_params(
    {
        "left": ["array-like"],
        "right": ["array-like"],
        "chosen": ["array-like"],
        "prior": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def bradley_terry(left, right, chosen, *, prior=0.5):
    """Scores of items from pairwise votes, by the Bradley-Terry model.

    Parameters
    ----------
    left, right : array-like of shape (n_votes,)
        The items of each vote: names, numbers or paths.
    chosen : array-like of shape (n_votes,)
        The chosen item of each vote. Any other value, such as -1 or None, means no
        preference and counts half for each item.
    prior : float, default=0.5
        Number of votes, above 0, that each item is taken to win, and to lose, against
        an item of score 0. They keep the scores of items always or never chosen finite.

    Returns
    -------
    voted : VotedScores
        Named tuple (items, scores, n_votes).

    Raises
    ------
    ValueError
        If lengths differ, an item is missing, or a vote is between an item and itself.

    See Also
    --------
    pairwise_accuracy : How often predictions agree with votes.

    Notes
    -----
    The model of Bradley and Terry [1]_: the left item is chosen with probability
    ``1 / (1 + exp(score of right - score of left))``. The scores have the highest
    posterior density under the prior votes [2]_.

    References
    ----------
    .. [1] Bradley and Terry, "Rank analysis of incomplete block designs: I. The method
       of paired comparisons", Biometrika 39, 1952.
    .. [2] Caron and Doucet, "Efficient Bayesian inference for generalized
       Bradley-Terry models", Journal of Computational and Graphical Statistics 21,
       2012.

    Examples
    --------
    >>> from sklearn_popularity.metrics import bradley_terry
    >>> voted = bradley_terry(["a", "b", "a"], ["b", "c", "c"], ["a", "b", "a"])
    >>> voted.items.tolist(), voted.scores.round(1).tolist()
    (['a', 'b', 'c'], [1.3, 0.0, -1.3])
    """
    check_consistent_length(left, right, chosen)
    pairs = [pd.Series(list(each), dtype=object) for each in (left, right, chosen)]
    n = len(pairs[0])
    both = pd.concat(pairs[:2], ignore_index=True)
    if both.isna().any():
        row = int(np.flatnonzero(both.isna())[0]) % n
        raise ValueError(
            f"An item of the vote in row {row} is missing, but two items were expected "
            "in each vote. Leave such votes out."
        )
    codes, items = pd.factorize(both, sort=True)
    first, second = codes[:n], codes[n:]
    same = np.flatnonzero(first == second)
    if len(same):
        raise ValueError(
            f"Got a vote between {quote(pairs[0][same[0]])} and itself in row "
            f"{same[0]}, but two items were expected."
        )
    won = np.full(n, 0.5)
    won[(pairs[0] == pairs[2]).to_numpy(bool)] = 1.0
    won[(pairs[1] == pairs[2]).to_numpy(bool)] = 0.0
    scores = _most_likely(first, second, won, len(items), prior)
    return VotedScores(
        pd.Series(items).infer_objects().to_numpy(),
        scores - scores.mean(),
        np.bincount(codes, minlength=len(items)),
    )


def _most_likely(first, second, won, n_items, prior):
    def loss(scores):
        apart = scores[first] - scores[second]
        likely = won * log_expit(apart) + (1 - won) * log_expit(-apart)
        beside = prior * (log_expit(scores) + log_expit(-scores))
        missed = won - expit(apart)
        gradient = np.bincount(first, missed, n_items)
        gradient -= np.bincount(second, missed, n_items)
        gradient += prior * (1 - 2 * expit(scores))
        return -likely.sum() - beside.sum(), -gradient

    settings = {"gtol": 1e-9, "ftol": 1e-15, "maxiter": 10_000}
    found = minimize(
        loss, np.zeros(n_items), jac=True, method="L-BFGS-B", options=settings
    )
    return found.x


def pairwise_accuracy(
    won: ArrayLike,
    difference: ArrayLike,
    *,
    items: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
) -> MeanInterval:
    """Share of votes in which predictions choose what people chose.

    Parameters
    ----------
    won : array-like of shape (n_votes,)
        1 if the left item was chosen, 0 if the right one was, 0.5 for no preference;
        votes without preference are left out.
    difference : array-like of shape (n_votes,)
        Prediction for the left item less the one for the right. A difference of 0
        counts as half right.
    items : array-like of shape (n_votes, 2), default=None
        Left and right item of each vote; votes that share an item are not independent.
        If None, they are taken to be.
    groups : array-like of shape (n_votes,), default=None
        Voter of each vote; votes of one voter are not independent.
    confidence : float, default=0.95
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    accuracy : MeanInterval
        Named tuple (mean, low, high); chance is 0.5. The ends are NaN with a single
        group or fewer than three items.

    Raises
    ------
    ValueError
        If lengths differ, `won` has values other than 0, 0.5 and 1, or no vote has a
        preference.

    Notes
    -----
    With `items`, the variance allows for votes that share an item [1]_, and with
    `groups` also for those that share a voter. In simulations 95 % intervals cover the
    truth in 90 to 98 % of cases (``benchmarks/simulations.py votes``).

    References
    ----------
    .. [1] Aronow, Samii and Assenova, "Cluster-robust variance estimation for dyadic
       data", Political Analysis 23, 2015.

    Examples
    --------
    >>> from sklearn_popularity.metrics import pairwise_accuracy
    >>> round(pairwise_accuracy([1, 1, 0, 0.5], [2.0, -1.0, -3.0, 1.0]).mean, 2)
    0.67
    """
    won, difference = check_numbers(won, "won"), check_numbers(difference, "difference")
    check_consistent_length(won, difference, groups)
    wrong = ~np.isin(won, [0.0, 0.5, 1.0])
    if wrong.any() or (won == 0.5).all():
        got = f"{won[wrong][0]:g}" if wrong.any() else "0.5 in each row"
        raise ValueError(
            f"Got won with {got}, but 1 where the left item was chosen, 0 where the "
            "right one was and 0.5 for no preference were expected."
        )
    told = won != 0.5
    right = (1 + np.sign(difference) * np.sign(won - 0.5))[told] / 2
    codes = None if groups is None else encode_labels(groups, "groups")[told]
    if items is None:
        return mean_interval(right, groups=codes, confidence=confidence)
    left_items, right_items = _number_items(items, len(won))[:, told]
    return vote_interval(right, left_items, right_items, codes, confidence)


def _number_items(items, n_votes):
    """Numbers of the left and right items."""
    items = np.asarray(items)
    if items.shape != (n_votes, 2):
        raise ValueError(
            f"Got items of shape {items.shape}, but ({n_votes}, 2) was expected: the "
            "left and the right item of each vote."
        )
    return encode_labels(items.T.ravel(), "items").reshape(2, -1)
