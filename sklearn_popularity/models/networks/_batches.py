"""Batches that networks learn from: rows in memory, or photos that are read."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...networks import import_torch, to_planes, torch_work
from ._photo_stream import PhotoRows, PhotoStream, RandomViews, even_parts


class Rows(NamedTuple):
    """Training or validation rows."""

    inputs: list[NDArray]
    target: NDArray
    weight: NDArray

    def take(self, rows: NDArray) -> "Rows":
        """Select rows."""
        inputs = [values[rows] for values in self.inputs]
        return Rows(inputs, self.target[rows], self.weight[rows])


class RowBatches:
    """Batches of rows in the memory of the device.

    A DataLoader would collect a batch row by row, which takes longer than the step.

    Parameters
    ----------
    rows : Rows
        Their weights are divided by their mean.
    device : str
        Such as "cpu" or "cuda:1".
    batch_size : int, default=None
        Maximum number of rows of a batch, in a random order that torch draws. None is
        one batch of all rows, in order.
    """

    def __init__(self, rows: Rows, device: str, batch_size: int | None = None) -> None:
        weight = (rows.weight / rows.weight.mean()).astype(rows.inputs[0].dtype)
        arrays = [*rows.inputs, rows.target, weight]
        with torch_work(device) as torch:
            # A copy, since torch cannot wrap the read-only memmaps that workers get.
            tensors = [torch.tensor(np.ascontiguousarray(each)) for each in arrays]
            self._tensors = [each.to(device) for each in tensors]
        self._device, self._batch_size = device, batch_size

    def __call__(self, epoch: int) -> Iterator[tuple[Any, tuple[Any, Any]]]:
        """Inputs of the branches, targets and weights of each batch of an epoch."""
        torch, n = import_torch(), len(self._tensors[0])
        order = torch.arange(n) if self._batch_size is None else torch.randperm(n)
        for rows in order.to(self._device).split(self._batch_size or n):
            *inputs, target, weight = (values[rows] for values in self._tensors)
            yield tuple(inputs), (target, weight)


@dataclass(frozen=True)
class PhotoBatches:
    """Batches of photos that are read again in every epoch.

    The order, views and dropout of an epoch depend on the seed and the number of the
    epoch alone, so that training can resume after any epoch as if it had not been
    interrupted.

    Parameters
    ----------
    rows : PhotoRows
        Their weights are divided by their mean.
    stream : PhotoStream
        How photos are read.
    device : str
        Such as "cpu" or "cuda:1".
    batch_size : int
        Maximum number of photos of a batch.
    seed : int, default=None
        Seed. None takes the centres of the photos, in their order.
    augment : bool, default=False
        Whether each epoch takes a random view of each photo.
    """

    rows: PhotoRows
    stream: PhotoStream
    device: str
    batch_size: int
    seed: int | None = None
    augment: bool = False

    def __call__(self, epoch: int) -> Iterator[tuple[Any, tuple[Any, Any]]]:
        """Planes, targets and weights of each batch of an epoch."""
        torch, (photos, target, weight) = import_torch(), self.rows
        order, views = np.arange(len(photos)), None
        if self.seed is not None:
            rng = np.random.default_rng([self.seed, epoch])
            order = rng.permutation(len(photos))
            torch.manual_seed(int(rng.integers(2**63)))
            views = RandomViews(self.seed, epoch) if self.augment else None
        weight = (weight / weight.mean()).astype(np.float32)
        target, weight = (
            torch.tensor(each, device=self.device) for each in (target, weight)
        )
        parts = even_parts(order, self.batch_size)
        with closing(self.stream.batches(photos, parts, views)) as batches:
            for part, squares in zip(parts, batches, strict=True):
                at = torch.from_numpy(part).to(self.device)
                planes = to_planes(squares, self.stream.how, self.device)
                yield planes, (target[at], weight[at])
