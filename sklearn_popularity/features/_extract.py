"""Write the features of any number of photos to a file, in bounded memory."""

import csv
import glob
import hashlib
import operator
import os
from collections.abc import Iterable
from contextlib import closing, contextmanager
from itertools import chain, islice
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from .._files import check_destination, whole_file
from .._messages import quote
from .._progress import progress
from .._warnings import warn_caller
from ..images import ImageError
from ._describe import UnreadablePhotosWarning, gathered_troubles
from ._feature_files import FEATURE_FILES

# Limits of what is in memory at a time: photos, and bytes of their rows.
_MAX_PHOTOS, _MAX_BYTES = 2048, 2**24


def extract(
    transformer: Any,
    paths: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    part: tuple[int, int] | None = None,
    verbose: bool = False,
) -> Path:
    """Write the features of any number of photos to a file, in bounded memory.

    If the transformer has a `cache`, repeat an interrupted call to resume it: rows in
    the cache are not computed again.

    Parameters
    ----------
    transformer : ImageTransformer
        Fitted, if it learns from photos. Any object with `transform` and
        `get_feature_names_out` that takes a list of paths will do, such as a
        :class:`~sklearn.pipeline.FeatureUnion`.
    paths : iterable of str or path-like
        Paths of the photos.
    out : path
        File to write: ``.npy`` with a float32 matrix, which
        ``np.load(out, mmap_mode="r")`` reads row by row; or ``.parquet`` with a column
        per feature, which suits up to a few hundred features (extra `parquet`).
    part : tuple of 2 ints, default=None
        ``(i, n)`` describes only the i-th of n parts of the photos, counted from 0, for
        job arrays of a cluster. The file of a part has ``.part{i}of{n}`` in its name;
        :func:`join_parts` joins the parts to `out`. None describes all photos.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    index : Path
        A CSV file, `out` followed by ``.index.csv``: the ``path`` of each row and, if
        the row is NaN, the ``reason``. It is UTF-8; other bytes of names are escaped.
        That of a part also has ``list``, a checksum of all paths.

    Raises
    ------
    ValueError
        If `paths` is empty or contains something else, or `out` or `part` is invalid.
    ImageError
        If a photo cannot be read and the transformer has ``on_error="raise"``.
    OSError
        If the features or the index cannot be written.

    Notes
    -----
    The bytes written depend only on the photos and the transformer, for networks up to
    rounding. `out` appears when it is complete; until then a file beside it grows, with
    a name that ends in ``.part``. A killed run leaves that file, which you may delete.
    With a `cache` it loses at most one batch per worker.

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
    items, out, start, listed = _check_paths(paths), Path(out), 0, None
    if part is not None:
        i, n = _check_part(part)
        listed = _digest(items)
        start, stop = i * len(items) // n, (i + 1) * len(items) // n
        items, out = items[start:stop], _part_file(out, i, n)
    index = _check_out(out)
    names = transformer.get_feature_names_out()
    size, reasons = _piece_size(len(names)), []
    with (
        _whole_files(out, index, len(items), names) as (matrix, new_index),
        gathered_troubles() as troubles,
        progress("extract", len(items), "photo", verbose=verbose) as bar,
    ):
        for first in range(0, len(items), size):
            piece = items[first : first + size]
            features = _transform(transformer, piece, start + first)
            matrix.write(features)
            reasons += _reasons(features, troubles.errors)
            troubles.errors.clear()
            bar.update(len(piece))
        _write_index(new_index, items, reasons, listed)
    troubles.warn_of_faults()
    _warn_of_reasons(reasons, index)
    return index


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
        If parts have different columns or are of different lists of photos, or
        `n_parts` is not a positive integer.
    OSError
        If a part cannot be read, or `out` cannot be written.
    """
    out, n = Path(out), n_parts
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(
            f"Got n_parts={quote(n)}, but a whole number of at least 1 was expected."
        )
    index, kind = _check_out(out), FEATURE_FILES[out.suffix]
    parts = [_part_file(out, i, n) for i in range(n)]
    missing = [i for i in range(n) if not _index(parts[i]).exists()]
    if missing:
        raise FileNotFoundError(
            f"Got out={str(out)!r} and n_parts={n}, but the parts {missing} are not "
            f"there. {_way_out(out, n)}"
        )
    n_rows, names = _check_shapes(parts, [kind.shape(part) for part in parts])
    _check_lists(parts)
    rows = chain.from_iterable(map(kind.rows, parts))
    with _whole_files(out, index, n_rows, names) as (matrix, new_index):
        while piece := list(islice(rows, _piece_size(len(names)))):
            matrix.write(np.stack(piece))
        lines = (line[:2] for part in parts for line in _lines(_index(part)))
        _write_lines(new_index, ["path", "reason"], lines)
    return index


def _check_shapes(parts, shapes):
    """Total number of rows, and the common names of the columns."""
    _, names = shapes[0]
    for part, (_, found) in zip(parts, shapes, strict=True):
        if found != names:
            raise ValueError(
                f"{str(part)!r} has {len(found)} columns, and they are not the "
                f"{len(names)} of {str(parts[0])!r}. Extract all parts with the same "
                "transformer."
            )
    return sum(n_rows for n_rows, _ in shapes), names


def _check_lists(parts):
    """Refuse parts of different lists of photos."""
    known: dict[str, Path] = {}
    for part in parts:
        for line in islice(_lines(_index(part)), 1):  # a part may be empty
            known.setdefault("".join(line[2:]), part)
    if len(known) > 1:
        one, other, *_ = map(str, known.values())
        raise ValueError(
            f"{one!r} and {other!r} are parts of different lists of photos: a photo "
            "was added, removed or renamed in between. Extract all parts from the "
            "same list."
        )


def _way_out(out, n):
    """Name the number of parts that are there, if it is another one."""
    found = out.parent.glob(f"{glob.escape(out.stem)}.part*of*{out.suffix}")
    numbers = {path.stem.rpartition("of")[2] for path in found} - {str(n)}
    if numbers:
        return f"There are parts of {' and of '.join(sorted(numbers))}: join that many."
    return "Run extract for them first."


def _piece_size(n_features: int) -> int:
    """Number of photos in memory at a time."""
    return max(1, min(_MAX_PHOTOS, _MAX_BYTES // (4 * n_features)))


def _transform(transformer, items, start):
    """Features of a piece; an error names its row among all photos."""
    try:
        features = transformer.transform(items)
    except ImageError as error:
        raise error.at_row(start + (error.row or 0)) from error
    return np.asarray(features, dtype=np.float32)


def _reasons(features, errors):
    """Why each row is NaN, if it is; errors from other processes are not known."""
    reasons = np.where(np.isnan(features).any(axis=1), "the row holds NaN", "").tolist()
    for error in errors:
        reasons[error.row] = error.reason
    return reasons


def _warn_of_reasons(reasons, index):
    n_unreadable = len(reasons) - reasons.count("")
    if n_unreadable:
        warn_caller(
            f"{n_unreadable} of {len(reasons)} photos could not be read; their rows "
            f"are NaN, and the reasons are in {str(index)!r}.",
            UnreadablePhotosWarning,
        )


@contextmanager
def _whole_files(out, index, n_rows, names):
    """A writer of features, and a path for the index; both files appear at success."""
    # The index appears first, so that features never lack one.
    with whole_file(out) as new, whole_file(index) as new_index:
        with closing(FEATURE_FILES[out.suffix](new, n_rows, names)) as matrix:
            yield matrix, new_index


def _write_index(path, items, reasons, listed):
    """Write paths and reasons, and for a part the digest of the whole list."""
    columns: dict[str, Iterable] = {"path": map(os.fsdecode, items), "reason": reasons}
    if listed is not None:
        columns["list"] = [listed] * len(items)
    _write_lines(path, columns, zip(*columns.values(), strict=True))


def _write_lines(path, header, lines):
    # Names that are not UTF-8 are escaped, so that any program can read the table.
    settings = {"newline": "", "encoding": "utf-8", "errors": "backslashreplace"}
    with path.open("w", **settings) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(lines)


def _lines(index):
    """Rows of an index; a part has a third column."""
    with index.open(newline="", encoding="utf-8") as file:
        table = csv.reader(file)
        next(table)
        yield from table


def _digest(items):
    """A number that differs between lists of paths."""
    names = "\0".join(map(os.fsdecode, items))
    return hashlib.sha256(names.encode(errors="surrogateescape")).hexdigest()[:16]


def _index(out):
    return out.with_name(f"{out.name}.index.csv")


def _check_out(out):
    given, index = f"out={str(out)!r}", _index(out)
    check_destination(out, list(FEATURE_FILES), given)
    check_destination(index, [".csv"], f"{given} and so the index {str(index)!r}")
    return index


def _part_file(out, i, n):
    return out.with_name(f"{out.stem}.part{i}of{n}{out.suffix}")


def _check_part(part):
    try:
        i, n = map(operator.index, part)
    except (TypeError, ValueError):
        i = n = 0
    if not 0 <= i < n:
        raise ValueError(
            f"Got part={quote(part)}, but (i, n) with 0 <= i < n was expected: part i "
            "of n, counted from 0."
        )
    return i, n


def _check_paths(paths):
    if isinstance(paths, (str, os.PathLike)):
        raise ValueError(f"Got paths={str(paths)!r}, a single path. Pass a list.")
    items = list(paths)
    if not items:
        raise ValueError("Got no paths, but at least one was expected.")
    for row, item in enumerate(items):
        if not isinstance(item, (str, os.PathLike)):
            raise ValueError(
                f"Got type {type(item).__name__} as path {row}, but the path of a "
                "photo was expected."
            )
    return items
