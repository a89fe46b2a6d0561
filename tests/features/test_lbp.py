"""Local binary patterns against the toolbox, a loop over pixels, and their meaning."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

from sklearn_popularity import LBPPyramid
from sklearn_popularity.features._intensity import intensity_levels
from sklearn_popularity.features._lbp import (
    lbp_codes,
    lbp_pyramid,
    pyramid_edges,
    uniform_patterns,
)

TOOLBOX_PHOTOS = ["camera", "chelsea", "coffee", "noise", "const"]


def reference_codes(levels, divisor=1):
    """The recipe of the toolbox, pixel by pixel in Python's double precision."""
    values = (np.asarray(levels, dtype=np.float64) / divisor).tolist()
    height, width = np.shape(levels)
    codes = np.zeros((height - 2, width - 2), dtype=np.uint8)
    for row, col in product(range(1, height - 1), range(1, width - 1)):
        code = 0
        for bit in range(8):
            y = float(-np.sin(bit * 2 * np.pi / 8) + 2)
            x = float(np.cos(bit * 2 * np.pi / 8) + 2)
            if abs(x - round(x)) < 1e-6 and abs(y - round(y)) < 1e-6:
                sample = values[row + round(y) - 2][col + round(x) - 2]
            else:
                top, left = int(np.floor(y)), int(np.floor(x))
                ty, tx = y - top, x - left
                i, j = row + top - 2, col + left - 2
                sample = (
                    (1 - tx) * (1 - ty) * values[i][j]
                    + tx * (1 - ty) * values[i][j + 1]
                    + (1 - tx) * ty * values[i + 1][j]
                    + tx * ty * values[i + 1][j + 1]
                )
            code |= (sample >= values[row][col]) << bit
        codes[row - 1, col - 1] = code
    return codes


def reference_counts(codes, top, bottom, left, right):
    """Histogram of the pixels of a region whose neighbours lie in the region, too."""
    numbers = uniform_patterns()
    counts = np.zeros(59)
    for row, col in product(range(top + 1, bottom - 1), range(left + 1, right - 1)):
        counts[numbers[codes[row - 1, col - 1]]] += 1
    return counts


def reference_pyramid(codes, shape):
    """Levels of 1, 4 and 16 regions, normalised and weighted."""
    levels = []
    for n_cells, weight in ((1, 1), (2, 4), (4, 32)):
        rows, cols = (
            [int(np.floor(side * i / n_cells + 0.5)) for i in range(n_cells + 1)]
            for side in shape
        )
        counts = [
            reference_counts(codes, rows[r], rows[r + 1], cols[c], cols[c + 1])
            for r in range(n_cells)
            for c in range(n_cells)
        ]
        levels.append(weight * np.ravel(counts) / np.sum(counts))
    return np.concatenate(levels)


ROWS, COLS = np.mgrid[:17, :23]
# From the highest level and a random generator: flat areas, slopes of which diagonal
# samples equal the centre, and noise.
LEVELS = {
    "noise": lambda top, rng: rng.integers(0, top + 1, ROWS.shape),
    "few levels": lambda top, rng: rng.integers(0, 3, ROWS.shape) * (top // 2),
    "neighbouring": lambda top, rng: rng.integers(top - 2, top + 1, ROWS.shape),
    "rows": lambda top, rng: ROWS * (top // 17),
    "columns": lambda top, rng: COLS * (top // 23),
    "diagonal": lambda top, rng: (ROWS + COLS) * (top // 40),
    "antidiagonal": lambda top, rng: (ROWS - COLS + 22) * (top // 40),
    "blocks": lambda top, rng: np.kron(
        rng.integers(0, top + 1, (5, 6)), np.ones((4, 4))
    ),
    "checkerboard": lambda top, rng: (ROWS + COLS) % 2 * top,
}


# --- the toolbox


@pytest.mark.parametrize("photo", TOOLBOX_PHOTOS)
@pytest.mark.parametrize("channel", range(3))
def test_codes_equal_toolbox(photo, channel, shared):
    case = np.load(shared / "oracle" / "cases" / f"lbp_crop128_{photo}.npz")
    # The toolbox lays the three planes side by side; codes between them mix planes.
    start = channel * 128
    codes = lbp_codes(case["image"][..., channel])
    assert_array_equal(codes, case["code"][:, start : start + 126])


def test_flat_codes_equal_toolbox(shared):
    expected = np.load(shared / "oracle" / "lbp_flat_codes.npz")["codes"]
    codes = [lbp_codes(np.full((3, 3), level))[0, 0] for level in range(256)]
    assert_array_equal(codes, expected)
    codes = [lbp_codes(np.full((3, 3), 3 * v), divisor=3)[0, 0] for v in range(256)]
    assert_array_equal(codes, expected)


def test_patterns_equal_toolbox(shared):
    expected = np.load(shared / "oracle" / "lbp_table.npz")["table"]
    assert_array_equal(uniform_patterns(), expected)


@pytest.mark.parametrize("photo", TOOLBOX_PHOTOS)
def test_histograms_equal_toolbox_in_red(photo, shared):
    case = np.load(shared / "oracle" / "cases" / f"lbp_crop128_{photo}.npz")
    pyramid = lbp_pyramid(case["image"][..., 0])
    # Its last column of blocks runs on over the other planes; the others see red.
    quarters = pyramid[59:295].reshape(2, 2, 59) / 4 * (4 * 62**2)
    clockwise = case["L1"].reshape(4, 59)
    assert_allclose(quarters[0, 0], clockwise[0], atol=1e-9)
    assert_allclose(quarters[1, 0], clockwise[3], atol=1e-9)
    sixteenths = pyramid[295:].reshape(4, 4, 59) / 32 * (16 * 30**2)
    expected = case["L2"].reshape(4, 4, 59)
    assert_allclose(sixteenths[:, :3], expected[:, :3], atol=1e-9)


@pytest.mark.parametrize("photo", TOOLBOX_PHOTOS)
def test_pyramid_of_plane_follows_toolbox_codes(photo, shared):
    case = np.load(shared / "oracle" / "cases" / f"lbp_crop128_{photo}.npz")
    expected = reference_pyramid(case["code"][:, 256:382], (128, 128))
    assert_allclose(lbp_pyramid(case["image"][..., 2]), expected, rtol=1e-12)


def test_grey_photo_equals_toolbox_whole(shared):
    case = np.load(shared / "oracle" / "cases" / "lbp_crop128_camera.npz")
    features = LBPPyramid().transform(case["image"][None])[0]
    assert_allclose(features, lbp_pyramid(case["image"][..., 0]), rtol=1e-6)


# --- a loop over pixels


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize(("top", "divisor"), [(255, 1), (765, 3), (765, 1), (255, 3)])
def test_codes_equal_loop(kind, top, divisor):
    levels = LEVELS[kind](top, np.random.default_rng(0))
    expected = reference_codes(levels, divisor)
    assert_array_equal(lbp_codes(levels, divisor=divisor), expected)


@pytest.mark.parametrize("divisor", [1, 3])
def test_flat_codes_equal_loop(divisor):
    codes, expected = (
        [
            function(np.full((3, 3), level), divisor=divisor)[0, 0]
            for level in range(766)
        ]
        for function in (lbp_codes, reference_codes)
    )
    assert_array_equal(codes, expected)
    # Interpolation rounds some levels below themselves: not all bits are set.
    assert len(set(codes)) > 1


@pytest.mark.parametrize("shape", [(3, 3), (5, 40), (31, 18), (24, 24), (26, 35)])
def test_features_equal_loop(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    codes = reference_codes(image.sum(axis=-1), divisor=3)
    features = LBPPyramid().transform(image[None])[0]
    sums = features.reshape(21, 59).sum(axis=1)
    assert_allclose(sums[0], 1, rtol=1e-6)
    if min(shape) >= 12:
        assert_allclose(features, reference_pyramid(codes, shape), rtol=1e-6)
        assert_allclose([sums[1:5].sum(), sums[5:].sum()], [4, 32], rtol=1e-6)


# --- patterns


def test_patterns_number_uniform_codes():
    patterns = uniform_patterns()
    turns = [f"{code:08b}" for code in range(256)]
    changes = np.array(
        [sum(turn[i] != turn[i - 1] for i in range(8)) for turn in turns]
    )
    assert_array_equal(patterns[changes <= 2], np.arange(58))
    assert_array_equal(patterns[changes > 2], 58)


@pytest.mark.parametrize("bit", range(8))
def test_bits_turn_counter_clockwise_from_right(bit):
    angle = bit * np.pi / 4
    levels = np.full((3, 3), 10)
    levels[1 - round(np.sin(angle)), 1 + round(np.cos(angle))] = 200
    levels[1, 1] = 20
    # A bright corner also lifts no other sample: those lie on their own diagonals.
    code = lbp_codes(levels)[0, 0]
    assert code >> bit & 1
    beside = [] if bit % 2 else [(bit - 1) % 8, (bit + 1) % 8]
    assert {i for i in range(8) if code >> i & 1} == {bit, *beside}


# --- the pyramid


@pytest.mark.parametrize(
    ("size", "n_cells", "edges"),
    [
        (128, 4, [0, 32, 64, 96, 128]),
        (10, 4, [0, 3, 5, 8, 10]),
        (7, 2, [0, 4, 7]),
        (1, 4, [0, 0, 1, 1, 1]),
        (5, 1, [0, 5]),
        (6, 4, [0, 2, 3, 5, 6]),
    ],
)
def test_edges_round_halves_up(size, n_cells, edges):
    assert pyramid_edges(size, n_cells) == edges


@pytest.mark.parametrize("shape", [(1, 1), (2, 50), (50, 2), (2, 2)])
def test_photo_without_inner_pixel_gives_zeros(shape):
    image = np.random.default_rng(0).integers(0, 256, (1, *shape, 3), dtype=np.uint8)
    assert_array_equal(LBPPyramid().transform(image), np.zeros((1, 1239)))


def test_levels_of_small_photo_may_be_empty():
    image = np.random.default_rng(0).integers(0, 256, (1, 7, 7, 3), dtype=np.uint8)
    features = LBPPyramid().transform(image)[0].reshape(21, 59)
    assert_allclose(features[0].sum(), 1, rtol=1e-6)
    assert_allclose(features[1:5].sum(), 4, rtol=1e-6)
    assert_array_equal(features[5:], 0)


def test_intensity_is_the_sum_of_channels():
    image = np.random.default_rng(0).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    image[0, 0] = 255
    assert_array_equal(intensity_levels(image), image.sum(axis=-1, dtype=int))


# --- meaning


def named_regions(features):
    """Histogram of each region by its name."""
    names = LBPPyramid().get_feature_names_out()
    regions: dict = {}
    for name, value in zip(names, features, strict=True):
        region, pattern = name.rsplit("_pattern", 1)
        regions.setdefault(region, {})[int(pattern)] = value
    return {
        region: np.array([h[i] for i in range(59)]) for region, h in regions.items()
    }


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("col", [0, 1])
def test_texture_changes_its_regions_alone(row, col):
    flat = np.full((80, 96, 3), 100, dtype=np.uint8)
    painted = flat.copy()
    texture = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    painted[40 * row : 40 * row + 40, 48 * col : 48 * col + 48] = texture
    before, after = (
        named_regions(features)
        for features in LBPPyramid().transform(np.stack([flat, painted]))
    )
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    inside = {f"lbp_level1_r{row}c{col}"} | {
        f"lbp_level2_r{2 * row + i}c{2 * col + j}" for i in (0, 1) for j in (0, 1)
    }
    assert changed == {"lbp_level0_r0c0"} | inside


def test_mirrored_photo_mirrors_features():
    # No pixel has the intensity of a diagonal neighbour, so that no sample ties.
    rows, cols = np.mgrid[:48, :64]
    noise = np.random.default_rng(0).integers(0, 30, size=rows.shape)
    grey = ((rows + 2 * cols) % 5 * 50 + noise).astype(np.uint8)
    photo = np.repeat(grey[..., None], 3, axis=-1)
    features, mirrored = (
        named_regions(features)
        for features in LBPPyramid().transform(np.stack([photo, photo[:, ::-1]]))
    )
    # The sample at an angle becomes that at 180 degrees less the angle.
    codes = np.arange(256)
    swapped = sum((codes >> bit & 1) << (4 - bit) % 8 for bit in range(8))
    numbers = np.zeros(59, dtype=int)
    numbers[uniform_patterns()] = uniform_patterns()[swapped]
    for name, histogram in features.items():
        level, row, col = (int(name[i]) for i in (9, 12, 14))
        other = mirrored[f"lbp_level{level}_r{row}c{2**level - 1 - col}"]
        assert_allclose(other[numbers], histogram, rtol=1e-6)


def test_brightness_does_not_matter():
    photo = data.astronaut()[100:164, 100:180] // 2
    features = LBPPyramid().transform(np.stack([photo, photo + 64]))
    # All but the rounding of tied samples.
    assert np.abs(features[0] - features[1]).sum() < 0.05 * 37
    inverted = LBPPyramid().transform([255 - photo])
    assert np.abs(features[0] - inverted).sum() > 0.2 * 37
