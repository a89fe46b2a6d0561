"""Read photos and compute their features, in batches and worker processes."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from random import Random
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import NDArray

from .._progress import progress
from ..images import ImageError, Photos
from ._cache import RowCache, RowStore
from ._threads import single_threaded
from ._troubles import Troubles
from ._workers import run_in_order, starts_nothing

Describe = Callable[[NDArray[np.uint8]], Any]
# Stands for no cache, where descriptions are not rows of features.
NO_ROWS = RowCache("", 0)
# Photos whose rows are looked up before workers start, which takes as long.
_N_LOOKED_UP = 1000


@dataclass
class _Result(Troubles):
    """The result of a batch, by the row of each photo in X.

    Attributes
    ----------
    values : dict of int to object
        The features or description of each readable photo.
    keys : dict of int to bytes
        Keys of rows that `finish` has yet to compute from these descriptions.
    """

    values: dict[int, Any] = field(default_factory=dict)
    keys: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Task:
    """The work of a worker on a batch of photos."""

    describe: Describe
    max_size: int | None
    is_strict: bool
    makes_rows: bool
    cache: RowCache

    def find(self, photos: Photos) -> _Result | None:
        """The rows of photos if all are in the cache."""
        result = _Result()
        with closing(RowStore(self.cache)) as store, suppress(ImageError):
            for i, row in enumerate(photos.rows):
                value = store.find(store.key(photos.content(i)))
                if value is None:
                    break
                result.values[row] = value
        return result if len(result.values) == len(photos) else None

    def __call__(self, photos: Photos) -> _Result:
        """Describe the photos that are not in the cache; stop at an error if strict."""
        result = _Result()
        with single_threaded(), closing(RowStore(self.cache)) as store:
            for i, row in enumerate(photos.rows):
                try:
                    # Hash and decode the same bytes: a file that changes in between
                    # must not store its row under the key of the old content.
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
    """Describe photos in worker processes, and warn of those that cannot be read.

    Parameters
    ----------
    transformer : ImageTransformer
        Provides `max_size`, `n_jobs`, `batch_size`, `on_error` and `verbose`.
    photos : Photos
        Photos to describe.
    describe : callable
        Picklable function from one uint8 image of shape (height, width, 3) to its
        description, which depends on nothing but the image.
    cache : RowCache, default=NO_ROWS
        Rows that are stored already, and the length of a row. By default,
        descriptions are not rows and may be any object.
    finish : callable, default=None
        Function from the stacked descriptions of a batch to rows, called once for each
        shape of description, in the calling process. If its attribute `leaves_cpu_free`
        is True, the next batch is described meanwhile.
    consequence : str
        What the warning says about photos that cannot be read.

    Yields
    ------
    row : int
        Row of each readable photo.
    value : object
        Its features, or its description if `cache` is NO_ROWS.

    Raises
    ------
    ImageError
        If a photo cannot be read and `on_error` is "raise".
    ValueError
        If the length of a description is not the length of a row.
    """
    troubles = Troubles()
    is_strict = transformer.on_error == "raise"
    makes_rows = finish is None and cache is not NO_ROWS
    cache = _opened_once(cache, troubles)
    task = _Task(describe, transformer.max_size, is_strict, makes_rows, cache)
    batches = _in_turn(photos.batches(transformer.batch_size), cache)
    name = type(transformer).__name__
    ahead = getattr(finish, "leaves_cpu_free", False)
    found = _looked_up(transformer.n_jobs, task, batches)
    rest = batches[len(found) :]
    results = run_in_order(transformer.n_jobs, task, rest, ahead=ahead)
    # Closed here, also after an error: garbage collection may run in a thread of dask.
    with (
        closing(results),
        progress(name, len(photos), "photo", verbose=transformer.verbose) as bar,
    ):
        for batch, result in chain(found, results):
            if isinstance(result, ImageError):  # no worker survives the photo
                result = _Result(errors=[result])
            if is_strict and result.errors:
                raise result.errors[0]
            if finish is not None and result.keys:
                _finish(result, finish, cache)
            troubles.add(result)
            yield from result.values.items()
            bar.update(len(batch))
    troubles.report(len(photos), consequence)


def _looked_up(n_jobs, task, batches):
    """The first batches and their results, if workers would start for few photos."""
    found: list[tuple[Photos, _Result]] = []
    few = sum(map(len, batches)) <= _N_LOOKED_UP
    if few and task.cache.path and not starts_nothing(n_jobs, batches):
        for batch in batches:
            result = task.find(batch)
            if result is None:
                break
            found.append((batch, result))
    return found


def _opened_once(cache, troubles):
    """The cache, without its file if that cannot be opened, so that no worker tries."""
    store = RowStore(cache)
    store.close()
    troubles.faults |= store.faults
    return replace(cache, path="") if store.faults else cache


def _in_turn(batches, cache):
    """Batches in the order in which they are described.

    Processes that start together on the same photos, as in a grid search, shuffle them
    with different seeds, so that each finds in the cache what others have computed.
    """
    backend, _ = get_active_backend()
    if cache.path and backend.nesting_level > 0:
        Random(os.getpid()).shuffle(batches)
    return batches


def _finish(result, finish, cache):
    """Replace the descriptions of a batch with rows of features, and store these."""
    alike: dict[tuple, list[int]] = {}
    for row in result.keys:
        alike.setdefault(np.shape(result.values[row]), []).append(row)
    with closing(RowStore(cache)) as store:
        for rows in alike.values():
            finished = finish(np.stack([result.values[row] for row in rows]))
            for row, numbers in zip(rows, finished, strict=True):
                result.values[row] = store.keep(result.keys[row], numbers)
    result.faults |= store.faults
