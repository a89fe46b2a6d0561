"""From a photo to the square that a network takes, and from squares to its planes."""

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
# Of the longer side to the shorter one, for "keep": networks fail on thin strips.
MAX_RATIO = 4.0


@dataclass(frozen=True)
class Squares:
    """How a network takes photos, in plain values: see :class:`Preprocessing`.

    Called with an image, it cuts out the square, or for "keep" gives the whole photo
    with as many pixels as the square has; `to_planes` does the rest.
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
        """Cut the square out of an image of shape (height, width, 3).

        `place`, for "crop", is where it lies within the central square that has the
        shorter side, from (0, 0) at the left and top to (1, 1).
        """
        square = (self.size, self.size)
        is_whole = self.resize != "crop" or self.crop_share == 1
        if is_whole and image.shape[:2] == square:
            return image  # copies to Pillow and back take longer than all else
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
        """Width and height for "keep": the area of the square, up to rounding."""
        longest = sqrt(MAX_RATIO)
        stretch = min(max(sqrt(width / height), 1 / longest), longest)
        return round(self.size * stretch), round(self.size / stretch)

    def _crop(self, photo, method, place):
        # The part of the photo that ends up in the square is all that is resized.
        shorter = min(photo.size)
        side = shorter * self.crop_share
        left, top = (
            (length - side) / 2 + (share - 0.5) * (shorter - side)
            for length, share in zip(photo.size, place, strict=True)
        )
        box = (left, top, left + side, top + side)
        return photo.resize((self.size, self.size), method, box=box)


def to_planes(squares: NDArray[np.uint8], how: Squares, device: str) -> Any:
    """Float planes from bytes, on the device: bytes are a quarter to send.

    Parameters
    ----------
    squares : ndarray of shape (n, height, width, 3), uint8
        Pixels.
    how : Squares
        How the network takes them.
    device : str
        Where the planes are needed.

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
    # Not made on the device, which waits until all that is under way there has ended.
    numbers = torch.tensor((how.mean, how.std)).to(device, non_blocking=on_gpu)
    mean, std = numbers.view(2, 1, 3, 1, 1)
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)
