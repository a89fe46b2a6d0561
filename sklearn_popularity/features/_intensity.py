"""Intensity of a photo, exact in integers."""

import numpy as np

# Intensity is (R + G + B) / 3 in the toolbox of Khosla et al. The sum is an exact
# integer; callers divide where the fraction matters.
MAX_LEVEL = 3 * 255


def intensity_levels(image: np.ndarray) -> np.ndarray:
    """Sum of the three channels of each pixel: 0 (black) to 765 (white), uint16."""
    levels = image[..., 0].astype(np.uint16)
    levels += image[..., 1]
    levels += image[..., 2]
    return levels
