"""Vectors of words: every source agrees, damaged files are one clear error."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_popularity.context._word_vectors import open_vectors, open_words

WORDS = ["dog", "beach", "blue sky", "naïve", "the"]
VECTORS = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
ASKED = ["beach", "nothing", "naïve", "blue sky", "beach"]


def _binary(words=WORDS, vectors=VECTORS, header=None, between=b"\n"):
    header = f"{len(words)} {vectors.shape[1]}" if header is None else header
    entries = [
        word.replace(" ", "_").encode() + b" " + row.tobytes()
        for word, row in zip(words, vectors, strict=True)
    ]
    return header.encode() + b"\n" + b"".join(entry + between for entry in entries)


def _text(words=WORDS, vectors=VECTORS, header=None):
    lines = [] if header is None else [header]
    for word, row in zip(words, vectors, strict=True):
        lines.append(f"{word} {' '.join(map(repr, row.tolist()))}")
    return ("\n".join(lines) + "\n").encode()


def _npz(folder):
    np.savez(folder / "words.npz", words=np.array(WORDS), vectors=VECTORS)
    return folder / "words.npz"


def _file(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


def _keyed_vectors(folder):
    positions = {word: i for i, word in enumerate(WORDS)}
    return SimpleNamespace(key_to_index=positions, vectors=VECTORS)


SOURCES = {
    "dict": lambda f: dict(zip(WORDS, VECTORS, strict=True)),
    "dict of lists": lambda f: dict(zip(WORDS, VECTORS.tolist(), strict=True)),
    "npz": _npz,
    "npz as str": lambda f: str(_npz(f)),
    "word2vec text": lambda f: _file(f, "a.txt", _text(header="5 4")),
    "GloVe": lambda f: _file(f, "a.txt", _text()),
    "no last newline": lambda f: _file(f, "a.vec", _text().rstrip()),
    "Windows lines": lambda f: _file(f, "a.txt", _text().replace(b"\n", b"\r\n")),
    "KeyedVectors": _keyed_vectors,
}


@pytest.mark.parametrize("source", SOURCES)
def test_sources_agree(source, tmp_path):
    vectors = open_vectors(SOURCES[source](tmp_path))
    known, found = vectors.embed(ASKED)
    assert vectors.n_dimensions == 4
    assert_array_equal(known, [True, False, True, True, True])
    assert found.dtype == np.float32
    assert_allclose(found, VECTORS[[1, 3, 2, 1]], rtol=1e-6)
    known, found = vectors.embed(["nothing"])
    assert not known.any() and found.shape == (0, 4)


@pytest.mark.parametrize("between", [b"\n", b""])
def test_binary_is_read_exactly(between, tmp_path):
    path = _file(tmp_path, "a.bin", _binary(between=between))
    vectors = open_words(path)
    assert list(vectors.positions) == [word.replace(" ", "_") for word in WORDS]
    assert_array_equal(vectors.embed(["the", "blue_sky"])[1], VECTORS[[4, 2]])


def test_function_knows_every_word():
    def encode(words):
        return np.array([[len(word), 1.0] for word in words])

    known, found = open_vectors(encode).embed(["a", "bcd"])
    assert known.all()
    assert_array_equal(found, [[1, 1], [3, 1]])
    with pytest.raises(ValueError, match=r"shape \(1,\) and .* 1 word"):
        open_vectors(lambda words: np.ones(len(words)))


def test_changed_file_is_opened_again(tmp_path):
    path = _file(tmp_path, "a.bin", _binary())
    assert_array_equal(open_words(path).embed(["dog"])[1], VECTORS[:1])
    path.unlink()
    _file(tmp_path, "a.bin", _binary(vectors=VECTORS * 2))
    os.utime(path, (1, 1))
    assert_array_equal(open_words(path).embed(["dog"])[1], VECTORS[:1] * 2)


def _twice(words=WORDS):
    return [*words[:4], words[0]]


BAD = VECTORS.copy()
BAD[3, 1] = np.nan
DAMAGED = {
    "empty": ("a.bin", b"", "is empty"),
    "no header": ("a.bin", b"\x00" * 500, "two whole numbers"),
    "negative header": ("a.bin", _binary(header="-5 4"), "two whole numbers"),
    "zero dimensions": ("a.bin", _binary(header="5 0"), "two whole numbers"),
    "too many words": ("a.bin", _binary(header="5000000000000 4"), "too many for"),
    "too many numbers": ("a.bin", _binary(header="5 90000000000"), "too many for"),
    "too few words": ("a.bin", _binary(header="3 4"), "follow the 3 words"),
    "one word more": ("a.bin", _binary(header="6 3"), "."),
    "truncated": ("a.bin", _binary()[:-9], "at word 4 of 5"),
    "twice": ("a.bin", _binary(_twice()), "'dog' comes twice"),
    "no UTF-8": ("a.bin", _binary().replace(b"dog", b"d\xffg"), "no UTF-8"),
    "no blank": ("a.bin", b"1 1\n" + b"x" * 50_000, "has no word, at word 0"),
    "empty text": ("a.txt", b"", "is empty"),
    "blank text": ("a.txt", b"\n\n", "first line"),
    "header alone": ("a.txt", b"5 4\n", "promises 5 words, but 0"),
    "text too short": ("a.txt", _text(header="6 4"), "promises 6 words, but 5"),
    "text of few numbers": ("a.txt", b"dog 1 2 3\ncat 1 2\n", "2 numbers, but 3"),
    "text twice": ("a.txt", _text(_twice()), "'dog' comes twice"),
    "text no UTF-8": ("a.txt", b"d\xffg 1 2\n", "no UTF-8"),
    "npz of text": ("a.npz", b"no zip", "'words' and of numbers 'vectors'"),
    "other name": ("a.pkl", b"x", "a dict of word to vector"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_file_is_one_error(damage, tmp_path):
    name, content, message = DAMAGED[damage]
    with pytest.raises(ValueError, match=message) as caught:
        open_words(_file(tmp_path, name, content))
    assert name in str(caught.value)


@pytest.mark.parametrize("length", range(0, len(_binary()), 7))
def test_truncated_binary_is_refused(length, tmp_path):
    with pytest.raises(ValueError, match="cannot be used"):
        open_words(_file(tmp_path, "a.bin", _binary()[:length]))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"words": np.array(WORDS)}, "'words' and of numbers 'vectors'"),
        ({"words": np.arange(5), "vectors": VECTORS}, "'words' is of type int64"),
        ({"words": np.array(WORDS), "vectors": VECTORS[:4]}, "for 5 words"),
        ({"words": np.array(_twice()), "vectors": VECTORS}, "'dog' comes twice"),
        (
            {"words": np.array(WORDS, dtype=object), "vectors": VECTORS},
            "'words' and of numbers",
        ),
    ],
)
def test_damaged_npz_is_one_error(arrays, message, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        open_words(tmp_path / "a.npz")


def test_flipped_bytes_of_npz_are_refused(tmp_path):
    content = bytearray(_npz(tmp_path).read_bytes())
    for at in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[at] ^= 0x40
        path = _file(tmp_path, f"{at}.npz", bytes(damaged))
        try:
            vectors = open_words(path)
        except ValueError as error:
            assert "cannot be used" in str(error)
        else:  # bytes that carry nothing, such as the date of an entry
            assert_array_equal(vectors.read(list(range(5))), VECTORS)


@pytest.mark.parametrize("name", ["a.bin", "a.txt"])
def test_bad_numbers_name_their_word(name, tmp_path):
    content = _binary(vectors=BAD) if name == "a.bin" else _text(vectors=BAD)
    vectors = open_words(_file(tmp_path, name, content))
    vectors.embed(["dog"])
    with pytest.raises(ValueError, match="'naïve' holds NaN or infinity"):
        vectors.embed(["dog", "naïve"])


def test_text_that_is_no_number_is_refused(tmp_path):
    vectors = open_words(_file(tmp_path, "a.txt", b"dog 1 2\ncat 1 two\n"))
    with pytest.raises(ValueError, match="not 2 numbers"):
        vectors.embed(["cat"])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, r"vectors=\{\}"),
        ({"a": [1.0, 2.0], "b": [1.0]}, r"'b' has the shape \(1,\)"),
        ({"a": [1.0], "b": [np.inf]}, "'b' holds NaN or infinity"),
        ({"a": [1.0], "b": [1e300]}, "'b' holds NaN or infinity"),
        ({"a": ["x"], "b": ["y"]}, "numbers of shape"),
        (7, "vectors of type int"),
    ],
)
def test_bad_source_is_one_error(source, message):
    with pytest.raises(ValueError, match=message):
        open_vectors(source).embed(["a", "b"])


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.bin"):
        open_words(tmp_path / "nowhere.bin")


def test_shared_vectors_can_be_read(shared):
    vectors = open_words(shared / "weights" / "word2vec_1000x300.npz")
    assert vectors.n_dimensions == 300 and len(vectors.positions) == 1000
    assert vectors.embed(["in", "for", "that"])[0].all()
