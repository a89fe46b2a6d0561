"""The same photos give the same numbers, whoever computes them in whichever order."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_popularity import (
    HOGLLC,
    CNNEmbedder,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    LBPPyramid,
    Preprocessing,
)

# Words are learned, so that this is computed in each way too.
SMALL = {"dictionary": 16, "subsample": (500, 30), "random_state": 0}
TRANSFORMERS = [
    ColorStatistics(),
    ColorHistogram(),
    GistTransformer(image_size=48),
    LBPPyramid(),
    ColorNamesLLC(**SMALL),
    HOGLLC(**SMALL),
]
# Processes, photos of a batch, and threads.
WAYS = [(1, 32, 1), (1, 1, 2), (2, 1, 1), (2, 32, 2)]


def name_of(transformer):
    return type(transformer).__name__


@pytest.fixture(scope="module")
def photos():
    """More than a batch of smooth photos of different sizes."""
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 256, (5, 6, 3)).astype(np.uint8) for _ in range(34)]
    return [cv2.resize(c, (20 + i, 54 - i)) for i, c in enumerate(coarse)]


def every_way(transformer, photos, threads):
    """Features in each of the ways."""
    for n_jobs, batch_size, n_threads in WAYS:
        there = clone(transformer).set_params(n_jobs=n_jobs, batch_size=batch_size)
        with threads(n_threads):
            yield there.fit_transform(photos)


def by_cache(transformer, photos, folder):
    """Features that fill a cache, and those that come from it."""
    there = clone(transformer).set_params(n_jobs=2, batch_size=1)
    there.set_params(cache=str(folder / "rows"))
    yield there.fit_transform(photos)
    yield there.transform(photos)


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=name_of)
def test_hand_crafted_features_are_bit_identical(
    transformer, photos, threads, tmp_path
):
    expected, *others = every_way(transformer, photos, threads)
    assert len(np.unique(expected, axis=0)) == len(photos)
    for features in [*others, *by_cache(transformer, photos, tmp_path)]:
        assert_array_equal(features, expected)


def test_embeddings_agree(photos, threads):
    pytest.importorskip("torch", reason="Networks need torch.")
    embedder = CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        preprocessing=Preprocessing(size=32),
    )
    expected, *others = every_way(embedder, photos, threads)
    for features in others:
        assert_allclose(features, expected, rtol=1e-5, atol=1e-5)
