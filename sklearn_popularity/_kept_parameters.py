"""Refuse parameters that changed after `fit` and would make results wrong."""

from typing import Any

from sklearn import get_config
from sklearn.utils.validation import check_is_fitted

from ._messages import quote


def keep_parameters(estimator: Any, *names: str) -> None:
    """Remember in `fit` the parameters that must not change afterwards."""
    estimator._fitted_by = {name: getattr(estimator, name) for name in names}


def check_ready(estimator: Any) -> None:
    """Check that an estimator is fitted, and that its parameters match the fit."""
    check_parameters(estimator)  # first: check_is_fitted may use invalid parameters
    check_is_fitted(estimator)


def check_parameters(estimator: Any) -> None:
    """Refuse invalid parameters, and kept ones that changed since `fit`."""
    if not get_config()["skip_parameter_validation"]:
        estimator._validate_params()
    for name, before in getattr(estimator, "_fitted_by", {}).items():
        now = getattr(estimator, name)
        if now is not before and now != before:
            raise ValueError(
                f"Got {name}={quote(now)}, but it was {quote(before)} in fit. Fit "
                "again, or restore it."
            )
