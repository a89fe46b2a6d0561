"""Turns of threads at what a process has one of."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock


class Turns:
    """A lock for the threads of a process, which a forked child finds free.

    The thread that holds it in the parent is not in the child, to release it there.
    """

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):  # Windows does not fork
            os.register_at_fork(after_in_child=self._renew)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for other threads, and let them wait; a thread may nest its turns."""
        with self._lock:
            yield

    def _renew(self):
        self._lock = RLock()
