"""Find photos that are nearly copies of each other."""

from itertools import product
from numbers import Real

import numpy as np
from joblib import Parallel, delayed
from PIL import Image
from scipy.fft import dctn

from .._sklearn_compat import Interval, validate_params
from ..images import ImageError, Photos, find_photos

_MAX_SIZE, _SIDE, _N_WAVES = 64, 32, 8  # sides of a photo, a view, its spectrum
_BLOCK = 2048
_ROUNDING = 1e-6  # of cosines in single precision
# Part of an axis that a crop keeps: all, all but 8 % at one end, all but 4 % at both.
_SPANS = ((0.0, 1.0), (0.08, 1.0), (0.0, 0.92), (0.04, 0.96))
# A mirror image has the same spectrum, with the sign of every other column reversed.
_MIRROR = np.tile([1, -1], _N_WAVES**2 // 2).astype(np.float32)


def _describe_views(photos: Photos) -> np.ndarray:
    """Unit vectors of shape (n, views, 64), the whole photo first; NaN if unusable."""
    vectors = np.full((len(photos), len(_SPANS) ** 2, _N_WAVES**2), np.nan, np.float32)
    for i in range(len(photos)):
        try:
            photo = Image.fromarray(photos.read(i, max_size=_MAX_SIZE)).convert("L")
        except ImageError:
            continue
        pixels = np.asarray(photo)
        if pixels.min() < pixels.max():  # blank photos would all be copies
            vectors[i] = _to_vectors(_cut_views(photo))
    return vectors


def _cut_views(photo):
    width, height = photo.size
    boxes = [
        (left * width, top * height, right * width, bottom * height)
        for (left, right), (top, bottom) in product(_SPANS, _SPANS)
    ]
    size = (_SIDE, _SIDE)
    views = [photo.resize(size, Image.Resampling.LANCZOS, box=box) for box in boxes]
    return np.stack([np.asarray(view, dtype=np.float64) for view in views])


def _to_vectors(views):
    """Signed square roots of the lowest frequencies, without the mean."""
    waves = dctn(views, axes=(1, 2), norm="ortho")[:, :_N_WAVES, :_N_WAVES]
    waves = waves.reshape(len(views), -1)
    waves[:, 0] = 0
    vectors = np.sign(waves) * np.sqrt(np.abs(waves))
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(norm, np.finfo(float).tiny)


@validate_params(
    {"max_distance": [Interval(Real, 0, 1, closed="left")]},
    prefer_skip_nested_validation=True,
)
def near_duplicates(X, *, max_distance=0.1, n_jobs=None):
    """Find pairs of photos that are nearly copies of each other.

    A copy may be resized, compressed, brighter, mirrored, or cropped by up to a tenth
    of its height and width.

    Parameters
    ----------
    X : sequence of photos
        Paths, arrays, PIL images or encoded bytes.
    max_distance : float, default=0.1
        Largest distance between a photo and the other, its mirror image or a crop of
        it, from 0 to below 1: 0 for the same picture, about 1 for unrelated ones. On
        838 photos of OASIS the default finds all copies that are mirrored, or reduced
        and compressed, and at least 98 % of those cropped by 5 or 10 %, mirrored and
        compressed or not; of the 350,703 pairs of the photos themselves it reports 2,
        each of one scene. At 0.16 these become 99.8 % and 3 pairs, again of one scene
        each, but made-up photos of similar scenes are reported too.
    n_jobs : int, default=None
        Number of worker processes; None is 1, -1 one per core.

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2), intp
        Positions i < j in X. Unreadable and blank photos count, but are in no pair.
        Photos that differ only by compression are each paired with the first of them,
        and only the first is paired with other near photos: all copies are connected,
        but not every pair is listed.

    Raises
    ------
    ValueError
        If X is a table of numbers or has no photos, or `max_distance` is out of range.

    See Also
    --------
    straddling_pairs : Pairs that are in different folds.

    Notes
    -----
    A photo is described by the 64 lowest frequencies of its discrete cosine transform,
    without the mean, as signed square roots: a compromise between the signs, which
    perceptual hashes compare, and the values, which the lowest frequencies dominate.
    The distance is one minus the cosine similarity. Each photo is compared with 16
    views of every other (whole, or without 4 or 8 % at some edges) and their mirror
    images.

    All pairs are compared: 10,000 photos take about 15 seconds after reading, 100,000 a
    hundred times as long. A photo takes 4 KB of memory.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity.evaluation import near_duplicates
    >>> photos = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    >>> photos[2] = photos[0, :, ::-1] // 2
    >>> near_duplicates(photos)
    array([[0, 2]])
    """
    items = find_photos(X)
    if items is None:
        raise ValueError(
            f"Got X of type {type(X).__name__}, a table of numbers, but a sequence of "
            "photos was expected."
        )
    if len(items) == 0:
        raise ValueError("Got X with no photos, but at least one was expected.")
    workers = Parallel(n_jobs=n_jobs)
    views = workers(delayed(_describe_views)(b) for b in Photos(items).batches(64))
    views = np.concatenate(views)
    readable = np.flatnonzero(~np.isnan(views[:, 0, 0]))
    # Recompression hardly changes any sign.
    _, first, sign_of_row = np.unique(
        views[readable, 0] > 0, axis=0, return_index=True, return_inverse=True
    )
    first = readable[first]
    copies = np.stack([first[sign_of_row.ravel()], readable], axis=1)
    near = first[_near_pairs(views[first], max_distance)]
    pairs = np.concatenate([copies[copies[:, 0] < copies[:, 1]], np.sort(near, axis=1)])
    return np.unique(pairs, axis=0)


def _near_pairs(views, max_distance):
    """Pairs i, j where a view of i is near j or its mirror image, block by block."""
    least = np.float32(1 - max_distance - _ROUNDING)
    pairs = [np.empty((0, 2), dtype=np.intp)]
    starts = range(0, len(views), _BLOCK)
    for top, left in product(starts, starts):
        whole = views[left : left + _BLOCK, 0]
        targets = [whole.T, (whole * _MIRROR).T]
        of_view = views[top : top + _BLOCK].swapaxes(0, 1)
        for view, target in product(np.ascontiguousarray(of_view), targets):
            i, j = np.nonzero(view @ target >= least)
            found = np.stack([i + top, j + left], axis=1)
            pairs.append(found[found[:, 0] != found[:, 1]])
    return np.concatenate(pairs)


def straddling_pairs(pairs, partitions, *, kept=None):
    """Select the pairs whose members are in different test folds of some partition.

    Parameters
    ----------
    pairs : ndarray of shape (n_pairs, 2)
        Pairs of rows.
    partitions : list of list of (train, test)
        Partitions into folds whose test rows cover all rows.
    kept : array-like of shape (n_kept,), default=None
        Rows that the folds refer to by position, such as `kept` of a
        :class:`ModelComparison`, which leaves out unreadable photos. None is all rows.

    Returns
    -------
    straddling : ndarray of shape (n_straddling, 2)
        The pairs, numbered as in `pairs`, through which a model may recognise a test
        photo. Pairs with rows that were not kept are left out.
    """
    pairs = np.asarray(pairs)
    n_rows = sum(len(test) for _, test in partitions[0])
    kept = np.arange(n_rows) if kept is None else np.asarray(kept)
    among = pairs[np.isin(pairs, kept).all(axis=1)]
    order = np.argsort(kept)
    numbers = order[np.searchsorted(kept[order], among)]
    apart = np.zeros(len(among), dtype=bool)
    for folds in partitions:
        fold_of_row = np.empty(n_rows, dtype=np.intp)
        for number, (_, test) in enumerate(folds):
            fold_of_row[test] = number
        apart |= fold_of_row[numbers[:, 0]] != fold_of_row[numbers[:, 1]]
    return among[apart]
