"""Word vectors from a dict, a file, gensim or a function, checked when read."""

import functools
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .._messages import quote
from .._paths import expand_home
from .._warnings import warn_caller
from ._tags import words_of
from ._vector_files import index_binary, index_text, read_npz

_READERS = {
    ".npz": read_npz,
    ".bin": index_binary,
    ".txt": index_text,
    ".vec": index_text,
}
_EXPECTED = (
    "a dict of word to vector, the path of a file (.npz with 'words' and 'vectors', "
    ".bin of word2vec, .txt or .vec of word2vec, GloVe or fastText), gensim's "
    "KeyedVectors, or a function from a list of words to vectors"
)


@dataclass(frozen=True)
class WordVectors:
    """A table of words with their vectors, which are read when asked for.

    Parameters
    ----------
    positions : mapping of str to int
        Position of the vector of each word.
    read : callable
        Function from a list of positions to an array (n_positions, n_dimensions).
    n_dimensions : int
        Length of the vectors.
    digest : str, default=""
        SHA-256 of the file of vectors; empty if there is none.
    """

    positions: Mapping[str, int]
    read: Callable[[list[int]], NDArray]
    n_dimensions: int
    digest: str = ""

    def spell(self, tag: str, phrases: str) -> list[str]:
        """Words whose vectors, averaged, stand for a tag; none if it is unknown."""
        if tag in self.positions:
            return [tag]
        words = [] if phrases == "whole" else words_of(tag)
        joined = "_".join(words)
        if words and joined in self.positions:
            return [joined]
        known = [word for word in words if word in self.positions]
        return known if phrases == "words" else []

    def embed(self, words) -> NDArray:
        """Vectors of the words returned by `spell`, float32; they must be finite."""
        if len(words) == 0:
            return np.empty((0, self.n_dimensions), np.float32)
        vectors = self.read([self.positions[word] for word in words])
        return check_vectors(vectors, words, self.n_dimensions)


@dataclass(frozen=True)
class Encoder:
    """A function that returns a vector for any word.

    Parameters
    ----------
    encode : callable
        Function from a list of words to an array (n_words, n_dimensions).
    n_dimensions : int
        Length of the vectors.
    """

    encode: Callable
    n_dimensions: int
    digest: ClassVar[str] = ""

    def spell(self, tag: str, phrases: str) -> list[str]:
        """Return the tag itself: functions take phrases and captions as they are."""
        return [tag]

    def embed(self, words) -> NDArray:
        """As in :class:`WordVectors`."""
        if len(words) == 0:
            return np.empty((0, self.n_dimensions), np.float32)
        return check_vectors(self.encode(list(words)), words, self.n_dimensions)


def check_vectors(vectors, words, n_dimensions=None) -> NDArray:
    """Check that there is one finite vector per word, and convert to float32."""
    vectors = np.asarray(vectors)
    shape = (len(words), vectors.shape[-1] if n_dimensions is None else n_dimensions)
    if vectors.shape != shape or vectors.dtype.kind not in "iuf":
        raise ValueError(
            f"Got vectors of shape {vectors.shape} and type {vectors.dtype} for "
            f"{len(words)} word(s), but numbers of shape {shape} were expected."
        )
    with np.errstate(over="ignore"):  # overflow becomes infinity, checked next
        vectors = vectors.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise ValueError(
            f"The vector of the word {quote(words[bad[0]])} holds NaN or infinity "
            f"({len(bad)} such vector(s) in all), but finite numbers were expected."
        )
    return vectors


def open_vectors(source) -> WordVectors | Encoder:
    """Open word vectors from any source of `open_words`, or from a function."""
    if callable(source) and not hasattr(source, "key_to_index"):
        vectors = check_vectors(source(["photo"]), ["photo"])
        return Encoder(source, vectors.shape[1])
    return open_words(source)


def open_words(source) -> WordVectors:
    """Open a table of words and their vectors: a dict, a path or KeyedVectors.

    Files are opened once per process, and again when they change.
    """
    if isinstance(source, Mapping):
        return _open_dict(source)
    if isinstance(source, str | os.PathLike):
        path = expand_home(source).absolute()
        if not path.is_file():
            raise FileNotFoundError(f"The vector file {str(path)!r} does not exist.")
        state = path.stat()
        return _open_file(path, state.st_mtime_ns, state.st_size)
    if hasattr(source, "key_to_index") and hasattr(source, "vectors"):
        table = source.vectors
        return WordVectors(source.key_to_index, table.__getitem__, table.shape[1])
    raise ValueError(
        f"Got vectors of type {type(source).__name__}, but {_EXPECTED} were expected."
    )


def _open_dict(source):
    words = list(source)
    if not words:
        raise ValueError("Got vectors={}, but at least one word was expected.")
    positions = {word: i for i, word in enumerate(words)}
    n_dimensions = np.size(source[words[0]])

    def read(rows):
        vectors = [np.asarray(source[words[row]]) for row in rows]
        for row, vector in zip(rows, vectors, strict=True):
            if vector.shape != (n_dimensions,):
                raise ValueError(
                    f"The vector of the word {quote(words[row])} has the shape "
                    f"{vector.shape}, but {(n_dimensions,)} was expected, as for "
                    f"{quote(words[0])}."
                )
        return np.stack(vectors)

    return WordVectors(positions, read, n_dimensions)


@functools.lru_cache(maxsize=4)
def _open_file(path, changed, size):
    """Open a file; `changed` and `size` are keys of the cache."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(
            f"Got the file of vectors {str(path)!r}, but {_EXPECTED} were expected."
        )
    try:
        found = reader(path)
    except ValueError as error:
        raise ValueError(
            f"The file of vectors {str(path)!r} cannot be used: {error}."
        ) from error
    if found.faults:
        warn_caller(f"The file of vectors {str(path)!r} has {found.faults}.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WordVectors(found.positions, found.read, found.n_dimensions, digest)
