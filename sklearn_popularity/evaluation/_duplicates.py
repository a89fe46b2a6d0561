"""Find photos that show nearly the same picture."""

import imagehash
import numpy as np
from joblib import Parallel, delayed
from PIL import Image

from ..images import ImageError, Photos, find_photos

_HASH_BITS = 64
_HASH_PIXELS = 64
_BLOCK = 2048


def _perceptual_bits(photos: Photos) -> np.ndarray:
    """64 signs of low frequencies of each photo; NaN where there are none."""
    bits = np.full((len(photos), _HASH_BITS), np.nan, dtype=np.float32)
    for i in range(len(photos)):
        try:
            image = photos.read(i, max_size=_HASH_PIXELS)
        except ImageError:
            continue
        if image.min() == image.max():
            continue  # all blank photos have one hash
        bits[i] = imagehash.phash(Image.fromarray(image)).hash.ravel()
    return bits


def near_duplicates(X, *, max_distance=10, n_jobs=None):
    """Find pairs of photos that are alike to a perceptual hash.

    Parameters
    ----------
    X : sequence of photos
        Paths, arrays, PIL images or encoded bytes.
    max_distance : int, default=10
        Largest number of the 64 bits of the hash that may differ. Of 150 photos, all
        copies reduced to a quarter and compressed at quality 20, made a fifth brighter
        or cropped by 2 % on each side differed by at most 10; of 350,703 pairs among
        838 photos, only one that shows the same scene did.
    n_jobs : int, default=None
        Number of worker processes.

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2), intp
        Rows i < j of X. Of photos with equal hashes, each is paired with the first,
        and the first with those near it: photos alike are connected, without all
        pairs among many copies. Photos that cannot be read, and blank ones, are in no
        pair.

    Raises
    ------
    ValueError
        If X is a table of numbers, or has no photos.

    Notes
    -----
    The hash is :func:`imagehash.phash`: the signs, about their median, of the 64
    lowest frequencies of the discrete cosine transform.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity.evaluation import near_duplicates
    >>> photos = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    >>> photos[2] = photos[0] // 2
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
    bits = workers(delayed(_perceptual_bits)(b) for b in Photos(items).batches(64))
    bits = np.concatenate(bits)
    readable = np.flatnonzero(~np.isnan(bits[:, 0]))
    hashes, first, hash_of_row = np.unique(
        bits[readable], axis=0, return_index=True, return_inverse=True
    )
    first = readable[first]
    copies = np.stack([first[hash_of_row.ravel()], readable], axis=1)
    near = np.sort(first[_near_pairs(hashes, max_distance)], axis=1)
    pairs = np.concatenate([copies[copies[:, 0] < copies[:, 1]], near])
    return pairs[np.lexsort(pairs.T[::-1])]


def _near_pairs(hashes, max_distance):
    """Pairs i < j of different hashes that differ in few bits, block by block."""
    signs = 2 * hashes - 1
    pairs = [np.empty((0, 2), dtype=np.intp)]
    starts = range(0, len(signs), _BLOCK)
    for top in starts:
        for left in starts[top // _BLOCK :]:
            # The product of two hashes of signs is 64 less twice the bits that differ.
            product = signs[top : top + _BLOCK] @ signs[left : left + _BLOCK].T
            i, j = np.nonzero(product >= _HASH_BITS - 2 * max_distance)
            found = np.stack([i + top, j + left], axis=1)
            pairs.append(found[found[:, 0] < found[:, 1]])
    return np.concatenate(pairs)


def straddling_pairs(pairs, partitions):
    """Pick the pairs whose members are tested in different folds of some partition.

    Parameters
    ----------
    pairs : ndarray of shape (n_pairs, 2)
        Row numbers.
    partitions : list of list of (train, test)
        Folds that each cover all rows.

    Returns
    -------
    straddling : ndarray of shape (n_straddling, 2)
        The pairs through which a model may recognise a test photo.
    """
    apart = np.zeros(len(pairs), dtype=bool)
    for folds in partitions:
        fold_of_row = np.empty(sum(len(test) for _, test in folds), dtype=np.intp)
        for number, (_, test) in enumerate(folds):
            fold_of_row[test] = number
        apart |= fold_of_row[pairs[:, 0]] != fold_of_row[pairs[:, 1]]
    return pairs[apart]
