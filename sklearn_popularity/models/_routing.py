"""Metadata routing: with it and without, weights and groups reach the same parts."""

from typing import Any

from sklearn import get_config
from sklearn.pipeline import Pipeline

from .._sklearn_compat import accepts_weights, own_requests

_WEIGHT = "sample_weight"


class GroupsRequest:
    """Mixin of estimators with a parameter `groups` and a `fit` that takes groups.

    Unless `set_fit_request` says otherwise, groups that are routed reach `fit` where
    the parameter names no column.
    """

    groups: Any

    def get_metadata_routing(self):
        """Get what metadata the methods of this estimator request.

        Returns
        -------
        routing : MetadataRequest
        """
        routing = super().get_metadata_routing()  # type: ignore[misc]
        if routing.fit.requests.get("groups") is None:
            routing.fit.add_request(param="groups", alias=self.groups is None)
        return routing


def is_routed() -> bool:
    """Whether scikit-learn routes metadata by what objects request."""
    return get_config()["enable_metadata_routing"]


def inner_of(estimator):
    """What a search or a transformed target hands its metadata to, or None."""
    return getattr(estimator, "estimator", getattr(estimator, "regressor", None))


def request_weights(estimator):
    """Request weights for what gets them without routing, where nothing is set yet.

    Parameters
    ----------
    estimator : estimator
        Not fitted; of a pipeline the last step, and of a search or a transformed target
        the model within gets the weights, and other parts get none.
    """
    learner = _learner_of(estimator)
    _set(learner, "fit", True)
    _set(learner, "score", True)  # of a search without a scorer of its own
    within = [id(part) for part in learner.get_params(deep=True).values()]
    for part in [*estimator.get_params(deep=True).values(), estimator]:
        if accepts_weights(part):
            part.set_score_request(**{_WEIGHT: True})
        elif not isinstance(part, type) and id(part) not in within:
            for method in ("fit", "score"):
                _set(part, method, False)


def _learner_of(estimator):
    if isinstance(estimator, Pipeline):
        return _learner_of(estimator.steps[-1][1])
    takes_weights = hasattr(estimator, "set_fit_request")
    within = None if takes_weights else inner_of(estimator)
    return estimator if within is None else _learner_of(within)


def _set(part, method, value):
    """Set a request that is not set, of a part that has it."""
    if not hasattr(part, f"set_{method}_request"):
        return
    requests = own_requests(part, method)
    if _WEIGHT in requests and requests[_WEIGHT] is None:
        getattr(part, f"set_{method}_request")(**{_WEIGHT: value})
