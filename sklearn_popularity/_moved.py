"""Renamed parameters and attributes: an old name is an error that gives the new one."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar


class MovedParametersMixin:
    """Refuse old names of parameters; list this mixin before the base class.

    `_moved` says what to pass in place of each old name, such as ``{"size":
    "preprocessing=Preprocessing(size=...)"}``.
    """

    _moved: ClassVar[dict[str, str]] = {}

    # Not in `__init__`, which has no parameters of the old names.
    def __new__(cls, *args: Any, **params: Any) -> Any:
        """Make an estimator."""
        message = cls._say_moved(params)
        if message:
            raise TypeError(message)
        return super().__new__(cls)

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
        message = self._say_moved(params)
        if message:
            raise ValueError(message)
        return super().set_params(**params)  # type: ignore[misc]

    @classmethod
    def _say_moved(cls, names: Iterable[str]) -> str | None:
        for name in names:
            if name in cls._moved:
                return (
                    f"{cls.__name__} has no parameter {name!r} any more. Pass "
                    f"{cls._moved[name]}."
                )
        return None


class MovedAttributesMixin:
    """Refuse old names of fitted attributes; `_moved_attributes` has the new ones."""

    _moved_attributes: ClassVar[dict[str, str]] = {}

    def __getattr__(self, name: str) -> Any:
        """Raise an error that gives the new name of a renamed attribute."""
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        if name in type(self)._moved_attributes:
            message += f" any more. Use {type(self)._moved_attributes[name]}."
        raise AttributeError(message)


def moved_names(module: str, moved: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module that says what to use in place of old names."""

    def find(name: str) -> Any:
        message = f"module {module!r} has no attribute {name!r}"
        if name in moved:
            # "from module import name" would hide the text of an AttributeError.
            raise ImportError(f"{message} any more. Use {moved[name]}.")
        raise AttributeError(message)

    return find
