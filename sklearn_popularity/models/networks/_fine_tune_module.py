"""A network with a new head in place of its classifier."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from numpy.typing import NDArray

from ...networks import (
    KeptNetwork,
    Squares,
    build_network,
    find_classifier,
    import_torch,
    load_weights,
    move_to_device,
    name_of,
    shelf,
    torch_work,
)


@dataclass(frozen=True)
class Architecture:
    """Layers of a network, and the squares of photos that it takes.

    Parameters
    ----------
    backbone : str
        As in :class:`CNNEmbedder`.
    squares : Squares
        How photos are turned into squares.
    n_outputs : int
        Number of outputs.
    dropout : float
        Dropout probability before the head, and after earlier fully connected layers.
    """

    backbone: str
    squares: Squares
    n_outputs: int
    dropout: float

    @classmethod
    def from_dict(cls, parts: dict[str, Any]) -> "Architecture":
        """Restore an architecture from the result of :func:`dataclasses.asdict`."""
        return cls(**parts | {"squares": Squares(**parts["squares"])})


def build_module(architecture: Architecture, weights: str, seed: int) -> Any:
    """Torch module from planes to outputs, on the CPU.

    Parameters
    ----------
    architecture : Architecture
        Layers.
    weights : str
        Weights of the backbone: "pretrained", "random" or a path. Those of the head
        are 0.
    seed : int
        Seed of random weights.

    Returns
    -------
    module : torch.nn.Sequential
        Modules "backbone", "dropout" and "head", a linear layer.

    Raises
    ------
    ValueError
        If the backbone cannot take squares of this size, or as in `build_network`.
    """
    backbone = build_network(architecture.backbone, weights, seed)
    with torch_work() as torch:
        _remove_classifier(torch, backbone, architecture.dropout)
        n_features = _n_features(torch, backbone, architecture)
        head = torch.nn.utils.skip_init(
            torch.nn.Linear, n_features, architecture.n_outputs
        )
        for values in head.parameters():
            torch.nn.init.zeros_(values)
        dropout = torch.nn.Dropout(architecture.dropout)
        layers = OrderedDict(backbone=backbone, dropout=dropout, head=head)
        return torch.nn.Sequential(layers).requires_grad_(True)


def freeze_before(trainable: str, module: Any) -> None:
    """Switch off the gradients of what does not learn, by the parameter `trainable`."""
    if trainable in ("all", "weights"):
        return
    prefix = "head." if trainable == "head" else f"backbone.{trainable}."
    names = [name for name, _ in module.named_parameters()]
    found = [name.startswith(prefix) for name in names]
    if not any(found):
        layers = dict.fromkeys(
            name for name, _ in module.backbone.named_children() if name
        )
        raise ValueError(
            f"Got trainable={trainable!r}, but 'weights', 'all', 'head' or the name of "
            "a layer of the backbone that has weights was expected, such as one of "
            f"{', '.join(layers)} or of their parts."
        )
    frozen = set(names[: found.index(True)])
    for name, values in module.named_parameters():
        values.requires_grad_(name not in frozen)


def _remove_classifier(torch, network, dropout):
    """Make a network return the input of its classifier."""
    # Auxiliary classifiers would add outputs in training.
    if hasattr(network, "aux_logits"):
        network.aux_logits = False
    if hasattr(network, "reset_classifier"):  # of timm
        network.reset_classifier(0)
        return
    classifier = find_classifier(network)
    place, _, name = name_of(classifier, network).rpartition(".")
    parent = network.get_submodule(place)
    after_linear = False
    for module, following in pairwise(parent.children()):
        after_linear |= isinstance(module, torch.nn.Linear)
        if isinstance(module, torch.nn.Dropout):
            # As in Caffe: after each fully connected layer, not before the first. The
            # head has dropout of its own.
            is_kept = after_linear and following is not classifier
            module.p = dropout if is_kept else 0.0
    setattr(parent, name, torch.nn.Identity())


def _n_features(torch, backbone, architecture):
    side = architecture.squares.size
    try:
        with torch.inference_mode():
            vectors = backbone.eval()(torch.zeros(1, 3, side, side))
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"{architecture.backbone!r} cannot process squares of size={side}: "
            f"{error}. Pass another Preprocessing(size=...)."
        ) from error
    return vectors.shape[1]


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network, identified by the digest of its weights.

    Parameters
    ----------
    architecture : Architecture
        Layers.
    digest : str or None
        SHA-256 of the weights; with None, the process does not keep the network.
    device : str
        Such as "cpu" or "cuda:1".
    weights : dict of str to ndarray
        Weights.
    """

    architecture: Architecture
    digest: str | None
    device: str
    weights: dict[str, NDArray] = field(compare=False, repr=False)

    def load(self) -> KeptNetwork:
        """Load the network for prediction, or take it from those that are kept."""
        return self._build() if self.digest is None else shelf.take(self, self._build)

    def _build(self):
        module = build_module(self.architecture, "random", 0)
        with torch_work():
            load_weights(module, self.weights, self.architecture.backbone)
            module = module.requires_grad_(False).eval()
            module = move_to_device(module, self.device)
            return KeptNetwork(module, self.digest or "")


@contextmanager
def clear_memory_errors(n_photos: int, batch_size: int, device: str) -> Iterator[None]:
    """Raise a ValueError that names the way out if the memory is exhausted."""
    torch = import_torch()
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ValueError(
            f"A batch of {min(n_photos, batch_size)} photos does not fit into the "
            f"memory of {device!r}. Pass a smaller batch_size=, or an embedder with a "
            "smaller size or with precision='bfloat16'."
        ) from error
