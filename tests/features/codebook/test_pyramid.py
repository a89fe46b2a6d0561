"""Max pooling: regions that mean what they say, dense pooling, the toolbox's."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sklearn_popularity.features.codebook._llc import Codes
from sklearn_popularity.features.codebook._pyramid import (
    finest_regions,
    max_pool,
    region_names,
)


def make_codes(n, n_words, n_neighbors, seed=0):
    """Random words and weights, some weights equal and some 0."""
    rng = np.random.default_rng(seed)
    words = rng.permuted(np.tile(np.arange(n_words), (n, 1)), axis=1)[:, :n_neighbors]
    weights = rng.integers(-4, 4, words.shape) / 4
    return Codes(words, weights)


def dense(codes, n_words):
    full = np.zeros((len(codes.words), n_words))
    np.put_along_axis(full, codes.words, codes.weights, axis=1)
    return full


def children(region, level, n_levels):
    """Finest regions that a region consists of."""
    row, col = divmod(region, 2**level)
    n = 2 ** (n_levels - 1 - level)
    side = 2 ** (n_levels - 1)
    return [(row * n + i) * side + col * n + j for i in range(n) for j in range(n)]


def all_regions(n_levels):
    """Finest regions of each region, in the order of the pooled vector."""
    return [
        children(region, level, n_levels)
        for level in range(n_levels)
        for region in range(4**level)
    ]


def pool_by_hand(full, regions, n_levels):
    """Columnwise maxima of a dense matrix; a region without rows has zeros."""
    finest = [
        full[regions == region].max(axis=0, initial=-np.inf)
        if (regions == region).any()
        else np.zeros(full.shape[1])
        for region in range(4 ** (n_levels - 1))
    ]
    return np.array([np.max([finest[i] for i in c], 0) for c in all_regions(n_levels)])


# --- regions


def test_names_go_from_coarse_to_fine():
    assert region_names(1) == ["level0_r0c0"]
    assert region_names(2) == [
        "level0_r0c0",
        "level1_r0c0",
        "level1_r0c1",
        "level1_r1c0",
        "level1_r1c1",
    ]
    names = region_names(3)
    assert len(names) == len(set(names)) == 21
    assert names[:5] == region_names(2)
    assert [names[i] for i in (5, 6, 9, 20)] == [
        "level2_r0c0",
        "level2_r0c1",
        "level2_r1c0",
        "level2_r3c3",
    ]


@pytest.mark.parametrize("n_levels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(30, 70), (64, 32), (17, 17), (3, 50)], ids=str)
def test_regions_are_what_they_are_called(size, n_levels):
    rng = np.random.default_rng(0)
    positions = rng.integers(0, 2 * np.array(size), (80, 2)) / 2
    regions = finest_regions(positions, size, n_levels)
    # Each descriptor has a word of its own.
    codes = Codes(np.arange(80)[:, np.newaxis], np.ones((80, 1)))
    pooled = max_pool(codes, regions, 80, n_levels)
    for name, values in zip(region_names(n_levels), pooled.values, strict=True):
        level, row, col = map(int, re.findall(r"\d+", name))
        first = np.array([row, col]) * size / 2**level
        last = np.array([row + 1, col + 1]) * size / 2**level
        inside = ((positions >= first) & (positions < last)).all(axis=1)
        assert_array_equal(values, inside)


def test_upper_left_descriptor_counts_in_first_regions():
    regions = finest_regions(np.array([[0.5, 0.5]]), (20, 300), 3)
    pooled = max_pool(Codes(np.array([[1]]), np.ones((1, 1))), regions, 3, 3)
    used = [
        name
        for name, values in zip(region_names(3), pooled.values, strict=True)
        if values.any()
    ]
    assert used == ["level0_r0c0", "level1_r0c0", "level2_r0c0"]
    assert pooled.values[:, 1].sum() == 3


def test_positions_outside_belong_nowhere():
    positions = np.array([[0, 0], [10, 5], [5, 20], [-0.5, 5], [5, -0.5], [9.5, 19.5]])
    regions = finest_regions(positions, (10, 20), 3)
    assert_array_equal(regions, [0, -1, -1, -1, -1, 15])
    pooled = max_pool(Codes(np.zeros((6, 1), int), np.ones((6, 1))), regions, 1, 3)
    assert set(pooled.winners.ravel()) == {-1, 0, 5}


# --- pooling


@pytest.mark.parametrize("n_levels", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("n", "n_words", "n_neighbors"),
    [(40, 3, 2), (40, 3, 3), (200, 12, 3), (7, 5, 1), (300, 2, 2), (0, 4, 2)],
    ids=str,
)
def test_pooling_equals_dense_pooling(n, n_words, n_neighbors, n_levels):
    codes = make_codes(n, n_words, n_neighbors)
    n_finest = 4 ** (n_levels - 1)
    regions = np.random.default_rng(1).integers(-1, n_finest, n)
    full = dense(codes, n_words)
    pooled = max_pool(codes, regions, n_words, n_levels)
    assert_array_equal(pooled.values, pool_by_hand(full, regions, n_levels))

    for row, finest in enumerate(all_regions(n_levels)):
        here = np.isin(regions, finest)
        for word, winner in enumerate(pooled.winners[row]):
            value = pooled.values[row, word]
            if winner == -1:
                assert value == 0
                assert (full[here, word] <= 0).all()
            else:
                assert here[winner]
                assert word in codes.words[winner]
                assert full[winner, word] == value


def test_negative_weights_stay_where_all_use_the_word():
    codes = Codes(
        np.tile([0, 1], (4, 1)), np.array([[-1, 2], [-3, 4], [-5, 6], [7, -6]])
    )
    regions = np.array([0, 0, 1, 2])
    pooled = max_pool(codes, regions, 3, 2)
    # The fourth region is empty, and its zeros count one level above.
    expected = [[7, 6, 0], [-1, 4, 0], [-5, 6, 0], [7, -6, 0], [0, 0, 0]]
    assert_array_equal(pooled.values, expected)
    expected = [[3, 2, -1], [0, 1, -1], [2, 2, -1], [3, 3, -1], [-1, -1, -1]]
    assert_array_equal(pooled.winners, expected)
    full_regions = max_pool(codes, np.array([0, 1, 2, 3]), 3, 2)
    assert full_regions.values[0].tolist() == [7, 6, 0]
    negative = max_pool(Codes(codes.words, -np.abs(codes.weights)), np.arange(4), 3, 2)
    assert negative.values[0].tolist() == [-1, -2, 0]
    assert negative.winners[0].tolist() == [0, 0, -1]


def test_zeros_of_others_exceed_negative_weights():
    codes = Codes(np.array([[0], [1]]), np.array([[-1.0], [0.5]]))
    pooled = max_pool(codes, np.zeros(2, int), 2, 1)
    assert pooled.values.tolist() == [[0, 0.5]]
    assert pooled.winners.tolist() == [[-1, 1]]


def test_first_of_equals_wins():
    codes = Codes(np.zeros((4, 1), int), np.array([[0.5], [1.0], [1.0], [1.0]]))
    assert max_pool(codes, np.zeros(4, int), 1, 1).winners.tolist() == [[1]]
    pooled = max_pool(codes, np.array([3, 2, 1, 2]), 1, 2)
    assert pooled.winners.ravel().tolist() == [2, -1, 2, 1, 0]


def test_order_of_descriptors_leaves_values_alone():
    codes = make_codes(100, 9, 3)
    regions = np.random.default_rng(2).integers(0, 16, 100)
    expected = max_pool(codes, regions, 9, 3).values
    mixed = np.random.default_rng(3).permutation(100)
    found = max_pool(
        Codes(codes.words[mixed], codes.weights[mixed]), regions[mixed], 9, 3
    )
    assert_array_equal(found.values, expected)


# --- the toolbox


@pytest.mark.parametrize("tag", ["color_64_3", "hog2x2_256_5", "hog3x3_64_5"])
@pytest.mark.parametrize("name", ["coffee", "chelsea", "camera", "noise"])
def test_pooling_equals_toolbox(name, tag, shared):
    folder = shared / "oracle" / "cases"
    toolbox = np.load(folder / f"llc_crop128_{name}.npz")
    feature = tag.split("_")[0]
    key = "g4_8_12_16" if feature == "color" else f"{feature}_g6"
    kind = "color" if feature == "color" else "hog"
    places = np.load(folder / f"{kind}_crop128_{name}.npz")

    parts = (toolbox[f"{tag}_{part}"] for part in ("data", "indices", "indptr"))
    full = csr_array(tuple(parts), shape=toolbox[f"{tag}_shape"]).toarray()
    words = toolbox[f"{tag}_idx"].astype(np.intp)
    codes = Codes(words, np.take_along_axis(full, words, axis=1))
    # Its positions, which are turned over for HOG and counted from 1.
    positions = np.stack([places[f"{key}_y"], places[f"{key}_x"]], axis=1)
    regions = finest_regions(positions, (128, 128), 3)
    n_words = full.shape[1]
    values = max_pool(codes, regions, n_words, 3).values
    # It goes from fine to coarse and column by column.
    ours = np.concatenate(
        [
            part.reshape(side, side, n_words).swapaxes(0, 1).ravel()
            for part, side in ((values[5:], 4), (values[1:5], 2), (values[:1], 1))
        ]
    )
    assert_array_equal(ours, toolbox[f"{tag}_poolraw"])
