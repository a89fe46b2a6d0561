"""Photos inside a page: small JPEG files as text, and maps over photos."""

import base64
from io import BytesIO
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from ._heatmap import region_heatmap

_QUALITY = 72
_MAP_SIZE = 160  # of photos that are covered piece by piece
# Blue and orange are told apart by all common kinds of colour vision.
_LOWERS, _RAISES = np.array([25, 95, 170.0]), np.array([215, 95, 0.0])


def data_uri(image: NDArray[np.uint8], quality: int = _QUALITY) -> str:
    """A photo as the text of a JPEG file.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        sRGB.
    quality : int, default=72
        Of the JPEG file, 0 to 100.

    Returns
    -------
    uri : str
        For the ``src`` of an image in HTML.
    """
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def draw_map(model, post, image, column="photo") -> NDArray[np.float64]:
    """A heatmap of the size of an image; by occlusion, in fewer steps than usual.

    Parameters
    ----------
    model : estimator
        Fitted.
    post : photo, or DataFrame with one row
        What it predicts from.
    image : ndarray of shape (height, width, 3), uint8
        The photo as shown.
    column : str, default="photo"
        Column of the photo.

    Returns
    -------
    heat : ndarray of shape (height, width), float64
    """
    patch_size = _tile(image.shape[:2])
    heat = region_heatmap(
        model,
        post,
        column=column,
        max_size=_MAP_SIZE,
        patch_size=patch_size,
        stride=patch_size,  # each square costs a description of the photo
    )
    # Squares leave steps, which say nothing of the photo.
    heat = gaussian_filter(heat, patch_size / 3, mode="reflect")
    return cv2.resize(heat, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _tile(size):
    """Side of squares, four of which cover the longer side and some the shorter one."""
    short, long = sorted(side * min(1, _MAP_SIZE / max(size)) for side in size)
    n_tiles = max(1, round(4 * short / long))
    return max(1, ceil(max(long / 4, short / n_tiles)))


def overlay(image: NDArray[np.uint8], heat: NDArray) -> NDArray[np.uint8]:
    """Lay a map over its photo in grey: orange raises the score, blue lowers it.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        Photo.
    heat : ndarray of shape (height, width)
        From :func:`region_heatmap`.

    Returns
    -------
    drawn : ndarray of shape (height, width, 3), uint8
    """
    grey = image.mean(axis=2, keepdims=True) * 0.75 + 40
    strength = heat / (np.abs(heat).max() or 1.0)
    alpha = 0.8 * np.abs(strength)[..., np.newaxis] ** 0.8
    color = np.where(strength[..., np.newaxis] > 0, _RAISES, _LOWERS)
    return ((1 - alpha) * grey + alpha * color).round().astype(np.uint8)


def name_places(heat: NDArray) -> tuple[str, str]:
    """Which ninth of the photo the map raises most, and which it lowers most.

    Parameters
    ----------
    heat : ndarray of shape (height, width)
        Map.

    Returns
    -------
    hottest, coldest : str
        Such as "top left".
    """
    rows = np.array_split(np.arange(heat.shape[0]), 3)
    cols = np.array_split(np.arange(heat.shape[1]), 3)
    means = np.array([[_mean(heat[np.ix_(r, c)]) for c in cols] for r in rows])
    hottest, coldest = (
        _place(*np.unravel_index(i, means.shape))
        for i in (means.argmax(), means.argmin())
    )
    return hottest, coldest


def _mean(part):
    return part.mean() if part.size else 0.0


def _place(row, col):
    vertical, horizontal = ["top", "", "bottom"][row], ["left", "", "right"][col]
    return f"{vertical} {horizontal}".strip() or "centre"
