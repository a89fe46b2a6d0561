"""Resize photos for a network, and convert batches of them to its input."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ._torch import import_torch

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
_WHITE = (255, 255, 255)
# Longer over shorter side, for "keep": networks fail on thin strips.
MAX_RATIO = 4.0


@dataclass(frozen=True)
class Squares:
    """Preprocessing of a network, with all values known; see :class:`Preprocessing`.

    Call it to resize an image; `to_planes` does the rest for a batch.
    """

    size: int
    resize: str = "crop"
    crop_share: float = 224 / 256
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    scale: float = 1.0
    channel_order: str = "rgb"
    flip: bool = False

    def __call__(
        self, image: NDArray[np.uint8], place: tuple[float, float] = (0.5, 0.5)
    ) -> NDArray[np.uint8]:
        """Resize or crop an image of shape (height, width, 3).

        For "crop", `place` is the position of the crop within the largest central
        square, from (0, 0) at the top left to (1, 1) at the bottom right.
        """
        square = (self.size, self.size)
        is_whole = self.resize != "crop" or self.crop_share == 1
        if is_whole and image.shape[:2] == square:
            return image  # copying to Pillow and back would take longest
        photo, method = Image.fromarray(image), _FILTERS[self.interpolation]
        if self.resize == "squeeze":
            photo = photo.resize(square, method)
        elif self.resize == "keep":
            photo = photo.resize(self.kept_shape(*photo.size), method)
        elif self.resize == "pad":
            photo = ImageOps.pad(photo, square, method, color=_WHITE)
        else:
            photo = self._crop(photo, method, place)
        return np.asarray(photo)

    def kept_shape(self, width: int, height: int) -> tuple[int, int]:
        """Width and height for "keep", with the area of the square up to rounding."""
        longest = sqrt(MAX_RATIO)
        stretch = min(max(sqrt(width / height), 1 / longest), longest)
        return round(self.size * stretch), round(self.size / stretch)

    def _crop(self, photo, method, place):
        # Crop and resize in one step: only the part in the square is resized.
        shorter = min(photo.size)
        side = shorter * self.crop_share
        left, top = (
            (length - side) / 2 + (share - 0.5) * (shorter - side)
            for length, share in zip(photo.size, place, strict=True)
        )
        box = (left, top, left + side, top + side)
        return photo.resize((self.size, self.size), method, box=box)


def to_planes(squares: NDArray[np.uint8], how: Squares, device: str) -> Any:
    """Convert a batch to normalised floats on the device.

    The batch is sent as bytes, a quarter of the size of floats.

    Parameters
    ----------
    squares : ndarray of shape (n, height, width, 3), uint8
        Pixels.
    how : Squares
        Preprocessing of the network.
    device : str
        Device of the network.

    Returns
    -------
    planes : tensor of shape (n, 3, height, width), float32
    """
    torch = import_torch()
    pixels, on_gpu = torch.from_numpy(squares), device.startswith("cuda")
    if on_gpu:
        pixels = pixels.pin_memory()
    pixels = pixels.to(device, non_blocking=on_gpu)
    if how.channel_order == "bgr":
        pixels = pixels.flip(-1)
    pixels = pixels.permute(0, 3, 1, 2).float() * (how.scale / 255)
    # Not created on the device, which would wait for all work that runs there.
    numbers = torch.tensor((how.mean, how.std)).to(device, non_blocking=on_gpu)
    mean, std = numbers.view(2, 1, 3, 1, 1)
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)
