"""Simple edits of a photo: crops, exposure, saturation."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

Edit = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

_LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709
_SHARES = (0.9, 0.75)
_STOPS = (-1.0, -0.5, 0.5, 1.0)
_FACTORS = (0.4, 0.7, 1.3, 1.6)
_PLACES = {
    "centre": (1 / 2, 1 / 2),
    "top left": (1 / 3, 1 / 3),
    "top right": (1 / 3, 2 / 3),
    "bottom left": (2 / 3, 1 / 3),
    "bottom right": (2 / 3, 2 / 3),
}


def crop(
    photo: NDArray[np.uint8], share: float, center: tuple[float, float]
) -> NDArray[np.uint8]:
    """Keep a share of each side, around a (row, col) in shares, as near as it fits."""
    spans = []
    for side, middle in zip(photo.shape[:2], center, strict=True):
        length = max(1, round(share * side))
        start = int(np.clip(round(middle * side - length / 2), 0, side - length))
        spans.append(slice(start, start + length))
    return np.ascontiguousarray(photo[spans[0], spans[1]])


def change_exposure(photo: NDArray[np.uint8], stops: float) -> NDArray[np.uint8]:
    """Multiply the linear light of an sRGB photo by two per stop, clipped at white."""
    encoded = np.arange(256) / 255
    low = encoded <= 0.04045
    light = np.where(low, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    light = (light * 2.0**stops).clip(max=1)
    low = light <= 0.0031308
    encoded = np.where(low, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)[photo]


def change_saturation(photo: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Multiply the distance of each colour from the grey of the same luma."""
    values = photo.astype(np.float64)
    grey = values @ np.array(_LUMA)[:, np.newaxis]
    return np.round(grey + factor * (values - grey)).clip(0, 255).astype(np.uint8)


EDITS: dict[str, dict[str, Edit]] = {
    "crops": {
        f"crop {share:.0%}, {name}": partial(crop, share=share, center=center)
        for share in _SHARES
        for name, center in _PLACES.items()
    },
    "exposure": {
        f"exposure {stops:+g} EV": partial(change_exposure, stops=stops)
        for stops in _STOPS
    },
    "saturation": {
        f"saturation x{factor:g}": partial(change_saturation, factor=factor)
        for factor in _FACTORS
    },
}
