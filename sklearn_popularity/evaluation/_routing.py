"""What the fit of a model in a fold is given beside its rows."""

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
    """An unfitted copy, and parameters of its fit on all rows.

    A late fusion and its kin are told the groups, in the place of a column that they
    name, and so is a search whose folds keep groups together, with metadata routing and
    without.

    Parameters
    ----------
    estimator : estimator
        Model.
    groups : ndarray of shape (n_samples,) or None
        Rows that stay together, in inner folds too.
    params : mapping or None
        What the caller passes, with metadata routing to whoever requests it.
    """
    estimator, given = clone(estimator), dict(params or {})
    name, learner = _who_takes_groups(estimator)
    told = groups is not None and learner is not None
    if not _routing_enabled():
        return estimator, ({name: groups} if told else {}) | given
    if told:
        if not isinstance(learner, BaseSearchCV):  # they ask for what their folds take
            learner.set_fit_request(groups=True)
        given = {"groups": groups} | given
    router = MetadataRouter(owner="held_out_predictions").add(
        estimator=estimator,
        method_mapping=MethodMapping().add(caller="fit", callee="fit"),
    )
    return estimator, process_routing(router, "fit", **given).estimator.fit


def _who_takes_groups(estimator):
    """What takes groups, and their name in the fit of the whole; None if nothing."""
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        name, learner = _who_takes_groups(last)
        return f"{step}__{name}", learner
    if has_fit_parameter(estimator, "groups") or _has_folds_of_groups(estimator):
        return "groups", estimator
    # TransformedTargetRegressor hands all of it to the model within.
    within = getattr(estimator, "regressor", None)
    return (None, None) if within is None else _who_takes_groups(within)


def _has_folds_of_groups(estimator):
    """Whether it is a search with folds such as those of GroupKFold."""
    if not isinstance(estimator, BaseSearchCV) or not hasattr(estimator.cv, "split"):
        return False
    return bool(get_routing_for_object(estimator.cv).consumes("split", ["groups"]))
