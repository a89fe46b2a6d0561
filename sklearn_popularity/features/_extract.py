"""From a sequence of photos to a matrix: batch, run in parallel, keep rows aligned."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
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

    def run(self, describe: Describe, photos: Photos, n_features: int) -> np.ndarray:
        """Describe every photo.

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
        features = np.empty((len(photos), n_features), dtype=np.float32)
        failures: list[ImageError] = []
        workers = Parallel(n_jobs=self.n_jobs, return_as="generator")
        results = workers(
            delayed(_describe_batch)(describe, batch, n_features, self)
            for batch in photos.batches(self.batch_size)
        )
        start = 0
        with tqdm(total=len(photos), unit="photo", disable=not self.verbose) as bar:
            for rows, errors in results:
                features[start : start + len(rows)] = rows
                failures += errors
                start += len(rows)
                bar.update(len(rows))
        if failures:
            _warn_unreadable(failures, len(photos))
        return features


def _describe_batch(describe, photos, n_features, settings):
    """Features of a few photos, in a worker; unreadable ones are NaN and listed."""
    rows = np.full((len(photos), n_features), np.nan, dtype=np.float32)
    errors = []
    with single_threaded():
        for i in range(len(photos)):
            try:
                image = photos.read(i, max_size=settings.max_size)
            except ImageError as error:
                if settings.on_error == "raise":
                    raise
                errors.append(error)
            else:
                rows[i] = describe(image)
    return rows, errors


def _warn_unreadable(failures, n_photos, n_shown=10):
    listed = "\n".join(f"  {error}" for error in failures[:n_shown])
    if len(failures) > n_shown:
        listed += f"\n  and {len(failures) - n_shown} more"
    warnings.warn(
        f"{len(failures)} of {n_photos} photos could not be read; their rows are "
        f"NaN:\n{listed}",
        UnreadablePhotosWarning,
        stacklevel=4,
    )
