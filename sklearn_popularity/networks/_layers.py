"""Read the outputs of layers of a network as vectors."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import Any

from ._torch import import_torch


@dataclass(frozen=True)
class Layer:
    """A layer of a network, with the shape of its output.

    Parameters
    ----------
    name : str
        "penultimate", "probabilities", "projection" or the name of a module.
    part : torch.nn.Module
        Module to hook; the network itself for its output.
    sees_input : bool
        Whether to read the input of the module, rather than its output.
    n_channels : int
        Number of channels of a map or token, or length of a vector.
    places : tuple of ints
        Spatial axes of maps, or the axis of tokens; empty for vectors.
    """

    name: str
    part: Any
    sees_input: bool = False
    n_channels: int = 0
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class Columns:
    """Consecutive features from one layer.

    Parameters
    ----------
    layer : str
        Name of the layer.
    statistic : {"mean", "std", ""}
        Statistic over positions or tokens; empty for a vector.
    n : int
        Number of features, one per channel.
    """

    layer: str
    statistic: str
    n: int


def columns_of(layers: Sequence[Layer], pooling: Sequence[str]) -> tuple[Columns, ...]:
    """Columns of the result of `read_layers`."""
    return tuple(
        Columns(layer.name, statistic, layer.n_channels)
        for layer in layers
        for statistic in (pooling if layer.places else ("",))
    )


def read_layers(
    module: Any, layers: Sequence[Layer], pooling: Sequence[str], pixels: Any
) -> Any:
    """Concatenate the vectors of layers in the order of `columns_of`, from one pass.

    No other thread may use the network meanwhile.
    """
    pool = partial(_as_vectors, n=len(pixels), pooling=pooling)
    found = _watch(module, layers, pixels, pool)
    return import_torch().cat([each for vectors in found for each in vectors], dim=1)


def try_layer(module: Any, name: str, pixels: Any) -> Layer:
    """Find a layer, and the shape of its output for one image.

    Raises
    ------
    ValueError
        If the layer does not exist, or returns neither vectors, maps nor tokens.
    """
    layer = _find_layer(module, name)
    [shape] = _watch(module, [layer], pixels, partial(_shape_of, n=1))
    if len(shape) == 4:
        places = _places(shape, layer) or _places_by_reach(module, layer, pixels)
        layer = replace(layer, places=places)
    elif len(shape) == 3:
        layer = replace(layer, places=(1,))
    around = (0, *layer.places)
    [n_channels] = [n for axis, n in enumerate(shape) if axis not in around]
    return replace(layer, n_channels=n_channels)


def find_classifier(module: Any) -> Any:
    """Return the last layer, which maps to classes; None if there is none."""
    torch = import_torch()
    if hasattr(module, "get_classifier"):  # of timm
        found = module.get_classifier()
        # Distilled networks have a second one, trained on another network's output.
        found = found[0] if isinstance(found, tuple) else found
        return found if any(True for _ in found.parameters()) else None
    kinds = (torch.nn.Linear, torch.nn.Conv2d)
    return [each for each in module.modules() if isinstance(each, kinds)][-1]


def name_of(part: Any, module: Any) -> str:
    """Name of a part within a network."""
    return next(name for name, each in module.named_modules() if each is part)


def _find_layer(module, name):
    """Find a layer; the shape of its output is not known yet."""
    if name == "projection":
        return Layer(name, module)
    if name in ("penultimate", "probabilities"):
        classifier = find_classifier(module)
        if classifier is not None:
            is_input = name == "penultimate"
            return Layer(name, classifier if is_input else module, is_input)
        if name == "penultimate":
            return Layer(name, module)
        raise ValueError(
            "Got layer='probabilities', but the network has no classes. Pass "
            "layer='penultimate'."
        )
    modules = {each: part for each, part in module.named_modules() if each}
    if name not in modules:
        near = get_close_matches(name, modules, n=3) or list(modules)[:3]
        raise ValueError(
            f"Got layer={name!r}, but 'penultimate', 'probabilities', 'projection' or "
            f"one of the network's {len(modules)} modules was expected. Did you mean "
            f"{' or '.join(map(repr, near))}?"
        )
    return Layer(name, modules[name])


def _watch(module, layers, pixels, use):
    """Apply `use` to the outputs of layers, before later layers change them in place.

    Hooks are removed afterwards, since the network is shared.
    """
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_hooked(layer, partial(_keep, found, use, layer)))
        module(pixels)
    for layer in layers:
        if layer.name not in found:
            raise _no_vectors(layer, "no output, since it is not used")
    return [found[layer.name] for layer in layers]


def _keep(found, use, layer, values):
    found[layer.name] = use(values, layer=layer)


@contextmanager
def _hooked(layer, see: Callable) -> Iterator[None]:
    if layer.sees_input:
        handle = layer.part.register_forward_pre_hook(lambda _, inputs: see(inputs[0]))
    else:
        handle = layer.part.register_forward_hook(lambda _, inputs, output: see(output))
    try:
        yield
    finally:
        handle.remove()


def _as_vectors(values, n, layer, pooling):
    """Pool maps and tokens; apply the softmax to probabilities."""
    _shape_of(values, n, layer)
    values = values.float()
    if layer.name == "probabilities":
        return [values.softmax(dim=1)]
    if not layer.places:
        # A later layer may change them in place.
        return [values.clone()]
    return [_STATISTICS[each](values, layer.places) for each in pooling]


def _shape_of(values, n, layer):
    """Check the output of a layer for n photos, and return its shape."""
    shape = getattr(values, "shape", None)
    if shape is None:
        raise _no_vectors(layer, type(values).__name__)
    if len(shape) not in (2, 3, 4):
        raise _no_vectors(layer, f"{len(shape)} axes")
    if shape[0] != n:
        raise _no_vectors(layer, f"{shape[0]} pieces of {n} photos")
    return tuple(shape)


_STATISTICS = {
    "mean": lambda values, places: values.mean(dim=places),
    "std": lambda values, places: values.std(dim=places, correction=0),
}


def _no_vectors(layer, found):
    return ValueError(
        f"The layer {layer.name!r} does not return a vector, map or tokens per photo "
        f"(found {found}). Pass the name of another layer."
    )


def _places(shape, layer):
    """Spatial axes of a map; None if all axes are equally long.

    For a square input, rows and columns are equally long and channels are the odd axis.
    """
    _, first, second, third = shape
    if first == second == third:
        return None
    if second == third:
        return (2, 3)
    if first == second:
        return (1, 2)
    raise _no_vectors(layer, f"maps of the shape {shape[1:]}, which are not square")


def _places_by_reach(module, layer, pixels):
    """Spatial axes of a map with as many channels as rows and columns.

    A change in a corner of the input changes positions near that corner, but channels
    anywhere in their order.
    """
    torch = import_torch()
    draw = torch.Generator().manual_seed(0)
    both = torch.randn(pixels.shape, generator=draw).to(pixels).repeat(2, 1, 1, 1)
    corner = max(1, both.shape[-1] // 8)
    both[1, :, :corner, :corner] += 1
    [change] = _watch(
        module, [layer], both, lambda maps, layer: (maps[1] - maps[0]).abs()
    )
    near = max(1, len(change) // 4)
    is_last = change[..., :near].sum() >= change[:near].sum()
    return (2, 3) if is_last else (1, 2)
