"""What goes wrong while photos are described, collected into few warnings."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from .._warnings import warn_caller
from ..images import ImageError
from ._cache import CacheWarning

# How many unreadable photos a warning lists.
_N_LISTED = 10


class UnreadablePhotosWarning(UserWarning):
    """Some photos could not be read; their rows of features are NaN.

    Parameters
    ----------
    message : str
        How many photos could not be read, and the reasons of the first of them.
    errors : sequence of ImageError, default=()
        One error per unreadable photo, in the order of rows.

    Attributes
    ----------
    errors : tuple of ImageError
        See Parameters.
    """

    def __init__(self, message: str, errors: Any = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


@dataclass
class Troubles:
    """Errors of photos and faults of caches, collected during a run.

    Attributes
    ----------
    errors : list of ImageError
        One per photo that could not be read.
    faults : set of (path, reason, way out)
        Caches that could not be read or written in full.
    """

    errors: list[ImageError] = field(default_factory=list)
    faults: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, others: "Troubles") -> None:
        """Add the troubles of a part of the run."""
        self.errors += others.errors
        self.faults |= others.faults

    def report(self, n_photos: int, consequence: str) -> None:
        """Warn of all unreadable photos and each cache, unless these are gathered."""
        gathered = _gathered.get()
        if gathered is not None:
            gathered.add(self)
            return
        if self.errors:
            self.errors.sort(key=lambda error: error.row or 0)
            n_errors = len(self.errors)
            lines = [
                f"{n_errors} of {n_photos} photos could not be read; {consequence}:"
            ]
            lines += [f"  {error}" for error in self.errors[:_N_LISTED]]
            if n_errors > _N_LISTED:
                lines.append(f"  and {n_errors - _N_LISTED} more")
            warn_caller(UnreadablePhotosWarning("\n".join(lines), self.errors))
        self.warn_of_faults()

    def warn_of_faults(self) -> None:
        """Warn once of each cache."""
        for path, found in groupby(sorted(self.faults), key=itemgetter(0)):
            _, reasons, ways_out = zip(*found, strict=True)
            warn_caller(
                f"The cache {path!r} could not be used in full: {'; '.join(reasons)}. "
                "Missing rows were computed, and may not have been stored. "
                f"{' '.join(dict.fromkeys(ways_out))}",
                CacheWarning,
            )


_gathered: ContextVar[Troubles | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered_troubles() -> Iterator[Troubles]:
    """Collect the troubles of all transformers in this thread, instead of warning."""
    troubles = Troubles()
    token = _gathered.set(troubles)
    try:
        yield troubles
    finally:
        _gathered.reset(token)
