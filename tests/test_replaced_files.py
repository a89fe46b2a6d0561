"""Files that a fit read: another in their place changes nothing, or is an error."""

import os
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_popularity import (
    HOGLLC,
    CNNEmbedder,
    CNNFineTuneRegressor,
    ColorHistogram,
    ColorNamesLLC,
    Preprocessing,
    TagEmbedder,
    ZeroShotTagger,
)

RNG = np.random.default_rng(0)
PHOTOS = RNG.integers(0, 256, (6, 24, 30, 3), np.uint8)
WORDS = ["sea", "sky", "cat"]
TAGS = ["sea, sky", "cat", "cat, sea"]
EMBEDDINGS = RNG.normal(size=(5, 4))
NETWORK = {"backbone": "squeezenet1_1", "preprocessing": Preprocessing(size=32)}


def _npy(numbers):
    def write(path, seed):
        values = np.random.default_rng(seed).uniform(size=numbers).astype(np.float32)
        np.save(path, values)

    return write


def _vectors(seed):
    return np.random.default_rng(seed).uniform(1, 2, (3, 4)).astype(np.float32)


def _text(path, seed):
    rows = zip(WORDS, _vectors(seed), strict=True)
    lines = [" ".join([word, *(f"{x:.5f}" for x in row)]) for word, row in rows]
    path.write_text("3 4\n" + "\n".join(lines) + "\n")


def _glove(path, seed):
    _text(path, seed)
    path.write_text(path.read_text().partition("\n")[2])


def _binary(path, seed):
    rows = zip(WORDS, _vectors(seed), strict=True)
    path.write_bytes(
        b"3 4\n" + b"".join(word.encode() + b" " + row.tobytes() for word, row in rows)
    )


def _npz(path, seed):
    np.savez(path, words=np.array(WORDS), vectors=_vectors(seed))


def _palette(path, seed):
    colors = np.random.default_rng(seed).integers(100, 256, (5, 3))
    np.savetxt(path, colors, fmt="%d", delimiter=",")


def _weights(path, seed):
    torchvision = pytest.importorskip(
        "torchvision", reason="Networks need torchvision."
    )
    import torch

    torch.manual_seed(seed)
    state = torchvision.models.squeezenet1_1().state_dict()
    np.savez(path, **{name: values.numpy() for name, values in state.items()})


def _tuned(path):
    embedder = CNNEmbedder(weights=path, **NETWORK)
    return CNNFineTuneRegressor(embedder=embedder, max_epochs=1, random_state=0)


# The name of a file, what writes it, a model that reads it, and its X.
KINDS = {
    "vectors of word2vec": ("v.bin", _binary, TagEmbedder, TAGS),
    "vectors of fastText": ("v.vec", _text, TagEmbedder, TAGS),
    "vectors of GloVe": ("v.txt", _glove, TagEmbedder, TAGS),
    "vectors of NumPy": ("v.npz", _npz, TagEmbedder, TAGS),
    "vocabulary": ("v.txt", _text, ZeroShotTagger, EMBEDDINGS),
    "palette": ("p.csv", _palette, lambda path: ColorHistogram(palette=path), PHOTOS),
    "palette of patches": (
        "p.csv",
        _palette,
        lambda path: ColorNamesLLC(palette=path, dictionary=4, random_state=0),
        PHOTOS,
    ),
    "dictionary": (
        "d.npy",
        _npy((4, 124)),
        lambda path: HOGLLC(blocks=("2x2",), dictionary=path),
        PHOTOS,
    ),
    "dictionary of patches": (
        "d.npy",
        _npy((4, 50)),
        lambda path: ColorNamesLLC(dictionary=path),
        PHOTOS,
    ),
    "weights": (
        "w.npz",
        _weights,
        lambda path: CNNEmbedder(weights=path, **NETWORK),
        PHOTOS,
    ),
    "weights that went on learning": ("w.npz", _weights, _tuned, PHOTOS),
}


def _use(model, X):
    return getattr(model, "transform", getattr(model, "predict", None))(X)


@pytest.fixture(params=KINDS)
def case(request, tmp_path):
    """A file, what writes it, what makes a model of it, X, the model and its output."""
    name, write, make, X = KINDS[request.param]
    path = tmp_path / name
    write(path, seed=0)
    model = make(str(path)).fit(X, np.arange(len(X)))
    return path, write, make, X, model, _use(model, X)


def _replace(path, write):
    """Another file of the same name and size, a moment later."""
    size, changed = path.stat().st_size, path.stat().st_mtime_ns
    path.unlink()
    write(path, seed=1)
    assert path.stat().st_size == size
    os.utime(path, ns=(changed + 10**9,) * 2)


@pytest.mark.parametrize("copy", [False, True], ids=["", "pickled"])
def test_replaced_file_changes_nothing_or_is_an_error(case, copy):
    path, write, make, X, model, expected = case
    _replace(path, write)
    model = pickle.loads(pickle.dumps(model)) if copy else model
    try:
        assert_array_equal(_use(model, X), expected)
    except ValueError as error:
        assert "changed since fit" in str(error)
        assert str(path) in str(error)
    other = make(str(path)).fit(X, np.arange(len(X)))
    assert not np.array_equal(_use(other, X), expected)


def test_missing_file_changes_nothing_or_is_named(case):
    path, _, _, X, model, expected = case
    path.unlink()
    try:
        assert_array_equal(_use(model, X), expected)
    except FileNotFoundError as error:
        assert str(path) in str(error)


def test_file_may_lie_elsewhere_after_fit(case):
    path, _, _, X, model, expected = case
    moved = path.rename(path.with_name(f"moved_{path.name}"))
    (parameter,) = [k for k, v in model.get_params().items() if v == str(path)]
    assert_array_equal(_use(model.set_params(**{parameter: moved}), X), expected)
