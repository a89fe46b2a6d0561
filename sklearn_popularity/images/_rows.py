"""Read rows of pixel values as images."""

import math
from typing import Any

import numpy as np

from .._messages import quote
from .._warnings import warn_caller


class ImageShapeWarning(UserWarning):
    """The shape of images in rows of pixel values was guessed.

    Pass ``image_shape=(height, width, channels)`` if the rows hold pixels. A row of
    4,096 numbers may be an embedding, which is not a photo.
    """


def rows_as_batch(X: np.ndarray, image_shape: tuple[int, ...] | None) -> np.ndarray:
    """View rows of pixel values as images.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        One flattened image per row, channels last.
    image_shape : tuple of 2 or 3 ints, or None
        Height, width and, for colour, channels. None warns and guesses a square grey
        image, else a square RGB image, else a grey strip one pixel high.

    Returns
    -------
    batch : ndarray of shape (n, height, width, channels)

    Raises
    ------
    ValueError
        If the product of `image_shape` is not the number of features.
    """
    n_features = X.shape[1]
    shape: tuple[int, ...]
    if image_shape is None:
        shape = _infer_shape(n_features)
        warn_caller(
            f"X has rows of {n_features} numbers; each is read as an image of "
            f"{shape[0]} x {shape[1]} pixels with {shape[2]} channel(s). Pass "
            "image_shape=(height, width, channels) if they are pixels; an embedding "
            "is not a photo.",
            ImageShapeWarning,
        )
    else:
        shape = _check_image_shape(image_shape)
    if math.prod(shape) != n_features:
        raise ValueError(
            f"Got image_shape={quote(image_shape)}, which makes {math.prod(shape)} "
            f"values, but X has {n_features} features. Pass the (height, width, "
            "channels) of the images that the rows were flattened from."
        )
    return X.reshape(len(X), *shape)


def _check_image_shape(image_shape: Any) -> tuple[int, ...]:
    sides = [
        int(side)
        for side in image_shape
        if isinstance(side, int | np.integer) and side > 0
    ]
    shape = (*sides, 1)[:3]
    if not len(image_shape) == len(sides) in (2, 3) or shape[2] not in (1, 3, 4):
        raise ValueError(
            f"Got image_shape={quote(image_shape)}, but (height, width) or (height, "
            "width, channels) with positive integers and 1, 3 or 4 channels was "
            "expected."
        )
    return shape


def _infer_shape(n_features: int) -> tuple[int, int, int]:
    side = math.isqrt(n_features)
    if side * side == n_features:
        return side, side, 1
    side = math.isqrt(n_features // 3)
    if 3 * side * side == n_features:
        return side, side, 3
    return 1, n_features, 1
