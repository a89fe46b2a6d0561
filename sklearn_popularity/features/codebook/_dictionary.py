"""Dictionaries of visual words: learned by k-means, or given."""

import os

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from .._npy import read_npy
from .._threads import single_threaded

# The squares in distances have to be finite, too.
_LARGEST = 1e150


def sample_rows(values: NDArray, n_rows: int, seed: list[int]) -> NDArray:
    """Draw rows without replacement, in their order; all if there are not more."""
    if len(values) <= n_rows:
        return values
    chosen = np.random.default_rng(seed).choice(len(values), n_rows, replace=False)
    return values[np.sort(chosen)]


def learn_words(samples: NDArray, n_words: int, random_state: int) -> NDArray:
    """Cluster descriptors; the centres are the words, in the dtype of the samples.

    Words are fewer than asked for if the samples have fewer distinct rows; without
    samples there is a single word of zeros.
    """
    distinct = np.unique(samples, axis=0)
    if len(distinct) == 0:
        return np.zeros((1, samples.shape[1]), samples.dtype)
    if len(distinct) <= n_words:
        return distinct
    # The best initialisation is found on few rows: on all of them, k-means++ alone
    # would take longer than k-means.
    few = sample_rows(distinct, 20 * n_words, [random_state])
    with single_threaded():
        start = KMeans(n_words, n_init=3, max_iter=20, random_state=random_state)
        start = start.fit(few).cluster_centers_
        words = KMeans(n_words, init=start, n_init=1, max_iter=50).fit(samples)
    return words.cluster_centers_


def load_words(dictionary, n_numbers: int, name: str) -> NDArray:
    """Check a given dictionary, or read it from a file.

    Parameters
    ----------
    dictionary : array-like of shape (n_words, n_numbers) or path
        Words, or the path of a ``.npy`` file with them.
    n_numbers : int
        Length of the descriptors.
    name : str
        Kind of descriptors, for error messages.

    Returns
    -------
    words : ndarray of shape (n_words, n_numbers)
        A copy: float32 if that holds all values of the dtype exactly, else float64.

    Raises
    ------
    ValueError
        If the file cannot be read, or the array has a wrong shape or is not finite.
    """
    what = f"The dictionary of {name}, an array,"
    if isinstance(dictionary, (str, os.PathLike)):
        what = f"The dictionary of {name}, the file {str(dictionary)!r},"
        dictionary = _read_words(dictionary, what)
    try:
        words = np.asarray(dictionary)
    except ValueError as error:
        raise ValueError(
            f"{what} is not a matrix ({error}), but the shape (n_words, {n_numbers}) "
            "was expected."
        ) from error
    if words.ndim != 2 or words.shape[1] != n_numbers or len(words) < 1:
        raise ValueError(
            f"{what} has the shape {words.shape}, but (n_words, {n_numbers}) was "
            "expected."
        )
    is_moderate = words.dtype.kind in "uif" and float(abs(words).max()) < _LARGEST
    if not is_moderate:  # NaN is not, either
        raise ValueError(
            f"{what} holds {words.dtype} values, but finite numbers of moderate size "
            "were expected."
        )
    # As small as possible: the words are pickled with each batch of photos.
    is_small = np.can_cast(words.dtype, np.float32)
    return words.astype(np.float32 if is_small else np.float64)


def _read_words(path, what):
    try:
        return read_npy(path)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{what} cannot be read ({error}). Save an array with numpy.save."
        ) from error
