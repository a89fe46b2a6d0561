"""From a photo to the square that a network takes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
_WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Preprocessing:
    """How a network was shown photos when it was trained.

    Parameters
    ----------
    size : int
        Side of the square in pixels.
    resize : {"crop", "squeeze", "pad"}
        Reduce the shorter side and crop the centre; ignore the aspect; or reduce the
        longer side and fill up with white.
    crop_share : float
        Side of the square over the shorter side it is cropped from, for "crop".
    interpolation : {"bilinear", "bicubic"}
        Filter of the reduction.
    mean, std : tuple of 3 floats
        Subtracted from the channels, and what they are then divided by; in the order
        of `channel_order`.
    scale : float
        Value of white before that: 1 or 255.
    channel_order : {"rgb", "bgr"}
        Order that the network takes.
    """

    size: int
    resize: str = "crop"
    crop_share: float = 224 / 256
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    scale: float = 1.0
    channel_order: str = "rgb"

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut the square out of an image of shape (height, width, 3)."""
        photo, method = Image.fromarray(image), _FILTERS[self.interpolation]
        square = (self.size, self.size)
        if self.resize == "squeeze":
            photo = photo.resize(square, method)
        elif self.resize == "pad":
            photo = ImageOps.pad(photo, square, method, color=_WHITE)
        else:
            photo = self._crop(photo, method)
        return np.asarray(photo)

    def _crop(self, photo, method):
        # The part of the photo that ends up in the square is all that is resized.
        side = min(photo.size) * self.crop_share
        left, top = ((length - side) / 2 for length in photo.size)
        box = (left, top, left + side, top + side)
        return photo.resize((self.size, self.size), method, box=box)
