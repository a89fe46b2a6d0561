"""Parameters that are None until one of theirs is set."""

from collections.abc import Callable
from typing import Any, ClassVar


class NestedDefaultsMixin:
    """Lets ``set_params(owner__name=...)`` start from the default where it is None.

    A search over ``preprocessing__size`` thus needs no ``preprocessing=``. The mixin
    stands before the base of an estimator.

    Attributes
    ----------
    _nested_defaults : dict of str to callable
        What makes the object that None stands for.
    """

    _nested_defaults: ClassVar[dict[str, Callable[[], Any]]] = {}

    def set_params(self, **params: Any) -> Any:
        """Set parameters, also of nested objects by ``<name>__<parameter>``.

        Parameters
        ----------
        **params : dict
            Parameters.

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
