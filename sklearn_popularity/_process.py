"""What a process has one of, in turns or while any thread needs it; and tasks."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple


class Turns:
    """A lock for the threads of a process, which a forked child finds free.

    The thread that holds it in the parent is not in the child, to release it there.
    """

    def __init__(self) -> None:
        self._renew()
        _after_fork(self._renew)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for other threads, and let them wait; a thread may nest its turns."""
        with self._lock:
            yield

    def _renew(self):
        self._lock = threading.RLock()


class SharedSetting:
    """A setting of the process, made by the first thread that needs it.

    The last to leave takes it back: if each thread restored what it found, the last
    could restore the setting of another.

    Parameters
    ----------
    make : callable
        Returns a context in which the setting holds.
    """

    def __init__(self, make: Callable[[], AbstractContextManager]) -> None:
        self._make = make
        self._inside: dict[int, int] = {}  # how deep each thread is
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
        """Only the thread that forked goes on in the child."""
        me = threading.get_ident()
        was_held = bool(self._inside)
        self._lock = threading.Lock()
        self._inside = {t: depth for t, depth in self._inside.items() if t == me}
        if was_held and not self._inside:
            self._restore.close()


class WhileWanted(NamedTuple):
    """A function that is not called any more once a file is gone.

    It stands here so that a worker, who imports where it is from, starts in no time.
    """

    function: Callable[[Any], Any]
    path: str

    def __call__(self, batch):
        return self.function(batch) if Path(self.path).exists() else None


def _after_fork(function):
    if hasattr(os, "register_at_fork"):  # Windows does not fork
        os.register_at_fork(after_in_child=function)
