"""One made-up photo: a scene, an object in it, and the camera."""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from ._brushes import FloatArray, Shape, grid, paint
from ._objects import draw_sprite
from ._scenes import SCENES

# Rec. 709 weights of red, green and blue in the luma of an sRGB pixel.
LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
# The mean saturation at which an object keeps the colours it was drawn with.
NATURAL_SATURATION = 0.45


class Box(NamedTuple):
    """Upper left corner and size of a painted object, in pixels."""

    row: int
    col: int
    height: int
    width: int


def _paint_object(
    rng: Generator, image: FloatArray, name: str | None, saturation: float
) -> tuple[FloatArray, Box]:
    """Paint an object at a random place, about a third of the photo high."""
    if name is None:
        return image, Box(0, 0, 0, 0)
    n_rows, n_cols = image.shape[:2]
    height = int(min(n_rows, n_cols) * rng.uniform(0.28, 0.5))
    sprite = draw_sprite(rng, name, height)[:, :n_cols]
    colors = _saturate(sprite[..., :3], saturation / NATURAL_SATURATION)
    width = sprite.shape[1]
    row = int(rng.integers(0, n_rows - height + 1))
    col = int(rng.integers(0, n_cols - width + 1))
    # An object in a dark scene is dark too.
    light = 0.55 + 0.55 * min(1.0, 2.0 * float(image.mean(axis=(0, 1)) @ LUMA))
    painted = image.copy()
    patch = painted[row : row + height, col : col + width]
    patch[...] = paint(patch, colors * light, sprite[..., 3])
    return painted, Box(row, col, height, width)


def _mean_saturation(image: FloatArray) -> float:
    """Return the mean saturation of the pixels, as in the HSV colour model."""
    top = np.maximum(image.max(axis=-1), 1e-3)
    return float(np.mean((top - image.min(axis=-1)) / top))


def _saturate(image: FloatArray, gain: float) -> FloatArray:
    """Move every pixel away from its grey, or toward it for a gain below 1."""
    grey = (image @ LUMA)[..., np.newaxis]
    return np.clip(grey + gain * (image - grey), 0.0, 1.0)


def _saturation_gain(image: FloatArray, target: float) -> float:
    """Find the gain that gives an image the target mean saturation."""
    sample, gain = image[::4, ::4], 1.0
    # Fixed-point iteration: saturation grows slightly slower than the gain.
    for _ in range(6):
        gain *= target / max(_mean_saturation(_saturate(sample, gain)), 1e-3)
    return gain


def _expose(rng: Generator, shape: Shape) -> FloatArray:
    """Return the light that reaches each pixel: exposure and dark corners."""
    rows, cols = grid(shape)
    radius = np.hypot(rows - 0.5, cols - cols.mean())
    return rng.uniform(0.85, 1.1) * (1.0 - rng.uniform(0.05, 0.3) * radius**2)


def _sense(rng: Generator, image: FloatArray) -> NDArray[np.uint8]:
    """Turn light into 8-bit pixels with blur and the grain of a sensor."""
    blur = rng.uniform(0.25, 0.6)
    image = ndimage.gaussian_filter(image, (blur, blur, 0))
    grain = rng.standard_normal(image.shape[:2], dtype=np.float32)[..., np.newaxis]
    tint = rng.standard_normal(image.shape, dtype=np.float32)
    noise = (0.8 * grain + 0.3 * tint) * (0.006 + 0.016 * np.sqrt(image))
    return (255.0 * np.clip(image + noise, 0.0, 1.0) + 0.5).astype(np.uint8)


def draw_photo(
    rng: Generator,
    theme: str,
    *,
    object_name: str | None = None,
    saturation: float = 0.4,
    shape: Shape = (120, 160),
) -> tuple[NDArray[np.uint8], Box]:
    """Draw one photo of a theme, with or without an object in it, and the object's box.

    The scene, the object and the camera have separate random streams: with the same
    generator state, another object (or none) changes only pixels in and next to its
    box. The saturation is the mean of the scene, without object and noise.
    """
    scene_rng, object_rng, camera_rng = rng.spawn(3)
    scene = np.clip(SCENES[theme](scene_rng, shape), 0.0, 1.0).astype(np.float32)
    scene = _saturate(scene, _saturation_gain(scene, saturation))
    image, box = _paint_object(object_rng, scene, object_name, saturation)
    light = _expose(camera_rng, shape)[..., np.newaxis]
    return _sense(camera_rng, image * light), box
