"""Files of features and their indexes, written and read piece by piece."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .._files import check_destination, naming, whole_file
from .._optional import import_optional

# Limits of what is in memory at a time: photos, and bytes of their rows.
_MAX_PHOTOS, _MAX_BYTES = 2048, 2**24
# Of an index, and of that of a part.
COLUMNS, PART_COLUMN = ["path", "reason"], ["part"]


class NpyFile:
    """A float32 matrix, which has no names of columns: they are "0", "1", ..."""

    def __init__(self, path, n_rows, names):
        self._path, self._file = path, path.open("wb")
        shape = (n_rows, len(names))
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def write(self, rows):
        """Append some rows."""
        with naming(self._path):
            self._file.write(np.ascontiguousarray(rows, "<f4").data)

    def close(self):
        with naming(self._path):
            self._file.close()

    @staticmethod
    def shape(path):
        """Number of rows, and the names of the columns."""
        n_rows, n_columns = np.lib.format.open_memmap(path, mode="r").shape
        return n_rows, [str(i) for i in range(n_columns)]

    @staticmethod
    def rows(path):
        """Iterate over rows."""
        return iter(np.lib.format.open_memmap(path, mode="r"))


class ParquetFile:
    """Named columns, and a row group for each piece that is written."""

    def __init__(self, path, n_rows, names):
        self._arrow, parquet = _import_arrow()
        schema = self._arrow.schema([(name, self._arrow.float32()) for name in names])
        self._path, self._file = path, parquet.ParquetWriter(path, schema)

    def write(self, rows):
        columns = [self._arrow.array(column) for column in rows.T]
        with naming(self._path):
            self._file.write_table(self._arrow.table(columns, schema=self._file.schema))

    def close(self):
        with naming(self._path):
            self._file.close()

    @staticmethod
    def shape(path):
        with _import_arrow()[1].ParquetFile(path) as file:
            return file.metadata.num_rows, file.schema_arrow.names

    @staticmethod
    def rows(path):
        with _import_arrow()[1].ParquetFile(path) as file:
            for i in range(file.num_row_groups):
                yield from np.stack(file.read_row_group(i).columns, axis=1)


def _import_arrow() -> tuple[Any, Any]:
    user = "extract to .parquet"
    return import_optional("pyarrow", user), import_optional("pyarrow.parquet", user)


# By suffix.
FEATURE_FILES: dict[str, Any] = {".npy": NpyFile, ".parquet": ParquetFile}


def piece_size(n_features: int) -> int:
    """Number of photos in memory at a time."""
    return max(1, min(_MAX_PHOTOS, _MAX_BYTES // (4 * n_features)))


def index_of(out: Path) -> Path:
    """Path of the index of a file of features."""
    return out.with_name(f"{out.name}.index.csv")


def check_out(out: Path) -> Path:
    """Check that features and their index can be written; path of the index."""
    given, index = f"out={str(out)!r}", index_of(out)
    check_destination(out, list(FEATURE_FILES), given)
    check_destination(index, [".csv"], f"{given} and so the index {str(index)!r}")
    return index


@contextmanager
def whole_files(out: Path, n_rows: int, names: Any) -> Iterator[tuple[Any, Path]]:
    """A writer of features, and a path for the index; both files appear at success."""
    # The index appears first, so that features never lack one.
    with whole_file(out) as new, whole_file(index_of(out)) as new_index:
        with closing(FEATURE_FILES[out.suffix](new, n_rows, names)) as matrix:
            yield matrix, new_index


def write_index(path: Path, lines: Iterable, *, mark: str | None = None) -> None:
    """Write the paths and reasons of rows; a part has its mark on each row."""
    marks = [] if mark is None else [mark]
    # Names that are not UTF-8 are escaped, so that any program can read the table.
    settings: Any = {"newline": "", "encoding": "utf-8", "errors": "backslashreplace"}
    with path.open("w", **settings) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS + PART_COLUMN * len(marks))
        table.writerows([*line, *marks] for line in lines)


def read_lines(index: Path) -> Iterator[list[str]]:
    """Header and rows of an index."""
    with index.open(newline="", encoding="utf-8") as file:
        yield from csv.reader(file)
