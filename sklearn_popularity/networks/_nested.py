"""Nested parameter objects with None as the default."""

from collections.abc import Callable
from typing import Any, ClassVar


class NestedDefaultsMixin:
    """Let ``set_params(owner__name=...)`` replace None with the default object.

    So a search over ``preprocessing__size`` works with ``preprocessing=None``. List
    this mixin before the base class.

    Attributes
    ----------
    _nested_defaults : dict of str to callable
        Makes the default object of each parameter.
    """

    _nested_defaults: ClassVar[dict[str, Callable[[], Any]]] = {}

    def set_params(self, **params: Any) -> Any:
        """Set parameters, also of nested objects as ``<name>__<parameter>``.

        Parameters
        ----------
        **params : dict
            Parameters and their values.

        Returns
        -------
        self : object
            This estimator.
        """
        for owner, make in self._nested_defaults.items():
            nested = any(name.startswith(f"{owner}__") for name in params)
            if nested and params.get(owner, getattr(self, owner)) is None:
                params[owner] = make()
        return super().set_params(**params)  # type: ignore[misc]
