"""Averages over a photo and its mirror image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._describe import Describe


@dataclass(frozen=True)
class _FlipAverage:
    """The mean of two descriptions, which is the same for both images."""

    describe: Describe

    def __call__(self, image: NDArray[np.uint8]) -> NDArray:
        mirror = np.ascontiguousarray(image[:, ::-1])
        # In float32 as descriptions leave the worker, so that both orders agree.
        first, second = (
            np.asarray(self.describe(i), np.float32) for i in (image, mirror)
        )
        return (first + second) / 2


def flip_average(describe: Describe, flip: bool) -> Describe:
    """Describe an image as it is, or by the mean over it and its mirror image.

    Parameters
    ----------
    describe : callable
        From one uint8 image of shape (height, width, 3) to its numbers.
    flip : bool
        Whether to average. The numbers then no longer tell left from right: there are
        as many, but what sets a photo apart from its mirror image is gone, which
        little data cannot be learned from.

    Returns
    -------
    describe : callable
    """
    return _FlipAverage(describe) if flip else describe
