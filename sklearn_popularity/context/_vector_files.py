"""Files of word vectors, indexed in one pass and read by memory mapping."""

import mmap
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._messages import quote

_MAX_HEADER = 100
_MAX_WORD = 10_000  # bytes
_FLOAT = np.dtype("<f4")
_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# What NumPy and zipfile raise for damaged or malicious files.
_NPZ_ERRORS = (
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class VectorFile(NamedTuple):
    """Content of a file of vectors.

    Attributes
    ----------
    positions : dict of str to int
        Position of the vector of each word.
    read : callable
        Function from a list of positions to the vectors.
    n_dimensions : int
        Length of the vectors.
    faults : str
        Description of repeated and damaged words; empty if there are none.
    """

    positions: dict[str, int]
    read: Callable[[list[int]], NDArray]
    n_dimensions: int
    faults: str


class _Index:
    """Positions of the vectors of words; of repeated words the first counts."""

    def __init__(self):
        self.positions: dict[str, int] = {}
        self.repeated: list[str] = []
        self.n_cut = 0

    def add(self, word: str, position: int) -> None:
        if self.positions.setdefault(word, position) != position:
            self.repeated.append(word)

    def add_bytes(self, word: bytes, position: int) -> None:
        """Add a word as bytes, which word2vec may have cut within a character."""
        try:
            self.add(word.decode(), position)
        except UnicodeDecodeError:
            self.n_cut += 1

    def __len__(self):
        return len(self.positions) + len(self.repeated) + self.n_cut

    def file(self, read, n_dimensions) -> VectorFile:
        """Close the index; report a few faults, and raise an error for many."""
        if self.n_cut > len(self) / 2:
            raise ValueError(
                f"{self.n_cut} of its {len(self)} words are not UTF-8. Save it as UTF-8"
            )
        return VectorFile(self.positions, read, n_dimensions, self._faults())

    def _faults(self):
        faults = []
        if self.repeated:
            faults.append(
                f"{len(self.repeated)} repeated word(s), for example "
                f"{quote(self.repeated[0])}, of which the first vector counts"
            )
        if self.n_cut:
            faults.append(
                f"{self.n_cut} word(s) that are not UTF-8, probably cut within a "
                "character, which are left out"
            )
        return ", and ".join(faults)


def read_npz(path) -> VectorFile:
    """Read words and vectors from an .npz file into memory.

    It holds the arrays "words" of shape (n_words,), str, and "vectors" of shape
    (n_words, n_dimensions), float.
    """
    try:
        with zipfile.ZipFile(path):  # np.load would accept other files
            arrays = np.load(path, allow_pickle=False)
        with arrays:
            words, vectors = arrays["words"], arrays["vectors"]
    except _NPZ_ERRORS as error:
        raise ValueError(
            "it has no readable arrays 'words' (of text) and 'vectors' (of numbers)"
        ) from error
    if words.dtype.kind != "U" or words.ndim != 1:
        raise ValueError(f"'words' is of type {words.dtype} and shape {words.shape}")
    if vectors.ndim != 2 or len(vectors) != len(words) or vectors.dtype.kind != "f":
        raise ValueError(
            f"'vectors' is of type {vectors.dtype} and shape {vectors.shape}, for "
            f"{len(words)} words"
        )
    index = _Index()
    for row, word in enumerate(words.tolist()):
        index.add(word, row)
    return index.file(vectors.__getitem__, vectors.shape[1])


def index_binary(path) -> VectorFile:
    """Index the words of a binary word2vec file; vectors are read when asked for.

    It holds a line "n_words n_dimensions", then for each word the word, a blank and its
    vector as float32. Positions are in bytes from the start of the file.
    """
    data, start = _map(path)
    end = data.find(b"\n", start, start + _MAX_HEADER)
    header = _parse_header(data[start : max(end, start)])
    if header is None:
        raise ValueError("it does not start with a line of two integers")
    n_words, n_dimensions = header
    n_bytes = n_dimensions * _FLOAT.itemsize
    if n_words * (n_bytes + 2) > len(data):
        raise ValueError(
            f"its first line says {n_words} words of {n_dimensions} numbers, too many "
            f"for {len(data)} bytes"
        )
    index = _Index()
    start = end + 1
    for i in range(n_words):
        start += data[start : start + 1] == b"\n"  # some writers add one
        blank = data.find(b" ", start, start + _MAX_WORD)
        if blank < 0 or blank + 1 + n_bytes > len(data):
            raise ValueError(f"it ends or has no word at word {i} of {n_words}")
        index.add_bytes(data[start:blank], blank + 1)
        start = blank + 1 + n_bytes
    if data[start:].strip(b"\n"):
        raise ValueError(
            f"{len(data) - start} bytes follow the {n_words} words of its first line"
        )

    def read(offsets):
        rows = [np.frombuffer(data, _FLOAT, n_dimensions, at) for at in offsets]
        return np.stack(rows)

    return index.file(read, n_dimensions)


def index_text(path) -> VectorFile:
    """Index the words of a text file of word2vec, fastText or GloVe.

    It holds a word and its vector per line, separated by blanks or tabs. A first line
    "n_words n_dimensions" is optional (word2vec and fastText have it). Positions are in
    bytes from the start of the file.
    """
    data, start = _map(path)
    data.seek(start)
    first = data.readline()
    header = _parse_header(first)
    if header is None:
        data.seek(start)
    n_dimensions = _count_numbers(first) if header is None else header[1]
    if n_dimensions < 1:
        raise ValueError("its first line is not a word followed by numbers")
    index = _index_lines(data, n_dimensions)
    if header is not None and len(index) != header[0]:
        raise ValueError(
            f"its first line says {header[0]} words, but {len(index)} follow"
        )
    if not len(index):
        raise ValueError("it has no words")

    def read(offsets):
        return np.stack([_parse_numbers(data, at, n_dimensions) for at in offsets])

    return index.file(read, n_dimensions)


def _index_lines(data, n_dimensions):
    """Index the lines from the current position by where they start."""
    index, n_longer = _Index(), 0
    start = data.tell()
    while line := data.readline():
        if parts := _split_line(line, n_dimensions):
            if len(parts) <= n_dimensions:
                raise ValueError(
                    f"the line at byte {start} has {len(parts) - 1} numbers, but "
                    f"{n_dimensions} were expected"
                )
            words = parts[0].split()
            n_longer += len(words) > 1 and _count_numbers(parts[0]) > 0
            index.add_bytes(b" ".join(words), start)
        start = data.tell()
    if n_longer > len(index) / 2:
        raise ValueError(
            f"most of its lines have more than {n_dimensions} numbers, unlike the "
            "first one"
        )
    return index


def _map(path):
    """The mapped bytes of a file, and where they start after a byte-order mark."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise ValueError("it is empty")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if data[:2] in _UTF16_MARKS:
        raise ValueError("it is UTF-16. Save it as UTF-8")
    return data, len(_MARK) if data[:3] == _MARK else 0


def _parse_header(line):
    """The two integers of a first line, or None."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        return None
    if max(map(len, fields)) > 18:
        return None
    n_words, n_dimensions = map(int, fields)
    return (n_words, n_dimensions) if n_dimensions > 0 else None


def _count_numbers(line):
    """Count the numbers at the end of a line, after its first field."""
    n_numbers = 0
    for field in reversed(line.split()[1:]):
        try:
            float(field)
        except ValueError:
            break
        n_numbers += 1
    return n_numbers


def _split_line(line, n_dimensions):
    """The word of a line, which may contain blanks, and its numbers."""
    return line.strip().rsplit(None, n_dimensions)


def _parse_numbers(data, offset, n_dimensions):
    line = data[offset : data.find(b"\n", offset) % (len(data) + 1)]
    try:
        return np.array(_split_line(line, n_dimensions)[1:], dtype=np.float64)
    except ValueError as error:
        raise ValueError(
            f"The vector at byte {offset} of the file of vectors is not {n_dimensions} "
            f"numbers ({error})."
        ) from error
