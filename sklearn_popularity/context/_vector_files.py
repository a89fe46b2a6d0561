"""Files of word vectors: indexed in one pass, their rows read from the mapped file."""

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
# What NumPy and zipfile raise for files that are damaged, or made to do damage.
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
    """What a file of vectors holds.

    Attributes
    ----------
    positions : dict of str to int
        Words, and where their vectors are.
    read : callable
        From a list of positions to the vectors.
    n_dimensions : int
        Length of the vectors.
    faults : str
        Repeated and damaged words, in words; empty if there are none.
    """

    positions: dict[str, int]
    read: Callable[[list[int]], NDArray]
    n_dimensions: int
    faults: str


class _Index:
    """Words and where their vectors are; the first of equal words counts."""

    def __init__(self):
        self.positions: dict[str, int] = {}
        self.repeated: list[str] = []
        self.n_cut = 0

    def add(self, word: str, position: int) -> None:
        if self.positions.setdefault(word, position) != position:
            self.repeated.append(word)

    def add_bytes(self, word: bytes, position: int) -> None:
        """Add a word of a file, which word2vec may have cut within a character."""
        try:
            self.add(word.decode(), position)
        except UnicodeDecodeError:
            self.n_cut += 1

    def __len__(self):
        return len(self.positions) + len(self.repeated) + self.n_cut

    def file(self, read, n_dimensions) -> VectorFile:
        """Close the index; a few faults are told, many are an error."""
        if self.n_cut > len(self) / 2:
            raise ValueError(
                f"{self.n_cut} of its {len(self)} words are no UTF-8. Save it as UTF-8"
            )
        return VectorFile(self.positions, read, n_dimensions, self._faults())

    def _faults(self):
        faults = []
        if self.repeated:
            faults.append(
                f"{len(self.repeated)} repeated word(s), such as "
                f"{quote(self.repeated[0])}, whose first vector counts"
            )
        if self.n_cut:
            faults.append(
                f"{self.n_cut} word(s) that are no UTF-8, probably cut within a "
                "character, and are left out"
            )
        return ", and ".join(faults)


def read_npz(path) -> VectorFile:
    """Words and vectors of an .npz file, which is read into memory.

    Parameters
    ----------
    path : Path
        Holds the arrays "words" (n_words,) of str and "vectors" (n_words,
        n_dimensions).

    Returns
    -------
    file : VectorFile

    Raises
    ------
    ValueError
        If it holds something else.
    """
    try:
        with zipfile.ZipFile(path):  # which np.load does not insist on
            arrays = np.load(path, allow_pickle=False)
        with arrays:
            words, vectors = arrays["words"], arrays["vectors"]
    except _NPZ_ERRORS as error:
        raise ValueError(
            "it has no arrays of text 'words' and of numbers 'vectors' that can be read"
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
    """Words of a binary file of word2vec; vectors are read where they lie.

    Parameters
    ----------
    path : Path
        A line "n_words n_dimensions", then each word, a blank and its float32s.

    Returns
    -------
    file : VectorFile
        Positions are bytes from the start of the file.

    Raises
    ------
    ValueError
        If the file is shorter or longer than its first line says, a word is longer
        than 10,000 bytes, or most are no UTF-8.
    """
    data, start = _map(path)
    end = data.find(b"\n", start, start + _MAX_HEADER)
    header = _parse_header(data[start : max(end, start)])
    if header is None:
        raise ValueError("it does not start with a line of two whole numbers")
    n_words, n_dimensions = header
    n_bytes = n_dimensions * _FLOAT.itemsize
    if n_words * (n_bytes + 2) > len(data):
        raise ValueError(
            f"its first line promises {n_words} words of {n_dimensions} numbers, too "
            f"many for {len(data)} bytes"
        )
    index = _Index()
    start = end + 1
    for i in range(n_words):
        start += data[start : start + 1] == b"\n"  # which some writers put between
        blank = data.find(b" ", start, start + _MAX_WORD)
        if blank < 0 or blank + 1 + n_bytes > len(data):
            raise ValueError(f"it ends, or has no word, at word {i} of {n_words}")
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
    """Words of a text file of word2vec, fastText or GloVe; a vector is a line.

    Parameters
    ----------
    path : Path
        Lines of a word and its numbers, with blanks or tabs between. A first line
        "n_words n_dimensions" may be there (word2vec, fastText) or not (GloVe).

    Returns
    -------
    file : VectorFile
        Positions are bytes from the start of the file.

    Raises
    ------
    ValueError
        If the lines are not as many as the first one says, a line has too few numbers
        or most have too many, or most words are no UTF-8.
    """
    data, start = _map(path)
    data.seek(start)
    first = data.readline()
    header = _parse_header(first)
    if header is None:
        data.seek(start)
    n_dimensions = _count_numbers(first) if header is None else header[1]
    if n_dimensions < 1:
        raise ValueError("its first line has no word followed by numbers")
    index = _index_lines(data, n_dimensions)
    if header is not None and len(index) != header[0]:
        raise ValueError(
            f"its first line promises {header[0]} words, but {len(index)} follow"
        )
    if not len(index):
        raise ValueError("it has no words")

    def read(offsets):
        return np.stack([_parse_numbers(data, at, n_dimensions) for at in offsets])

    return index.file(read, n_dimensions)


def _index_lines(data, n_dimensions):
    """Index lines from where the file stands on; positions are those of lines."""
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
            f"most of its lines have more than {n_dimensions} numbers, which its first "
            "line has or says"
        )
    return index


def _map(path):
    """The bytes of a file, and where they start behind a byte-order mark."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise ValueError("it is empty")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if data[:2] in _UTF16_MARKS:
        raise ValueError("it is UTF-16. Save it as UTF-8")
    return data, len(_MARK) if data[:3] == _MARK else 0


def _parse_header(line):
    """The two whole numbers of a first line, or None."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        return None
    if max(map(len, fields)) > 18:
        return None
    n_words, n_dimensions = map(int, fields)
    return (n_words, n_dimensions) if n_dimensions > 0 else None


def _count_numbers(line):
    """Numbers at the end of a line, behind its first field."""
    n_numbers = 0
    for field in reversed(line.split()[1:]):
        try:
            float(field)
        except ValueError:
            break
        n_numbers += 1
    return n_numbers


def _split_line(line, n_dimensions):
    """The word of a line, which may have blanks in it, and its numbers."""
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
