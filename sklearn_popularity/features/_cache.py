"""Rows of features that outlive a run: what was described before is looked up."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._warnings import warn_caller
from ._cache_keys import NotCacheableError, photo_key, settings_digest
from ._cache_store import FAULTS, CacheFault, RowStore, prepare_file


class CacheWarning(UserWarning):
    """A cache could not be used in full; what it lacked was computed."""


@dataclass(frozen=True)
class RowCache:
    """The rows of a transformer, and the file in which they are kept.

    Parameters
    ----------
    kind : str
        Name of the transformer, for those who look into the file.
    n_numbers : int or None
        Length of a row; None where descriptions are no rows.
    path : str or None, default=None
        File; None keeps nothing.
    settings : bytes
        Digest of what decides a row, apart from the photo.
    """

    kind: str
    n_numbers: int | None
    path: str | None = None
    settings: bytes = b""

    @classmethod
    def of(
        cls,
        transformer: Any,
        n_numbers: int,
        path: str | PathLike[str] | None,
        settings: Any,
    ) -> "RowCache":
        """The rows of a transformer with all that decides them, apart from the photo.

        Raises
        ------
        ValueError
            If the settings hold what cannot be told apart from others.
        """
        kind = type(transformer).__name__
        if path is None:
            return cls(kind, n_numbers)
        try:
            digest = settings_digest(type(transformer), n_numbers, settings)
        except NotCacheableError as error:
            raise ValueError(
                f"Got cache={fspath(path)!r}, but rows of {kind} cannot be kept: "
                f"{error}. Compute them by functions, partial functions or dataclasses "
                "of a module, or pass cache=None."
            ) from error
        # Workers may be elsewhere.
        return cls(kind, n_numbers, str(Path(path).absolute()), digest)

    def prepare(self) -> list[CacheFault]:
        """Make the file where there is none; say what is wrong with it."""
        try:
            if self.path is not None:
                prepare_file(self.path)
        except FAULTS as error:
            return [CacheFault.of(self.path, "opened", error)]
        return []

    @contextmanager
    def opened(self) -> Iterator[RowStore]:
        """The rows, for one thread; what is new is written at the end."""
        store = RowStore(self.path, self.kind, self.n_numbers)
        try:
            yield store
        finally:
            store.close()

    def key(self, content: bytes | NDArray[np.uint8]) -> bytes:
        """What the row of a photo is known by; empty where none is kept."""
        return b"" if self.path is None else photo_key(self.settings, content)

    def check_rows(self, rows: ArrayLike) -> NDArray[np.float32]:
        """Rows as they are kept, in half of the bytes that float64 would take.

        Raises
        ------
        ValueError
            If they have another length than there are names.
        """
        rows = np.asarray(rows, dtype=np.float32)
        if rows.shape[1:] != (self.n_numbers,):
            raise ValueError(
                f"{self.kind} described a photo by an array of shape {rows.shape[1:]}, "
                f"but it has {self.n_numbers} names of features. Return one number per "
                "name."
            )
        return rows


def warn_of_faults(faults: Iterable[CacheFault]) -> None:
    """One warning per cache that could not be used in full."""
    reasons: dict[str, dict[str, None]] = {}
    for path, reason in faults:
        reasons.setdefault(path, {})[reason] = None
    for path, found in reasons.items():
        warn_caller(
            f"The cache {path!r} could not be used in full: {'; '.join(found)}. What "
            "it lacked was computed and may not have been kept. See "
            "`sklearn-popularity cache verify`, or delete the file.",
            CacheWarning,
        )
