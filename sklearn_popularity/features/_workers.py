"""Batches of photos through worker processes, in order, whichever of them die."""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend

from ..images import ImageError, Photos


def run_in_order(
    n_jobs: int | None,
    function: Callable[[Photos], Any],
    batches: list[Photos],
    lost: Callable[[ImageError], Any],
) -> Iterator[Any]:
    """Apply a function to batches of photos in worker processes.

    When a worker dies, all that was under way is lost, whoever is to blame. These
    batches run again with nothing beside them, and a batch whose worker dies again runs
    photo by photo.

    Parameters
    ----------
    n_jobs : int or None
        Number of worker processes, as joblib counts them.
    function : callable
        What a worker does with a batch.
    batches : list of Photos
        What it does it with.
    lost : callable
        From the error of a photo on which workers die to what stands for its result.

    Yields
    ------
    result : object
        Of each batch, in order, or of each photo of a batch that ran photo by photo.
    """
    n_done = 0
    while n_done < len(batches):
        under_way = _Started(function, batches[n_done:])
        try:
            for result in _run(n_jobs, under_way):
                n_done += 1
                yield result
        except TerminatedWorkerError:
            n_suspects = under_way.n
        except _killed_on_dask():
            n_suspects = 1  # dask knows on which task its workers died
        else:
            return
        for batch in batches[n_done : n_done + n_suspects]:
            n_done += 1
            yield from _run_alone(n_jobs, function, batch, lost)


class _Started:
    """Tasks for joblib, counted as it takes them."""

    def __init__(self, function, batches):
        self._tasks = (delayed(function)(batch) for batch in batches)
        self.n = 0

    def __iter__(self):
        return self

    def __next__(self):
        task = next(self._tasks)
        self.n += 1
        return task


def _run(n_jobs, tasks, n_at_once=64):
    """Results of joblib's tasks one by one, whatever its backend can do."""
    backend, _ = get_active_backend()
    if hasattr(backend, "client"):
        yield from _run_on_dask(backend, tasks)
    elif getattr(backend, "supports_return_generator", False):
        yield from Parallel(n_jobs=n_jobs, return_as="generator")(tasks)
    else:
        # multiprocessing and ray return lists; pieces keep the memory bounded.
        tasks = iter(tasks)
        while piece := list(islice(tasks, n_at_once)):
            yield from Parallel(n_jobs=n_jobs)(piece)


def _run_on_dask(backend, tasks):
    """As joblib does, which however waits for ever for a task whose workers died."""
    client = backend.client
    n_ahead = 2 * max(1, sum(client.ncores().values()))
    futures: deque[Any] = deque()
    try:
        with backend.retrieval_context():
            for function, args, _ in tasks:
                futures.append(client.submit(function, *args, pure=False))
                if len(futures) > n_ahead:
                    yield futures.popleft().result()
            while futures:
                yield futures.popleft().result()
    finally:
        client.cancel(list(futures))


def _run_alone(n_jobs, function, batch, lost):
    """Results of a batch with nothing beside it, if need be photo by photo."""
    deaths = (TerminatedWorkerError, *_killed_on_dask())
    try:
        yield from _run(n_jobs, [delayed(function)(batch)])
        return
    except deaths:
        photos = batch.batches(1)
    for photo in photos:
        try:
            [result] = _run(n_jobs, [delayed(function)(photo)])
        except deaths:
            reason = "its worker died, twice, perhaps out of memory"
            result = lost(photo.error(0, reason))
        yield result


def _killed_on_dask():
    """What dask raises when several workers in turn have died on a task."""
    dask = sys.modules.get("distributed")
    return (dask.KilledWorker,) if dask else ()
