"""The one way from photos to rows: read, describe, finish, in batches and processes."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, NamedTuple

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from tqdm import tqdm

from .._warnings import warn_caller
from ..images import ImageError, Photos
from ._cache import RowCache, warn_of_faults
from ._cache_store import CacheFault
from ._threads import single_threaded
from ._workers import run_in_order

Describe = Callable[[NDArray[np.uint8]], Any]
# Of descriptions that are no rows.
NO_ROWS = RowCache("", None)
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
    faults : list of CacheFault
        Caches that could not be used in full.
    """

    errors: list[ImageError] = field(default_factory=list)
    faults: list[CacheFault] = field(default_factory=list)

    def tell(self, n_photos: int, consequence: str) -> None:
        """Warn the caller, or tell who gathers the troubles of several runs."""
        gathered = _gathered.get()
        if gathered is None:
            self.warn(n_photos, consequence)
        else:
            gathered.add(self)

    def add(self, others: "Troubles") -> None:
        """Take over the troubles of another run."""
        self.errors += others.errors
        self.faults += others.faults

    def warn(self, n_photos: int, consequence: str) -> None:
        """Warn the caller, once of the photos and once of each cache."""
        if self.errors:
            self.errors.sort(key=lambda error: error.row or 0)
            listed = [f"  {error}" for error in self.errors[:_N_LISTED]]
            if len(self.errors) > _N_LISTED:
                listed.append(f"  and {len(self.errors) - _N_LISTED} more")
            message = (
                f"{len(self.errors)} of {n_photos} photos could not be read; "
                + "\n".join([f"{consequence}:", *listed])
            )
            warn_caller(UnreadablePhotosWarning(message, self.errors))
        warn_of_faults(self.faults)


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


class _Outcome(NamedTuple):
    """What became of a photo: a value, or the error that it cannot be read for.

    A value that the calling process has yet to finish comes with the key of its row.
    """

    value: Any = None
    error: ImageError | None = None
    key: bytes | None = None


@dataclass(frozen=True)
class _Task:
    """What a worker does with a batch of photos."""

    describe: Describe
    max_size: int | None
    is_strict: bool
    is_finished: bool
    cache: RowCache

    def __call__(self, photos: Photos) -> tuple[list[_Outcome], list[CacheFault]]:
        """Outcomes, up to the first error if this is strict; faults of the cache."""
        outcomes: list[_Outcome] = []
        with single_threaded(), self.cache.opened() as store:
            for i in range(len(photos)):
                try:
                    # The bytes that are looked up are those that are decoded: a file
                    # that changes meanwhile does not give its row to another.
                    content = photos.content(i)
                    key = self.cache.key(content)
                    known = store.find(key)
                    if known is None:
                        image = photos.decode(i, content, max_size=self.max_size)
                        outcome = self._outcome(self.describe(image), key, store)
                    else:
                        outcome = _Outcome(known)
                except ImageError as error:
                    outcome = _Outcome(error=error)
                outcomes.append(outcome)
                if outcome.error is not None and self.is_strict:
                    break
        return outcomes, store.faults

    def _outcome(self, value, key, store):
        if not self.is_finished:
            return _Outcome(value, key=key)
        if self.cache.n_numbers is not None:
            value = self.cache.check_rows([value])[0]
            store.keep(key, value)
        return _Outcome(value)


def describe_photos(
    transformer: Any,
    photos: Photos,
    describe: Describe,
    keep: Callable[[int, Any], None],
    *,
    cache: RowCache = NO_ROWS,
    finish: Callable[[NDArray], NDArray] | None = None,
    consequence: str = "they have no features (NaN)",
) -> None:
    """Describe every photo, in worker processes, and hand over what comes of it.

    Parameters
    ----------
    transformer : ImageTransformer
        Whose `max_size`, `n_jobs`, `batch_size`, `on_error` and `verbose` hold.
    photos : Photos
        What to describe.
    describe : callable
        From one uint8 image of shape (height, width, 3) to what there is to say of it.
        It has to be picklable, and its result to depend on the image alone.
    keep : callable
        Called with the row of each photo that can be read, and its description.
    cache : RowCache, default=NO_ROWS
        Rows that were described before, and the length of a row; by default
        descriptions are no rows and may be anything.
    finish : callable, default=None
        In the calling process, from the stacked descriptions of a batch to its rows.
    consequence : str
        What comes of photos that cannot be read, for the warning.

    Raises
    ------
    ImageError
        With ``on_error="raise"``, for a photo that cannot be read.
    ValueError
        If a description has another length than its row.
    """
    troubles = Troubles(faults=cache.prepare())
    if troubles.faults:  # no worker needs to try
        cache = replace(cache, path=None)
    is_strict = transformer.on_error == "raise"
    task = _Task(describe, transformer.max_size, is_strict, finish is None, cache)
    taker = _Taker(keep, cache, finish, is_strict, troubles)
    batches = _in_turn(photos.batches(transformer.batch_size), cache)
    bar = tqdm(
        total=len(photos),
        desc=type(transformer).__name__,
        unit="photo",
        disable=not transformer.verbose,
    )
    with bar:
        for batch, result in run_in_order(transformer.n_jobs, task, batches):
            taker.take(batch, result)
            bar.update(len(batch))
    troubles.tell(len(photos), consequence)


@dataclass(frozen=True)
class _Taker:
    """What the calling process does with outcomes."""

    keep: Callable[[int, Any], None]
    cache: RowCache
    finish: Callable[[NDArray], NDArray] | None
    is_strict: bool
    troubles: Troubles

    def take(self, batch, result):
        if isinstance(result, ImageError):  # no worker survives the photo
            result = [_Outcome(error=result)], []
        outcomes, faults = result
        self.troubles.faults += faults
        unfinished = []
        for row, outcome in zip(batch.rows, outcomes, strict=False):
            if outcome.error is not None:
                self._refuse(outcome.error)
            elif outcome.key is None:
                self.keep(row, outcome.value)
            else:
                unfinished.append((row, outcome.key, outcome.value))
        if unfinished and self.finish is not None:
            rows, keys, values = zip(*unfinished, strict=True)
            finished = self.cache.check_rows(self.finish(np.stack(values)))
            self._keep_finished(rows, keys, finished)

    def _refuse(self, error):
        if self.is_strict:
            raise error
        self.troubles.errors.append(error)

    def _keep_finished(self, rows, keys, finished):
        with self.cache.opened() as store:
            for row, key, numbers in zip(rows, keys, finished, strict=True):
                store.keep(key, numbers)
                self.keep(row, numbers)
        self.troubles.faults += store.faults


def _in_turn(batches, cache):
    """Batches in the order in which they are described.

    Processes that start together on the same photos, as those of a grid search do, take
    them in orders of their own: they meet in the cache and share the work.
    """
    backend, _ = get_active_backend()
    if cache.path is not None and backend.nesting_level > 0:
        Random(os.getpid()).shuffle(batches)
    return batches
