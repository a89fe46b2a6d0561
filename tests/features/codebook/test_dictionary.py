"""Dictionaries: sampled and learned the same everywhere, or given and checked."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from sklearn_popularity.features.codebook._dictionary import (
    learn_words,
    load_words,
    sample_rows,
)


def make_samples(n=3000, n_clusters=20, seed=0):
    """Points around a few centres, half of them around one."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(size=(n_clusters, 8))
    owners = rng.integers(0, n_clusters, n) * rng.integers(0, 2, n)
    return (centres[owners] + 0.02 * rng.normal(size=(n, 8))).astype(np.float32)


def quantization_error(samples, words):
    return cdist(samples, words).min(axis=1).mean()


# --- samples


@pytest.mark.parametrize("n_rows", [1, 7, 29])
def test_sample_is_drawn_without_replacement(n_rows):
    values = np.random.default_rng(0).normal(size=(30, 4))
    rows = sample_rows(values, n_rows, [1, 2])
    assert rows.shape == (n_rows, 4)
    found = [np.flatnonzero((values == row).all(axis=1)).item() for row in rows]
    assert len(set(found)) == n_rows
    assert found == sorted(found)


@pytest.mark.parametrize("n_rows", [30, 31, 1000])
def test_small_matrix_is_sampled_whole(n_rows):
    values = np.arange(60.0).reshape(30, 2)
    assert_array_equal(sample_rows(values, n_rows, [0]), values)


def test_sample_follows_its_seed():
    values = np.arange(400).reshape(200, 2)
    drawn = [sample_rows(values, 20, seed) for seed in ([0, 1], [0, 1], [0, 2], [1, 1])]
    assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    assert (drawn[0] != drawn[3]).any()


def test_sample_reaches_every_row():
    values = np.arange(20).reshape(10, 2)
    drawn = np.concatenate([sample_rows(values, 3, [seed]) for seed in range(40)])
    assert_array_equal(np.unique(drawn, axis=0), values)


# --- learned words


@pytest.mark.parametrize("n_words", [4, 5, 100])
def test_few_distinct_rows_are_the_words(n_words):
    distinct = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    samples = distinct[[3, 1, 1, 0, 2, 3, 0]]
    words = learn_words(samples, n_words, 0)
    assert words.dtype == np.float32
    assert_array_equal(words, np.unique(distinct, axis=0))


def test_no_samples_give_one_zero_word():
    words = learn_words(np.empty((0, 5), np.float32), 10, 0)
    assert words.dtype == np.float32
    assert_array_equal(words, np.zeros((1, 5)))


def test_words_follow_their_seed():
    samples = make_samples()
    words = learn_words(samples, 16, 0)
    assert (words.shape, words.dtype) == ((16, 8), np.float32)
    assert_array_equal(learn_words(samples, 16, 0), words)
    assert (learn_words(samples, 16, 1) != words).any()


def test_threads_leave_words_alone():
    samples = make_samples(9000)
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            found.append(learn_words(samples, 64, 0))
    assert_array_equal(*found)


@pytest.mark.parametrize("seed", range(3))
def test_words_beat_random_rows(seed):
    samples = make_samples(seed=seed)
    words = learn_words(samples, 20, seed)
    rows = sample_rows(samples, 20, [seed])
    # The noise alone leaves 0.02 times the mean of a chi of 8 numbers, 0.055.
    error = quantization_error(samples, words)
    assert error < 0.06
    assert error < 0.6 * quantization_error(samples, rows)


# --- given words


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.uint8])
@pytest.mark.parametrize("form", ["array", "list", "str", "Path"])
def test_given_words_are_loaded(form, dtype, tmp_path):
    words = np.arange(12).reshape(4, 3).astype(dtype)
    path = tmp_path / "words.npy"
    np.save(path, words)
    forms = {"array": words, "list": words.tolist(), "str": str(path), "Path": path}
    loaded = load_words(forms[form], 3, "colours")
    given = np.asarray(words.tolist()) if form == "list" else words
    assert loaded.dtype == np.promote_types(given.dtype, np.float32)
    assert_array_equal(loaded, words)


@pytest.mark.parametrize(
    ("dtype", "value"), [(np.float16, 300), (np.float32, 1e25), (np.int64, 10**12)]
)
def test_large_words_are_loaded(dtype, value):
    words = np.full((2, 3), value, dtype=dtype)
    assert_array_equal(load_words(words, 3, "colours"), words)


def test_loaded_words_are_a_copy():
    words = np.ones((2, 3))
    loaded = load_words(words, 3, "colours")
    words[:] = 7
    assert_array_equal(loaded, 1)


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((4, 2), r"\(4, 2\)"),
        ((3,), r"\(3,\)"),
        ((0, 3), r"\(0, 3\)"),
        ((2, 2, 3), r"\(2, 2, 3\)"),
        ((), r"\(\)"),
    ],
    ids=str,
)
def test_words_of_wrong_shape_raise(shape, shown):
    match = rf"of colours, an array, has the shape {shown}, but \(n_words, 3\)"
    with pytest.raises(ValueError, match=match):
        load_words(np.zeros(shape), 3, "colours")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
def test_words_not_finite_raise(value):
    words = np.zeros((4, 3))
    words[2, 1] = value
    with pytest.raises(ValueError, match="of colours, an array, holds float64 values"):
        load_words(words, 3, "colours")


@pytest.mark.parametrize("dtype", [complex, str, bool, object])
def test_words_that_are_no_numbers_raise(dtype):
    with pytest.raises(ValueError, match="finite numbers of moderate size"):
        load_words(np.ones((4, 3)).astype(dtype), 3, "colours")


def test_wrong_file_is_named(tmp_path):
    path = tmp_path / "narrow.npy"
    np.save(path, np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"the file '.*narrow\.npy', has the shape"):
        load_words(path, 3, "colours")


def write_pickle(path):
    np.save(path, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)


def write_truncated(path):
    np.save(path, np.zeros((50, 3)))
    path.write_bytes(path.read_bytes()[:200])


BAD_FILES = {
    "missing": lambda path: None,
    "pickle": write_pickle,
    "text": lambda path: path.write_text("1 2 3\n4 5 6\n"),
    "empty": lambda path: path.write_bytes(b""),
    "truncated": write_truncated,
    "folder": Path.mkdir,
    "zip": lambda path: path.write_bytes(b"PK\x03\x04 and no more"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_unreadable_file_raises(kind, tmp_path):
    path = tmp_path / "words.npy"
    BAD_FILES[kind](path)
    match = r"of colours, the file '.*words\.npy', cannot be read .* numpy\.save"
    with pytest.raises(ValueError, match=match) as caught:
        load_words(path, 3, "colours")
    assert caught.value.__cause__ is not None
