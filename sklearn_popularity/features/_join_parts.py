"""Join the parts that jobs of `extract` have written."""

import csv
import glob
import os
from contextlib import contextmanager
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._messages import quote
from .._paths import expand_home
from ._feature_files import (
    COLUMNS,
    FEATURE_FILES,
    PART_COLUMN,
    check_out,
    index_of,
    piece_size,
    read_lines,
    whole_files,
    write_index,
)
from ._part_marks import Checksum, PartMark, part_file, rows_of_part


def join_parts(out: str | os.PathLike[str], n_parts: int) -> Path:
    """Join the parts that :func:`extract` has written.

    Parameters
    ----------
    out : path
        The same `out` as in the calls of :func:`extract`.
    n_parts : int
        Number of parts.

    Returns
    -------
    index : Path
        The CSV file beside `out`. Both have the same bytes as after a single run, and
        the files of the parts may be deleted.

    Raises
    ------
    FileNotFoundError
        If parts are missing; the message names them.
    ValueError
        If parts are of different lists of photos, or of transformers with different
        columns, parameters, dictionaries, weights or versions of the library; if one
        is damaged, a copy of another one, or of an earlier version of this library; or
        if `n_parts` is not a positive integer.
    OSError
        If a part cannot be read, or `out` cannot be written.
    """
    out, n = expand_home(out), n_parts
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(
            f"Got n_parts={quote(n)}, but a whole number of at least 1 was expected."
        )
    index = check_out(out)
    parts = [_Part(part_file(out, i, n), i, n) for i in range(n)]
    missing = [part.i for part in parts if not part.is_there()]
    if missing:
        raise FileNotFoundError(
            f"Got out={str(out)!r} and n_parts={n}, but the parts {missing} are not "
            f"there. {_way_out(out, n)}"
        )
    shapes = [part.shape() for part in parts]
    names = _check_columns(parts, shapes)
    marks = [part.mark() for part in parts]
    n_photos = _check_marks(parts, marks)
    _check_numbers(parts, [n_rows for n_rows, _ in shapes], n_photos)
    rows = (row for part in parts for row in part.checked_rows())
    with whole_files(out, n_photos, names) as (matrix, new_index):
        while piece := list(islice(rows, piece_size(len(names)))):
            matrix.write(np.stack(piece))
        write_index(new_index, (line for part in parts for line in part.lines()))
    return index


def _check_columns(parts, shapes):
    """The common names of the columns."""
    names = shapes[0][1]
    for part, (_, found) in zip(parts, shapes, strict=True):
        if found != names:
            raise ValueError(
                f"{part} has {len(found)} columns, and they are not the {len(names)} "
                f"of {parts[0]}. Extract all parts with the same transformer."
            )
    return names


def _check_marks(parts, marks):
    """Number of photos of all parts, which must belong together."""
    known = [pair for pair in zip(parts, marks, strict=True) if pair[1] is not None]
    if not known:
        raise ValueError(f"{parts[0]} and all other parts are empty. {parts[0].again}")
    first, expected = known[0]
    for part, mark in known:
        if mark.part != f"{part.i}/{part.n}":
            raise ValueError(
                f"{part} holds part {mark.part}, not {part.i}/{part.n}: it is a copy "
                f"or was renamed. {part.again}"
            )
        if mark[1:3] != expected[1:3]:
            raise ValueError(
                f"{first} and {part} are parts of different lists of photos: a photo "
                f"was added, removed or renamed in between. {part.again[:-1]} from the "
                f"list of part {first.i}, or all parts from the same list."
            )
        if mark.settings != expected.settings:
            raise ValueError(
                f"{first} and {part} were extracted with different parameters, "
                "dictionaries or weights, or with different versions of "
                "sklearn-popularity or of the packages that decode and compute (NumPy, "
                f"SciPy, Pillow, OpenCV). {part.again[:-1]} as part {first.i} was, or "
                "all parts."
            )
    return int(expected.n_photos)


def _check_numbers(parts, numbers, n_photos):
    """Refuse parts that lack rows, such as an empty one copied over another."""
    for part, n_rows in zip(parts, numbers, strict=True):
        start, stop = rows_of_part(part.i, part.n, n_photos)
        if n_rows != stop - start:
            raise ValueError(
                f"{part} has {n_rows} rows, but part {part.i} of {part.n} of "
                f"{n_photos} photos has {stop - start}. {part.again}"
            )


class _Part(NamedTuple):
    """The files of a part; an error in reading them names the file."""

    path: Path
    i: int
    n: int

    def __str__(self):
        return repr(str(self.path))

    @property
    def again(self):
        return f"Extract part {self.i} again."

    @property
    def index(self):
        return index_of(self.path)

    @property
    def kind(self):
        return FEATURE_FILES[self.path.suffix]

    def is_there(self):
        return self.path.exists() and self.index.exists()

    def shape(self):
        """Number of rows, and the names of the columns."""
        with self._naming(self.path):
            return self.kind.shape(self.path)

    def mark(self):
        """The mark on the first row; None if there are no rows."""
        with self._naming(self.index):
            header, *first = islice(read_lines(self.index), 2)
        if header != COLUMNS + PART_COLUMN:
            raise ValueError(
                f"{self} was written by another version of sklearn-popularity: its "
                f"index has the columns {header}. {self.again}"
            )
        with self._naming(self.index):
            return PartMark.read(first[0][-1]) if first else None

    def lines(self):
        """Paths and reasons."""
        with self._naming(self.index):
            for line in islice(read_lines(self.index), 1, None):
                yield line[: len(COLUMNS)]

    def checked_rows(self):
        """Rows of features; an error after the last one if their checksum is wrong."""
        checksum, mark = Checksum(), self.mark()
        with self._naming(self.path):
            for row in self.kind.rows(self.path):
                checksum.add_rows(row)
                yield row
        checksum.add_lines(self.lines())
        if mark is not None and checksum.text != mark.rows:
            raise ValueError(
                f"{self} or its index is damaged, or they are not of the same run: the "
                f"checksum in the index is another one. {self.again}"
            )

    @contextmanager
    def _naming(self, path):
        """Raise errors of damaged files as one that names the file."""
        try:
            yield
        except (ValueError, csv.Error, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the system, which names the file
            reason = " ".join(str(error).split())
            raise ValueError(
                f"{str(path)!r} is truncated or damaged ({reason}). {self.again}"
            ) from error


def _way_out(out, n):
    """Name the number of parts that are there, if it is another one."""
    found = out.parent.glob(f"{glob.escape(out.stem)}.part*of*{out.suffix}")
    numbers = {path.stem.rpartition("of")[2] for path in found} - {str(n)}
    if numbers:
        return f"There are parts of {' and of '.join(sorted(numbers))}: join that many."
    return "Run extract for them first."
