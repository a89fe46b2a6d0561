"""Work that threads do while its results are used."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_ahead(
    tasks: Iterable[Callable[[], Any]], n_threads: int
) -> Generator[Any, None, None]:
    """Run tasks in threads and yield their results in order.

    Parameters
    ----------
    tasks : iterable of callable
        Functions without arguments.
    n_threads : int
        Number of threads. Each is at most one task ahead of the caller.

    Yields
    ------
    result : object
        What a task returned; an error is raised here.
    """
    pool = ThreadPoolExecutor(n_threads)
    try:
        waiting: deque = deque()
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > n_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
