"""Which parts of a photo a model's score falls without: occlusion."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray


def occlude(
    image: NDArray[np.uint8],
    score: Callable[[NDArray[np.uint8]], NDArray],
    *,
    patch_size: int,
    stride: int,
    batch_size: int,
) -> tuple[NDArray[np.float64], float]:
    """How much the score falls when each part is covered.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        Photo.
    score : callable
        From photos, of shape (n, height, width, 3), to their scores.
    patch_size : int
        Side of the square that covers, in pixels; it has the mean colour of the photo.
    stride : int
        Distance of neighbouring squares, in pixels.
    batch_size : int
        Photos scored at a time.

    Returns
    -------
    heat : ndarray of shape (height, width), float64
        Mean over the squares that cover a pixel of how much the score falls.
    score : float
        Of the photo as it is.
    """
    # The first square is empty: it leaves the photo as it is.
    squares = [np.s_[:0, :0], *_squares(image.shape[:2], patch_size, stride)]
    color = image.mean(axis=(0, 1)).round().astype(np.uint8)
    scores = []
    for start in range(0, len(squares), batch_size):
        batch = squares[start : start + batch_size]
        covered = np.repeat(image[np.newaxis], len(batch), axis=0)
        for photo, square in zip(covered, batch, strict=True):
            photo[square] = color
        scores += score(covered).tolist()
    total, n_covers = np.zeros((2, *image.shape[:2]))
    for square, value in zip(squares, scores, strict=True):
        total[square] += scores[0] - value
        n_covers[square] += 1
    return total / n_covers, scores[0]


def _squares(size, patch_size, stride) -> Iterator[tuple[slice, slice]]:
    """Squares on a grid that begins outside the photo, cut at its rim.

    All pixels are so covered by as many squares, if the stride divides their side.
    """
    spans = [
        [slice(max(0, start), start + patch_size) for start in starts]
        for starts in (range(stride - patch_size, side, stride) for side in size)
    ]
    for rows in spans[0]:
        for cols in spans[1]:
            yield rows, cols
