"""The central square of an image, resized as in the toolbox of Khosla et al."""

from functools import lru_cache

import numpy as np
from scipy import sparse


def central_square(grey: np.ndarray, size: int) -> np.ndarray:
    """Resize the shorter side to `size` pixels, bilinearly, and crop the centre.

    It is antialiased if the image shrinks.
    """
    scale = size / min(grey.shape)
    for axis in (0, 1):
        # Round half up, but never below the size of the crop.
        resized = max(int(grey.shape[axis] * scale + 0.5), size)
        weights = _resize_weights(grey.shape[axis], resized, size)
        grey = weights @ grey if axis == 0 else (weights @ grey.T).T
    return grey


@lru_cache(maxsize=64)
def _resize_weights(n_in: int, n_out: int, n_crop: int) -> sparse.csr_array:
    """Matrix of a resize along one side by a triangle filter: central `n_crop` rows."""
    ratio = n_out / n_in
    sharpness = min(ratio, 1.0)
    first = (n_out - n_crop) // 2
    centres = (np.arange(first, first + n_crop) + 0.5) / ratio - 0.5
    taps = np.arange(2 * int(np.ceil(1 / sharpness)) + 1)
    inputs = np.floor(centres - 1 / sharpness).astype(int)[:, None] + taps
    weights = np.maximum(0, 1 - sharpness * np.abs(centres[:, None] - inputs))
    weights /= weights.sum(axis=1, keepdims=True)
    inputs %= 2 * n_in  # beyond an edge the image is mirrored, the edge repeated
    inputs = np.where(inputs < n_in, inputs, 2 * n_in - 1 - inputs)
    rows = np.broadcast_to(np.arange(n_crop)[:, None], inputs.shape)
    flat = (weights.ravel(), (rows.ravel(), inputs.ravel()))
    return sparse.coo_array(flat, shape=(n_crop, n_in)).tocsr()
