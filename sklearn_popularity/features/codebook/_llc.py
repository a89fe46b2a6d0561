"""Locality-constrained linear coding: descriptors as mixtures of nearby words."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Below this share of the squares that it is the difference of, a system is rounding
# error.
_SINGULAR = 1e-9
# Descriptors coded together: their products with the words stay in the cache.
_BLOCK = 1024


class Codes(NamedTuple):
    """Sparse codes: each descriptor as a mixture of a few words.

    Attributes
    ----------
    words : ndarray of shape (n, n_neighbors), intp
        Words, nearest first.
    weights : ndarray of shape (n, n_neighbors), float64
        Their shares; each row sums to 1, and shares may be negative.
    """

    words: NDArray[np.intp]
    weights: NDArray[np.float64]


def llc_codes(
    descriptors: NDArray,
    dictionary: NDArray,
    *,
    n_neighbors: int,
    regularization: float,
    words: NDArray[np.intp] | None = None,
) -> Codes:
    """Code descriptors by their nearest words.

    Parameters
    ----------
    descriptors : ndarray of shape (n, n_numbers)
        What to code.
    dictionary : ndarray of shape (n_words, n_numbers)
        Words.
    n_neighbors : int
        Words per descriptor, at most n_words.
    regularization : float
        Ridge relative to the trace of the system.
    words : ndarray of shape (n, n_neighbors), default=None
        Words to use; None finds the nearest.

    Returns
    -------
    codes : Codes

    Notes
    -----
    The weights w of a descriptor x minimise |x - sum_i w_i b_i|^2 + ridge |w|^2 subject
    to sum_i w_i = 1, over its nearest words b_i [1]_: with C_ij = (b_i - x).(b_j - x),
    they solve (C + regularization trace(C) I) w = 1 and are scaled to sum to 1. C is
    computed in double precision from inner products, which single precision would
    leave with errors of 2e-4. Where all words equal x, C is zero and so all weights
    are equal.

    References
    ----------
    .. [1] Wang et al., "Locality-constrained linear coding for image classification",
       CVPR 2010.
    """
    b = np.asarray(dictionary, dtype=np.float64)
    gram = b @ b.T
    found = np.empty((len(descriptors), n_neighbors), dtype=np.intp)
    weights = np.empty((len(descriptors), n_neighbors))
    for start in range(0, len(descriptors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        found[rows], weights[rows] = _code_block(
            np.asarray(descriptors[rows], dtype=np.float64),
            b,
            gram,
            words[rows] if words is not None else None,
            n_neighbors,
            regularization,
        )
    return Codes(found, weights)


def _code_block(x, b, gram, words, n_neighbors, regularization):
    products = x @ b.T
    squares = np.einsum("ij,ij->i", x, x)
    if words is None:
        words = nearest_words(gram.diagonal() - 2 * products, n_neighbors)
    near = np.take_along_axis(products, words, axis=1)
    system = gram[words[:, :, np.newaxis], words[:, np.newaxis, :]]
    system += squares[:, np.newaxis, np.newaxis]
    system -= near[:, :, np.newaxis]
    system -= near[:, np.newaxis, :]
    return words, _solve_for_weights(system, squares, regularization)


def nearest_words(distances: NDArray, n_neighbors: int) -> NDArray[np.intp]:
    """Columns of the smallest distances of each row, nearest first.

    Parameters
    ----------
    distances : ndarray of shape (n, n_words)
        Overwritten.
    n_neighbors : int
        How many.

    Returns
    -------
    words : ndarray of shape (n, n_neighbors), intp
        The lower index first where distances tie.
    """
    # A few passes for the minimum cost less than a partition for so few neighbours.
    words = np.empty((len(distances), n_neighbors), dtype=np.intp)
    rows = np.arange(len(distances))
    for i in range(n_neighbors):
        words[:, i] = distances.argmin(axis=1)
        distances[rows, words[:, i]] = np.inf
    return words


def _solve_for_weights(system, scale, regularization):
    """Solve many small symmetric systems for ones, and scale the solutions to sum 1."""
    n_neighbors = system.shape[1]
    diagonal = np.arange(n_neighbors)
    trace = np.maximum(system[:, diagonal, diagonal], 0).sum(axis=1)
    singular = trace <= _SINGULAR * scale
    system[singular] = 0
    ridge = np.where(singular, 1, regularization * trace)
    system[:, diagonal, diagonal] += ridge[:, np.newaxis]
    solution = np.ones((len(system), n_neighbors))
    # Elimination of all systems at once; positive definite, so pivots are safe.
    for i in range(n_neighbors):
        for j in range(i + 1, n_neighbors):
            factor = system[:, j, i] / system[:, i, i]
            system[:, j, i:] -= factor[:, np.newaxis] * system[:, i, i:]
            solution[:, j] -= factor * solution[:, i]
    for i in reversed(range(n_neighbors)):
        known = (system[:, i, i + 1 :] * solution[:, i + 1 :]).sum(axis=1)
        solution[:, i] = (solution[:, i] - known) / system[:, i, i]
    return solution / solution.sum(axis=1, keepdims=True)
