"""A fitted model as it is, but for settings of what describes its photos."""

from copy import copy

from sklearn.base import BaseEstimator

from ..features import ImageTransformer


def with_settings(model, **settings):
    """A fitted model whose image transformers have other settings.

    Parameters
    ----------
    model : estimator
        Fitted. It is not changed, and what it has learned is shared, not copied.
    **settings
        Parameters of :class:`ImageTransformer` that decide no number, such as `cache`.

    Returns
    -------
    model : estimator
    """
    if isinstance(model, list):
        return [with_settings(part, **settings) for part in model]
    if type(model) is tuple:
        return tuple(with_settings(part, **settings) for part in model)
    if isinstance(model, dict):
        twin = copy(model)
        twin.update((k, with_settings(v, **settings)) for k, v in model.items())
        return twin
    if not isinstance(model, BaseEstimator):
        return model
    twin = object.__new__(type(model))
    parts = {k: with_settings(v, **settings) for k, v in vars(model).items()}
    twin.__dict__.update(parts)
    if isinstance(twin, ImageTransformer):
        twin.__dict__.update(settings)
    return twin
