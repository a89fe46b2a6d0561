"""Files of word vectors: indexed in one pass, their rows read from the mapped file."""

import mmap
import zipfile
import zlib

import numpy as np

_MAX_HEADER = 100
_MAX_WORD = 10_000  # bytes
_FLOAT = np.dtype("<f4")
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


def read_npz(path):
    """Words and vectors of an .npz file, which is read into memory.

    Parameters
    ----------
    path : Path
        Holds the arrays "words" (n_words,) of str and "vectors" (n_words,
        n_dimensions).

    Returns
    -------
    positions : dict of str to int
        Words, and where their vectors are.
    read : callable
        From a list of positions to the vectors.
    n_dimensions : int

    Raises
    ------
    ValueError
        If it holds something else, or a word twice.
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
    positions: dict[str, int] = {}
    for row, word in enumerate(words.tolist()):
        _add(positions, word, row)
    return positions, vectors.__getitem__, vectors.shape[1]


def index_binary(path):
    """Words of a binary file of word2vec; vectors are read where they lie.

    Parameters
    ----------
    path : Path
        A line "n_words n_dimensions", then each word, a blank and its float32s.

    Returns
    -------
    positions, read, n_dimensions
        As of `read_npz`; positions are bytes from the start of the file.

    Raises
    ------
    ValueError
        If the file is shorter or longer than its first line says, a word is longer
        than 10,000 bytes or no UTF-8, or comes twice.
    """
    data = _map(path)
    end = data.find(b"\n", 0, _MAX_HEADER)
    header = _parse_header(data[: max(end, 0)])
    if header is None:
        raise ValueError("it does not start with a line of two whole numbers")
    n_words, n_dimensions = header
    n_bytes = n_dimensions * _FLOAT.itemsize
    if n_words * (n_bytes + 2) > len(data):
        raise ValueError(
            f"its first line promises {n_words} words of {n_dimensions} numbers, too "
            f"many for {len(data)} bytes"
        )
    positions: dict[str, int] = {}
    start = end + 1
    for i in range(n_words):
        start += data[start : start + 1] == b"\n"  # which some writers put between
        blank = data.find(b" ", start, start + _MAX_WORD)
        if blank < 0 or blank + 1 + n_bytes > len(data):
            raise ValueError(f"it ends, or has no word, at word {i} of {n_words}")
        _add(positions, _decode(data[start:blank], start), blank + 1)
        start = blank + 1 + n_bytes
    if data[start:].strip(b"\n"):
        raise ValueError(
            f"{len(data) - start} bytes follow the {n_words} words of its first line"
        )

    def read(offsets):
        rows = [np.frombuffer(data, _FLOAT, n_dimensions, at) for at in offsets]
        return np.stack(rows)

    return positions, read, n_dimensions


def index_text(path):
    """Words of a text file of word2vec, fastText or GloVe; a vector is a line.

    Parameters
    ----------
    path : Path
        Lines of a word and its numbers, with blanks between. A first line "n_words
        n_dimensions" may be there (word2vec, fastText) or not (GloVe).

    Returns
    -------
    positions, read, n_dimensions
        As of `read_npz`; positions are bytes from the start of the file.

    Raises
    ------
    ValueError
        If the lines are not as many as the first one says, a line has too few numbers,
        or a word comes twice or is no UTF-8.
    """
    data = _map(path)
    first = data.readline()
    header = _parse_header(first)
    if header is None:
        data.seek(0)
        n_dimensions = len(first.split()) - 1
    else:
        n_dimensions = header[1]
    if n_dimensions < 1:
        raise ValueError("its first line has no word followed by numbers")
    positions: dict[str, int] = {}
    start = data.tell()
    while line := data.readline():
        if line.strip():
            word, offset = _split_line(line, n_dimensions, start)
            _add(positions, word, start + offset)
        start = data.tell()
    if header is not None and len(positions) != header[0]:
        raise ValueError(
            f"its first line promises {header[0]} words, but {len(positions)} follow"
        )
    if not positions:
        raise ValueError("it has no words")

    def read(offsets):
        return np.stack([_parse_numbers(data, at, n_dimensions) for at in offsets])

    return positions, read, n_dimensions


def _map(path):
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise ValueError("it is empty")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _parse_header(line):
    """The two whole numbers of a first line, or None."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        return None
    if max(map(len, fields)) > 18:
        return None
    n_words, n_dimensions = map(int, fields)
    return (n_words, n_dimensions) if n_dimensions > 0 else None


def _decode(word, offset):
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"the word at byte {offset} is no UTF-8 ({error})") from error


def _add(positions, word, position):
    if word in positions:
        raise ValueError(f"the word {word!r} comes twice")
    positions[word] = position


def _split_line(line, n_dimensions, start):
    """The word of a line, which may have blanks in it, and where its numbers start."""
    parts = line.rstrip().rsplit(b" ", n_dimensions)
    if len(parts) != n_dimensions + 1:
        raise ValueError(
            f"the line at byte {start} has {len(parts) - 1} numbers, but "
            f"{n_dimensions} were expected"
        )
    return _decode(parts[0], start), len(parts[0]) + 1


def _parse_numbers(data, offset, n_dimensions):
    line = data[offset : data.find(b"\n", offset) % (len(data) + 1)]
    try:
        return np.array(line.split(), dtype=np.float64)
    except ValueError as error:
        raise ValueError(
            f"The vector at byte {offset} of the file of vectors is not {n_dimensions} "
            f"numbers ({error})."
        ) from error
