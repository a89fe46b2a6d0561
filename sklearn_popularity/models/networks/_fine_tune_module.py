"""A network with a new head in place of its classifier, and what it says of photos."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._optional import import_optional
from ...features.deep._backbones import build_network
from ...features.deep._network import (
    compute_in,
    find_classifier,
    move_to_device,
    to_planes,
)
from ...features.deep._preprocessing import Preprocessing
from ...features.deep._turns import Turns
from ...features.deep._weights import load_weights

USER = "A fine-tuned CNN"
_building = Turns()


@dataclass(frozen=True)
class Architecture:
    """What decides the layers of a network, and the squares that it takes.

    Parameters
    ----------
    backbone : str
        As of :class:`CNNEmbedder`.
    preprocessing : Preprocessing
        From a photo to a square.
    n_outputs : int
        Numbers that come out.
    dropout : float
        Share of what the head sees that is left out in training.
    """

    backbone: str
    preprocessing: Preprocessing
    n_outputs: int
    dropout: float

    @classmethod
    def from_dict(cls, parts: dict[str, Any]) -> "Architecture":
        """The architecture that :func:`dataclasses.asdict` took apart."""
        preprocessing = Preprocessing(**parts["preprocessing"])
        return cls(**parts | {"preprocessing": preprocessing})


def build_module(architecture: Architecture, weights: str, seed: int) -> Any:
    """Torch module from planes to outputs, on the CPU.

    Parameters
    ----------
    architecture : Architecture
        Layers.
    weights : str
        Of the backbone: "pretrained", "random" or a path. Those of the head are 0.
    seed : int
        Of random weights.

    Returns
    -------
    module : torch.nn.Sequential
        Of "backbone", "dropout" and "head", a linear layer.

    Raises
    ------
    ValueError
        If the backbone cannot take squares of this size, or as `build_network`.
    """
    torch: Any = import_optional("torch", USER)
    backbone = build_network(architecture.backbone, weights, seed)
    _remove_classifier(torch, backbone)
    head = torch.nn.utils.skip_init(
        torch.nn.Linear,
        _n_features(torch, backbone, architecture),
        architecture.n_outputs,
    )
    for values in head.parameters():
        torch.nn.init.zeros_(values)
    dropout = torch.nn.Dropout(architecture.dropout)
    layers = OrderedDict(backbone=backbone, dropout=dropout, head=head)
    return torch.nn.Sequential(layers).requires_grad_(True)


def _remove_classifier(torch, network):
    """Leave a network that ends in what its classifier saw."""
    # Their auxiliary classifiers would answer too in training.
    if hasattr(network, "aux_logits"):
        network.aux_logits = False
    if hasattr(network, "reset_classifier"):  # of timm
        network.reset_classifier(0)
        return
    classifier = find_classifier(network)
    [path] = [name for name, each in network.named_modules() if each is classifier]
    place, _, name = path.rpartition(".")
    parent = network.get_submodule(place)
    for before, module in pairwise(parent.children()):
        if module is classifier and isinstance(before, torch.nn.Dropout):
            before.p = 0.0  # the head has a dropout of its own
    setattr(parent, name, torch.nn.Identity())


def _n_features(torch, backbone, architecture):
    side = architecture.preprocessing.size
    try:
        with torch.inference_mode():
            vectors = backbone.eval()(torch.zeros(1, 3, side, side))
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"{architecture.backbone!r} cannot see squares of size={side}: {error}. "
            "Pass another size=."
        ) from error
    return vectors.shape[1]


def as_arrays(state: Mapping[str, Any]) -> dict[str, NDArray]:
    """Tensors of a state of a module as arrays of their own."""
    return {
        name: np.array(tensor.detach().cpu().numpy(), order="C")
        for name, tensor in state.items()
    }


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network, known by the digest of its weights.

    Parameters
    ----------
    architecture : Architecture
        Layers.
    digest : str
        SHA-256 of the weights.
    device : str
        Where it runs.
    weights : dict of str to ndarray
        Weights.
    """

    architecture: Architecture
    digest: str
    device: str
    weights: dict[str, NDArray] = field(compare=False, repr=False)

    def module(self) -> Any:
        """The torch module for prediction, which the process keeps."""
        with _building.turn():  # a second thread waits for it
            return _build_fitted(self)


@lru_cache(maxsize=2)
def _build_fitted(fitted):
    module = build_module(fitted.architecture, "random", 0)
    load_weights(module, fitted.weights, fitted.architecture.backbone)
    return move_to_device(module.requires_grad_(False).eval(), fitted.device)


def run_module(
    module: Any,
    squares: NDArray[np.uint8],
    preprocessing: Preprocessing,
    device: str,
    precision: str,
) -> Any:
    """Outputs of a module for squares of shape (n, size, size, 3), as float32."""
    with compute_in(precision, device):
        return module(to_planes(squares, preprocessing, device)).float()


@contextmanager
def clear_memory_errors(n_photos: int, device: str) -> Iterator[None]:
    """Turn a shortage of memory into a ValueError that names the way out."""
    torch: Any = import_optional("torch", USER)
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ValueError(
            f"A batch of {n_photos} photos does not fit into the memory of {device!r}. "
            "Pass a smaller batch_size= or size=, or precision='bfloat16'."
        ) from error
