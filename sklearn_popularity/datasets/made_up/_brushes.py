"""Brushes for made-up photos: noise, masks and blends, as functions of arrays."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft, ndimage

FloatArray = NDArray[np.floating]
Shape = tuple[int, int]


def color_near(
    rng: Generator, color: tuple[float, ...], spread: float = 0.04
) -> FloatArray:
    """Return a similar colour, which differs more in lightness than in hue."""
    jittered = np.asarray(color) * (1.0 + rng.normal(0.0, 2.0 * spread))
    jittered = jittered + rng.normal(0.0, 0.4 * spread, 3)
    return np.clip(jittered, 0.0, 1.0).astype(np.float32)


def random_side(rng: Generator) -> int:
    """Return -1 for left or 1 for right."""
    return 2 * int(rng.integers(2)) - 1


def grid(shape: Shape) -> tuple[FloatArray, FloatArray]:
    """Return rows from 0 to 1 and cols from 0 to width / height, broadcastable."""
    rows = np.linspace(0.0, 1.0, shape[0], dtype=np.float32)[:, np.newaxis]
    cols = np.linspace(0.0, shape[1] / shape[0], shape[1], dtype=np.float32)
    return rows, cols[np.newaxis, :]


def fractal(
    rng: Generator, shape: Shape, slope: float = 1.2, stretch: float = 1.0
) -> FloatArray:
    """Draw noise of amplitude 1 / f ** slope, zero mean and unit deviation.

    A `stretch` above 1 elongates the texture along the columns, below 1 along the rows.
    """
    row_frequency = fft.fftfreq(shape[0]).astype(np.float32)[:, np.newaxis]
    col_frequency = stretch * fft.rfftfreq(shape[1]).astype(np.float32)
    power = row_frequency**2 + col_frequency**2
    power[0, 0] = np.inf
    spectrum = rng.standard_normal((*power.shape, 2), dtype=np.float32)
    spectrum *= (power ** (-slope / 2))[..., np.newaxis]
    noise = fft.irfft2(spectrum.view(np.complex64)[..., 0], s=shape)
    return noise / noise.std()


def profile(rng: Generator, n_cols: int, slope: float) -> FloatArray:
    """Draw a wandering line, one height per column, of unit deviation."""
    # Twice the width, so that the two ends of the line need not meet.
    line = fractal(rng, (1, 2 * n_cols), slope)[0, :n_cols]
    return (line - line.mean()) / line.std()


def coverage(distance: FloatArray, softness: FloatArray | float) -> FloatArray:
    """Turn a signed distance into a coverage from 0 to 1 with a soft edge."""
    return np.clip(distance / softness + 0.5, 0.0, 1.0)


def paint(image: FloatArray, color: FloatArray, mask: FloatArray) -> FloatArray:
    """Lay a colour or an image over an image, with the mask as opacity."""
    return image + mask[..., np.newaxis] * (color - image)


def shade(color: FloatArray, light: FloatArray) -> FloatArray:
    """Multiply a colour or an image by the light on each pixel."""
    return light[..., np.newaxis] * color


def ramp(start: FloatArray, stop: FloatArray, weight: FloatArray | float) -> FloatArray:
    """Blend two colours by a weight: one number, or one per row or pixel."""
    weight = np.clip(np.asarray(weight, dtype=np.float32), 0.0, 1.0)
    return start + weight[..., np.newaxis] * (stop - start)


def plane(
    rng: Generator,
    shape: Shape,
    horizon: float,
    slope: float = 0.9,
    stretch: float = 1.0,
    scale: float = 40.0,
) -> FloatArray:
    """Draw the texture of a level plane seen in perspective below the horizon."""
    rows, cols = grid(shape)
    below = np.maximum(rows - horizon, 0.012)
    tile = fractal(rng, (128, 128), slope, stretch)
    depth = np.broadcast_to(scale / below, shape)
    across = (cols - cols.mean()) * depth
    texture = ndimage.map_coordinates(
        tile, [depth * 2.0, across], order=1, mode="grid-wrap"
    )
    # Far away, detail is finer than a pixel, so it fades to the mean.
    return texture * np.clip(below / 0.35, 0.0, 1.0) ** 0.7
