"""Dense HOG: a slow direct computation, and the toolbox's."""

from functools import lru_cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_popularity.features.codebook._hog import (
    _gradient_bins,
    hog_blocks,
    hog_cells,
    oriented_gradients,
)

CASES = ["coffee", "chelsea", "camera", "noise", "const"]
COSINES = (1, 0.9397, 0.766, 0.5, 0.1736, -0.1736, -0.5, -0.766, -0.9397)
SINES = (0, 0.342, 0.6428, 0.866, 0.9848, 0.9848, 0.866, 0.6428, 0.342)
CELLS_FROM_CENTRE = {"2x2": (-4, 4), "3x3": (-8, 0, 8)}
# A cell, the block that scales it, its window and the gradient end here.
REACH = {"2x2": 4 + 8 + 7 + 1, "3x3": 8 + 8 + 7 + 1}
NUMBERS = {"2x2": 4 * 31, "3x3": 9 * 31}
BLOCKS = ("2x2", "3x3")


def make_image(height, width, seed=0):
    """Noise around a gradient; some gradients are clipped by the blocks."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    ramp = np.stack([rows, cols, rows * cols], axis=-1) * 150
    return (ramp + rng.integers(0, 100, ramp.shape)).astype(np.uint8)


def scan_bin(dx, dy):
    """Bin of a gradient: the first axis, either way, of the largest projection."""
    best, found = 0.0, 0
    for axis, (cosine, sine) in enumerate(zip(COSINES, SINES, strict=True)):
        projection = cosine * dx + sine * dy
        if projection > best:
            best, found = projection, axis
        elif -projection > best:
            best, found = -projection, axis + 9
    return found


def slow_gradients(image):
    """Magnitudes by orientation, one pixel at a time."""
    pixels = image.astype(float)
    planes = np.zeros((18, *image.shape[:2]))
    for row in range(1, image.shape[0] - 1):
        for col in range(1, image.shape[1] - 1):
            best = (-1.0, 0.0, 0.0)
            for channel in range(3):
                dx = pixels[row, col + 1, channel] - pixels[row, col - 1, channel]
                dy = pixels[row + 1, col, channel] - pixels[row - 1, col, channel]
                if dx * dx + dy * dy > best[0]:
                    best = (dx * dx + dy * dy, dx, dy)
            energy, dx, dy = best
            planes[scan_bin(dx, dy), row, col] = np.sqrt(energy)
    return planes


class SlowHOG:
    """Cells of one image in double precision, one at a time."""

    def __init__(self, image, pad):
        padding = ((pad, pad), (pad, pad), (0, 0))
        self.planes = slow_gradients(np.pad(image, padding, mode="symmetric"))
        self.pad = pad
        self.histogram = lru_cache(maxsize=None)(self._histogram)
        self.cell = lru_cache(maxsize=None)(self._cell)

    def _histogram(self, row, col):
        row, col = row + self.pad, col + self.pad
        window = self.planes[:, row - 7 : row + 8, col - 7 : col + 8]
        triangle = (8 - np.abs(np.arange(-7, 8))) / 8
        return np.einsum("ohw,h,w->o", window, triangle, triangle)

    def _energy(self, row, col):
        histogram = self.histogram(row, col)
        return ((histogram[:9] + histogram[9:]) ** 2).sum()

    def _cell(self, row, col):
        signed = self.histogram(row, col)
        unsigned = signed[:9] + signed[9:]
        scales = []
        for down, across in ((8, 8), (-8, 8), (8, -8), (-8, -8)):
            block = [
                self._energy(r, c)
                for r in (row, row + down)
                for c in (col, col + across)
            ]
            scales.append(1 / np.sqrt(sum(block) + 1e-4))
        clipped = [np.minimum(signed * scale, 0.2) for scale in scales]
        either = [np.minimum(unsigned * scale, 0.2) for scale in scales]
        texture = [0.2357 * part.sum() for part in clipped]
        return np.concatenate([0.5 * sum(clipped), 0.5 * sum(either), texture])

    def block(self, row, col, name):
        steps = CELLS_FROM_CENTRE[name]
        cells = [
            self.cell(row + down, col + right) for right in steps for down in steps
        ]
        return np.concatenate(cells)


def assert_close(found, expected):
    """Equal to single precision, relative to the largest number."""
    assert expected.max() > 0
    assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def mirrored_channels():
    """Channel of a cell that becomes each channel of its mirror image."""
    signed = [9, *range(8, 0, -1), 0, *range(17, 9, -1)]
    unsigned = [18, *range(26, 18, -1)]
    return np.array([*signed, *unsigned, 29, 30, 27, 28])


# --- gradients


def test_gradient_bins_equal_scan():
    bins = _gradient_bins()
    rng = np.random.default_rng(0)
    steps = rng.integers(-255, 256, (4000, 2)).tolist()
    steps += [(dx, dy) for dx in range(-4, 5) for dy in range(-4, 5)]
    steps += [(sign * 255, dy) for sign in (-1, 0, 1) for dy in (-255, 0, 255)]
    for dx, dy in steps:
        assert bins[dy + 255, dx + 255] == scan_bin(dx, dy), (dx, dy)
    assert (bins.shape, bins.max()) == ((511, 511), 17)


@pytest.mark.parametrize("shape", [(17, 12), (5, 31), (3, 3), (2, 9)], ids=str)
def test_gradients_equal_slow_ones(shape):
    image = make_image(*shape)
    image[4:9, 2:8] = 40
    image[9:12, 2:8, 1] = 200
    gradients = oriented_gradients(image)
    assert gradients.magnitude.dtype == np.float32
    planes = np.where(
        gradients.bins == np.arange(18)[:, np.newaxis, np.newaxis],
        gradients.magnitude,
        0,
    )
    assert_allclose(planes, slow_gradients(image), rtol=1e-6)


def test_equal_channels_keep_the_first():
    image = np.zeros((3, 3, 3), dtype=np.uint8)
    image[1, 2, 0] = image[2, 1, 1] = image[1, 0, 2] = 90
    gradients = oriented_gradients(image)
    assert gradients.magnitude[1, 1] == 90
    assert gradients.bins[1, 1] == 0


# --- blocks


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((11, 17), 3), ((19, 9), 4), ((5, 23), 5), ((15, 14), 6), ((26, 3), 4)],
    ids=str,
)
def test_blocks_equal_slow_ones(shape, spacing):
    image = make_image(*shape)
    slow = SlowHOG(image, pad=40)
    found = hog_blocks(image, blocks=BLOCKS, spacing=spacing)
    centres = [
        (r, c) for r in range(0, shape[0], spacing) for c in range(0, shape[1], spacing)
    ]
    for name in BLOCKS:
        expected = np.array([slow.block(row, col, name) for row, col in centres])
        assert found[name].values.dtype == np.float32
        assert_array_equal(found[name].positions, np.array(centres) + 0.5)
        assert_close(found[name].values, expected)


def test_cells_equal_slow_ones_anywhere():
    image = make_image(45, 52)
    slow = SlowHOG(image, pad=0)
    rows, cols = [16, 19, 28], [17, 16, 35, 20]
    found = hog_cells(oriented_gradients(image), np.array(rows), np.array(cols))
    expected = np.array([[slow.cell(row, col) for col in cols] for row in rows])
    assert_close(found, expected)


@pytest.mark.parametrize("blocks", [("3x3",), ("2x2",), ("3x3", "2x2")])
def test_kinds_of_blocks_are_independent(blocks):
    image = make_image(20, 31)
    both = hog_blocks(image, blocks=BLOCKS, spacing=5)
    found = hog_blocks(image, blocks=blocks, spacing=5)
    assert tuple(found) == blocks
    for name in blocks:
        assert_allclose(found[name].values, both[name].values, rtol=1e-5, atol=1e-7)
        assert_array_equal(found[name].positions, both[name].positions)


@pytest.mark.parametrize("color", [0, 7, 255])
def test_constant_image_gives_zeros(color):
    image = np.full((21, 30, 3), color, dtype=np.uint8)
    for found in hog_blocks(image, blocks=BLOCKS, spacing=4).values():
        assert len(found.values) == 6 * 8
        assert_array_equal(found.values, 0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (3, 1)], ids=str)
def test_tiny_image_is_finite(shape):
    found = hog_blocks(make_image(*shape), blocks=BLOCKS, spacing=4)
    n_blocks = -(-shape[0] // 4) * -(-shape[1] // 4)
    for name in BLOCKS:
        assert found[name].values.shape == (n_blocks, NUMBERS[name])
        assert np.isfinite(found[name].values).all()


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize(("shape", "spacing"), [((9, 25), 4), ((14, 16), 5)], ids=str)
def test_mirrored_image_mirrors_blocks(shape, spacing, name):
    # Distinct pixels have no upright gradient, which ties between two orientations.
    pixels = np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape)
    image = np.repeat(pixels.astype(np.uint8)[..., np.newaxis], 3, axis=-1)
    found = hog_blocks(image, blocks=(name,), spacing=spacing)[name]
    mirror = hog_blocks(
        np.ascontiguousarray(image[:, ::-1]), blocks=(name,), spacing=spacing
    )[name]
    n_rows, n_cols = (-(-side // spacing) for side in shape)
    n_cells = len(CELLS_FROM_CENTRE[name])
    cells = mirror.values.reshape(n_rows, n_cols, n_cells, n_cells, 31)
    cells = cells[:, ::-1, ::-1][..., mirrored_channels()]
    assert_close(cells.reshape(found.values.shape), found.values)
    assert np.ptp(found.values, axis=0).min() > 0


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)], ids=str)
def test_painted_corner_changes_blocks_in_reach(corner, name):
    image = make_image(45, 76)
    sides = np.array(image.shape[:2])
    first = np.where(corner, sides - (5, 7), 0)
    last = np.add(first, (4, 6))
    painted = image.copy()
    painted[first[0] : last[0] + 1, first[1] : last[1] + 1] ^= 128
    before, after = (
        hog_blocks(photo, blocks=(name,), spacing=3)[name] for photo in (image, painted)
    )
    centres = before.positions - 0.5
    distance = np.maximum(first - centres, centres - last).max(axis=1)
    changed = (before.values != after.values).any(axis=1)
    assert_array_equal(changed, distance <= REACH[name])
    assert changed.any() and not changed.all()


# --- the toolbox


@pytest.mark.parametrize("case", CASES)
def test_cells_equal_toolbox(case, shared):
    case = np.load(shared / "oracle" / "cases" / f"hog_crop128_{case}.npz")
    gradients = oriented_gradients(case["image"])
    found = hog_cells(gradients, np.arange(16, 112), np.arange(16, 112))
    expected = case["map31"]
    assert_allclose(found, expected, rtol=0, atol=1e-5 * expected.max())


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("case", CASES)
def test_blocks_equal_toolbox(case, name, shared):
    case = np.load(shared / "oracle" / "cases" / f"hog_crop128_{case}.npz")
    found = hog_blocks(case["image"], blocks=(name,), spacing=6)[name]
    expected = case[f"hog{name}_g6_feat"]
    # The toolbox lists blocks column by column.
    by_column = found.values.reshape(22, 22, -1).swapaxes(0, 1).reshape(484, -1)
    assert_allclose(by_column, expected, rtol=0, atol=1e-5 * expected.max())


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize(("spacing", "n_blocks"), [(6, 22), (4, 32)])
def test_positions_are_those_the_toolbox_swapped(spacing, n_blocks, name, shared):
    case = np.load(shared / "oracle" / "cases" / "hog_crop128_coffee.npz")
    found = hog_blocks(case["image"], blocks=(name,), spacing=spacing)[name]
    by_column = found.positions.reshape(n_blocks, n_blocks, 2).swapaxes(0, 1)
    rows, cols = by_column.reshape(-1, 2).T + 0.5
    # Its mistake turns the positions of a square image over, and no more.
    assert_array_equal(rows, case[f"hog{name}_g{spacing}_x"])
    assert_array_equal(cols, case[f"hog{name}_g{spacing}_y"])
