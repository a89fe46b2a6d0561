"""A fitted model as it is, but for settings of what describes its photos."""

from copy import copy

from ..evaluation import rebuild
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

    def swap(part):
        if not isinstance(part, ImageTransformer):
            return None
        twin = copy(part)
        twin.__dict__.update(settings)
        return twin

    return rebuild(model, swap)
