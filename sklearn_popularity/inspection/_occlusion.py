"""Occlusion maps: how far the score falls when parts of a photo are covered."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

_REACH = 3  # inpainting radius in pixels


def occlude(
    image: NDArray[np.uint8],
    score: Callable[[NDArray[np.uint8]], NDArray],
    *,
    patch_size: int,
    stride: int,
    batch_size: int,
) -> NDArray[np.float64]:
    """Fall of the score per covered pixel, around each pixel.

    The sum of the falls over the squares that cover the pixel, divided by the sum of
    their areas: the sum over a region is about the fall when the region is covered.
    Photos of shape (n, height, width, 3) are scored at a time.
    """
    # The first square is empty: it leaves the photo as it is.
    squares = [np.s_[:0, :0], *_squares(image.shape[:2], patch_size, stride)]
    scores: list[float] = []
    for start in range(0, len(squares), batch_size):
        batch = squares[start : start + batch_size]
        scores += score(np.stack([cover(image, each) for each in batch])).tolist()
    total, area = np.zeros((2, *image.shape[:2]))
    for square, value in zip(squares, scores, strict=True):
        total[square] += scores[0] - value
        area[square] += total[square].size
    return total / area


def cover(image: NDArray[np.uint8], square: tuple[slice, slice]) -> NDArray[np.uint8]:
    """Fill a square of a photo from its surroundings by Bertalmio's inpainting.

    A square of one colour would look like an object, with edges that no photo has.
    """
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[square] = 1
    if mask.all():  # nothing surrounds it
        return np.full_like(image, image.mean(axis=(0, 1)).round(), dtype=np.uint8)
    # OpenCV's other method, Telea's, changes photos of one colour.
    return np.asarray(cv2.inpaint(image, mask, _REACH, cv2.INPAINT_NS), np.uint8)


def _squares(size, patch_size, stride) -> Iterator[tuple[slice, slice]]:
    """Squares on a grid that begins outside the photo, clipped to the photo.

    So the same number of squares covers each pixel, if the stride divides their side.
    """
    spans = [
        [slice(max(0, start), start + patch_size) for start in starts]
        for starts in (range(stride - patch_size, side, stride) for side in size)
    ]
    for rows in spans[0]:
        for cols in spans[1]:
            yield rows, cols
