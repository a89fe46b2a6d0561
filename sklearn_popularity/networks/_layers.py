"""What a layer of a network says of squares, one vector for each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import Any

from ._torch import import_torch


@dataclass(frozen=True)
class Layer:
    """A layer of a network that has been found and tried.

    Parameters
    ----------
    name : str
        "penultimate", "probabilities", "projection" or the name of a module.
    part : torch.nn.Module
        What is watched; the network itself for its output.
    sees_input : bool
        Whether the input of the part is what is asked for.
    n_features : int
        Length of a vector.
    places : tuple of 2 ints or None
        Axes of the places in maps.
    """

    name: str
    part: Any
    sees_input: bool = False
    n_features: int = 0
    places: tuple[int, int] | None = None


def read_layer(module: Any, layer: Layer, pixels: Any) -> Any:
    """Vectors of a layer.

    Parameters
    ----------
    module : torch.nn.Module
        Network, which no other thread may use meanwhile.
    layer : Layer
        Of `try_layer`.
    pixels : tensor of shape (n, 3, size, size)
        Squares.

    Returns
    -------
    vectors : tensor of shape (n, n_features), float32
        Maps are averaged over places, and tokens over their sequence.
    """
    pool = partial(_as_vectors, n=len(pixels), layer=layer)
    return _watch(module, layer, pixels, pool).float()


def try_layer(module: Any, name: str, pixels: Any) -> Layer:
    """Find a layer, and what it gives, by one square.

    Raises
    ------
    ValueError
        If there is no such layer, or it gives neither vectors, maps nor tokens.
    """
    layer = _find_layer(module, name)
    shape = _watch(module, layer, pixels, partial(_shape_of, n=1, layer=layer))
    if len(shape) == 4:
        places = _places(shape, layer) or _places_by_reach(module, layer, pixels)
        layer = replace(layer, places=places)
    n_features = read_layer(module, layer, pixels).shape[1]
    return replace(layer, n_features=n_features)


def find_classifier(module: Any) -> Any:
    """The last layer, which maps to classes; None where there is none."""
    torch = import_torch()
    if hasattr(module, "get_classifier"):  # of timm
        found = module.get_classifier()
        # Distilled networks have a second one, which learned from another network.
        found = found[0] if isinstance(found, tuple) else found
        return found if any(True for _ in found.parameters()) else None
    kinds = (torch.nn.Linear, torch.nn.Conv2d)
    return [each for each in module.modules() if isinstance(each, kinds)][-1]


def name_of(part: Any, module: Any) -> str:
    """Name of a part within a network."""
    return next(name for name, each in module.named_modules() if each is part)


def _find_layer(module, name):
    """A layer that has not been tried."""
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


def _watch(module, layer, pixels, use):
    """What `use` makes of what a layer gives, before later layers change it in place.

    The hook is removed again, so that any number of layers can be read from a network.
    """
    found: list[Any] = []
    with _hooked(layer, lambda values: found.append(use(values))):
        module(pixels)
    if not found:
        raise _no_vectors(layer, "no output, as it takes no part")
    return found[-1]


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


def _as_vectors(values, n, layer):
    """Averages over places or tokens; shares of classes."""
    n_axes = len(_shape_of(values, n, layer))
    if layer.name == "probabilities":
        return values.float().softmax(dim=1)
    if n_axes == 4:
        return values.mean(dim=layer.places)
    return values.mean(dim=1) if n_axes == 3 else values


def _shape_of(values, n, layer):
    """Shape of vectors, tokens or maps of n photos."""
    shape = getattr(values, "shape", None)
    if shape is None:
        raise _no_vectors(layer, type(values).__name__)
    if len(shape) not in (2, 3, 4):
        raise _no_vectors(layer, f"{len(shape)} axes")
    if shape[0] != n:
        raise _no_vectors(layer, f"{shape[0]} pieces of {n} photos")
    return tuple(shape)


def _no_vectors(layer, found):
    return ValueError(
        f"The layer {layer.name!r} gives no vectors, maps or tokens of each photo "
        f"(found {found}). Pass the name of another."
    )


def _places(shape, layer):
    """Axes of the places of a map; None if all are equally long.

    A square has as many rows as columns, so the channels are the axis that is unlike.
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
    """Axes of the places of a map that has as many channels as rows and columns.

    What changes in a corner of a square is seen at places near that corner, but by
    channels wherever they are in their order.
    """
    torch = import_torch()
    draw = torch.Generator().manual_seed(0)
    both = torch.randn(pixels.shape, generator=draw).to(pixels).repeat(2, 1, 1, 1)
    corner = max(1, both.shape[-1] // 8)
    both[1, :, :corner, :corner] += 1
    change = _watch(module, layer, both, lambda maps: (maps[1] - maps[0]).abs())
    near = max(1, len(change) // 4)
    is_last = change[..., :near].sum() >= change[:near].sum()
    return (2, 3) if is_last else (1, 2)
