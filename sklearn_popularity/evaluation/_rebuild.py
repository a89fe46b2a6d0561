"""A fitted model with other parts: what it has learned is shared, not copied."""

from collections.abc import Callable
from copy import copy

from sklearn.base import BaseEstimator

from ..features import ImageTransformer


def rebuild(model, swap: Callable):
    """A fitted model with some of its parts swapped; all others are shared.

    Parameters
    ----------
    model : estimator
        Fitted. It is not changed.
    swap : callable
        From a part to what takes its place, or to None, which leaves it.
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
    """What describes photos in a model, fitted or not, each once."""
    found: dict[int, ImageTransformer] = {}

    def collect(part):
        if isinstance(part, ImageTransformer):
            return found.setdefault(id(part), part)
        return None

    rebuild(model, collect)
    return list(found.values())


def with_settings(model, **settings):
    """A fitted model whose image transformers run otherwise.

    Parameters
    ----------
    model : estimator
        Fitted. It is not changed.
    **settings
        Parameters of :class:`ImageTransformer` that decide no number, such as `cache`.
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
