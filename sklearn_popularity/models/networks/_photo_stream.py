"""Squares of photos, batch by batch, read by threads ahead of their use."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import NamedTuple

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray

from ..._ahead import run_ahead
from ...images import Photos
from ...networks import Squares


class PhotoRows(NamedTuple):
    """Training or validation photos."""

    photos: Photos
    target: NDArray
    weight: NDArray

    def take(self, rows: NDArray) -> "PhotoRows":
        """Select rows."""
        return PhotoRows(self.photos.take(rows), self.target[rows], self.weight[rows])


@dataclass(frozen=True)
class RandomViews:
    """Random positions of squares in photos of an epoch, and whether to mirror them.

    A view depends on the seed, the epoch and the row alone, not on the thread that
    reads the photo or on what was read before.

    Parameters
    ----------
    seed : int
        Seed.
    epoch : int
        Number of the epoch.
    """

    seed: int
    epoch: int

    def __call__(self, row: int) -> tuple[tuple[float, float], bool]:
        """Position from (0, 0) to (1, 1), and whether to mirror."""
        left, top, side = np.random.default_rng([self.seed, self.epoch, row]).random(3)
        return (left, top), side < 0.5


@dataclass
class KeptPhotos:
    """Decoded photos, kept for later epochs.

    The first ones are kept, since each epoch reads all of them once.

    Parameters
    ----------
    room : int, default=2**31
        Number of bytes for photos; those that do not fit are decoded again.
    """

    room: int = 2**31
    _images: dict[int, NDArray[np.uint8]] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def read(
        self, row: int, decode: Callable[[], NDArray[np.uint8]]
    ) -> NDArray[np.uint8]:
        """The photo of a row of X, decoded unless it was kept."""
        if row in self._images:
            return self._images[row]
        image = decode()
        with self._lock:
            if image.nbytes <= self.room:
                self.room -= image.nbytes
                self._images[row] = image
        return image


@dataclass(frozen=True)
class PhotoStream:
    """How photos are read and cut into squares.

    Parameters
    ----------
    how : Squares
        How the network takes photos.
    max_size : int or None
        Longest side in pixels; larger photos are reduced first.
    n_jobs : int or None
        Number of threads that read photos, as in joblib.
    kept : KeptPhotos, default=None
        Where decoded photos are kept. None decodes them each time.
    """

    how: Squares
    max_size: int | None
    n_jobs: int | None
    kept: KeptPhotos | None = None

    def batches(
        self,
        photos: Photos,
        parts: Iterable[NDArray[np.intp]],
        views: RandomViews | None = None,
    ) -> Generator[NDArray[np.uint8], None, None]:
        """Yield the squares of each batch.

        Parameters
        ----------
        photos : Photos
            Photos to read.
        parts : iterable of ndarray of int
            Positions of the photos of each batch.
        views : RandomViews, default=None
            Views of the photos; None is the centre of each.

        Yields
        ------
        squares : ndarray of shape (n_photos_of_batch, size, size, 3), uint8

        Raises
        ------
        ImageError
            For a photo that cannot be read.
        """
        tasks = (partial(self._read, photos.take(part), views) for part in parts)
        return run_ahead(tasks, effective_n_jobs(self.n_jobs))

    def _read(self, photos, views):
        squares = []
        for i, row in enumerate(photos.rows):
            place, mirrored = ((0.5, 0.5), False) if views is None else views(int(row))
            decode = partial(photos.read, i, max_size=self.max_size)
            # Pixels in memory would be kept twice.
            is_encoded = not isinstance(photos.items[i], np.ndarray)
            if self.kept is not None and is_encoded:
                image = self.kept.read(int(row), decode)
            else:
                image = decode()
            square = self.how(image, place)
            squares.append(square[:, ::-1] if mirrored else square)
        return np.stack(squares)


def even_parts(order: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    """Cut into parts of at most `size`, whose lengths differ by at most 1."""
    return np.array_split(order, -(-len(order) // size))
