"""Dense histograms of oriented gradients in blocks of 2 x 2 and 3 x 3 cells."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ._descriptors import Descriptors

N_CHANNELS = 31
CELL = 8
_N_AXES = 9
_CLIP = 0.2
# Offsets of the cells of a block from its centre, in pixels.
BLOCKS = {"2x2": (-CELL // 2, CELL // 2), "3x3": (-CELL, 0, CELL)}

# Four digits, as in Felzenszwalb's code; exact cosines would break ties differently.
_COSINES = (1.0, 0.9397, 0.766, 0.5, 0.1736, -0.1736, -0.5, -0.766, -0.9397)
_SINES = (0.0, 0.342, 0.6428, 0.866, 0.9848, 0.9848, 0.866, 0.6428, 0.342)
_TEXTURE = 0.2357  # 1 / sqrt(18)


@lru_cache(maxsize=1)
def _gradient_bins() -> NDArray[np.uint8]:
    """Bin (0 to 17) of each gradient: entry [dy + 255, dx + 255]."""
    steps = np.arange(-255.0, 256.0)
    dx, dy = steps[np.newaxis, :], steps[:, np.newaxis]
    best = np.zeros((511, 511))
    bins = np.zeros((511, 511), dtype=np.uint8)
    for axis, (cosine, sine) in enumerate(zip(_COSINES, _SINES, strict=True)):
        projection = cosine * dx + sine * dy
        for sign, offset in ((1, 0), (-1, _N_AXES)):
            # Strictly greater, so that ties keep the earlier axis.
            better = sign * projection > best
            best[better] = sign * projection[better]
            bins[better] = axis + offset
    return bins


class Gradients(NamedTuple):
    """The gradient of each pixel, in the channel in which it is largest.

    Attributes
    ----------
    magnitude : ndarray of shape (height, width), float32
        Length in units of pixel values (0-255); 0 at the rim.
    bins : ndarray of shape (height, width), uint8
        Orientation, 0 to 17 in steps of 20 degrees.
    """

    magnitude: NDArray[np.float32]
    bins: NDArray[np.uint8]


def oriented_gradients(image: NDArray[np.uint8]) -> Gradients:
    """Gradients of an sRGB image by central differences."""
    pixels = image.astype(np.int16)
    dx = pixels[1:-1, 2:] - pixels[1:-1, :-2]
    dy = pixels[2:, 1:-1] - pixels[:-2, 1:-1]
    energy = dx.astype(np.int32) ** 2 + dy.astype(np.int32) ** 2
    channel = energy.argmax(axis=2)[..., np.newaxis]
    dx, dy, energy = (
        np.take_along_axis(a, channel, axis=2)[..., 0] for a in (dx, dy, energy)
    )
    magnitude = np.sqrt(energy, dtype=np.float32)
    bins = _gradient_bins()[dy + 255, dx + 255]
    return Gradients(np.pad(magnitude, 1), np.pad(bins, 1))


def _cell_histograms(gradients, rows, cols):
    """Weighted counts of orientations in a triangular window around each position."""
    window = (CELL - np.abs(np.arange(1 - CELL, CELL))).astype(np.float32) / CELL
    places = np.ix_(rows, cols)
    histogram = np.empty((2 * _N_AXES, len(rows), len(cols)), dtype=np.float32)
    for orientation, counts in enumerate(histogram):
        plane = np.where(gradients.bins == orientation, gradients.magnitude, 0)
        counts[:] = cv2.sepFilter2D(plane, cv2.CV_32F, window, window)[places]
    return histogram


def hog_cells(
    gradients: Gradients, rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Histogram of oriented gradients of cells at given positions.

    Parameters
    ----------
    gradients : Gradients
        Gradients of the image.
    rows, cols : ndarray of int
        Centres of the cells, at least 16 pixels from the rim.

    Returns
    -------
    cells : ndarray of shape (len(rows), len(cols), 31), float32
        18 signed orientations, 9 unsigned ones and 4 texture energies.
    """
    around = [-CELL, 0, CELL]
    all_rows, row_at = np.unique(np.add.outer(around, rows), return_inverse=True)
    all_cols, col_at = np.unique(np.add.outer(around, cols), return_inverse=True)
    row_at, col_at = row_at.reshape(3, -1), col_at.reshape(3, -1)
    histogram = _cell_histograms(gradients, all_rows, all_cols)
    unsigned = histogram[:_N_AXES] + histogram[_N_AXES:]
    energy = (unsigned**2).sum(axis=0)
    histogram = histogram[:, row_at[1][:, np.newaxis], col_at[1]]
    unsigned = unsigned[:, row_at[1][:, np.newaxis], col_at[1]]
    cells = np.zeros((len(rows), len(cols), N_CHANNELS), dtype=np.float32)
    # Blocks of 2 x 2 cells that contain this one: down-right, up-right, down-left,
    # up-left.
    for i, (down, across) in enumerate(((2, 2), (0, 2), (2, 0), (0, 0))):
        block = sum(
            energy[row_at[r][:, np.newaxis], col_at[c]]
            for r in (1, down)
            for c in (1, across)
        )
        scale = 1 / np.sqrt(block + np.float32(1e-4))
        signed = np.minimum(histogram * scale, np.float32(_CLIP))
        cells[..., :18] += signed.transpose(1, 2, 0) / 2
        cells[..., 18:27] += (
            np.minimum(unsigned * scale, np.float32(_CLIP)).transpose(1, 2, 0) / 2
        )
        cells[..., 27 + i] = np.float32(_TEXTURE) * signed.sum(axis=0)
    return cells


def hog_blocks(
    image: NDArray[np.uint8], *, blocks: tuple[str, ...], spacing: int
) -> dict[str, Descriptors]:
    """Dense HOG descriptors of an image.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        sRGB.
    blocks : tuple of {"2x2", "3x3"}
        Numbers of cells of 8 x 8 pixels in a block.
    spacing : int
        Distance between neighbouring blocks, in pixels.

    Returns
    -------
    descriptors : dict of str to Descriptors
        Blocks row by row, centred on pixels 0, spacing, 2 spacing and so on. A
        descriptor has 31 numbers for each cell, cells column by column.
    """
    # Room for the outermost cell, its neighbours that normalise it, and its gradients.
    pad = 3 * CELL
    padded = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REFLECT)
    gradients = oriented_gradients(np.asarray(padded, dtype=np.uint8))
    rows, cols = (np.arange(0, side, spacing) for side in image.shape[:2])
    steps = sorted({step for block in blocks for step in BLOCKS[block]})
    all_rows = np.unique(np.add.outer(steps, rows))
    all_cols = np.unique(np.add.outer(steps, cols))
    cells = hog_cells(gradients, all_rows + pad, all_cols + pad)
    centres = np.meshgrid(rows + 0.5, cols + 0.5, indexing="ij")
    positions = np.stack(centres, axis=-1).reshape(-1, 2)
    found = {}
    for block in blocks:
        row_at = [np.searchsorted(all_rows, rows + step) for step in BLOCKS[block]]
        col_at = [np.searchsorted(all_cols, cols + step) for step in BLOCKS[block]]
        parts = [cells[row[:, np.newaxis], col] for col in col_at for row in row_at]
        values = np.concatenate(parts, axis=-1).reshape(len(positions), -1)
        found[block] = Descriptors(values, positions)
    return found
