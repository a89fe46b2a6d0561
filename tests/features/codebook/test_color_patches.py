"""Dense colour patches: counted one by one, and the toolbox's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_popularity.features.codebook._color_patches import color_patches

TOOLBOX_SETTINGS = {"g4_8_12_16": ((8, 12, 16), 4), "g6_6_10_16": ((6, 10, 16), 6)}


def make_index(height, width, n_colors=50, seed=0):
    """Names in stripes of random width, so that patches differ in few colours."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, 2, (height, width)) * rng.integers(0, n_colors)
    return (steps.cumsum(axis=1) % n_colors).astype(np.uint8)


def tops_by_hand(side, size, spacing):
    """Starts from 0, moved by half of what is left over behind the last."""
    starts = [s for s in range(0, side, spacing) if s + size <= side]
    left_over = side - size - starts[-1] if starts else 0
    return [s + left_over // 2 for s in starts]


def patches_by_hand(index, n_colors, sizes, spacing):
    height, width = index.shape
    values, positions = [], []
    for size in sizes:
        for top in tops_by_hand(height, size, spacing):
            for left in tops_by_hand(width, size, spacing):
                patch = index[top : top + size, left : left + size]
                counts = [np.count_nonzero(patch == color) for color in range(n_colors)]
                values.append(np.float32(counts) / np.float32(size**2))
                rows = np.arange(top, top + size) + 0.5
                cols = np.arange(left, left + size) + 0.5
                positions.append((rows.mean(), cols.mean()))
    return np.array(values), np.array(positions)


@pytest.mark.parametrize(
    ("shape", "sizes", "spacing"),
    [
        ((37, 52), (6, 10, 16), 6),
        ((31, 24), (8, 12, 16), 4),
        ((20, 33), (5,), 3),
        ((20, 33), (16, 4), 7),
        ((9, 70), (6, 10), 6),
        ((11, 12), (1, 2), 5),
        ((13, 9), (3,), 1),
        ((25, 45), (4,), 30),
    ],
    ids=str,
)
@pytest.mark.parametrize("n_colors", [11, 50])
def test_patches_equal_counts_by_hand(shape, sizes, spacing, n_colors):
    index = make_index(*shape, n_colors)
    values, positions = patches_by_hand(index, n_colors, sizes, spacing)
    found = color_patches(index, n_colors, sizes=sizes, spacing=spacing)
    assert found.values.dtype == np.float32
    assert found.positions.dtype == np.float64
    assert_array_equal(found.values, values)
    assert_array_equal(found.positions, positions)
    assert len(np.unique(values, axis=0)) > 1


def test_patches_sum_to_one():
    found = color_patches(make_index(60, 41), 50, sizes=(3, 6, 10, 16), spacing=5)
    assert_allclose(found.values.sum(axis=1), 1, rtol=1e-6)
    assert (found.values >= 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (40, 5), (5, 5)], ids=str)
def test_small_image_has_no_patch(shape):
    found = color_patches(make_index(*shape), 50, sizes=(6, 10), spacing=6)
    assert found.values.shape == (0, 50)
    assert found.values.dtype == np.float32
    assert found.positions.shape == (0, 2)


def test_sizes_that_do_not_fit_are_left_out():
    index = make_index(9, 30)
    found = color_patches(index, 50, sizes=(16, 8, 10), spacing=6)
    expected = color_patches(index, 50, sizes=(8,), spacing=6)
    assert len(expected.values) == 4
    for part, other in zip(found, expected, strict=True):
        assert_array_equal(part, other)


def test_image_of_one_patch():
    index = make_index(6, 6)
    found = color_patches(index, 50, sizes=(6, 10), spacing=6)
    shares = np.bincount(index.ravel(), minlength=50) / 36
    assert_allclose(found.values, shares[np.newaxis], rtol=1e-7)
    assert found.positions.tolist() == [[3.0, 3.0]]


@pytest.mark.parametrize("setting", TOOLBOX_SETTINGS)
@pytest.mark.parametrize("name", ["coffee", "chelsea", "camera", "noise", "const"])
def test_patches_equal_toolbox(name, setting, shared):
    sizes, spacing = TOOLBOX_SETTINGS[setting]
    case = np.load(shared / "oracle" / "cases" / f"color_crop128_{name}.npz")
    found = color_patches(case["idx"] - 1, 50, sizes=sizes, spacing=spacing)
    # The toolbox counts pixels from 1 and lists patches column by column.
    positions = np.stack([case[f"{setting}_y"], case[f"{setting}_x"]], axis=1) - 0.5
    size_at = np.repeat(sizes, [len(tops_by_hand(128, s, spacing)) ** 2 for s in sizes])
    order = np.lexsort((positions[:, 1], positions[:, 0], size_at))
    assert_array_equal(found.positions, positions[order])
    expected = case[f"{setting}_feat"].astype(np.float32)
    assert_array_equal(found.values, expected[order])
