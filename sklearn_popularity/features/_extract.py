"""From a sequence of photos to a matrix: batch, run in parallel, keep rows aligned."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from tqdm import tqdm

from ..images import ImageError, Photos
from ._cache import CacheFault, RowCache
from ._threads import single_threaded
from ._workers import run_in_order

Describe = Callable[[np.ndarray], np.ndarray]


class UnreadablePhotosWarning(UserWarning):
    """Some photos could not be read; their rows of features are NaN.

    Parameters
    ----------
    message : str
        What happened, with the first of them.
    errors : sequence of ImageError, default=()
        One per photo, in the order of their rows.

    Attributes
    ----------
    errors : tuple of ImageError
        See Parameters.
    """

    def __init__(self, message: str, errors: Sequence[ImageError] = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


@dataclass(frozen=True)
class Extraction:
    """How photos are turned into features, apart from what is computed.

    Parameters
    ----------
    max_size : int or None
        Longest side of the photo that is described, in pixels.
    n_jobs : int or None
        Number of worker processes, as joblib counts them.
    batch_size : int
        Photos handed to a worker at a time; memory grows with it, never with n.
    on_error : {"raise", "nan"}
        Stop at a photo that cannot be read, or fill its row with NaN and warn.
    progress : str or None
        What to call the progress bar; None shows none.
    cache : RowCache
        Rows that were described before; by default none are kept.
    """

    max_size: int | None
    n_jobs: int | None
    batch_size: int
    on_error: str
    progress: str | None
    cache: RowCache = field(default_factory=RowCache)

    def describe(
        self, describe: Describe, photos: Photos, n_features: int
    ) -> NDArray[np.float32]:
        """Describe every photo by a row of numbers.

        Parameters
        ----------
        describe : callable
            From one uint8 image of shape (height, width, 3) to `n_features` numbers.
            It has to be picklable, and its result to depend on the image alone.
        photos : Photos
            What to describe.
        n_features : int
            Length of one description.

        Returns
        -------
        features : ndarray of shape (len(photos), n_features), float32
            In the order of `photos`.

        Raises
        ------
        ImageError
            With ``on_error="raise"``, for a photo that cannot be read.
        """
        features = np.full((len(photos), n_features), np.nan, dtype=np.float32)
        order = self._order(len(photos))
        if not isinstance(order, range):
            photos = photos.take(order)
        described = self.map(_AsFloat32(describe), photos)
        for i, description in zip(order, described, strict=True):
            if description is not None:
                features[i] = description
        return features

    def map(
        self,
        function: Callable,
        photos: Photos,
        consequence: str = "they have no features (NaN)",
    ) -> Iterator:
        """Apply a function to every photo, in worker processes.

        Parameters
        ----------
        function : callable
            From one uint8 image of shape (height, width, 3) to anything picklable.
        photos : Photos
            What to apply it to.
        consequence : str, default="they have no features (NaN)"
            What comes of photos that cannot be read, for the warning.

        Yields
        ------
        result : object
            In the order of `photos`; None for a photo that cannot be read.
        """
        failures: list[ImageError] = []
        batches = run_in_order(
            self.n_jobs,
            partial(_map_batch, function, settings=self),
            photos.batches(self.batch_size),
            partial(_lost, settings=self),
        )
        bar = tqdm(
            total=len(photos),
            desc=self.progress,
            unit="photo",
            disable=self.progress is None,
        )
        with bar:
            for results, errors in batches:
                for error in errors:
                    if isinstance(error, CacheFault):
                        self.cache.faults.append(error)
                    else:
                        failures.append(error)
                bar.update(len(results))
                yield from results
        if failures:
            _warn_unreadable(failures, len(photos), consequence)

    def _order(self, n_photos):
        """Positions of photos, in the order in which they are described.

        Processes that start together on the same photos, as those of a grid search do,
        take batches in orders of their own: they meet in the cache and share the work.
        """
        backend, _ = get_active_backend()
        if self.cache.path is None or backend.nesting_level == 0:
            return range(n_photos)
        starts = list(range(0, n_photos, self.batch_size))
        Random(os.getpid()).shuffle(starts)
        return [
            i
            for start in starts
            for i in range(start, min(start + self.batch_size, n_photos))
        ]


@dataclass(frozen=True)
class _AsFloat32:
    """Send half as many bytes from a worker as float64 would take."""

    describe: Describe

    def __call__(self, image):
        return np.asarray(self.describe(image), dtype=np.float32)


def _map_batch(function, photos, settings):
    """Results for a few photos, in a worker; those unreadable are None and listed."""
    results: list[Any] = []
    errors: list[ImageError] = []
    with single_threaded(), settings.cache.opened() as rows:
        for i in range(len(photos)):
            try:
                results.append(rows.result(photos, i, function, settings.max_size))
            except ImageError as error:
                if settings.on_error == "raise":
                    raise
                errors.append(error)
                results.append(None)
    return results, errors + rows.faults


def _lost(error, settings):
    """Results for a photo that no worker survives, as of `_map_batch`."""
    if settings.on_error == "raise":
        raise error
    return [None], [error]


def _warn_unreadable(failures, n_photos, consequence, n_shown=10):
    failures = sorted(failures, key=lambda error: error.row)
    listed = "\n".join(f"  {error}" for error in failures[:n_shown])
    if len(failures) > n_shown:
        listed += f"\n  and {len(failures) - n_shown} more"
    message = (
        f"{len(failures)} of {n_photos} photos could not be read; {consequence}:\n"
        f"{listed}"
    )
    warnings.warn(
        UnreadablePhotosWarning(message, failures),
        stacklevel=7,  # who called transform
    )
