"""Files that hold features of many photos, written and read piece by piece."""

import csv
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._optional import import_optional


class IndexWriter:
    """Paths of rows and reasons for NaN, as CSV."""

    def __init__(self, path: Path) -> None:
        # Names of files may be no UTF-8.
        self._file = path.open(
            "w", newline="", encoding="utf-8", errors="surrogateescape"
        )
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(["path", "reason"])

    def write(self, items: Iterable, reasons: Mapping[int, str]) -> None:
        """Write some rows, whose reasons are known by position."""
        self._csv.writerows(
            (os.fsdecode(item), reasons.get(row, "")) for row, item in enumerate(items)
        )

    def append(self, index: Path) -> None:
        """Copy the rows of another one."""
        with index.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            file.readline()
            shutil.copyfileobj(file, self._file)

    def close(self) -> None:
        self._file.close()


class FeatureFile(Protocol):
    """A file of a kind that is written piece by piece."""

    def __init__(self, path: Path, n_rows: int, names: Sequence[str]) -> None: ...

    def write(self, rows: NDArray[np.float32]) -> None: ...

    def close(self) -> None: ...

    @staticmethod
    def shape(path: Path) -> tuple[int, list[str]]:
        """Number of rows, and the names of the columns."""

    @staticmethod
    def pieces(path: Path, size: int) -> Iterator[NDArray[np.float32]]:
        """Some rows after others."""


class NpyFile:
    """The rows of a float32 matrix, whose columns are named by number."""

    def __init__(self, path, n_rows, names):
        self._file = path.open("wb")
        shape = (n_rows, len(names))
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def write(self, rows):
        self._file.write(np.ascontiguousarray(rows, "<f4").data)

    def close(self):
        self._file.close()

    @staticmethod
    def shape(path):
        n_rows, n_columns = np.lib.format.open_memmap(path, mode="r").shape
        return n_rows, [str(i) for i in range(n_columns)]

    @staticmethod
    def pieces(path, size):
        matrix = np.lib.format.open_memmap(path, mode="r")
        for start in range(0, len(matrix), size):
            yield matrix[start : start + size]


class ParquetFile:
    """Columns with names, a row group per piece."""

    def __init__(self, path, n_rows, names):
        self._arrow, parquet = _import_arrow()
        self._names = list(names)
        number = self._arrow.float32()
        schema = self._arrow.schema([(name, number) for name in self._names])
        self._file = parquet.ParquetWriter(path, schema)

    def write(self, rows):
        columns = [self._arrow.array(column) for column in rows.T]
        self._file.write_table(self._arrow.table(columns, names=self._names))

    def close(self):
        self._file.close()

    @staticmethod
    def shape(path):
        with _import_arrow()[1].ParquetFile(path) as file:
            return file.metadata.num_rows, file.schema_arrow.names

    @staticmethod
    def pieces(path, size):
        with _import_arrow()[1].ParquetFile(path) as file:
            for batch in file.iter_batches(size):
                columns = [np.asarray(column, np.float32) for column in batch.columns]
                yield np.stack(columns, axis=1)


def _import_arrow() -> tuple[Any, Any]:
    user = "extract to .parquet"
    return import_optional("pyarrow", user), import_optional("pyarrow.parquet", user)


# By the end of their names.
FEATURE_FILES: dict[str, type[FeatureFile]] = {".npy": NpyFile, ".parquet": ParquetFile}
