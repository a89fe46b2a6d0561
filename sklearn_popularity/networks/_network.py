"""A network read at a layer: squares of pixels in, one vector for each out."""

from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from .._warnings import warn_caller
from ._backbones import build_network
from ._kept import KeptNetwork, load_network
from ._layers import read_layer, try_layer
from ._squares import Squares, to_planes
from ._torch import import_torch, torch_work

# By backbone, layer and size, for as many classes as the backbone has.
_widths: dict[tuple[str, str, int], int] = {}


@dataclass(frozen=True)
class NetworkSpec:
    """What decides the output of a network, apart from the photos.

    Parameters
    ----------
    backbone, weights, layer : str
        See :class:`CNNEmbedder`.
    seed : int
        Of random weights.
    device : str
        Such as "cpu" or "cuda".
    precision : {"float32", "bfloat16", "float16"}
        Of the computation; results are float32.
    squares : Squares
        What is done to the photos.
    flip : bool
        Average over each photo and its mirror image.
    """

    backbone: str
    weights: str
    layer: str
    seed: int
    device: str
    precision: str
    squares: Squares
    flip: bool


class LayerReader:
    """A function from squares to vectors of a layer of a network.

    Parameters
    ----------
    spec : NetworkSpec
        What is computed.
    network : KeptNetwork, default=None
        The network; None takes the one that the process keeps, or builds it.

    Attributes
    ----------
    n_features : int
        Length of a vector.
    digest : str
        SHA-256 of the weights.
    settings : tuple
        What decides the vectors, apart from the squares.
    """

    def __init__(self, spec: NetworkSpec, network: KeptNetwork | None = None) -> None:
        self._spec = spec
        self._network = network or load_network(
            spec.backbone, spec.weights, spec.seed, spec.device
        )
        self._layer = self._find_layer()
        self.n_features = self._layer.n_features
        self.digest = self._network.digest
        self.settings = (self.digest, *_settings(spec))

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Vectors of squares of shape (n, size, size, 3)."""
        torch = import_torch()
        try:
            return self._forward(batch)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
            half = len(batch) // 2
        # Outside of the handler, which would keep the failed batch in memory.
        torch.cuda.empty_cache()
        warn_caller(
            f"A batch of {len(batch)} photos does not fit into the memory of "
            f"{self._spec.device!r} and is halved. Pass batch_size={half} or less."
        )
        return np.concatenate([self(batch[:half]), self(batch[half:])])

    def _forward(self, batch):
        spec = self._spec
        with (
            self._network.turn() as module,
            torch_work(spec.device, spec.precision, gradients=False),
        ):
            pixels = to_planes(batch, spec.squares, spec.device)
            vectors = read_layer(module, self._layer, pixels)
            if spec.flip:
                mirrored = read_layer(module, self._layer, pixels.flip(-1))
                vectors = (vectors + mirrored) / 2
            return vectors.cpu().numpy()

    def _find_layer(self):
        """The layer, which is tried once in the life of the network."""
        spec, side = self._spec, self._spec.squares.size
        known = self._network.layers
        key = (spec.layer, side, spec.precision)
        if key not in known:
            black = np.zeros((1, side, side, 3), np.uint8)
            try:
                with (
                    self._network.turn() as module,
                    torch_work(spec.device, spec.precision, gradients=False),
                ):
                    pixels = to_planes(black, spec.squares, spec.device)
                    known[key] = try_layer(module, spec.layer, pixels)
            except (RuntimeError, AssertionError) as error:
                raise ValueError(
                    f"{spec.backbone!r} cannot see squares of size={side} on the "
                    f"device {spec.device!r}: {error}. Pass another size= or device=."
                ) from error
        if spec.weights in ("pretrained", "random"):
            _widths[spec.backbone, spec.layer, side] = known[key].n_features
        return known[key]


def _settings(spec):
    """What decides the vectors, apart from the weights and the squares."""
    kind = spec.device.split(":")[0]
    packages = ["torch", "timm" if spec.backbone.startswith("timm/") else "torchvision"]
    versions = [_version(package) for package in packages]
    return (replace(spec, weights="", seed=0, device=kind), *versions)


# Looking it up reads files.
_version = lru_cache(version)


def width_of(backbone: str, layer: str, squares: Squares) -> int:
    """Length of the vectors of a layer with published weights, without a download.

    Where it is not known yet, a network with random weights tells it, and goes again.
    """
    if (backbone, layer, squares.size) not in _widths:
        spec = NetworkSpec(
            backbone, "random", layer, 0, "cpu", "float32", squares, False
        )
        LayerReader(spec, KeptNetwork(build_network(backbone, "random", 0), digest=""))
    return _widths[backbone, layer, squares.size]
