"""Work that threads do while its results are used."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_ahead(
    tasks: Iterable[Callable[[], Any]], n_threads: int
) -> Generator[Any, None, None]:
    """Run tasks in threads, each at most one ahead, and yield results in order."""
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
