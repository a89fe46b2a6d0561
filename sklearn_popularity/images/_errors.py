"""The error for unreadable images, and a context that turns Pillow's errors into it."""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from PIL import Image, UnidentifiedImageError

from .._messages import MAX_QUOTED, quote


class ImageError(ValueError):
    """An image that cannot be read, with the reason, and its row and path if known.

    The message names all three: ``row 12, photos/a.jpg: the file is empty``.

    Parameters
    ----------
    reason : str
        What is wrong with the image, and how to fix it if possible.

    path : str or path-like, default=None
        Path or URL that was given; None for pixels and encoded bytes.

    row : int, default=None
        Position of the image in X, from 0; None if it is not known.

    Attributes
    ----------
    reason : str
        See Parameters.

    path : str or path-like or None
        See Parameters.

    row : int or None
        See Parameters.

    See Also
    --------
    read_image : Decode a file or encoded bytes.
    to_rgb8 : Convert an array or a Pillow image.

    Examples
    --------
    >>> from sklearn_popularity.images import ImageError
    >>> error = ImageError("the file is empty", path="photos/a.jpg")
    >>> print(error.at_row(12))
    row 12, photos/a.jpg: the file is empty
    """

    def __init__(
        self,
        reason: str,
        *,
        path: str | os.PathLike[str] | None = None,
        row: int | None = None,
    ) -> None:
        # Only `reason`: pickle calls the class with these and restores the rest.
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.row = row

    def __str__(self) -> str:
        place = []
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.path is not None:
            place.append(_printable(os.fspath(self.path)))
        return f"{', '.join(place)}: {self.reason}" if place else self.reason

    def at_row(self, row: int) -> ImageError:
        """Return a copy of the error with a row.

        Parameters
        ----------
        row : int
            Position of the image in X, from 0.

        Returns
        -------
        error : ImageError
            A new error with the same reason, path and cause.
        """
        error = type(self)(self.reason, path=self.path, row=row)
        error.__cause__ = self.__cause__
        return error


@contextmanager
def decoding_errors() -> Iterator[None]:
    """Turn all errors of Pillow into ImageError, and silence its warnings."""
    try:
        with _pillow_is_silent():
            yield
    except ImageError:
        raise
    except Exception as error:
        raise ImageError(_reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        # Pillow's own text contains the address of a buffer, which differs in each run.
        return "not an image in a format that is read, or its header is broken"
    if isinstance(error, Image.DecompressionBombError):
        return f"the header declares too many pixels ({error})"
    if isinstance(error, MemoryError):
        return "not enough memory to decode the image"
    text = _printable(str(error))
    return f"the image cannot be decoded ({type(error).__name__}: {text})"


def _printable(text: str) -> str:
    # File names that are not UTF-8 hold lone surrogates, which print() refuses.
    fits = len(text) <= MAX_QUOTED and text.isprintable()
    return text if fits else quote(text)


@contextmanager
def _pillow_is_silent() -> Iterator[None]:
    """Ignore the warnings that Pillow and pi_heif issue in this thread.

    `catch_warnings` would reset which warnings were shown already, so that a warning of
    the user would be repeated for each photo. Instead, the filter is inserted into the
    list itself, and removed from it and from a copy that another thread may have made.
    """
    asked = _PillowInThisThread()
    ignore = ("ignore", None, Warning, asked, 0)
    at_first = _filters()
    at_first.insert(0, ignore)
    try:
        yield
    finally:
        asked.thread = None
        for filters in (at_first, _filters()):
            with suppress(ValueError):
                filters.remove(ignore)


class _PillowInThisThread:
    """Pattern of modules: Pillow and pi_heif in one thread, until that is done."""

    def __init__(self) -> None:
        self.thread: int | None = threading.get_ident()

    def match(self, module: str) -> bool:
        of_ours = module.startswith(("PIL.", "pi_heif"))
        return of_ours and threading.get_ident() == self.thread

    def __reduce__(self) -> tuple[Any, ...]:
        # scikit-learn sends filters to its workers, where this one must match nothing.
        return re.compile, ("(?!)",)


def _filters() -> list[Any]:
    # From Python 3.14 on, a context may have its own filters.
    of_context = getattr(warnings, "_get_filters", None)
    return of_context() if of_context else cast("list[Any]", warnings.filters)
