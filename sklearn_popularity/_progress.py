"""How far a run is: bars of its own, or whatever a caller shows of its steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tqdm import tqdm

_shown: ContextVar[Callable[[str, int], Any] | None] = ContextVar("shown", default=None)


@contextmanager
def shown_by(show: Callable[[str, int], Any]) -> Iterator[None]:
    """Let a caller show the steps of all that this thread runs.

    Parameters
    ----------
    show : callable
        From the name of a step and the number of its parts to a context manager with
        ``update(n)``.
    """
    token = _shown.set(show)
    try:
        yield
    finally:
        _shown.reset(token)


def progress(name: str, total: int, unit: str, *, verbose: bool) -> Any:
    """What is told how far a step is: the caller's, or a bar if `verbose`."""
    show = _shown.get()
    if show is not None:
        return show(name, total)
    return tqdm(total=total, desc=name, unit=unit, disable=not verbose)
