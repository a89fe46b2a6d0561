"""Locks, process-wide settings and cancellable tasks, which survive a fork."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_SECONDS = 2  # between two looks at the parent


class Turns:
    """A lock for the threads of a process that is free again in a forked child.

    The child lacks the thread that holds it in the parent, so nobody would release it.
    """

    def __init__(self) -> None:
        self._renew()
        _after_fork(self._renew)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the lock; the same thread may hold it again."""
        with self._lock:
            yield

    def _renew(self):
        self._lock = threading.RLock()


class SharedSetting:
    """A setting of the process that holds as long as any thread needs it.

    The first thread makes it and the last one undoes it. If each thread restored what
    it found, the last one could restore the setting of another thread.

    Parameters
    ----------
    make : callable
        Returns a context manager in which the setting holds.
    """

    def __init__(self, make: Callable[[], AbstractContextManager]) -> None:
        self._make = make
        self._inside: dict[int, int] = {}  # depth of nesting of each thread
        self._restore = ExitStack()
        self._lock = threading.Lock()
        _after_fork(self._forget_other_threads)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the setting; threads may overlap and nest."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self):
        me = threading.get_ident()
        with self._lock:
            if not self._inside:
                self._restore.enter_context(self._make())
            self._inside[me] = self._inside.get(me, 0) + 1

    def _leave(self):
        me = threading.get_ident()
        with self._lock:
            self._inside[me] -= 1
            if not self._inside[me]:
                del self._inside[me]
            if not self._inside:
                self._restore.close()

    def _forget_other_threads(self):
        """Keep only the thread that forked, which alone continues in the child."""
        me = threading.get_ident()
        was_held = bool(self._inside)
        self._lock = threading.Lock()
        self._inside = {t: depth for t, depth in self._inside.items() if t == me}
        if was_held and not self._inside:
            self._restore.close()


class WhileWanted(NamedTuple):
    """A function that does nothing once a file is gone.

    A worker process that runs it ends when its parent is killed, which joblib's workers
    would outlive by minutes. It is in this module, which is fast to import, since
    workers import it to start.
    """

    function: Callable[[Any], Any]
    path: str
    parent: int

    def __call__(self, batch):
        if os.getppid() == self.parent:  # not so in a thread of the caller
            _end_with(self.parent)
        return self.function(batch) if Path(self.path).exists() else None


@cache
def _end_with(parent):
    """Start a thread that ends this process once its parent is gone."""

    def watch():
        while os.getppid() == parent:
            time.sleep(_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _after_fork(function):
    if hasattr(os, "register_at_fork"):  # Windows does not fork
        os.register_at_fork(after_in_child=function)
