"""Vectors of images from layers of a network."""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from sys import maxsize

import numpy as np
from numpy.typing import NDArray

from .._warnings import warn_caller
from ._backbones import build_network
from ._kept import KeptNetwork, load_network
from ._layers import Columns, Layer, columns_of, read_layers, try_layer
from ._plausible import OutputCheck
from ._squares import Squares, to_planes
from ._torch import import_torch, torch_work

# Layers without their modules, by backbone, name and size of the input.
_widths: dict[tuple[str, str, int], Layer] = {}


@dataclass(frozen=True)
class NetworkSpec:
    """Everything that determines the output of a network, apart from the photos.

    Parameters
    ----------
    backbone, weights : str
        See :class:`CNNEmbedder`.
    layers : tuple of str
        Names of layers, whose vectors are concatenated.
    pooling : tuple of {"mean", "std"}
        Statistics over the positions of maps, or over tokens.
    seed : int
        Seed of random weights.
    device : str
        Device, such as "cpu" or "cuda".
    precision : {"float32", "bfloat16", "float16"}
        Dtype of the computation; results are float32.
    squares : Squares
        Preprocessing of the photos.
    """

    backbone: str
    weights: str
    layers: tuple[str, ...]
    pooling: tuple[str, ...]
    seed: int
    device: str
    precision: str
    squares: Squares


class LayerReader:
    """A function from preprocessed images to vectors of layers of a network.

    Parameters
    ----------
    spec : NetworkSpec
        Network, layers and precision.
    network : KeptNetwork, default=None
        The network; None takes it from the cache of the process, or builds it.

    Attributes
    ----------
    columns : tuple of Columns
        Layer and statistic of each feature.
    digest : str
        SHA-256 of the weights.
    settings : tuple
        Everything that determines the vectors, apart from the images.
    """

    def __init__(self, spec: NetworkSpec, network: KeptNetwork | None = None) -> None:
        self._spec = spec
        self._network = network or load_network(
            spec.backbone, spec.weights, spec.seed, spec.device
        )
        self._layers = [self._find_layer(name) for name in spec.layers]
        self._check_shapes()
        self.columns = columns_of(self._layers, spec.pooling)
        self.digest = self._network.digest
        self.settings = (self.digest, *_settings(spec))
        self._n_most = maxsize  # batch size; halved if memory runs out
        self._check = OutputCheck(self.digest, self.columns)

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute vectors of images of one shape, (n, height, width, 3)."""
        vectors = self._in_memory(batch)
        if self._spec.weights != "random":
            self._check.see(batch, vectors)
        return vectors

    @property
    def leaves_cpu_free(self) -> bool:
        """Whether the network is on another device, so that the CPU can read photos."""
        return self._spec.device != "cpu"

    def _in_memory(self, batch):
        """Vectors, in several passes if one does not fit into memory."""
        parts: list[NDArray] = []
        start = 0
        while start < len(batch):
            part = batch[start : start + self._n_most]
            vectors = self._try(part)
            if vectors is None:
                self._halve(len(part))
            else:
                parts.append(vectors)
                start += len(part)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _try(self, batch):
        """Vectors; None if the batch does not fit into memory, but half may."""
        try:
            return self._forward(batch)
        except import_torch().OutOfMemoryError:
            if len(batch) == 1:
                raise
            return None

    def _halve(self, n_photos):
        # Outside the handler, which would keep the failed batch in memory. The limit
        # holds for later batches, which are as large and would fail too.
        self._n_most = n_photos // 2
        import_torch().cuda.empty_cache()
        warn_caller(
            f"A batch of {n_photos} photos does not fit into the memory of "
            f"{self._spec.device!r} and is halved. Pass batch_size={self._n_most} or "
            "less to avoid this."
        )

    def _forward(self, batch):
        with self._pixels(batch) as (module, pixels):
            vectors = self._read(module, pixels)
            if self._spec.squares.flip:
                vectors = (vectors + self._read(module, pixels.flip(-1))) / 2
            return vectors.cpu().numpy()

    def _read(self, module, pixels):
        return read_layers(module, self._layers, self._spec.pooling, pixels)

    @contextmanager
    def _pixels(self, batch):
        """Lock the network, and yield it with its input for a batch."""
        spec = self._spec
        with (
            self._network.turn() as module,
            torch_work(spec.device, spec.precision, gradients=False),
        ):
            yield module, to_planes(batch, spec.squares, spec.device)

    def _find_layer(self, name):
        """Find a layer, and its shape by a trial, once per network and size."""
        spec, side = self._spec, self._spec.squares.size
        known = self._network.layers
        key = (name, side, spec.precision)
        if key not in known:
            black = np.zeros((1, side, side, 3), np.uint8)
            try:
                with self._pixels(black) as (module, pixels):
                    known[key] = try_layer(module, name, pixels)
            except (RuntimeError, AssertionError) as error:
                raise ValueError(
                    f"{spec.backbone!r} cannot process squares of size={side} on the "
                    f"device {spec.device!r}: {error}. Pass "
                    "another Preprocessing(size=...), or device=."
                ) from error
        if spec.weights in ("pretrained", "random"):
            _widths[spec.backbone, name, side] = replace(known[key], part=None)
        return known[key]

    def _check_shapes(self):
        """Refuse a network that takes only squares if photos keep their proportions."""
        spec, known = self._spec, self._network.layers
        key = ("shapes", spec.squares.size, spec.precision)
        if spec.squares.resize != "keep" or key in known:
            return
        for width, height in ((4, 1), (1, 4)):
            shape = spec.squares.kept_shape(width, height)[::-1]
            try:
                with self._pixels(np.zeros((1, *shape, 3), np.uint8)) as (
                    module,
                    found,
                ):
                    module(found)
            except (RuntimeError, AssertionError) as error:
                raise ValueError(
                    f"{spec.backbone!r} cannot process photos at their own "
                    f"proportions, such as {shape[0]} x {shape[1]} pixels: {error}. "
                    "Pass Preprocessing(resize='squeeze'), or another size=."
                ) from error
        known[key] = True


def _settings(spec):
    """Everything that determines the vectors, apart from the weights and the images."""
    kind = spec.device.split(":")[0]
    packages = ["torch", "timm" if spec.backbone.startswith("timm/") else "torchvision"]
    versions = [_version(package) for package in packages]
    return (replace(spec, weights="", seed=0, device=kind), *versions)


# Cached, since a look-up reads files.
_version = lru_cache(version)


def published_columns(
    backbone: str, layers: Sequence[str], pooling: Sequence[str], squares: Squares
) -> tuple[Columns, ...]:
    """Columns of layers with published weights, without a download.

    If they are not known yet, a network with random weights is built to find them.
    """
    keys = [(backbone, layer, squares.size) for layer in layers]
    if not all(key in _widths for key in keys):
        spec = NetworkSpec(
            backbone, "random", tuple(layers), (), 0, "cpu", "float32", squares
        )
        LayerReader(spec, KeptNetwork(build_network(backbone, "random", 0), digest=""))
    return columns_of([_widths[key] for key in keys], pooling)
