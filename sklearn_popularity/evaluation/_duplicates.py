"""Find photos that show nearly the same picture."""

from itertools import product
from numbers import Real

import numpy as np
from joblib import Parallel, delayed
from PIL import Image
from scipy.fft import dctn

from .._sklearn_compat import Interval, validate_params
from ..images import ImageError, Photos, find_photos

_MAX_SIZE, _SIDE, _N_WAVES = 64, 32, 8  # of a photo, of a view of it, of its waves
_BLOCK = 2048
_ROUNDING = 1e-6  # of cosines in single precision
# What a crop leaves of an axis: all, all but 8 % at one end, all but 4 % at both.
_SPANS = ((0.0, 1.0), (0.08, 1.0), (0.0, 0.92), (0.04, 0.96))
# A mirror image has the same waves, but every other one along the rows turns its sign.
_MIRROR = np.tile([1, -1], _N_WAVES**2 // 2).astype(np.float32)


def _describe_views(photos: Photos) -> np.ndarray:
    """Unit vectors of shape (n, views, 64), the whole photo first; NaN for none."""
    vectors = np.full((len(photos), len(_SPANS) ** 2, _N_WAVES**2), np.nan, np.float32)
    for i in range(len(photos)):
        try:
            photo = Image.fromarray(photos.read(i, max_size=_MAX_SIZE)).convert("L")
        except ImageError:
            continue
        pixels = np.asarray(photo)
        if pixels.min() < pixels.max():  # all blank photos are alike
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
    """Square roots of the lowest frequencies, signs kept, without the mean."""
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
    """Find pairs of photos of which one is nearly a copy of the other.

    A copy may be resized, compressed, brighter, mirrored, or cropped by up to a tenth
    of its height and width.

    Parameters
    ----------
    X : sequence of photos
        Paths, arrays, PIL images or encoded bytes.
    max_distance : float, default=0.1
        Largest distance of a photo from the other, its mirror image or a crop of it: 0
        for the same picture, about 1 for pictures that have nothing in common. Of 838
        photos of OASIS, all copies that were mirrored, or reduced and compressed, and
        at least 98 % of those cropped by 5 or 10 %, mirrored and compressed or not, are
        found; of the 350,703 pairs of these photos only 2 are, of one scene each. At
        0.16 they are at least 99.8 % and 3, again of one scene each; but made-up photos
        of like scenes are found too.
    n_jobs : int, default=None
        Number of worker processes.

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2), intp
        Rows i < j of X, counted from 0 whatever its index, those that cannot be read
        included. Photos that differ by little more than their compression are each
        paired with the first of them, and only the first with those near it: photos
        alike are connected, without all pairs among many copies. Photos that cannot
        be read, and blank ones, are in no pair.

    Raises
    ------
    ValueError
        If X is a table of numbers, or has no photos, or `max_distance` is not at least
        0 and below 1.

    See Also
    --------
    straddling_pairs : Those that a partition into folds separates.

    Notes
    -----
    A photo is described by the 64 lowest frequencies of its discrete cosine transform
    but the mean, each by its square root with its sign: between the signs, as
    perceptual hashes compare them, and the values, which the
    coarsest alone decide. The distance is one less the cosine. Each photo is compared
    with 16 views of each other one, whole or without 4 or 8 % at some of its edges, and
    with their mirror images.

    All photos are compared with all others: 10,000 take about 15 seconds beyond the
    reading of them, 100,000 a hundred times as long. A photo takes 4 KB.

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
    # Recompression turns hardly any sign.
    _, first, sign_of_row = np.unique(
        views[readable, 0] > 0, axis=0, return_index=True, return_inverse=True
    )
    first = readable[first]
    copies = np.stack([first[sign_of_row.ravel()], readable], axis=1)
    near = first[_near_pairs(views[first], max_distance)]
    pairs = np.concatenate([copies[copies[:, 0] < copies[:, 1]], np.sort(near, axis=1)])
    return np.unique(pairs, axis=0)


def _near_pairs(views, max_distance):
    """Pairs i, j of which a view of i is near j or its mirror image, block by block."""
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
    """Pick the pairs whose members are tested in different folds of some partition.

    Parameters
    ----------
    pairs : ndarray of shape (n_pairs, 2)
        Row numbers.
    partitions : list of list of (train, test)
        Folds that each cover all rows.
    kept : array-like of shape (n_kept,), default=None
        Rows that the folds number from 0, such as `kept` of a
        :class:`FeatureComparison`, which leaves unreadable photos out. None is all.

    Returns
    -------
    straddling : ndarray of shape (n_straddling, 2)
        The pairs through which a model may recognise a test photo, numbered as in
        `pairs`. Those of rows that were not kept are in no fold and left out.
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
