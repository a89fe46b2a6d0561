"""Parameters that what was fitted depends on: they stay as they were in fit."""

from typing import Any

from ._messages import quote


def keep_parameters(estimator: Any, *names: str) -> None:
    """Note in `fit` what some parameters are."""
    estimator._fitted_by = {name: getattr(estimator, name) for name in names}


def check_parameters(estimator: Any) -> None:
    """Refuse to go on if one of them has been set to something else since.

    Raises
    ------
    ValueError
        Naming the parameter, and what it was in `fit`.
    """
    for name, before in estimator._fitted_by.items():
        now = getattr(estimator, name)
        if now is not before and now != before:
            raise ValueError(
                f"Got {name}={quote(now)}, but it was {quote(before)} in fit. Fit "
                "again, or set it back."
            )
