"""ZeroShotTagger: the nearest words by cosine, tagged and embedded as in LaFin."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from sklearn_popularity import TagEmbedder, ZeroShotTagger

WORDS = [f"word {i}" for i in range(30)]


@pytest.fixture
def vocabulary():
    return dict(zip(WORDS, np.random.default_rng(0).normal(size=(30, 8)), strict=True))


@pytest.fixture
def photos():
    return np.random.default_rng(1).normal(size=(12, 8))


def _nearest(photos, vocabulary, n_words):
    rows = []
    for photo in photos:
        cosines = {
            word: photo @ vector / np.linalg.norm(photo) / np.linalg.norm(vector)
            for word, vector in vocabulary.items()
        }
        rows.append(sorted(cosines, key=cosines.get, reverse=True)[:n_words])
    return rows


@pytest.mark.parametrize("n_words", [1, 10, 99])
def test_words_are_the_nearest(vocabulary, photos, n_words):
    tagger = ZeroShotTagger(vocabulary, n_words=n_words).fit(photos)
    words = tagger.transform(photos)
    assert words.shape == (12, min(n_words, 30))
    assert words.tolist() == _nearest(photos, vocabulary, n_words)
    assert_array_equal(tagger.transform(1000 * photos), words)
    assert tagger.get_feature_names_out()[0] == "word0"


def test_columns_are_words_without_a_vocabulary():
    X = pd.DataFrame({"cat": [0.2, 0.7], "dog": [0.5, 0.1], "sun": [0.3, 0.2]})
    tagger = ZeroShotTagger(n_words=2)
    expected = [["dog", "sun"], ["cat", "sun"]]
    assert tagger.fit_transform(X).tolist() == expected
    assert tagger.fit_transform(X.to_numpy()).tolist() == [[1, 2], [0, 2]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int64])
def test_columns_are_tagged_as_by_an_identity(dtype):
    X = np.random.default_rng(0).permuted(np.tile(np.arange(1, 41), (9, 1)), axis=1)
    identity = dict(zip(range(40), np.eye(40), strict=True))
    tagger = ZeroShotTagger().fit(X.astype(dtype))
    expected = ZeroShotTagger(identity).fit_transform(X)
    assert_array_equal(tagger.transform(X.astype(dtype)), expected)
    assert len(pickle.dumps(tagger)) < 2000


def test_tied_columns_come_in_their_order():
    found = ZeroShotTagger(n_words=3).fit_transform([[0, 1, 1, 0, 1], [0, 0, 0, 0, 0]])
    assert found.tolist() == [[1, 2, 4], [0, 1, 2]]


def test_number_of_words_may_change_after_fit(vocabulary, photos):
    for tagger in (ZeroShotTagger(vocabulary, n_words=2), ZeroShotTagger(n_words=2)):
        tagger.fit(photos).set_params(n_words=5)
        assert tagger.transform(photos).shape == (12, 5)
        assert len(tagger.get_feature_names_out()) == 5


def test_vocabulary_of_a_former_fit_is_forgotten(vocabulary, photos):
    tagger = ZeroShotTagger(vocabulary).fit(photos).set_params(vocabulary=None)
    expected = ZeroShotTagger().fit_transform(photos)
    assert_array_equal(tagger.fit_transform(photos), expected)


def test_vocabulary_comes_from_files(vocabulary, photos, tmp_path):
    vectors = np.array(list(vocabulary.values()))
    np.savez(tmp_path / "a.npz", words=np.array(WORDS), vectors=vectors)
    found = ZeroShotTagger(str(tmp_path / "a.npz")).fit_transform(photos)
    assert found.tolist() == _nearest(photos, vocabulary, 10)


def test_captions_can_be_embedded_by_their_words(photos):
    rng = np.random.default_rng(0)
    captions = {"A dog.": rng.normal(size=8), "Dogs at sea": rng.normal(size=8)}
    words = {"dog": [1.0, 0.0], "dogs": [2.0, 0.0], "sea": [0.0, 2.0]}
    embedder = TagEmbedder(words, report_unknown=False)
    model = make_pipeline(ZeroShotTagger(captions, n_words=1), embedder)
    found = model.fit_transform(photos)
    nearest = [row == ["A dog."] for row in _nearest(photos, captions, 1)]
    assert 0 < sum(nearest) < 12
    assert_allclose(found, np.where(np.c_[nearest], [[1, 0]], [[1, 1]]))


@pytest.mark.parametrize("package", ["default", "pandas", "polars"])
def test_tags_can_be_embedded(vocabulary, photos, package):
    if package != "default":
        pytest.importorskip(package, reason=f"This output needs {package}.")
    word2vec = {word: [float(i), 1.0] for i, word in enumerate(WORDS)}
    model = make_pipeline(ZeroShotTagger(vocabulary), TagEmbedder(word2vec))
    found = model.set_output(transform=package).fit_transform(photos)
    numbers = [
        [WORDS.index(word) for word in row] for row in _nearest(photos, vocabulary, 10)
    ]
    assert_allclose(np.asarray(found)[:, 0], np.mean(numbers, axis=1), rtol=1e-6)
    assert not np.asarray(found)[:, 2:].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": np.ones(7)}, "8 columns, but .* 7 numbers"),
        ({"a": np.ones(8), "b": np.zeros(8)}, "'b' is all zeros"),
        ({"a": np.full(8, np.nan)}, "'a' holds NaN"),
        (lambda words: words, "'vocabulary' parameter"),
        ({}, r"vectors=\{\}"),
    ],
)
def test_fit_rejects(photos, change, message):
    with pytest.raises(ValueError, match=message):
        ZeroShotTagger(change).fit(photos)
