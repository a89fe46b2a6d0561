"""The network with branches: its layers, torch module, and outputs in NumPy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...networks import import_torch


@dataclass(frozen=True)
class Shape:
    """Layers of a network.

    Parameters
    ----------
    n_inputs : tuple of int
        Number of columns of each branch.
    branch_layers : tuple of tuple of int
        Numbers of units of the layers of each branch.
    joint_layers : tuple of int
        Numbers of units of the layers after the merge.
    n_outputs : int
        Number of outputs.
    activation : {"relu", "tanh"}
        Activation after each layer but the last.
    dropout : float
        Dropout probability after each layer but the last.
    """

    n_inputs: tuple[int, ...]
    branch_layers: tuple[tuple[int, ...], ...]
    joint_layers: tuple[int, ...]
    n_outputs: int
    activation: str
    dropout: float


def fit_to_width(layers, n_inputs, width):
    """Layers of a branch, of which the last has `width` units; None changes nothing.

    A branch without layers gets one if it has more columns.
    """
    if width is None or (not layers and n_inputs <= width):
        return tuple(layers)
    return (*layers[:-1], width)


def build_module(
    shape: Shape, dtype: Any = np.float32, weights: Mapping[str, NDArray] | None = None
) -> Any:
    """Torch module from a tuple of branch inputs to outputs.

    Its weights are named ``branches.<branch>.<layer>.weight``, ``joint.<layer>.weight``
    and ``output.weight``, and ``bias`` likewise.

    Parameters
    ----------
    shape : Shape
        Layers.
    dtype : dtype, default=float32
        Dtype of the weights.
    weights : dict of str to ndarray, default=None
        Weights to start from; None draws random ones.

    Returns
    -------
    module : torch.nn.Module

    Raises
    ------
    ValueError
        If `weights` belong to other layers.
    """
    torch: Any = import_torch()
    activate = {"relu": torch.relu, "tanh": torch.tanh}[shape.activation]

    def chain(n_inputs, layers):
        sizes = [n_inputs, *layers]
        linear = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
        return torch.nn.ModuleList(linear), sizes[-1]

    class MultiBranchMLP(torch.nn.Module):
        def __init__(self):
            super().__init__()
            both = zip(shape.n_inputs, shape.branch_layers, strict=True)
            chains = [chain(n_inputs, layers) for n_inputs, layers in both]
            self.branches = torch.nn.ModuleList(layers for layers, _ in chains)
            n_merged = sum(width for _, width in chains)
            self.joint, n_joint = chain(n_merged, shape.joint_layers)
            self.output = torch.nn.Linear(n_joint, shape.n_outputs)
            self.dropout = torch.nn.Dropout(shape.dropout)

        def forward(self, inputs):
            ends = zip(self.branches, inputs, strict=True)
            merged = torch.cat([self.pass_through(*end) for end in ends], dim=1)
            return self.output(self.pass_through(self.joint, merged))

        def pass_through(self, layers, values):
            for layer in layers:
                values = self.dropout(activate(layer(values)))
            return values

    module = MultiBranchMLP().to(getattr(torch, str(np.dtype(dtype))))
    if weights is not None:
        _load(torch, module, weights)
    return module


def _load(torch, module, weights):
    state = {name: torch.tensor(values) for name, values in weights.items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            "Got parameters of other layers than have been learned, so training cannot "
            f"continue ({error}). Restore them, or use fit."
        ) from error


def forward(
    weights: Mapping[str, NDArray], inputs: Sequence[NDArray], activation: str
) -> NDArray[np.float64]:
    """Outputs of a module of `build_module` in evaluation, in double precision."""
    weights = {name: values.astype(np.float64) for name, values in weights.items()}
    ends = [
        _pass_through(weights, f"branches.{i}", values, activation)
        for i, values in enumerate(inputs)
    ]
    values = _pass_through(weights, "joint", np.hstack(ends), activation)
    return values @ weights["output.weight"].T + weights["output.bias"]


def _pass_through(weights, chain, values, activation):
    layer = 0
    while f"{chain}.{layer}.weight" in weights:
        weight = weights[f"{chain}.{layer}.weight"]
        values = values @ weight.T + weights[f"{chain}.{layer}.bias"]
        values = np.tanh(values) if activation == "tanh" else np.maximum(values, 0)
        layer += 1
    return values
