"""A network cut off at a layer: squares of pixels in, one vector for each out."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._optional import import_optional
from ._backbones import build_network
from ._preprocessing import Preprocessing
from ._turns import Turns
from ._weights import digest_of

_USER = "CNNEmbedder"
# Threads share what a process holds: a second one waits for the network, and its turn.
_building = Turns()


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
    preprocessing : Preprocessing
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
    preprocessing: Preprocessing
    flip: bool


def choose_device(device: str) -> str:
    """The device that "auto" stands for: a GPU where there is one."""
    torch = import_optional("torch", _USER)
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def choose_precision(precision: str, device: str) -> str:
    """The precision that "auto" stands for: bfloat16 on a GPU that has it."""
    if precision != "auto":
        return precision
    torch = import_optional("torch", _USER)
    half = device.startswith("cuda") and torch.cuda.is_bf16_supported()
    return "bfloat16" if half else "float32"


def move_to_device(module: Any, device: str) -> Any:
    """Move a network, with the channels last, which convolutions are fastest on.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    torch = import_optional("torch", _USER)
    try:
        return module.to(device).to(memory_format=torch.channels_last)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"Got device={device!r}, which cannot be used ({error}). Pass 'auto', or "
            "'cpu'."
        ) from error


def compute_in(precision: str, device: str) -> Any:
    """Context in which a network computes in a precision."""
    if precision == "float32":
        return nullcontext()
    torch = import_optional("torch", _USER)
    return torch.autocast(device.split(":")[0], dtype=getattr(torch, precision))


def to_planes(
    squares: NDArray[np.uint8], preprocessing: Preprocessing, device: str
) -> Any:
    """Float planes from bytes, on the device: bytes are a quarter to send.

    Parameters
    ----------
    squares : ndarray of shape (n, size, size, 3), uint8
        Pixels.
    preprocessing : Preprocessing
        How the network takes them.
    device : str
        Where to.

    Returns
    -------
    planes : tensor of shape (n, 3, size, size), float32
    """
    torch = import_optional("torch", _USER)
    pixels, on_gpu = torch.from_numpy(squares), device.startswith("cuda")
    if on_gpu:
        pixels = pixels.pin_memory()
    pixels = pixels.to(device, non_blocking=on_gpu)
    if preprocessing.channel_order == "bgr":
        pixels = pixels.flip(-1)
    pixels = pixels.permute(0, 3, 1, 2).float() * (preprocessing.scale / 255)
    mean, std = (
        torch.tensor(v, device=pixels.device).view(1, 3, 1, 1)
        for v in (preprocessing.mean, preprocessing.std)
    )
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


def check_weights_file(weights: str) -> tuple[int, int] | None:
    """Time and size of the file of weights, if it is one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    if weights in ("pretrained", "random"):
        return None
    path = Path(weights)
    if not path.is_file():
        raise FileNotFoundError(
            f"Got weights={weights!r}, but there is no such file. Pass 'pretrained', "
            "'random' or the path of a file."
        )
    info = path.stat()
    return info.st_mtime_ns, info.st_size


def load_network(spec: NetworkSpec) -> "Network":
    """Build a network, or take the one that this process has built before."""
    state = check_weights_file(spec.weights)
    with _building.turn():
        return _cached_network(spec, state)


@lru_cache(maxsize=2)
def _cached_network(spec, state):
    """`state` is of the file of weights, so that a changed one is read anew."""
    return Network(spec)


class Network:
    """A network in memory.

    Parameters
    ----------
    spec : NetworkSpec
        Which.

    Attributes
    ----------
    digest : str
        SHA-256 of the weights.
    n_features : int
        Length of the vectors.
    settings : tuple
        What decides the vectors, apart from the squares.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self._torch = import_optional("torch", _USER)
        self._spec = spec
        module = build_network(spec.backbone, spec.weights, spec.seed)
        self.digest = digest_of(module)
        self._module = move_to_device(module, spec.device)
        self._read = read_layer(self._module, spec.layer)
        self._turn = RLock()
        side = spec.preprocessing.size
        try:
            trial = self(np.zeros((1, side, side, 3), np.uint8))
        except (RuntimeError, AssertionError) as error:
            raise ValueError(
                f"{spec.backbone!r} cannot see squares of size={side} on the device "
                f"{spec.device!r}: {error}. Pass another size= or device=."
            ) from error
        self.n_features = trial.shape[1]
        self.settings = (self.digest, *_settings(spec))

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Vectors of squares of shape (n, size, size, 3)."""
        try:
            with self._turn:
                return self._forward(batch)
        except self._torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
            half = len(batch) // 2
        # Outside of the handler, which would keep the failed batch in memory.
        self._torch.cuda.empty_cache()
        warnings.warn(
            f"A batch of {len(batch)} photos does not fit into the memory of "
            f"{self._spec.device!r} and is halved. Pass batch_size={half} or less.",
            stacklevel=4,
        )
        return np.concatenate([self(batch[:half]), self(batch[half:])])

    def _forward(self, batch):
        torch, spec = self._torch, self._spec
        with torch.inference_mode(), compute_in(spec.precision, spec.device):
            pixels = to_planes(batch, spec.preprocessing, spec.device)
            vectors = self._read(pixels).float()
            if spec.flip:
                mirrored = self._read(pixels.flip(-1)).float()
                vectors = (vectors + mirrored) / 2
        return vectors.cpu().numpy()


def _settings(spec):
    """What decides the vectors, apart from the weights and the squares."""
    kind = spec.device.split(":")[0]
    packages = ["torch", "timm" if spec.backbone.startswith("timm/") else "torchvision"]
    versions = [version(package) for package in packages]
    return (replace(spec, weights="", seed=0, device=kind), *versions)


def read_layer(module: Any, layer: str) -> Callable:
    """A function from pixels to what a layer says.

    Parameters
    ----------
    module : torch.nn.Module
        Network.
    layer : str
        "penultimate", "probabilities", "projection" or the name of a module.

    Returns
    -------
    read : callable
        From a tensor (n, 3, size, size) to one (n, n_features). Maps are averaged over
        places, and tokens over their sequence.
    """
    classifier = find_classifier(module)
    if layer == "probabilities":
        if classifier is None:
            raise ValueError(
                "Got layer='probabilities', but the network has no classes. Pass "
                "layer='penultimate'."
            )
        return lambda pixels: module(pixels).float().softmax(dim=1)
    if layer == "projection" or (layer == "penultimate" and classifier is None):
        return module
    caught: dict[str, Any] = {}
    if layer == "penultimate":
        # What the classifier sees.
        classifier.register_forward_pre_hook(
            lambda _, inputs: caught.update(value=inputs[0])
        )
    else:
        _module_named(layer, module).register_forward_hook(
            lambda _, inputs, output: caught.update(value=output)
        )

    def read(pixels):
        module(pixels)
        return _as_vectors(caught.pop("value", None), layer)

    return read


def _module_named(layer, module):
    modules = {name: each for name, each in module.named_modules() if name}
    if layer not in modules:
        raise ValueError(
            f"Got layer={layer!r}, but 'penultimate', 'probabilities', 'projection' or "
            f"one of {list(modules)} was expected."
        )
    return modules[layer]


def find_classifier(module: Any) -> Any:
    """The last layer, which maps to classes; None where there is none."""
    torch = import_optional("torch", _USER)
    if hasattr(module, "get_classifier"):  # of timm
        found = module.get_classifier()
        # Distilled networks have a second one, which learned from another network.
        found = found[0] if isinstance(found, tuple) else found
        return found if any(True for _ in found.parameters()) else None
    kinds = (torch.nn.Linear, torch.nn.Conv2d)
    return [each for each in module.modules() if isinstance(each, kinds)][-1]


def _as_vectors(values, layer):
    """Averages over places or tokens."""
    dims = getattr(values, "ndim", None)
    if dims not in (2, 3, 4):
        found = type(values).__name__ if dims is None else f"{dims} axes"
        raise ValueError(
            f"The layer {layer!r} gives no vectors, maps or tokens (found {found}). "
            "Pass the name of another."
        )
    if dims == 4:
        return values.mean(dim=(2, 3))
    return values.mean(dim=1) if dims == 3 else values
