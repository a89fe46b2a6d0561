"""The one way from photos to rows: read, describe, finish, in batches and processes."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import NDArray

from .._progress import progress
from .._warnings import warn_caller
from ..images import ImageError, Photos
from ._cache import CacheWarning, RowCache, RowStore
from ._threads import single_threaded
from ._workers import run_in_order

Describe = Callable[[NDArray[np.uint8]], Any]
# Of descriptions that are no rows.
NO_ROWS = RowCache("", 0)
# How many unreadable photos a warning lists.
_N_LISTED = 10


class UnreadablePhotosWarning(UserWarning):
    """Some photos could not be read; their rows of features are NaN.

    Parameters
    ----------
    message : str
        What happened, with the first of them.
    errors : sequence of ImageError, default=()
        One per photo, in the order of their rows.

    Attributes
    ----------
    errors : tuple of ImageError
        See Parameters.
    """

    def __init__(self, message: str, errors: Any = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


@dataclass
class Troubles:
    """What a run has to tell beside its rows.

    Attributes
    ----------
    errors : list of ImageError
        One per photo that could not be read.
    faults : set of (path, reason)
        Caches that could not be used in full.
    """

    errors: list[ImageError] = field(default_factory=list)
    faults: set[tuple[str, str]] = field(default_factory=set)

    def warn(self, n_photos: int, consequence: str) -> None:
        """Warn the caller, once of the photos and once of each cache."""
        if self.errors:
            self.errors.sort(key=lambda error: error.row or 0)
            n_errors = len(self.errors)
            lines = [
                f"{n_errors} of {n_photos} photos could not be read; {consequence}:"
            ]
            lines += [f"  {error}" for error in self.errors[:_N_LISTED]]
            if n_errors > _N_LISTED:
                lines.append(f"  and {n_errors - _N_LISTED} more")
            warn_caller(UnreadablePhotosWarning("\n".join(lines), self.errors))
        self.warn_of_faults()

    def warn_of_faults(self) -> None:
        """Warn the caller once of each cache."""
        for path, found in groupby(sorted(self.faults), key=itemgetter(0)):
            reasons = "; ".join(reason for _, reason in found)
            warn_caller(
                f"The cache {path!r} could not be used in full: {reasons}. What it "
                "lacked was computed and may not have been kept. See "
                "`sklearn-popularity cache verify`, or delete the file.",
                CacheWarning,
            )


_gathered: ContextVar[Troubles | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered_troubles() -> Iterator[Troubles]:
    """What all transformers that this thread runs have to tell, instead of warnings."""
    troubles = Troubles()
    token = _gathered.set(troubles)
    try:
        yield troubles
    finally:
        _gathered.reset(token)


@dataclass
class _Result(Troubles):
    """What became of a batch, by the place of each photo in X.

    Attributes
    ----------
    values : dict of int to object
        Of each photo that can be read: its row of features, or its description.
    keys : dict of int to bytes
        Of the rows that are yet to be made of these descriptions.
    """

    values: dict[int, Any] = field(default_factory=dict)
    keys: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Task:
    """What a worker does with a batch of photos."""

    describe: Describe
    max_size: int | None
    is_strict: bool
    makes_rows: bool
    cache: RowCache

    def __call__(self, photos: Photos) -> _Result:
        """Describe the photos that the cache lacks, up to the first error if strict."""
        result = _Result()
        with single_threaded(), closing(RowStore(self.cache)) as store:
            for i, row in enumerate(photos.rows):
                try:
                    # The bytes that are looked up are those that are decoded: a file
                    # that changes meanwhile does not give its row to another.
                    content = photos.content(i)
                    key = store.key(content)
                    value = store.find(key)
                    if value is None:
                        image = photos.decode(i, content, max_size=self.max_size)
                        value = self.describe(image)
                        if self.makes_rows:
                            value = store.keep(key, value)
                        else:
                            result.keys[row] = key
                    result.values[row] = value
                except ImageError as error:
                    result.errors.append(error)
                    if self.is_strict:
                        break
        result.faults = store.faults
        return result


def describe_photos(
    transformer: Any,
    photos: Photos,
    describe: Describe,
    *,
    cache: RowCache = NO_ROWS,
    finish: Callable[[NDArray], NDArray] | None = None,
    consequence: str = "they have no features (NaN)",
) -> Iterator[tuple[int, Any]]:
    """Describe every photo, in worker processes, and tell in the end what went wrong.

    Parameters
    ----------
    transformer : ImageTransformer
        Whose `max_size`, `n_jobs`, `batch_size`, `on_error` and `verbose` hold.
    photos : Photos
        What to describe.
    describe : callable
        From one uint8 image of shape (height, width, 3) to what there is to say of it.
        It has to be picklable, and its result to depend on the image alone.
    cache : RowCache, default=NO_ROWS
        Rows that were described before, and the length of a row; by default
        descriptions are no rows and may be anything.
    finish : callable, default=None
        In the calling process, from stacked descriptions of a batch to their rows;
        descriptions of different shapes are stacked apart. If it `leaves_cpu_free`,
        the next batch is described meanwhile.
    consequence : str
        What comes of photos that cannot be read, for the warning.

    Yields
    ------
    row : int
        The place of each photo that can be read.
    value : object
        Its row of features, or its description where these are no rows.

    Raises
    ------
    ImageError
        With ``on_error="raise"``, for a photo that cannot be read.
    ValueError
        If a description has another length than its row.
    """
    gathered = _gathered.get()
    troubles = Troubles() if gathered is None else gathered
    is_strict = transformer.on_error == "raise"
    makes_rows = finish is None and cache is not NO_ROWS
    cache = _opened_once(cache, troubles)
    task = _Task(describe, transformer.max_size, is_strict, makes_rows, cache)
    batches = _in_turn(photos.batches(transformer.batch_size), cache)
    name = type(transformer).__name__
    ahead = getattr(finish, "leaves_cpu_free", False)
    results = run_in_order(transformer.n_jobs, task, batches, ahead=ahead)
    # Closed here, after an error too: what collects garbage may be a thread of dask's.
    with (
        closing(results),
        progress(name, len(photos), "photo", verbose=transformer.verbose) as bar,
    ):
        for batch, result in results:
            if isinstance(result, ImageError):  # no worker survives the photo
                result = _Result(errors=[result])
            if is_strict and result.errors:
                raise result.errors[0]
            if finish is not None and result.keys:
                _finish(result, finish, cache)
            troubles.errors += result.errors
            troubles.faults |= result.faults
            yield from result.values.items()
            bar.update(len(batch))
    if gathered is None:
        troubles.warn(len(photos), consequence)


def _opened_once(cache, troubles):
    """The cache, without its file if that cannot be opened: no worker has to try."""
    store = RowStore(cache)
    store.close()
    troubles.faults |= store.faults
    return replace(cache, path="") if store.faults else cache


def _in_turn(batches, cache):
    """Batches in the order in which they are described.

    Processes that start together on the same photos, as those of a grid search do, take
    them in orders of their own: they meet in the cache and share the work.
    """
    backend, _ = get_active_backend()
    if cache.path and backend.nesting_level > 0:
        Random(os.getpid()).shuffle(batches)
    return batches


def _finish(result, finish, cache):
    """Replace the descriptions of a batch by rows of features, and keep these."""
    alike: dict[tuple, list[int]] = {}
    for row in result.keys:
        alike.setdefault(np.shape(result.values[row]), []).append(row)
    with closing(RowStore(cache)) as store:
        for rows in alike.values():
            finished = finish(np.stack([result.values[row] for row in rows]))
            for row, numbers in zip(rows, finished, strict=True):
                result.values[row] = store.keep(result.keys[row], numbers)
    result.faults |= store.faults
