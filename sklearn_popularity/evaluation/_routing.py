"""Parameters of the fit of a model in a fold."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter

from .._sklearn_compat import BaseSearchCV, _routing_enabled


def prepare_fit(
    estimator: Any, groups: np.ndarray | None, params: Mapping[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Return an unfitted copy, and the parameters of its fit on all rows.

    Groups are passed to an estimator whose fit takes them, such as a late fusion (where
    they replace a column that it names), and to a search whose folds use groups, with
    and without metadata routing.

    Parameters
    ----------
    estimator : estimator
        Model.
    groups : ndarray of shape (n_samples,) or None
        Group of each row, for inner folds.
    params : mapping or None
        The caller's parameters; with metadata routing they go where they are requested.
    """
    estimator, given = clone(estimator), dict(params or {})
    name, learner = _who_takes_groups(estimator)
    told = groups is not None and learner is not None
    if not _routing_enabled():
        return estimator, ({name: groups} if told else {}) | given
    if told:
        if not isinstance(learner, BaseSearchCV):  # its splitter makes the request
            learner.set_fit_request(groups=True)
        given = {"groups": groups} | given
    router = MetadataRouter(owner="held_out_predictions").add(
        estimator=estimator,
        method_mapping=MethodMapping().add(caller="fit", callee="fit"),
    )
    return estimator, process_routing(router, "fit", **given).estimator.fit


def _who_takes_groups(estimator):
    """Name of groups in the estimator's fit, and the part that takes them, or None."""
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        name, learner = _who_takes_groups(last)
        return f"{step}__{name}", learner
    if has_fit_parameter(estimator, "groups") or _has_folds_of_groups(estimator):
        return "groups", estimator
    # TransformedTargetRegressor passes all fit parameters to its regressor.
    within = getattr(estimator, "regressor", None)
    return (None, None) if within is None else _who_takes_groups(within)


def _has_folds_of_groups(estimator):
    """Whether the estimator is a search with a splitter that uses groups."""
    if not isinstance(estimator, BaseSearchCV) or not hasattr(estimator.cv, "split"):
        return False
    return bool(get_routing_for_object(estimator.cv).consumes("split", ["groups"]))
