"""Initial latent senses, from cluster centres of the most and least popular rows."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.utils import gen_batches

from ._senses import CHUNK, Scaling, Senses

# Section 4.1 of the paper takes the 1000 most popular images, of about a million.
_MAX_ROWS = 1000
_MAX_SHARE = 0.2
# Standard deviation between senses that start from the same row.
_JITTER = 0.01


def start_senses(
    X: NDArray,
    y: NDArray,
    rows: NDArray[np.intp],
    sample_weight: NDArray | None,
    n_senses: tuple[int, int],
    init: str,
    random_state: np.random.RandomState,
) -> Senses:
    """Initial senses, scaled by the training rows; all zeros if all scores are equal.

    They are k-means centres of the most and of the least popular rows, or random
    directions. `n_senses` are those of popular and of unpopular ones.
    """
    scaling = Scaling.of(X, rows, sample_weight)
    if np.ptp(y[rows]) == 0:  # nothing to rank, and nothing to start from
        directions = np.zeros((sum(n_senses), X.shape[1]))
    elif init == "random":
        directions = random_state.normal(size=(sum(n_senses), X.shape[1]))
    else:
        directions = _clustered_directions(
            X, y, rows, sample_weight, scaling, n_senses, random_state
        )
    return Senses.start(directions, n_senses[0], scaling)


def _clustered_directions(X, y, rows, sample_weight, scaling, n_senses, random_state):
    """Centres of clusters, (n_senses, n_features), in scaled features."""
    weights = np.ones(len(rows)) if sample_weight is None else sample_weight[rows]
    # Equal scores are ordered by features, not by position, so that shuffled or
    # repeated rows give the same senses.
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
    """First rows of an order, and their weights within the first fifth of the total."""
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
