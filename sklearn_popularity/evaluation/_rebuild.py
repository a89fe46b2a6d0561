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


def image_transformers(model) -> list[ImageTransformer]:
    """Distinct image transformers in a model, fitted or not."""
    found: dict[int, ImageTransformer] = {}

    def collect(part):
        if isinstance(part, ImageTransformer):
            return found.setdefault(id(part), part)
        return None

    rebuild(model, collect)
    return list(found.values())


def with_settings(model, **settings):
    """Copy a fitted model with other settings of its image transformers.

    Parameters
    ----------
    model : estimator
        Fitted model. It is not changed.
    **settings
        Parameters of :class:`ImageTransformer` that do not affect features (`cache`).
    """

    twins: dict[int, ImageTransformer] = {}

    def swap(part):
        if not isinstance(part, ImageTransformer):
            return None
        if id(part) not in twins:
            twins[id(part)] = copy(part)
            twins[id(part)].__dict__.update(settings)
        return twins[id(part)]

    return rebuild(model, swap)
