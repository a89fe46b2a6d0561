"""Stability of latent senses across seeds and training rows."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.utils import check_random_state

from .._messages import quote
from .._sklearn_compat import Interval, validate_params
from ._senses import POPULAR, UNPOPULAR, ranker_and_rows

# Minimal kappa of a stable sense.
_SEEN_AGAIN = 0.4


@validate_params(
    {
        "n_shuffles": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def sense_stability(rankers, X, *, n_shuffles=20, random_state=0):
    """Agreement between the latent senses of several rankers.

    Many senses do not reappear with another seed, or without some of the rows.
    Interpret only stable senses, such as by :func:`sense_words`.

    Parameters
    ----------
    rankers : list of LatentRankSVM, or of pipelines that end in one
        Two or more fitted rankers with the same numbers of senses, such as with
        different seeds, or from the folds of a cross-validation. The table describes
        the senses of the first ranker.
    X : array-like of shape (n_samples, n_features)
        Rows to match the senses on, preferably held out from all rankers.
    n_shuffles : int, default=20
        Number of shuffles of the rows, to estimate the agreement by chance.
    random_state : int, RandomState instance or None, default=0
        Seed of the shuffles.

    Returns
    -------
    table : DataFrame
        A row per sense of the first ranker, with the columns side ("popular" or
        "unpopular"), sense (number within its side), share (of the rows that belong to
        the sense), agreement (mean of Cohen's kappa with the matched sense of each
        other ranker), lowest (smallest of these kappas), chance (mean agreement with
        shuffled rows) and stable (agreement of at least 0.4 and at least `chance`).
        Agreement is NaN for a side with one sense.

    Raises
    ------
    TypeError
        If a ranker is not a LatentRankSVM, or a pipeline that ends in one.
    ValueError
        If there are fewer than two rankers, or their numbers of senses differ.

    See Also
    --------
    sense_words : Words of each sense.

    Notes
    -----
    Each row belongs to the popular and to the unpopular sense with the highest score.
    Cohen's kappa [1]_ compares the rows of a sense of one ranker with those of a sense
    of another: 1 for the same rows, 0 for the overlap of independent sets. Senses have
    no order, so they are matched by the assignment with the highest sum of kappa. This
    maximum is above 0 by chance, which `chance` estimates.

    References
    ----------
    .. [1] Cohen, "A coefficient of agreement for nominal scales", Educational and
       Psychological Measurement 20, 1960.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import LatentRankSVM
    >>> from sklearn_popularity.inspection import sense_stability
    >>> X = np.random.default_rng(0).normal(size=(400, 4))
    >>> y = X[:, :2].max(axis=1) - X[:, 2:].max(axis=1)
    >>> rankers = [LatentRankSVM(random_state=i).fit(X, y) for i in range(3)]
    >>> sense_stability(rankers, X)["stable"].tolist()
    [True, True, True, True]
    """
    if not isinstance(rankers, Sequence) or len(rankers) < 2:
        raise ValueError(
            f"Got rankers={quote(rankers)}, but a list of two or more fitted rankers "
            "was expected."
        )
    found = [ranker_and_rows(each, X) for each in rankers]
    sizes = [(each.n_senses, each.n_unpopular_senses) for each, _ in found]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"Got rankers with {quote(sizes)} popular and unpopular senses, but equal "
            "numbers were expected."
        )
    winners = [each.predict_sense(rows) for each, rows in found]
    return stability_of_winners(winners, sizes[0], n_shuffles, random_state)


def stability_of_winners(winners, n_senses, n_shuffles, random_state) -> pd.DataFrame:
    """The table of :func:`sense_stability`, from the winning senses of each row.

    Parameters
    ----------
    winners : list of ndarray of shape (n_samples, 2), int
        Results of `predict_sense` of each ranker.
    n_senses : tuple of int
        Numbers of popular and unpopular senses.
    n_shuffles, random_state
        As in :func:`sense_stability`.
    """
    rng = check_random_state(random_state)
    shuffles = [rng.permutation(len(winners[0])) for _ in range(n_shuffles)]
    rows = []
    for side, (name, n) in enumerate(zip((POPULAR, UNPOPULAR), n_senses, strict=True)):
        if not n:
            continue
        first, *others = (each[:, side] for each in winners)
        found = np.array([match_senses(first, other, n) for other in others])
        chance = [
            match_senses(first, other[order], n)
            for other in others
            for order in shuffles
        ]
        expected = np.mean(chance, axis=0)
        for sense in range(n):
            agreement = found[:, sense].mean()
            rows.append(
                {
                    "side": name,
                    "sense": sense,
                    "share": float((first == sense).mean()),
                    "agreement": agreement,
                    "lowest": found[:, sense].min(),
                    "chance": expected[sense],
                    "stable": bool(agreement >= max(_SEEN_AGAIN, expected[sense])),
                }
            )
    return pd.DataFrame(rows)


def match_senses(first, second, n_senses) -> NDArray[np.float64]:
    """Kappa of each sense with the matched sense of another ranker.

    From the winning sense of each row; NaN if there is one sense, 0 for senses without
    rows.
    """
    if n_senses == 1:
        return np.array([np.nan])
    common = np.zeros((n_senses, n_senses))
    np.add.at(common, (first, second), 1 / len(first))
    a, b = common.sum(axis=1, keepdims=True), common.sum(axis=0, keepdims=True)
    # Share of rows on which both senses agree, beyond that of independent senses.
    above = 2 * (common - a * b)
    room = a + b - 2 * a * b
    kappa = np.divide(above, room, out=np.zeros_like(above), where=room > 0)
    rows, columns = linear_sum_assignment(-kappa)
    return kappa[rows, columns]
