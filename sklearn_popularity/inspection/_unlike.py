"""Detect photos that are unlike the training photos of a model."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

# This many random projections preserve angles well enough for any number of features
# (Johnson and Lindenstrauss 1984).
_N_DIRECTIONS = 512
_N_ROWS = 1000
_FEWEST = 100  # with fewer photos, unlike ones cannot be detected reliably
_N_NEIGHBORS = 5
_USUAL = 0.99
_FARTHEST = 5.0  # clip at these standard deviations: no single feature should dominate


def describe_seen(blocks) -> dict[str, NDArray]:
    """Summarise the features of the training photos; empty if these are too few.

    Parameters
    ----------
    blocks : list of ndarray of shape (n_photos, n_features)
        Features of the training photos, for each image transformer of the model.

    Returns
    -------
    seen : dict of str to ndarray
        Mean and standard deviation of each feature, random projections of at most 1,000
        photos, and the 99 % quantile of their distances from one another.
    """
    if not blocks or len(blocks[0]) < _FEWEST:
        return {}
    mean = np.concatenate([block.mean(axis=0, dtype=np.float64) for block in blocks])
    scale = np.concatenate([block.std(axis=0, dtype=np.float64) for block in blocks])
    scale[scale == 0] = 1.0
    # Blocks have equal weights, whatever their number of features.
    scale *= np.concatenate([[np.sqrt(b.shape[1])] * b.shape[1] for b in blocks])
    seen = {"mean": mean.astype(np.float32), "scale": scale.astype(np.float32)}
    places = _places(seen, blocks)
    chosen = np.random.RandomState(0).permutation(len(places))[:_N_ROWS]
    seen["places"] = places[np.sort(chosen)]
    apart = _distances(seen["places"], None)
    return seen | {"usual": np.quantile(apart, [_USUAL])}


def find_unlike(seen, blocks) -> NDArray[np.bool_]:
    """Whether new photos are farther from the training photos than 99 % of these are.

    Parameters
    ----------
    seen : dict of str to ndarray
        From `describe_seen`.
    blocks : list of ndarray of shape (n_photos, n_features)
        The same features of new photos.

    Notes
    -----
    The distance is the mean over the five nearest training photos, between standardised
    features of each photo that are scaled to length 1 [1]_. Some 1 % of photos like the
    training photos are found to be unlike them.

    References
    ----------
    .. [1] Sun, Ming, Zhu and Li, "Out-of-distribution detection with deep nearest
       neighbors", ICML 2022.
    """
    return _distances(seen["places"], _places(seen, blocks)) > seen["usual"][0]


def _places(seen, blocks):
    """Random projections of the standardised features, of length 1."""
    directions = np.random.RandomState(0)
    places, start = 0.0, 0
    for block in blocks:
        stop = start + block.shape[1]
        width = np.sqrt(block.shape[1])
        limit = _FARTHEST / width
        rows = (block - seen["mean"][start:stop]) / seen["scale"][start:stop]
        drawn = directions.normal(size=(block.shape[1], _N_DIRECTIONS))
        places = places + rows.clip(-limit, limit) @ drawn.astype(np.float32)
        start = stop
    return normalize(np.asarray(places)).astype(np.float16)


def _distances(places, new):
    """Mean distance of `new` from the nearest places; None takes the places."""
    n = min(_N_NEIGHBORS, len(places) - 1)
    places, new = (a if a is None else a.astype(np.float32) for a in (places, new))
    found = NearestNeighbors(n_neighbors=n, algorithm="brute").fit(places)
    return found.kneighbors(new)[0].mean(axis=1)
