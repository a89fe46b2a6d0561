"""What the fit of a model in a fold is given beside its rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter

from .._sklearn_compat import _routing_enabled


def fit_params_of(
    estimator: Any, groups: np.ndarray | None, params: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Parameters of a fit on all rows; a late fusion and its kin are told the groups.

    Parameters
    ----------
    estimator : estimator
        Model.
    groups : ndarray of shape (n_samples,) or None
        Rows that stay together, in inner folds too.
    params : mapping or None
        What the caller passes, with metadata routing to whoever requests it.
    """
    given = dict(params or {})
    if not _routing_enabled():
        name = None if groups is None else _groups_parameter(estimator)
        return given if name is None else {name: groups} | given
    if groups is not None and _requests_groups(estimator):
        given = {"groups": groups} | given
    router = MetadataRouter(owner="held_out_predictions").add(
        estimator=estimator,
        method_mapping=MethodMapping().add(caller="fit", callee="fit"),
    )
    return process_routing(router, "fit", **given).estimator.fit


def _requests_groups(estimator):
    routing = get_routing_for_object(estimator)
    return bool(routing.consumes("fit", ["groups"]))


def _groups_parameter(estimator):
    """Name under which a fit takes groups; None if it takes none."""
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        name = _groups_parameter(last)
        return None if name is None else f"{step}__{name}"
    if has_fit_parameter(estimator, "groups"):
        return "groups"
    # TransformedTargetRegressor hands all of it to the model within.
    within = getattr(estimator, "regressor", None)
    return None if within is None else _groups_parameter(within)
