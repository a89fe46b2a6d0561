"""Which photos are unlike those that a model was fitted on."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

# Angles are kept well enough by as many random directions (Johnson and Lindenstrauss
# 1984), whatever the number of features.
_N_DIRECTIONS = 512
_N_ROWS = 1000
_N_NEIGHBORS = 5
_USUAL = 0.99
_FARTHEST = 5.0  # standard deviations: beyond, one rare number would decide


def describe_seen(blocks) -> dict[str, NDArray]:
    """What is kept of photos that a model was fitted on.

    Parameters
    ----------
    blocks : list of ndarray of shape (n_photos, n_features)
        What each image transformer of the model makes of them.

    Returns
    -------
    seen : dict of str to ndarray
        Mean and standard deviation of each feature, photos in random directions (at
        most 1,000 of them), and the distance that few of them have from the others.
    """
    mean = np.concatenate([block.mean(axis=0, dtype=np.float64) for block in blocks])
    scale = np.concatenate([block.std(axis=0, dtype=np.float64) for block in blocks])
    scale[scale == 0] = 1.0
    # Blocks weigh alike, however many numbers they have.
    scale *= np.concatenate([[np.sqrt(b.shape[1])] * b.shape[1] for b in blocks])
    seen = {"mean": mean.astype(np.float32), "scale": scale.astype(np.float32)}
    places = _places(seen, blocks)
    chosen = np.random.RandomState(0).permutation(len(places))[:_N_ROWS]
    seen["places"] = places[np.sort(chosen)]
    apart = _distances(seen["places"], None)
    return seen | {"usual": np.quantile(apart, [_USUAL])}


def find_unlike(seen, blocks) -> NDArray[np.bool_]:
    """Whether new photos are farther from those seen than 99 % of these are.

    Parameters
    ----------
    seen : dict of str to ndarray
        From `describe_seen`.
    blocks : list of ndarray of shape (n_photos, n_features)
        The same features of new photos.

    Notes
    -----
    Distances are those to the five nearest photos, on average, between directions:
    each feature is standardised, and each photo's features are brought to length 1
    [1]_. Some 1 % of photos like those seen are found to be unlike them.

    References
    ----------
    .. [1] Sun, Ming, Zhu and Li, "Out-of-distribution detection with deep nearest
       neighbors", ICML 2022.
    """
    return _distances(seen["places"], _places(seen, blocks)) > seen["usual"][0]


def _places(seen, blocks):
    """Photos in random directions of the standardised features."""
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
    """Mean distance from the nearest places; of these, from the nearest others."""
    n = min(_N_NEIGHBORS, len(places) - 1)
    places, new = (a if a is None else a.astype(np.float32) for a in (places, new))
    found = NearestNeighbors(n_neighbors=n, algorithm="brute").fit(places)
    return found.kneighbors(new)[0].mean(axis=1)
