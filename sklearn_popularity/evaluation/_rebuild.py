"""Swap parts of a fitted model; what it has learned is shared, not copied."""

from collections.abc import Callable
from copy import copy

from sklearn.base import BaseEstimator

from ..features import ImageTransformer


def rebuild(model, swap: Callable):
    """Copy a fitted model with some parts swapped and all others shared.

    Parameters
    ----------
    model : estimator
        Fitted model. It is not changed.
    swap : callable
        Function from a part to its replacement, or to None to keep it.
    """
    if isinstance(model, list):
        return [rebuild(part, swap) for part in model]
    if type(model) is tuple:
        return tuple(rebuild(part, swap) for part in model)
    if isinstance(model, dict):
        twin = copy(model)
        twin.update((name, rebuild(part, swap)) for name, part in model.items())
        return twin
    if not isinstance(model, BaseEstimator):
        return model
    swapped = swap(model)
    if swapped is not None:
        return swapped
    twin = object.__new__(type(model))
    twin.__dict__.update((k, rebuild(v, swap)) for k, v in vars(model).items())
    return twin


def swap_parts(model, kind: type, make: Callable):
    """Rebuild a model with `make` of each part of a kind, called once for each part."""
    made: dict[int, BaseEstimator] = {}

    def swap(part):
        if not isinstance(part, kind):
            return None
        if id(part) not in made:
            made[id(part)] = make(part)
        return made[id(part)]

    return rebuild(model, swap)


def find_parts(model, kind: type) -> list:
    """Distinct parts of a kind in a model, fitted or not."""
    found = []

    def keep(part):
        found.append(part)
        return part

    swap_parts(model, kind, keep)
    return found


def image_transformers(model) -> list[ImageTransformer]:
    """Distinct image transformers in a model, fitted or not."""
    return find_parts(model, ImageTransformer)


def with_settings(model, **settings):
    """Copy a fitted model with other settings of its image transformers.

    Parameters
    ----------
    model : estimator
        Fitted model. It is not changed.
    **settings
        Parameters of :class:`ImageTransformer` that do not affect features (`cache`).
    """

    def change(part):
        twin = copy(part)
        twin.__dict__.update(settings)
        return twin

    return swap_parts(model, ImageTransformer, change)
