"""Words that a cache keeps: those that would be learned, and no others."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_popularity import HOGLLC, ColorNamesLLC
from sklearn_popularity.features.codebook import _base

SETTINGS = {"dictionary": 12, "random_state": 0}


@pytest.fixture
def n_learned(monkeypatch):
    """Counts how many dictionaries are learned."""
    learned = []

    def learn(samples, n_words, seed, learn=_base.learn_words):
        learned.append(n_words)
        return learn(samples, n_words, seed)

    monkeypatch.setattr(_base, "learn_words", learn)
    return lambda: len(learned)


def _words(paths, kind=HOGLLC, **settings):
    return kind(**SETTINGS | settings).fit(paths).dictionaries_


@pytest.mark.parametrize("kind", [HOGLLC, ColorNamesLLC])
@pytest.mark.parametrize("dictionary", [12, 200], ids=["some", "all distinct"])
def test_kept_words_are_those_learned(paths, tmp_path, n_learned, kind, dictionary):
    settings = {"dictionary": dictionary, "subsample": (5, 20)}
    expected = _words(paths, kind, **settings)
    for _ in range(2):
        found = _words(paths, kind, cache=tmp_path / "cache", **settings)
        for name, words in expected.items():
            assert_array_equal(found[name], words)
            assert found[name].dtype == words.dtype
    assert n_learned() == 2 * len(expected)


@pytest.mark.parametrize(
    "change",
    [
        {"dictionary": 11},
        {"random_state": 1},
        {"subsample": (500, 30)},
        {"max_size": 20},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_settings_learn_other_words(paths, tmp_path, n_learned, change):
    cache = {"cache": tmp_path / "cache", "subsample": (500, 20)}
    _words(paths, **cache)
    found, n_before = _words(paths, **cache | change), n_learned()
    expected = _words(paths, **{"subsample": (500, 20)} | change)
    assert_array_equal(found["hog2x2"], expected["hog2x2"])
    assert n_before == 4


def test_other_photos_learn_other_words(paths, tmp_path, n_learned):
    for photos in (paths, paths[1:], paths[::-1]):
        _words(photos, cache=tmp_path / "cache")
    assert n_learned() == 6


def test_words_without_all_photos_are_not_kept(paths, bad_path, tmp_path, n_learned):
    settings = {"cache": tmp_path / "cache", "on_error": "nan"}
    for _ in range(2):
        with pytest.warns(UserWarning, match="learned without them"):
            _words([*paths, bad_path], **settings)
    assert n_learned() == 4


def test_damaged_words_are_learned_again(paths, tmp_path, n_learned):

    cache = tmp_path / "cache"
    expected = _words(paths, cache=cache)
    with closing(sqlite3.connect(cache)) as connection, connection:
        connection.execute("UPDATE rows SET numbers = substr(numbers, 5)")
    for _ in range(2):
        assert_array_equal(_words(paths, cache=cache)["hog3x3"], expected["hog3x3"])
    assert n_learned() == 4


def test_words_of_chance_are_not_kept(paths, tmp_path, n_learned):
    chance = np.random.RandomState(0)
    with pytest.warns(UserWarning, match="random_state"):
        _words(paths, random_state=chance, cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
