"""Palettes: tables that map each of 32,768 colour bins to one of a few colours."""

import os
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .._paths import expand_home
from ._discriminative import read_discriminative
from ._npy import read_npy

# Five bits a channel, red fastest, as in the tables of Khan et al. 2013.
_BITS = 5
N_BINS = 2 ** (3 * _BITS)
_MAX_COLORS = 256
_N_PERCEPTUAL = 50


class Palette(NamedTuple):
    """The colour (0 to `n_colors` - 1) of each of the 32,768 bins."""

    table: np.ndarray
    n_colors: int


def color_bins(image: np.ndarray) -> np.ndarray:
    """Bin of each pixel: floor(R / 8) + 32 floor(G / 8) + 1024 floor(B / 8)."""
    bins = (image[..., 2] >> 3).astype(np.uint16) << _BITS
    bins |= image[..., 1] >> 3
    bins <<= _BITS
    bins |= image[..., 0] >> 3
    return bins


def bin_colors() -> np.ndarray:
    """Centre of each bin, of shape (32768, 3), in sRGB 0-255."""
    bins = np.arange(N_BINS)
    channels = [(bins >> (_BITS * channel)) & 31 for channel in range(3)]
    return np.stack(channels, axis=1) * 8 + 3.5


def mean_colors(palette: Palette) -> np.ndarray:
    """Mean of the bins of each colour, in sRGB 0-255; mid grey if it has none."""
    table, n_colors = palette
    counts = np.bincount(table, minlength=n_colors)
    sums = [np.bincount(table, channel, n_colors) for channel in bin_colors().T]
    means = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]
    means[counts == 0] = 127.5
    return means


@lru_cache(maxsize=1)
def perceptual_palette() -> np.ndarray:
    """Perceptually uniform colours over the sRGB cube.

    Returns
    -------
    palette : ndarray of shape (50, 3), uint8
        sRGB, from dark to light.

    Notes
    -----
    k-means in CIELAB on a 16 x 16 x 16 grid over the cube, initialised with farthest
    points and run until convergence. Each centre is then replaced with the nearest
    colour of the grid, so that rounding cannot change the result.
    """
    steps = np.arange(16) * 17
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    lab = _rgb_to_lab(grid)
    centres = _farthest_points(lab, _N_PERCEPTUAL)
    assigned = np.full(len(lab), -1)
    while True:
        nearest = _nearest(lab, centres)
        if (nearest == assigned).all():
            break
        assigned = nearest
        sums = [np.bincount(assigned, axis) for axis in lab.T]
        centres = np.stack(sums, axis=1) / np.bincount(assigned)[:, None]
    chosen = _nearest(centres, lab)
    palette = grid[chosen[np.argsort(lab[chosen, 0], kind="stable")]].astype(np.uint8)
    palette.flags.writeable = False
    return palette


def load_palette(palette) -> Palette:
    """Resolve the `palette` parameter of the colour features, or raise a ValueError."""
    if isinstance(palette, str) and palette == "perceptual":
        return _nearest_color(perceptual_palette().astype(np.float64).tobytes())
    if isinstance(palette, str) and palette == "discriminative":
        return Palette(read_discriminative(), 50)
    source = "the array"
    if isinstance(palette, (str, os.PathLike)):
        source, palette = f"the file {str(palette)!r}", _read_array(palette)
    return _table_from_array(np.asarray(palette), source)


class PaletteMixin:
    """Reads the parameter `palette` once, in `fit`."""

    palette: Any

    def _fit_palette(self):
        self.palette_, self.n_colors_ = load_palette(self.palette)

    def _fitted_palette(self) -> Palette:
        """The palette that `fit` read, or the parameter if there was no fit."""
        if hasattr(self, "palette_"):
            return Palette(self.palette_, self.n_colors_)
        return load_palette(self.palette)


def _table_from_array(values, source):
    if values.dtype.kind not in "uif" or not np.isfinite(values).all():
        raise ValueError(
            f"{source} given as palette holds {values.dtype} values, but finite "
            "numbers were expected."
        )
    shape = values.shape
    if len(shape) == 2 and shape[1] == 3 and 2 <= shape[0] <= _MAX_COLORS:
        if values.min() < 0 or values.max() > 255:
            raise ValueError(
                f"{source} given as palette spans {values.min()} to {values.max()}, "
                "but sRGB values from 0 to 255 were expected."
            )
        return _nearest_color(values.astype(np.float64).tobytes())
    if shape == (N_BINS,) and _are_names(values):
        return Palette(values.astype(np.uint8), int(values.max()) + 1)
    if len(shape) == 2 and shape[0] == N_BINS and 0 < shape[1] <= _MAX_COLORS:
        return Palette(values.argmax(axis=1).astype(np.uint8), shape[1])
    raise ValueError(
        f"{source} given as palette has the shape {shape}, but (n_colors, 3) "
        f"with 2 to {_MAX_COLORS} colours, ({N_BINS},) with the colour of each bin, "
        f"or ({N_BINS}, n_colors) with probabilities was expected."
    )


def _are_names(values):
    whole = (values % 1 == 0).all()
    return whole and values.min() >= 0 and values.max() < _MAX_COLORS


@lru_cache(maxsize=8)
def _nearest_color(colors: bytes) -> Palette:
    lab = _rgb_to_lab(np.frombuffer(colors).reshape(-1, 3))
    table = _nearest(_rgb_to_lab(bin_colors()), lab).astype(np.uint8)
    table.flags.writeable = False
    return Palette(table, len(lab))


def _rgb_to_lab(colors):
    # Imported here: it takes a quarter of a second, and only palettes need it.
    from skimage.color import rgb2lab

    return rgb2lab(np.asarray(colors, dtype=np.float64) / 255)


def _nearest(points, centres):
    """Index of the centre nearest to each point; the first of ties."""
    best = np.full(len(points), np.inf)
    index = np.zeros(len(points), dtype=np.intp)
    for i, centre in enumerate(centres):
        distance = ((points - centre) ** 2).sum(axis=1)
        closer = distance < best
        best[closer], index[closer] = distance[closer], i
    return index


def _farthest_points(points, n):
    chosen = [int(((points - points.mean(axis=0)) ** 2).sum(axis=1).argmin())]
    distance = np.full(len(points), np.inf)
    while len(chosen) < n:
        from_last = ((points - points[chosen[-1]]) ** 2).sum(axis=1)
        distance = np.minimum(distance, from_last)
        chosen.append(int(distance.argmax()))
    return points[chosen]


def _read_array(path):
    path = expand_home(path)
    if not path.is_file():
        raise ValueError(
            f"Got palette={str(path)!r}, but 'perceptual', 'discriminative', an array "
            "or the path of a file was expected. There is no such file."
        )
    try:
        if path.suffix == ".npy":
            return read_npy(path)
        return np.loadtxt(path, delimiter="," if path.suffix == ".csv" else None)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"The palette file {str(path)!r} cannot be read ({error}). Save the array "
            "with numpy.save (.npy), or as numbers in text (.csv, .txt)."
        ) from error
