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


def _npz(folder, words=WORDS):
    np.savez(folder / "words.npz", words=np.array(words), vectors=VECTORS)
    return folder / "words.npz"


def _file(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


def _keyed_vectors(folder):
    positions = {word: i for i, word in enumerate(WORDS)}
    return SimpleNamespace(key_to_index=positions, vectors=VECTORS)


def _look_up(vectors, words):
    """Whether each word is known, and the vectors of those that are."""
    spelled = [vectors.spell(word, "whole") for word in words]
    known = [found == [word] for found, word in zip(spelled, words, strict=True)]
    assert sum(map(len, spelled)) == sum(known)
    found = [word for word, there in zip(words, known, strict=True) if there]
    return known, vectors.embed(found)


MARK = b"\xef\xbb\xbf"
SOURCES = {
    "dict": lambda f: dict(zip(WORDS, VECTORS, strict=True)),
    "dict of lists": lambda f: dict(zip(WORDS, VECTORS.tolist(), strict=True)),
    "npz": _npz,
    "npz as str": lambda f: str(_npz(f)),
    "word2vec text": lambda f: _file(f, "a.txt", _text(header="5 4")),
    "GloVe": lambda f: _file(f, "a.txt", _text()),
    "no last newline": lambda f: _file(f, "a.vec", _text().rstrip()),
    "Windows lines": lambda f: _file(f, "a.txt", _text().replace(b"\n", b"\r\n")),
    "Windows lines, header": lambda f: _file(
        f, "a.vec", _text(header="5 4").replace(b"\n", b"\r\n")
    ),
    "mark": lambda f: _file(f, "a.txt", MARK + _text()),
    "mark and header": lambda f: _file(f, "a.txt", MARK + _text(header="5 4")),
    "double blanks": lambda f: _file(f, "a.txt", _text().replace(b" ", b"  ")),
    "blanks around": lambda f: _file(f, "a.txt", _text().replace(b"\n", b" \n ")),
    "tabs": lambda f: _file(f, "a.txt", _text().replace(b" ", b"\t")),
    "blank lines": lambda f: _file(f, "a.txt", _text().replace(b"\n", b"\n\n")),
    "phrase first": lambda f: _file(
        f, "a.txt", _text(WORDS[::-1][2:] + WORDS[3:], VECTORS[[2, 1, 0, 3, 4]])
    ),
    "upper-case name": lambda f: _file(f, "A.TXT", _text()),
    "KeyedVectors": _keyed_vectors,
}


@pytest.mark.parametrize("source", SOURCES)
def test_sources_agree(source, tmp_path):
    vectors = open_vectors(SOURCES[source](tmp_path))
    known, found = _look_up(vectors, ASKED)
    assert vectors.n_dimensions == 4
    assert_array_equal(known, [True, False, True, True, True])
    assert found.dtype == np.float32
    assert_allclose(found, VECTORS[[1, 3, 2, 1]], rtol=1e-6)
    known, found = _look_up(vectors, ["nothing"])
    assert known == [False] and found.shape == (0, 4)


@pytest.mark.parametrize("between", [b"\n", b""])
def test_binary_is_read_exactly(between, tmp_path):
    path = _file(tmp_path, "a.bin", _binary(between=between))
    vectors = open_words(path)
    assert list(vectors.positions) == [word.replace(" ", "_") for word in WORDS]
    assert_array_equal(vectors.embed(["the", "blue_sky"]), VECTORS[[4, 2]])


def test_function_knows_every_word():
    def encode(words):
        return np.array([[len(word), 1.0] for word in words])

    known, found = _look_up(open_vectors(encode), ["a", "b c"])
    assert known == [True, True]
    assert_array_equal(found, [[1, 1], [3, 1]])
    assert open_vectors(encode).embed([]).shape == (0, 2)
    with pytest.raises(ValueError, match=r"shape \(1,\) and .* 1 word"):
        open_vectors(lambda words: np.ones(len(words)))


def test_changed_file_is_opened_again(tmp_path):
    path = _file(tmp_path, "a.bin", _binary())
    assert_array_equal(open_words(path).embed(["dog"]), VECTORS[:1])
    path.unlink()
    _file(tmp_path, "a.bin", _binary(vectors=VECTORS * 2))
    os.utime(path, (1, 1))
    assert_array_equal(open_words(path).embed(["dog"]), VECTORS[:1] * 2)


BAD = VECTORS.copy()
BAD[3, 1] = np.nan
DAMAGED = {
    "empty": ("a.bin", b"", "is empty"),
    "no header": ("a.bin", b"\x00" * 500, "two integers"),
    "negative header": ("a.bin", _binary(header="-5 4"), "two integers"),
    "zero dimensions": ("a.bin", _binary(header="5 0"), "two integers"),
    "too many words": ("a.bin", _binary(header="5000000000000 4"), "too many for"),
    "too many numbers": ("a.bin", _binary(header="5 90000000000"), "too many for"),
    "too few words": ("a.bin", _binary(header="3 4"), "follow the 3 words"),
    "one word more": ("a.bin", _binary(header="6 3"), "."),
    "truncated": ("a.bin", _binary()[:-9], "at word 4 of 5"),
    "no UTF-8": ("a.bin", _binary(["\u00e9"] * 5).replace(b"\xc3", b""), "not UTF-8"),
    "no blank": ("a.bin", b"1 1\n" + b"x" * 50_000, "has no word at word 0"),
    "empty text": ("a.txt", b"", "is empty"),
    "blank text": ("a.txt", b"\n\n", "first line"),
    "header alone": ("a.txt", b"5 4\n", "says 5 words, but 0"),
    "text too short": ("a.txt", _text(header="6 4"), "says 6 words, but 5"),
    "text of few numbers": ("a.txt", b"dog 1 2 3\ncat 1 2\n", "2 numbers, but 3"),
    "cut line": ("a.txt", _text(header="5 4")[:-25], "numbers, but 4"),
    "more numbers than said": ("a.txt", _text(header="5 3"), "more than 3 numbers"),
    "more than at first": ("a.txt", b"a 1\nb 1 2\nc 1 2\n", "more than 1 numbers"),
    "text no UTF-8": ("a.txt", b"d\xffg 1 2\ng\xff 1 2\na 1 2\n", "2 of its 3 words"),
    "UTF-16": ("a.txt", _text().decode().encode("utf-16"), "Save it as UTF-8"),
    "npz of text": ("a.npz", b"no zip", "no readable arrays"),
    "other name": ("a.pkl", b"x", "a dict of word to vector"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_file_is_one_error(damage, tmp_path):
    name, content, message = DAMAGED[damage]
    with pytest.raises(ValueError, match=message) as caught:
        open_words(_file(tmp_path, name, content))
    assert name in str(caught.value)


FAULTY = {
    "npz": lambda f, words: _npz(f, words),
    "binary": lambda f, words: _file(f, "a.bin", _binary(words)),
    "text": lambda f, words: _file(f, "a.txt", _text(words)),
    "text with header": lambda f, words: _file(f, "a.vec", _text(words, header="5 4")),
}


@pytest.mark.parametrize("kind", FAULTY)
def test_first_of_repeated_words_counts(kind, tmp_path):
    path = FAULTY[kind](tmp_path, ["dog", "sun", "dog", "sun", "dog"])
    match = r"has 3 repeated word\(s\), for example 'dog', of which"
    with pytest.warns(UserWarning, match=match) as caught:
        vectors = open_words(path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert list(vectors.positions) == ["dog", "sun"]
    assert_allclose(vectors.embed(["sun", "dog"]), VECTORS[[1, 0]], rtol=1e-6)
    assert open_words(path) is vectors  # opened, and told, once


@pytest.mark.parametrize("kind", ["binary", "text", "text with header"])
def test_cut_words_are_left_out(kind, tmp_path):
    path = FAULTY[kind](tmp_path, WORDS)
    path.write_bytes(path.read_bytes().replace(b"\xc3\xafve", b"\xc3"))
    with pytest.warns(UserWarning, match=r"has 1 word\(s\) that are not UTF-8, prob"):
        vectors = open_words(path)
    known, found = _look_up(vectors, ["dog", "na", "na\ufffd", "the"])
    assert known == [True, False, False, True]
    assert_allclose(found, VECTORS[[0, 4]], rtol=1e-6)


def test_faults_of_both_kinds_are_one_warning(tmp_path):
    words = ["dog", "dog", "naïve", "sun", "the"]
    path = _file(tmp_path, "a.txt", _text(words).replace(b"\xc3\xafve", b"\xc3"))
    with pytest.warns(UserWarning, match=r"has 1 repeated .*, and 1 word") as caught:
        open_words(path)
    assert len(caught) == 1


SPELLINGS = {
    "dog": {"whole": ["dog"], "joined": ["dog"], "words": ["dog"]},
    "blue sky": {"whole": ["blue sky"], "joined": ["blue sky"], "words": ["blue sky"]},
    "new york": {"whole": [], "joined": ["new_york"], "words": ["new_york"]},
    "new-york!": {"whole": [], "joined": ["new_york"], "words": ["new_york"]},
    "#dog": {"whole": [], "joined": ["dog"], "words": ["dog"]},
    "a dog in new york": {"whole": [], "joined": [], "words": ["dog", "york"]},
    "dog_dog": {"whole": [], "joined": [], "words": ["dog", "dog"]},
    "nothing, at all": {"whole": [], "joined": [], "words": []},
    "...": {"whole": [], "joined": [], "words": []},
}


@pytest.mark.parametrize("tag", SPELLINGS)
@pytest.mark.parametrize("phrases", ["whole", "joined", "words"])
def test_phrases_are_looked_up_as_far_as_asked(tag, phrases):
    known = ["dog", "blue sky", "blue", "new_york", "york", ""]
    vectors = open_vectors({word: [1.0] for word in known})
    assert vectors.spell(tag, phrases) == SPELLINGS[tag][phrases]


@pytest.mark.parametrize("length", range(0, len(_binary()), 7))
def test_truncated_binary_is_refused(length, tmp_path):
    with pytest.raises(ValueError, match="cannot be used"):
        open_words(_file(tmp_path, "a.bin", _binary()[:length]))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"words": np.array(WORDS)}, "no readable arrays"),
        ({"words": np.arange(5), "vectors": VECTORS}, "'words' is of type int64"),
        ({"words": np.array(WORDS), "vectors": VECTORS[:4]}, "for 5 words"),
        (
            {"words": np.array(WORDS, dtype=object), "vectors": VECTORS},
            "no readable arrays",
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


def test_errors_show_the_beginning_of_a_caption():
    caption = "a photo of a dog " * 100
    vectors = open_vectors({caption: [np.nan]})
    with pytest.raises(ValueError, match=r"'a photo of a dog .* holds NaN") as caught:
        vectors.embed([caption])
    assert len(str(caught.value)) < 400


def test_file_is_found_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    _file(tmp_path, "a.txt", _text())
    assert list(open_words("~/a.txt").positions) == WORDS


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.bin"):
        open_words(tmp_path / "nowhere.bin")


def test_shared_vectors_can_be_read(shared):
    vectors = open_words(shared / "weights" / "word2vec_1000x300.npz")
    assert vectors.n_dimensions == 300 and len(vectors.positions) == 1000
    assert _look_up(vectors, ["in", "for", "that"])[0] == [True] * 3
    # As many numbers of some words as there are words, so that none is zero.
    assert np.linalg.norm(vectors.embed(["in", "for"]), axis=1).min() > 0
