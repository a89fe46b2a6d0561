"""Files of features, written and read piece by piece."""

from typing import Any

import numpy as np

from .._optional import import_optional


class NpyFile:
    """A float32 matrix, which has no names of columns: they are "0", "1", ..."""

    def __init__(self, path, n_rows, names):
        self._file = path.open("wb")
        shape = (n_rows, len(names))
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def write(self, rows):
        """Append some rows."""
        self._file.write(np.ascontiguousarray(rows, "<f4").data)

    def close(self):
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
        self._file = parquet.ParquetWriter(path, schema)

    def write(self, rows):
        columns = [self._arrow.array(column) for column in rows.T]
        self._file.write_table(self._arrow.table(columns, schema=self._file.schema))

    def close(self):
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
