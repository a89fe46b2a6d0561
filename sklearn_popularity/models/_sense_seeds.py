"""Where latent senses start: at the centres of the most and least popular rows."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.utils import gen_batches

from ._senses import CHUNK, Scaling

# Section 4.1 of the paper takes the 1000 most popular images, of about a million.
_MAX_ROWS = 1000
_MAX_SHARE = 0.2
# Spread of senses that start from the same row.
_JITTER = 0.01


def random_directions(n_senses, n_features, random_state):
    """Directions without any knowledge, of shape (n_senses, n_features)."""
    return random_state.normal(size=(n_senses, n_features))


def clustered_directions(
    X: NDArray,
    y: NDArray,
    rows: NDArray[np.intp],
    sample_weight: NDArray | None,
    scaling: Scaling,
    n_senses: tuple[int, int],
    random_state: np.random.RandomState,
) -> NDArray:
    """Centres of k-means on the most popular rows, and on the least popular ones.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        Features.
    y : ndarray of shape (n,)
        Scores.
    rows : ndarray of int
        Rows to learn from.
    sample_weight : ndarray of shape (n,) or None
        Weights of the rows; a row of weight 2 counts as two.
    scaling : Scaling
        Of the features.
    n_senses : (int, int)
        Popular and unpopular senses.
    random_state : RandomState
        Of k-means.

    Returns
    -------
    directions : ndarray of shape (sum(n_senses), n_features), float64
        In scaled features, the popular ones first.
    """
    weights = np.ones(len(rows)) if sample_weight is None else sample_weight[rows]
    # Equal scores are ordered by what the rows hold, not by where they stand, so that
    # shuffled or repeated rows start the same senses.
    direction = np.asarray(random_state.normal(size=X.shape[1]), dtype=X.dtype)
    tie_break = np.concatenate(
        [X[rows[chunk]] @ direction for chunk in gen_batches(len(rows), CHUNK)]
    )
    sides = []
    for sign, k in zip((-1, 1), n_senses, strict=True):
        order = np.lexsort((tie_break, sign * y[rows]))
        first, first_weights = _first_rows(order, weights, k)
        scaled = scaling.apply(X[rows[first]]).astype(np.float64)
        sides.append(_centres(scaled, first_weights, k, random_state))
    return np.concatenate(sides)


def _first_rows(order, weights, at_least):
    """First rows of an order, and what of their weights belongs to the first fifth."""
    share = max(min(_MAX_SHARE, _MAX_ROWS / len(order)), at_least / len(order))
    ordered = weights[order]
    before = np.cumsum(ordered) - ordered
    kept = np.clip(share * ordered.sum() - before, 0, ordered)
    n_rows = np.count_nonzero(kept)
    return order[:n_rows], kept[:n_rows]


def _centres(rows, weights, k, random_state):
    if k == 0:
        return np.empty((0, rows.shape[1]))
    distinct = np.unique(rows, axis=0)
    if len(distinct) <= k:
        jitter = random_state.normal(size=(k, rows.shape[1]), scale=_JITTER)
        return distinct[np.arange(k) % len(distinct)] + jitter / np.sqrt(rows.shape[1])
    means = KMeans(k, n_init=3, random_state=random_state)
    return means.fit(rows, sample_weight=weights).cluster_centers_
