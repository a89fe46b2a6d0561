"""From a sequence of photos to a matrix: batch, run in parallel, keep rows aligned."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from tqdm import tqdm

from ..images import ImageError, Photos
from ._threads import single_threaded

Describe = Callable[[np.ndarray], np.ndarray]


class UnreadablePhotosWarning(UserWarning):
    """Some photos could not be read; their rows of features are NaN."""


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
    verbose : bool
        Show a progress bar.
    """

    max_size: int | None
    n_jobs: int | None
    batch_size: int
    on_error: str
    verbose: bool

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
        consequence = "their rows are NaN"
        described = self.map(_AsFloat32(describe), photos, consequence)
        for i, description in enumerate(described):
            if description is not None:
                features[i] = description
        return features

    def map(self, function: Callable, photos: Photos, consequence: str) -> Iterator:
        """Apply a function to every photo, in worker processes.

        Parameters
        ----------
        function : callable
            From one uint8 image of shape (height, width, 3) to anything picklable.
        photos : Photos
            What to apply it to.
        consequence : str
            What it means that a photo cannot be read, for the warning.

        Yields
        ------
        result : object
            In the order of `photos`; None for a photo that cannot be read.
        """
        failures: list[ImageError] = []
        batches = _run_in_order(
            self.n_jobs,
            [
                delayed(_map_batch)(function, batch, self)
                for batch in photos.batches(self.batch_size)
            ],
        )
        with tqdm(total=len(photos), unit="photo", disable=not self.verbose) as bar:
            for results, errors in batches:
                failures += errors
                bar.update(len(results))
                yield from results
        if failures:
            _warn_unreadable(failures, len(photos), consequence)


def _run_in_order(n_jobs, tasks, n_at_once=64):
    """Results of joblib's tasks one by one, whatever its backend can do."""
    backend, _ = get_active_backend()
    if getattr(backend, "supports_return_generator", False):
        yield from Parallel(n_jobs=n_jobs, return_as="generator")(tasks)
        return
    # multiprocessing and ray return lists; pieces keep the memory bounded.
    for start in range(0, len(tasks), n_at_once):
        yield from Parallel(n_jobs=n_jobs)(tasks[start : start + n_at_once])


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
    with single_threaded():
        for i in range(len(photos)):
            try:
                image = photos.read(i, max_size=settings.max_size)
            except ImageError as error:
                if settings.on_error == "raise":
                    raise
                errors.append(error)
                results.append(None)
            else:
                results.append(function(image))
    return results, errors


def _warn_unreadable(failures, n_photos, consequence, n_shown=10):
    listed = "\n".join(f"  {error}" for error in failures[:n_shown])
    if len(failures) > n_shown:
        listed += f"\n  and {len(failures) - n_shown} more"
    warnings.warn(
        f"{len(failures)} of {n_photos} photos could not be read; {consequence}:\n"
        f"{listed}",
        UnreadablePhotosWarning,
        stacklevel=7,  # who called transform
    )
