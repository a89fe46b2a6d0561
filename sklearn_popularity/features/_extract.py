"""Write the features of any number of photos to a file, in bounded memory."""

import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .._messages import quote
from .._paths import expand_home
from .._progress import progress
from .._warnings import warn_caller
from ..images import ImageError
from ._feature_files import check_out, piece_size, whole_files, write_index
from ._part_marks import (
    Checksum,
    PartMark,
    digest_of_list,
    digest_of_settings,
    part_file,
    rows_of_part,
)
from ._troubles import UnreadablePhotosWarning, gathered_troubles


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
        the row is NaN, the ``reason``. It is UTF-8: a byte of a name that is not is
        written as text, such as ``\\udce9`` for the byte E9, which cannot be undone if
        names hold backslashes. That of a part also has ``part``: its number, the number
        of all photos, and checksums of all paths, of what determines the rows, and of
        the rows.

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
    items, out, start, mark = _check_paths(paths), expand_home(out), 0, None
    if part is not None:
        i, n = _check_part(part)
        start, stop = rows_of_part(i, n, len(items))
        mark = PartMark(f"{i}/{n}", str(len(items)), digest_of_list(items))
        items, out = items[start:stop], part_file(out, i, n)
    index = check_out(out)
    names = transformer.get_feature_names_out()
    size, reasons, checksum = piece_size(len(names)), [], Checksum()
    with (
        whole_files(out, len(items), names) as (matrix, new_index),
        gathered_troubles() as troubles,
        progress("extract", len(items), "photo", verbose=verbose) as bar,
    ):
        for first in range(0, len(items), size):
            piece = items[first : first + size]
            features = _transform(transformer, piece, start + first)
            matrix.write(features)
            checksum.add_rows(features)
            reasons += _reasons(features, troubles.errors)
            troubles.errors.clear()
            bar.update(len(piece))
        # A carriage return would end the line for readers of CSV.
        shown = (os.fsdecode(item).replace("\r", "\\r") for item in items)
        lines = list(zip(shown, reasons, strict=True))
        if mark is None:
            write_index(new_index, lines)
        else:
            checksum.add_lines(lines)
            settings = digest_of_settings(transformer)
            mark = mark._replace(settings=settings, rows=checksum.text)
            write_index(new_index, lines, mark=" ".join(mark))
    troubles.warn_of_faults()
    _warn_of_reasons(reasons, index)
    return index


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
