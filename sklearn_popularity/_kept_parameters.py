"""Parameters after fit: of a kind that is allowed, and as learning had them."""

from typing import Any

from sklearn import get_config
from sklearn.utils.validation import check_is_fitted

from ._messages import quote


def keep_parameters(estimator: Any, *names: str) -> None:
    """Note in `fit` what parameters are without which what was learned is wrong."""
    estimator._fitted_by = {name: getattr(estimator, name) for name in names}


def check_ready(estimator: Any) -> None:
    """Refuse to go on without a fit, or with parameters that do not belong to it.

    Raises
    ------
    NotFittedError
        If there was no fit.
    ValueError
        As `check_parameters`.
    """
    check_parameters(estimator)  # first: whether it is fitted is asked of its parts too
    check_is_fitted(estimator)


def check_parameters(estimator: Any) -> None:
    """Refuse parameters of another kind, and kept ones that have been set since.

    Raises
    ------
    ValueError
        Naming the parameter and its value and, if it is kept, what it was in `fit`.
    """
    if not get_config()["skip_parameter_validation"]:
        estimator._validate_params()
    for name, before in getattr(estimator, "_fitted_by", {}).items():
        now = getattr(estimator, name)
        if now is not before and now != before:
            raise ValueError(
                f"Got {name}={quote(now)}, but it was {quote(before)} in fit. Fit "
                "again, or set it back."
            )
