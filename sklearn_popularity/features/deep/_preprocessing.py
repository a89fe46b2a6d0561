"""From a photo to the square that a network takes."""

from dataclasses import dataclass, replace
from typing import Any

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

    def __call__(
        self, image: NDArray[np.uint8], place: tuple[float, float] = (0.5, 0.5)
    ) -> NDArray[np.uint8]:
        """Cut the square out of an image of shape (height, width, 3).

        `place`, for "crop", is where it lies within the central square that has the
        shorter side, from (0, 0) at the left and top to (1, 1).
        """
        photo, method = Image.fromarray(image), _FILTERS[self.interpolation]
        square = (self.size, self.size)
        if self.resize == "squeeze":
            photo = photo.resize(square, method)
        elif self.resize == "pad":
            photo = ImageOps.pad(photo, square, method, color=_WHITE)
        else:
            photo = self._crop(photo, method, place)
        return np.asarray(photo)

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


def adapt(preprocessing: Preprocessing, **given: Any) -> Preprocessing:
    """Preprocessing with what is given, and is not None, in place of its own.

    Raises
    ------
    ValueError
        If `mean` or `std` are no three finite numbers, or a `std` is not above 0.
    """
    given = {name: value for name, value in given.items() if value is not None}
    for name in {"mean", "std"} & set(given):
        try:
            values = tuple(float(value) for value in given[name])
        except (TypeError, ValueError):
            values = ()
        wrong = len(values) != 3 or not np.isfinite(values).all()
        if wrong or (name == "std" and min(values) <= 0):
            raise ValueError(
                f"Got {name}={given[name]!r}, but 3 finite numbers were expected, "
                "one per channel" + (", above 0." if name == "std" else ".")
            )
        given[name] = values
    return replace(preprocessing, **given)
