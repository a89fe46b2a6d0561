"""Batches of photos through worker processes, in order, whichever of them die."""

import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from joblib import Parallel, delayed, effective_n_jobs
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend

from ..images import Photos

# Batches per worker that are under way or wait for the caller.
_N_PER_WORKER = 4


def run_in_order(
    n_jobs: int | None, function: Callable[[Photos], Any], batches: list[Photos]
) -> Iterator[tuple[Photos, Any]]:
    """Apply a function to batches of photos in worker processes.

    However slow the caller is, no more than four results per worker wait for it. When a
    worker dies, all that was under way is lost, whoever is to blame: these batches run
    again with nothing beside them, and a batch whose worker dies again runs photo by
    photo.

    Parameters
    ----------
    n_jobs : int or None
        Number of worker processes, as joblib counts them.
    function : callable
        What a worker does with a batch.
    batches : list of Photos
        What it does it with.

    Yields
    ------
    batch : Photos
        Each in order, or a photo of one that ran photo by photo.
    result : object
        What the function returned, or the ImageError of a photo on which workers die.
    """
    n_workers = effective_n_jobs(n_jobs)
    backend, _ = get_active_backend()
    if n_workers == 1 and not hasattr(backend, "client"):
        for batch in batches:
            yield batch, function(batch)
        return
    n_done = 0
    while n_done < len(batches):
        try:
            for result in _run(n_jobs, function, batches[n_done:]):
                n_done += 1
                yield batches[n_done - 1], result
        except TerminatedWorkerError:
            n_suspects = _N_PER_WORKER * n_workers
        except _killed_on_dask():
            n_suspects = 1  # dask knows on which task its workers died
        else:
            return
        for batch in batches[n_done : n_done + n_suspects]:
            n_done += 1
            yield from _run_alone(n_jobs, function, batch)


def _run(n_jobs, function, batches):
    """Results one by one, whatever the backend of joblib can do."""
    backend, _ = get_active_backend()
    if hasattr(backend, "client"):
        return _run_on_dask(backend, function, batches)
    # multiprocessing and ray return lists, and threads of two calls are twice as many.
    generates = getattr(backend, "supports_return_generator", False)
    n_calls = 2 if generates and not getattr(backend, "uses_threads", False) else 1
    n_workers = effective_n_jobs(n_jobs)

    def call(piece):
        # A backend of its own, since each call tidies up what it used.
        parallel = Parallel(
            n_jobs=n_workers,
            backend=copy(backend),
            return_as="generator" if generates else "list",
        )
        return parallel(delayed(function)(batch) for batch in piece)

    return _run_in_pieces(call, batches, _N_PER_WORKER * n_workers // n_calls, n_calls)


def _run_in_pieces(call, batches, size, n_calls):
    """Results of joblib, which by itself would run ahead of a slow caller for ever."""
    calls: deque[Any] = deque()
    pieces = (batches[i : i + size] for i in range(0, len(batches), size))
    try:
        for piece in pieces:
            calls.append(call(piece))
            if len(calls) == n_calls:
                yield from _results(calls)
        while calls:
            yield from _results(calls)
    finally:
        _cancel(calls)


def _results(calls):
    # Not `yield from`, which would close the call of a caller who leaves early.
    for result in calls[0]:  # noqa: UP028
        yield result
    calls.popleft()


def _cancel(calls):
    """Stop what a caller who has left early does not need any more."""
    if calls:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib tells what it cancels
            while calls:
                getattr(calls.pop(), "close", bool)()


def _run_on_dask(backend, function, batches):
    """As joblib does, but joblib waits for ever for a task whose workers died."""
    client = backend.client
    n_ahead = 2 * max(1, sum(client.ncores().values()))
    futures: deque[Any] = deque()
    try:
        with backend.retrieval_context():
            for batch in batches:
                futures.append(client.submit(function, batch, pure=False))
                if len(futures) > n_ahead:
                    yield futures.popleft().result()
            while futures:
                yield futures.popleft().result()
    finally:
        client.cancel(list(futures))


def _run_alone(n_jobs, function, batch):
    """Results of a batch with nothing beside it, if need be photo by photo."""
    deaths = (TerminatedWorkerError, *_killed_on_dask())
    try:
        [result] = _run(n_jobs, function, [batch])
        yield batch, result
        return
    except deaths:
        photos = batch.batches(1)
    for photo in photos:
        try:
            [result] = _run(n_jobs, function, [photo])
        except deaths:
            result = photo.error(0, "its worker died, twice, perhaps out of memory")
        yield photo, result


def _killed_on_dask():
    """What dask raises when several workers in turn have died on a task."""
    dask = sys.modules.get("distributed")
    return (dask.KilledWorker,) if dask else ()
