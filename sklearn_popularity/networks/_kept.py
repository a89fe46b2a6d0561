"""Cache of networks in the process, which drops the least recently used one first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from .._paths import expand_home
from .._process import Turns
from ._backbones import build_network
from ._torch import move_to_device, torch_work
from ._weights import check_weights_file, digest_of

# Size of parameters and buffers together.
_MAX_BYTES = 4 * 2**30


class KeptNetwork:
    """A network that several readers share, with a lock for threads.

    Parameters
    ----------
    module : torch.nn.Module
        Network in evaluation mode, on its device.
    digest : str
        SHA-256 of its weights.

    Attributes
    ----------
    layers : dict
        Layers that `try_layer` has returned.
    """

    def __init__(self, module: Any, digest: str) -> None:
        self.module = module
        self.digest = digest
        self.layers: dict[Hashable, Any] = {}
        self.n_bytes = sum(
            values.numel() * values.element_size()
            for values in chain(module.parameters(), module.buffers())
        )
        self._turns = Turns()

    @contextmanager
    def turn(self) -> Iterator[Any]:
        """Lock the network and yield its module."""
        with self._turns.turn():
            yield self.module


class NetworkShelf:
    """Least recently used cache of networks; the newest one always stays.

    Parameters
    ----------
    max_bytes : int
        Largest size of all networks together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Hashable, KeptNetwork] = OrderedDict()
        self._turns = Turns()

    def take(self, key: Hashable, build: Callable[[], KeptNetwork]) -> KeptNetwork:
        """Return the network of a key, and build it if it is missing."""
        with self._turns.turn():  # a second thread waits for the build
            if key not in self._kept:
                self._kept[key] = build()
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and self._n_bytes() > self._max_bytes:
                self._kept.popitem(last=False)
            return self._kept[key]

    def clear(self) -> None:
        """Drop all networks."""
        self._kept.clear()

    def _n_bytes(self):
        return sum(each.n_bytes for each in self._kept.values())


#: The networks of this process.
shelf = NetworkShelf(_MAX_BYTES)


def load_network(backbone: str, weights: str, seed: int, device: str) -> KeptNetwork:
    """Build a network, or return it from the cache of the process.

    The parameters are those of `NetworkSpec`.
    """
    state = check_weights_file(weights)
    if state is not None:
        weights = str(expand_home(weights).absolute())
    if weights != "random":
        seed = 0  # without effect on other weights

    def build():
        module = build_network(backbone, weights, seed)
        digest = digest_of(module)
        with torch_work():
            return KeptNetwork(move_to_device(module, device), digest)

    return shelf.take((backbone, weights, state, seed, device), build)
