"""Random numbers of torch, which has one generator for all of a process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..._optional import import_optional
from ._turns import Turns

_drawing = Turns()


@contextmanager
def own_randomness(device: str, user: str) -> Iterator[None]:
    """Leave the random numbers that others draw from torch alone; other threads wait.

    A seed would decide nothing if two threads drew from torch's one generator in turn.

    Parameters
    ----------
    device : str
        Such as "cpu" or "cuda", whose generators are put back too.
    user : str
        Who needs torch, for the error if it is missing.
    """
    torch: Any = import_optional("torch", user)
    devices = range(torch.cuda.device_count()) if device.startswith("cuda") else []
    with _drawing.turn(), torch.random.fork_rng(devices):
        yield
