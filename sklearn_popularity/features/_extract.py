"""Features of any number of photos to a file, in bounded memory, again and again."""

import csv
import os
import warnings
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from .._files import check_destination, whole_file
from .._optional import import_optional
from ..images import ImageError
from ._describe import UnreadablePhotosWarning

# What is in memory at a time, in photos and in bytes of their rows.
_MAX_PHOTOS, _MAX_BYTES = 2048, 2**24


def extract(
    transformer: Any,
    paths: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    verbose: bool = False,
) -> Path:
    """Write the features of any number of photos to a file, in bounded memory.

    With a transformer that has a `cache`, an interrupted run is resumed by running it
    again: rows that are in the cache are copied to the file.

    Parameters
    ----------
    transformer : ImageTransformer
        Or anything else with `transform` and `get_feature_names_out` that takes a list
        of paths, such as a :class:`~sklearn.pipeline.FeatureUnion`. It has to be fitted
        if it learns. Its `n_jobs`, `batch_size`, `cache` and `on_error` hold.
    paths : iterable of str or path-like
        Photos.
    out : path
        File to write: ``.npy`` with a float32 matrix, which
        ``np.load(out, mmap_mode="r")`` reads row by row; or ``.parquet`` with a column
        per feature, for those of a few hundred numbers (extra `parquet`).
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    index : Path
        A CSV file beside `out`, named as it with ``.index.csv`` at the end: the
        ``path`` of each row and, where it is NaN, the ``reason``.

    Raises
    ------
    ValueError
        If there are no paths, an entry is none, or `out` has another suffix.
    ImageError
        For a photo that cannot be read, unless the transformer has ``on_error="nan"``.
    OSError
        If `out` or the index cannot be written.

    Notes
    -----
    The bytes written depend on the photos and the transformer alone, those of networks
    up to rounding. `out` appears when it is whole; until then a file beside it grows,
    with ``.part`` at the end. Killed at any moment, a run leaves that file, to be
    deleted, and loses the photos that the workers have at hand: at most `batch_size`
    each, or one batch with ``n_jobs=1``.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from sklearn_popularity import ColorStatistics, extract, make_popularity
    >>> with TemporaryDirectory() as folder:
    ...     posts, _ = make_popularity(5, folder=f"{folder}/photos", random_state=0)
    ...     statistics = ColorStatistics(cache=f"{folder}/features.cache")
    ...     index = extract(statistics, posts["photo"], f"{folder}/colors.npy")
    ...     np.load(f"{folder}/colors.npy", mmap_mode="r").shape, index.name
    ((5, 6), 'colors.npy.index.csv')
    """
    items, out = _check_paths(paths), Path(out)
    index = out.with_name(f"{out.name}.index.csv")
    given = f"out={str(out)!r}"
    check_destination(out, list(_WRITERS), given)
    check_destination(index, [".csv"], f"{given} and so the index {str(index)!r}")
    names = transformer.get_feature_names_out()
    run = _Run(transformer, items, _piece_size(len(names)), verbose)
    # The index comes first, so that features are never without one.
    with whole_file(out) as part, whole_file(index) as index_part:
        matrix = _WRITERS[out.suffix](part, len(items), names)
        with closing(matrix), closing(_IndexWriter(index_part)) as listed:
            for features, piece, reasons in run.pieces():
                matrix.write(features)
                listed.write(piece, reasons)
    run.warn(index)
    return index


def _piece_size(n_features: int) -> int:
    """Photos that are in memory at a time."""
    return max(1, min(_MAX_PHOTOS, _MAX_BYTES // (4 * n_features)))


class _Run:
    """Pieces of features in order, and what there is to warn of."""

    def __init__(self, transformer, items, size, verbose):
        self._transformer = transformer
        self._items = items
        self._size = size
        self._verbose = verbose
        self._n_unreadable = 0
        self._warnings: dict[str, Warning | str] = {}

    def pieces(self):
        """Rows, their paths, and why some are NaN, by position."""
        n = len(self._items)
        with tqdm(total=n, unit="photo", disable=not self._verbose) as bar:
            for start in range(0, n, self._size):
                items = self._items[start : start + self._size]
                features, reasons = self._transform(items, start)
                self._n_unreadable += len(reasons)
                yield features, items, reasons
                bar.update(len(items))

    def warn(self, index):
        """Once, for all pieces."""
        for message in self._warnings.values():
            warnings.warn(message, stacklevel=3)
        if self._n_unreadable:
            warnings.warn(
                f"{self._n_unreadable} of {len(self._items)} photos could not be read; "
                f"their rows are NaN, and the reasons are in {str(index)!r}.",
                UnreadablePhotosWarning,
                stacklevel=3,
            )

    def _transform(self, items, start):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                features = self._transformer.transform(items)
            except ImageError as error:
                raise error.at_row(start + (error.row or 0)) from error
        reasons: dict[int | None, str] = {}
        for each in caught:
            if isinstance(each.message, UnreadablePhotosWarning):
                reasons |= {error.row: error.reason for error in each.message.errors}
            else:
                self._warnings.setdefault(str(each.message), each.message)
        features = np.asarray(features, dtype=np.float32)
        for row in np.flatnonzero(np.isnan(features).any(axis=1)):
            # Warnings of other processes are not heard.
            reasons.setdefault(int(row), "the row holds NaN")
        return features, reasons


def _check_paths(paths):
    if isinstance(paths, (str, os.PathLike)):
        raise ValueError(f"Got paths={str(paths)!r}, a single one. Pass a list of it.")
    items = list(paths)
    if not items:
        raise ValueError("Got no paths, but at least one was expected.")
    for row, item in enumerate(items):
        if not isinstance(item, (str, os.PathLike)):
            raise ValueError(
                f"Got a {type(item).__name__} as path {row}, but the path of a photo "
                "was expected."
            )
    return items


class _IndexWriter:
    """Paths of rows and reasons for NaN, as CSV."""

    def __init__(self, path):
        # Names of files may be no UTF-8.
        self._file = path.open(
            "w", newline="", encoding="utf-8", errors="surrogateescape"
        )
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(["path", "reason"])

    def write(self, items, reasons):
        self._csv.writerows(
            (os.fsdecode(item), reasons.get(row, "")) for row, item in enumerate(items)
        )

    def close(self):
        self._file.close()


class _NpyWriter:
    """Rows of a matrix, piece by piece."""

    def __init__(self, path, n_rows, names):
        self._file = path.open("wb")
        shape = (n_rows, len(names))
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def write(self, rows):
        self._file.write(np.ascontiguousarray(rows, "<f4").data)

    def close(self):
        self._file.close()


class _ParquetWriter:
    """The same as columns with names, a row group per piece."""

    def __init__(self, path, n_rows, names):
        self._arrow = import_optional("pyarrow", "extract to .parquet")
        parquet = import_optional("pyarrow.parquet", "extract to .parquet")
        self._names = list(names)
        number = self._arrow.float32()
        schema = self._arrow.schema([(name, number) for name in self._names])
        self._file = parquet.ParquetWriter(path, schema)

    def write(self, rows):
        columns = [self._arrow.array(column) for column in rows.T]
        self._file.write_table(self._arrow.table(columns, names=self._names))

    def close(self):
        self._file.close()


_WRITERS: dict[str, type[_NpyWriter] | type[_ParquetWriter]] = {
    ".npy": _NpyWriter,
    ".parquet": _ParquetWriter,
}
