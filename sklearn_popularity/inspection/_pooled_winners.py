"""Trace the contributions of max-pooled codes back to places of the photo."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..features.codebook import CodebookTransformer, pooled_codes


class Places(NamedTuple):
    """Contributions of places of a photo to its score.

    Attributes
    ----------
    positions : ndarray of shape (n, 2), float64
        (row, col) in shares of the height and the width, 0 to 1.
    contributions : ndarray of shape (n,), float64
        Sum of weights times values of the codes that are largest at each place.
    """

    positions: NDArray[np.float64]
    contributions: NDArray[np.float64]


def trace_codes(
    transformer: CodebookTransformer, image: NDArray[np.uint8], weights: NDArray
) -> Places:
    """Contributions of places of a photo to a linear score of its pooled codes.

    The photo is reduced to the `max_size` of the transformer. With ``flip=True``, the
    photo and its mirror image count half each.
    """
    straight = _trace(transformer, image, weights)
    if not transformer.flip:
        return straight
    mirror = _trace(transformer, np.ascontiguousarray(image[:, ::-1]), weights)
    back = mirror.positions * [1, -1] + [0, 1]
    return Places(
        np.vstack([straight.positions, back]),
        np.concatenate([straight.contributions, mirror.contributions]) / 2,
    )


def _trace(transformer, image, weights) -> Places:
    positions, contributions = [], []
    for pooled, descriptors in pooled_codes(transformer, image).values():
        values, winners = pooled
        own, weights = np.split(weights, [values.size])
        length = np.linalg.norm(values) or 1.0
        shares = own.reshape(values.shape) * values / length
        # Without a winner the value is 0 and contributes nothing.
        won = winners >= 0
        n_places = len(descriptors.positions)
        contributions.append(np.bincount(winners[won], shares[won], n_places))
        positions.append(descriptors.positions / image.shape[:2])
    return Places(np.concatenate(positions), np.concatenate(contributions))


def draw_places(places: Places, size: tuple[int, int]) -> NDArray[np.float64]:
    """Sum contributions per pixel of a map of size (height, width)."""
    heat = np.zeros(size)
    # Pixel centres are at halves; bilinear weights divide a place among neighbours.
    first = places.positions * size - 0.5
    corner = np.floor(first).astype(np.intp)
    beyond = first - corner
    for step in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = np.where(step, beyond, 1 - beyond).prod(axis=1)
        rows, cols = np.clip(corner + step, 0, np.array(size) - 1).T
        np.add.at(heat, (rows, cols), share * places.contributions)
    return heat
