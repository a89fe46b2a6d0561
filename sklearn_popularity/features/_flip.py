"""Averages over a photo and its mirror image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._describe import Describe


@dataclass(frozen=True)
class _FlipAverage:
    """The mean of the descriptions of an image and its mirror image."""

    describe: Describe

    def __call__(self, image: NDArray[np.uint8]) -> NDArray:
        mirror = np.ascontiguousarray(image[:, ::-1])
        # In float32, so that a photo and its mirror image give exactly the same sum.
        first, second = (
            np.asarray(self.describe(i), np.float32) for i in (image, mirror)
        )
        return (first + second) / 2


def flip_average(describe: Describe, flip: bool) -> Describe:
    """Average a description over an image and its mirror image if `flip`.

    It no longer tells left from right, which helps with few photos.
    """
    return _FlipAverage(describe) if flip else describe
