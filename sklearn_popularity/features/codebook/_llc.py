"""Locality-constrained linear coding: descriptors as weighted sums of near words."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Ridge relative to the trace of the system, as in the toolbox of Khosla et al.
REGULARIZATION = 0.03
# A trace below this share of the squared descriptor is rounding error: the system is a
# difference of such squares.
_SINGULAR = 1e-9
# Descriptors per block: their products with the words fit into the CPU's cache.
_BLOCK = 1024


class Codes(NamedTuple):
    """Sparse codes: each descriptor as a weighted sum of a few words.

    Attributes
    ----------
    words : ndarray of shape (n, n_neighbors), intp
        Indices of the words, nearest first.
    weights : ndarray of shape (n, n_neighbors), float64
        Weights of the words; each row sums to 1, and weights may be negative.
    """

    words: NDArray[np.intp]
    weights: NDArray[np.float64]


def llc_codes(
    descriptors: NDArray,
    dictionary: NDArray,
    *,
    n_neighbors: int,
    regularization: float = REGULARIZATION,
) -> Codes:
    """Code descriptors by their nearest words.

    Parameters
    ----------
    descriptors : ndarray of shape (n, n_numbers)
        Descriptors.
    dictionary : ndarray of shape (n_words, n_numbers)
        Words.
    n_neighbors : int
        Number of words per descriptor, at most n_words.
    regularization : float, default=0.03
        Ridge relative to the trace of the system.

    Returns
    -------
    codes : Codes

    Notes
    -----
    The weights w of a descriptor x minimise |x - sum_i w_i b_i|^2 + ridge |w|^2 subject
    to sum_i w_i = 1, over its nearest words b_i [1]_: with C_ij = (b_i - x).(b_j - x),
    they solve (C + regularization trace(C) I) w = 1 and are scaled to sum to 1. C is
    computed from inner products in double precision; single precision would have errors
    of 2e-4. If all nearest words equal x, C is zero and all weights are equal.

    References
    ----------
    .. [1] Wang et al., "Locality-constrained linear coding for image classification",
       CVPR 2010.
    """
    b = np.asarray(dictionary, dtype=np.float64)
    # Flat parts of a photo repeat one descriptor, often at half of all positions.
    first, which = _distinct_rows(descriptors)
    codes = _code(descriptors[first], b, n_neighbors, regularization)
    return Codes(codes.words[which], codes.weights[which])


def _distinct_rows(rows):
    """Row numbers of distinct rows, and for each row which of these it equals."""
    # Sort a hash of each row, two random projections read as one integer, which is much
    # faster than sorting rows. Rows with equal hashes are then compared.
    mixture = np.random.default_rng(0).random((rows.shape[1], 2), dtype=np.float32)
    keys = (rows.astype(np.float32, copy=False) @ mixture).view(np.uint64).ravel()
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) < len(rows) and (rows[first[which]] == rows).all():
        return first, which
    return slice(None), slice(None)


def _code(descriptors, b, n_neighbors, regularization):
    gram = b @ b.T
    # Numbers that are zero everywhere, such as absent colours, add nothing to products.
    used = descriptors.any(axis=0)
    if not used.all():
        descriptors, b = descriptors[:, used], b[:, used]
    words = np.empty((len(descriptors), n_neighbors), dtype=np.intp)
    weights = np.empty((len(descriptors), n_neighbors))
    # Allocating this memory for each block would take longer than computing the block.
    buffers = np.empty((2, min(_BLOCK, len(descriptors)), len(b)))
    for start in range(0, len(descriptors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        x = np.asarray(descriptors[rows], dtype=np.float64)
        products, distances = buffers[:, : len(x)]
        np.matmul(x, b.T, out=products)
        np.multiply(products, -2, out=distances)
        distances += gram.diagonal()
        words[rows] = nearest_words(distances, n_neighbors)
        weights[rows] = _weigh(x, products, words[rows], gram, regularization)
    return Codes(words, weights)


def _weigh(x, products, words, gram, regularization):
    """Weights of the nearest words; `products` are of descriptors with all words."""
    squares = np.einsum("ij,ij->i", x, x)
    # Descriptors along the last axis, so that loops over words run on long rows.
    near = np.take_along_axis(products, words, axis=1).T
    system = gram[words.T[:, np.newaxis], words.T]
    system += squares
    system -= near[:, np.newaxis]
    system -= near
    return _solve_for_weights(system, squares, regularization).T


def nearest_words(distances: NDArray, n_neighbors: int) -> NDArray[np.intp]:
    """Columns of the smallest distances of each row, nearest first.

    Of ties, the lower index comes first. The distances are overwritten.
    """
    # For few neighbours, repeated argmin is faster than argpartition.
    words = np.empty((len(distances), n_neighbors), dtype=np.intp)
    rows = np.arange(len(distances))
    for i in range(n_neighbors):
        words[:, i] = distances.argmin(axis=1)
        distances[rows, words[:, i]] = np.inf
    return words


def _solve_for_weights(system, scale, regularization):
    """Solve small symmetric systems, of shape (k, k, n), for weights that sum to 1."""
    n_neighbors = len(system)
    diagonal = np.arange(n_neighbors)
    trace = np.maximum(system[diagonal, diagonal], 0).sum(axis=0)
    singular = trace <= _SINGULAR * scale
    system[..., singular] = 0
    system[diagonal, diagonal] += np.where(singular, 1, regularization * trace)
    solution = np.ones(system.shape[1:])
    # Gaussian elimination of all systems at once; they are positive definite, so it
    # needs no pivoting.
    for i in range(n_neighbors):
        for j in range(i + 1, n_neighbors):
            factor = system[j, i] / system[i, i]
            system[j, i:] -= factor * system[i, i:]
            solution[j] -= factor * solution[i]
    for i in reversed(range(n_neighbors)):
        known = (system[i, i + 1 :] * solution[i + 1 :]).sum(axis=0)
        solution[i] = (solution[i] - known) / system[i, i]
    return solution / solution.sum(axis=0)
