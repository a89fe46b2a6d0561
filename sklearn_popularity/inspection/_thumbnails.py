"""Thumbnails and heatmaps for HTML pages."""

import base64
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

from ._heatmap import region_heatmap
from ._photos import as_photos

_QUALITY = 72
_MAP_SIZE = 160  # longest side of maps in pixels
# Blue and orange are distinguishable with all common kinds of colour vision.
_LOWERS, _RAISES = np.array([25, 95, 170.0]), np.array([215, 95, 0.0])


def data_uri(image: NDArray[np.uint8], quality: int = _QUALITY) -> str:
    """Encode a photo as the data URI of a JPEG file, for the ``src`` of an image."""
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def picture_of(image: NDArray[np.uint8], quality: int = _QUALITY) -> dict[str, Any]:
    """Source and size of a photo, for the ``picture`` of a template."""
    height, width = image.shape[:2]
    return {"src": data_uri(image, quality), "width": width, "height": height}


def draw_map(model, post, column="photo") -> NDArray[np.float64]:
    """Map the contribution of the square around each place to the score.

    In points of the score, minus the mean over all places, for the photo reduced to 160
    pixels. The side of the squares is a quarter of the longest side.
    """
    # A small photo and few squares, since features are computed for each square.
    photos = post[column] if isinstance(post, pd.DataFrame) else [post]
    size = as_photos(photos).read(0, max_size=_MAP_SIZE).shape
    side = max(1, max(size) // 4)
    heat = region_heatmap(
        model,
        post,
        column=column,
        max_size=_MAP_SIZE,
        patch_size=side,
        stride=max(1, 3 * side // 4),
    )
    # Squares that reach beyond the photo get nothing from outside.
    heat = uniform_filter(heat, side, mode="constant") * side**2
    return heat - heat.mean()


def overlay(
    image: NDArray[np.uint8], heat: NDArray, limit: float | None = None
) -> NDArray[np.uint8]:
    """Overlay a grey photo with its map: orange raises the score, blue lowers it.

    The absolute value `limit`, or None for the largest one, is drawn in full colour.
    Use the same limit for maps that are compared.
    """
    limit = np.abs(heat).max() if limit is None else limit
    heat = cv2.resize(heat, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    grey = image.mean(axis=2, keepdims=True) * 0.75 + 40
    strength = np.clip(heat / (limit or 1.0), -1, 1)[..., np.newaxis]
    alpha = 0.8 * np.abs(strength) ** 0.8
    color = np.where(strength > 0, _RAISES, _LOWERS)
    return ((1 - alpha) * grey + alpha * color).round().astype(np.uint8)


def tell_extremes(heat: NDArray) -> dict[str, str | float]:
    """Ninths of the photo with the highest and lowest contributions, and these."""
    return {
        "hottest": _place(heat.argmax(), heat.shape),
        "coldest": _place(heat.argmin(), heat.shape),
        "raises": float(heat.max()),
        "lowers": float(heat.min()),
    }


def _place(index, shape):
    row, col = (
        3 * i // side
        for i, side in zip(np.unravel_index(index, shape), shape, strict=True)
    )
    vertical, horizontal = ["top", "", "bottom"][row], ["left", "", "right"][col]
    return f"{vertical} {horizontal}".strip() or "centre"
