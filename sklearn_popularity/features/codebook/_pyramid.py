"""Max pooling of codes over the regions of a spatial pyramid."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._llc import Codes


class Pooled(NamedTuple):
    """Largest weight of each word in each region, and the descriptor that has it.

    Attributes
    ----------
    values : ndarray of shape (n_regions, n_words), float64
        Levels from the whole image to the finest, regions row by row.
    winners : ndarray of shape (n_regions, n_words), intp
        Index of the descriptor that has this weight; -1 if the largest weight is the
        zero of descriptors that do not use the word, or there are no descriptors.
    """

    values: NDArray[np.float64]
    winners: NDArray[np.intp]


def region_names(n_levels: int) -> list[str]:
    """Names of the regions, in the order of the pooled vector."""
    return [
        f"level{level}_r{row}c{col}"
        for level in range(n_levels)
        for row in range(2**level)
        for col in range(2**level)
    ]


def finest_regions(
    positions: NDArray, size: tuple[int, int], n_levels: int
) -> NDArray[np.intp]:
    """Finest region of each position, counted row by row; -1 outside the image.

    Positions are (row, col) in pixels from the upper left corner.
    """
    side = 2 ** (n_levels - 1)
    cells = np.floor(positions * side / np.asarray(size)).astype(np.intp)
    inside = ((cells >= 0) & (cells < side)).all(axis=1)
    return np.where(inside, cells[:, 0] * side + cells[:, 1], -1)


def max_pool(
    codes: Codes, regions: NDArray[np.intp], n_words: int, n_levels: int
) -> Pooled:
    """Pool codes over a pyramid of 1, 2 x 2, 4 x 4 and so on regions.

    Parameters
    ----------
    codes : Codes
        Sparse codes of the descriptors.
    regions : ndarray of shape (n,), intp
        Finest region of each descriptor; those with -1 are left out.
    n_words : int
        Number of words of the dictionary.
    n_levels : int
        Number of levels of the pyramid.

    Returns
    -------
    pooled : Pooled
        A region without descriptors has zeros; a coarser region has the maximum of its
        four.
    """
    side = 2 ** (n_levels - 1)
    used = np.flatnonzero(regions >= 0)
    cells = (regions[used, np.newaxis] * n_words + codes.words[used]).ravel()
    weights = codes.weights[used].ravel()
    owners = np.repeat(used, codes.words.shape[1])
    values = np.full(side * side * n_words, -np.inf)
    np.maximum.at(values, cells, weights)
    winners = np.full(len(values), -1, dtype=np.intp)
    best = np.flatnonzero(weights == values[cells])[::-1]
    winners[cells[best]] = owners[best]  # written backwards: the first of ties stays
    # A descriptor that does not use a word weighs it by 0, which exceeds negative ones.
    n_users = np.bincount(cells, minlength=len(values))
    n_descriptors = np.bincount(regions[used], minlength=side * side)
    all_use = n_users.reshape(-1, n_words) == n_descriptors[:, np.newaxis]
    zero = (values < 0) & ~all_use.ravel() | np.isneginf(values)
    values[zero], winners[zero] = 0, -1
    levels = [(values.reshape(-1, n_words), winners.reshape(-1, n_words))]
    while len(levels[0][0]) > 1:
        levels.insert(0, _merge_four(*levels[0]))
    return Pooled(*(np.concatenate(parts) for parts in zip(*levels, strict=True)))


def _merge_four(values, winners):
    """The next coarser level: the best of each 2 x 2 regions."""
    half = int(np.sqrt(len(values))) // 2
    children = values.reshape(half, 2, half, 2, -1).transpose(0, 2, 1, 3, 4)
    children = children.reshape(half * half, 4, -1)
    best = children.argmax(axis=1)[:, np.newaxis]
    owners = winners.reshape(half, 2, half, 2, -1).transpose(0, 2, 1, 3, 4)
    owners = owners.reshape(half * half, 4, -1)
    return (
        np.take_along_axis(children, best, axis=1)[:, 0],
        np.take_along_axis(owners, best, axis=1)[:, 0],
    )
