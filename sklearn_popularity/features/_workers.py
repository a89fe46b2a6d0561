"""Run batches of photos in worker processes, in order, and survive their death."""

import os
import sys
import warnings
from collections import deque
from collections.abc import Callable, Generator
from copy import copy
from functools import partial
from itertools import islice
from tempfile import NamedTemporaryFile
from typing import Any

from joblib import Parallel, delayed, effective_n_jobs
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend

from .._ahead import run_ahead
from .._process import WhileWanted
from ..images import Photos

# Batches per worker that run or whose results wait for the caller.
_N_PER_WORKER = 4


def run_in_order(
    n_jobs: int | None,
    function: Callable[[Photos], Any],
    batches: list[Photos],
    *,
    ahead: bool = False,
) -> Generator[tuple[Photos, Any], None, None]:
    """Apply a function to batches of photos in worker processes.

    At most four results per worker wait for a slow caller. If a worker dies, all
    running batches are lost, whichever of them killed it. Each of these batches runs
    again alone, and photo by photo if its worker dies again. A single batch runs in the
    calling process.

    Parameters
    ----------
    n_jobs : int or None
        Number of worker processes, as in joblib.
    function : callable
        Function of one batch.
    batches : list of Photos
        Arguments of the function.
    ahead : bool, default=False
        Whether, with one worker, a thread computes the next result while the caller
        waits for another device, such as a GPU.

    Yields
    ------
    batch : Photos
        Each batch in order; single photos of a batch that ran photo by photo.
    result : object
        What the function returned; an ImageError for a photo that kills workers.
    """
    if starts_nothing(n_jobs, batches):
        if ahead:
            tasks = (partial(function, batch) for batch in batches)
            yield from zip(batches, run_ahead(tasks, 1), strict=True)
            return
        for batch in batches:
            yield batch, function(batch)
        return
    n_workers = effective_n_jobs(n_jobs)
    waiting = deque(batches)
    while waiting:
        n_suspects = 0
        try:
            for result in _run(n_jobs, function, list(waiting)):
                yield waiting.popleft(), result
        except TerminatedWorkerError:
            n_suspects = _N_PER_WORKER * n_workers
        except _killed_on_dask():
            n_suspects = 1  # dask names the task that killed its workers
        for _ in range(min(n_suspects, len(waiting))):
            yield from _run_alone(n_jobs, function, waiting.popleft())


def starts_nothing(n_jobs: int | None, batches: list[Photos]) -> bool:
    """Whether the calling process does the work: starting another takes seconds."""
    backend, _ = get_active_backend()
    alone = len(batches) <= 1 or effective_n_jobs(n_jobs) == 1
    return alone and not hasattr(backend, "client")


def _run(n_jobs, function, batches):
    """Results one by one, from any backend of joblib."""
    backend, _ = get_active_backend()
    if hasattr(backend, "client"):
        yield from _run_on_dask(backend, function, batches)
        return
    # Two calls overlap, unless they return lists (multiprocessing and ray) or would use
    # twice as many threads.
    generates = backend.supports_return_generator
    n_calls = 2 if generates and not getattr(backend, "uses_threads", False) else 1
    n_workers = effective_n_jobs(n_jobs)
    size = _N_PER_WORKER * n_workers // n_calls

    def call(start):
        # A backend of its own: each call closes its backend.
        parallel = Parallel(
            n_jobs=n_workers,
            backend=copy(backend),
            return_as="generator" if generates else "list",
        )
        piece = batches[start : start + size]
        return parallel(delayed(task)(batch) for batch in piece)

    with NamedTemporaryFile(prefix="sklearn-popularity-") as wanted:
        task = WhileWanted(function, wanted.name, os.getpid())
        yield from _run_calls(map(call, range(0, len(batches), size)), n_calls, wanted)


def _run_calls(calls, n_at_once, wanted):
    """Results of joblib, without letting it run ahead of a slow caller."""
    running: deque[Any] = deque()
    try:
        running.extend(islice(calls, n_at_once))
        while running:
            # Not `yield from`, which would close the call if the caller leaves early.
            for result in running[0]:  # noqa: UP028
                yield result
            running.popleft()
            running.extend(islice(calls, 1))
    except GeneratorExit:
        # Closing a call would kill workers while loky's thread still submits work.
        # Without the file, workers skip the remaining batches, and the calls end.
        wanted.close()
        for call in running:
            deque(call, maxlen=0)
        raise
    except BaseException:
        _cancel(running)
        raise


def _cancel(calls):
    """Cancel running calls after an error of a worker or an interrupt."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib warns of what it cancels
        while calls:  # the last first: it has not begun to yield results
            call = calls.pop()
            if not isinstance(call, list):
                call.close()


def _run_on_dask(backend, function, batches):
    """Results from dask; joblib itself would wait for ever for a killed task."""
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
            # After an error, the caller may have closed the client.
            if client.status == "running":
                client.cancel(list(running))


def _run_alone(n_jobs, function, batch):
    """Results of a batch that runs alone, and photo by photo if its worker dies."""
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
    """The error that dask raises when a task has killed several workers in turn."""
    dask = sys.modules.get("distributed")
    return (dask.KilledWorker,) if dask else ()
