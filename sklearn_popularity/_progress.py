"""Progress of a run: a bar, or what a caller shows instead."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tqdm import tqdm

_shown: ContextVar[Callable[[str, int], Any] | None] = ContextVar("shown", default=None)


@contextmanager
def shown_by(show: Callable[[str, int], Any]) -> Iterator[None]:
    """Replace the progress bars of this thread.

    `show` takes the name of a step and the number of its parts, and returns a context
    manager with ``update(n)``.
    """
    token = _shown.set(show)
    try:
        yield
    finally:
        _shown.reset(token)


def progress(name: str, total: int, unit: str, *, verbose: bool) -> Any:
    """A progress bar if `verbose`, or what `shown_by` has set."""
    show = _shown.get()
    if show is not None:
        return show(name, total)
    return tqdm(total=total, desc=name, unit=unit, disable=not verbose)
