"""Batches of photos through worker processes, in order, whichever of them die."""

import sys
import warnings
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from itertools import islice
from tempfile import NamedTemporaryFile
from typing import Any

from joblib import Parallel, delayed, effective_n_jobs
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend

from .._process import WhileWanted
from ..images import Photos

# Batches per worker that are under way or wait for the caller.
_N_PER_WORKER = 4


def run_in_order(
    n_jobs: int | None,
    function: Callable[[Photos], Any],
    batches: list[Photos],
    *,
    ahead: bool = False,
) -> Generator[tuple[Photos, Any], None, None]:
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
    ahead : bool, default=False
        Whether a single worker is a thread, which makes the next result while the
        caller is busy with one and waits for another device.

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
        if ahead:
            yield from _run_ahead(function, batches)
            return
        for batch in batches:
            yield batch, function(batch)
        return
    waiting = deque(batches)
    while waiting:
        n_suspects = 0
        try:
            for result in _run(n_jobs, function, list(waiting)):
                yield waiting.popleft(), result
        except TerminatedWorkerError:
            n_suspects = _N_PER_WORKER * n_workers
        except _killed_on_dask():
            n_suspects = 1  # dask knows on which task its workers died
        for _ in range(min(n_suspects, len(waiting))):
            yield from _run_alone(n_jobs, function, waiting.popleft())


def _run_ahead(function, batches):
    """Results of a thread, which makes the next one while the caller is busy."""
    with ThreadPoolExecutor(1) as thread:
        running = [thread.submit(function, each) for each in batches[:1]]
        for i, batch in enumerate(batches, start=1):
            result = running.pop().result()
            running += [thread.submit(function, each) for each in batches[i : i + 1]]
            yield batch, result


def _run(n_jobs, function, batches):
    """Results one by one, whatever the backend of joblib can do."""
    backend, _ = get_active_backend()
    if hasattr(backend, "client"):
        yield from _run_on_dask(backend, function, batches)
        return
    # multiprocessing and ray return lists, and threads of two calls are twice as many.
    generates = backend.supports_return_generator
    n_calls = 2 if generates and not getattr(backend, "uses_threads", False) else 1
    n_workers = effective_n_jobs(n_jobs)
    size = _N_PER_WORKER * n_workers // n_calls

    def call(start):
        # A backend of its own, since each call tidies up what it used.
        parallel = Parallel(
            n_jobs=n_workers,
            backend=copy(backend),
            return_as="generator" if generates else "list",
        )
        piece = batches[start : start + size]
        return parallel(delayed(task)(batch) for batch in piece)

    with NamedTemporaryFile(prefix="sklearn-popularity-") as wanted:
        task = WhileWanted(function, wanted.name)
        yield from _run_calls(map(call, range(0, len(batches), size)), n_calls, wanted)


def _run_calls(calls, n_at_once, wanted):
    """Results of joblib, which by itself would run ahead of a slow caller for ever."""
    running: deque[Any] = deque()
    try:
        running.extend(islice(calls, n_at_once))
        while running:
            # Not `yield from`, which would close the call of a caller who leaves early.
            for result in running[0]:  # noqa: UP028
                yield result
            running.popleft()
            running.extend(islice(calls, 1))
    except GeneratorExit:
        # Calls that are closed kill workers while loky's thread still hands out work:
        # those under way end by themselves, as soon as no further batch is wanted.
        wanted.close()
        for call in running:
            deque(call, maxlen=0)
        raise
    except BaseException:
        _cancel(running)
        raise


def _cancel(calls):
    """Stop what nobody needs any more, after an error of a worker or an interrupt."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib tells what it cancels
        while calls:  # the last first, which has not begun to give results
            call = calls.pop()
            if not isinstance(call, list):
                call.close()


def _run_on_dask(backend, function, batches):
    """As joblib does, but joblib waits for ever for a task whose workers died."""
    client = backend.client
    n_ahead = 2 * max(1, sum(client.ncores().values()))
    futures = (client.submit(function, batch, pure=False) for batch in batches)
    with backend.retrieval_context():
        running = deque(islice(futures, n_ahead))
        try:
            while running:
                yield running.popleft().result()
                running.extend(islice(futures, 1))
        finally:
            # A caller may come back after an error once the client is closed.
            if client.status == "running":
                client.cancel(list(running))


def _run_alone(n_jobs, function, batch):
    """Results of a batch with nothing beside it, if need be photo by photo."""
    try:
        [result] = _run(n_jobs, function, [batch])
    except (TerminatedWorkerError, *_killed_on_dask()):
        if len(batch) > 1:
            for photo in batch.batches(1):
                yield from _run_alone(n_jobs, function, photo)
            return
        result = batch.error(0, "its worker died, twice, perhaps out of memory")
    yield batch, result


def _killed_on_dask():
    """What dask raises when several workers in turn have died on a task."""
    dask = sys.modules.get("distributed")
    return (dask.KilledWorker,) if dask else ()
