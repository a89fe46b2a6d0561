"""Pass weights and groups to the same parts with and without metadata routing."""

from collections.abc import Mapping
from typing import Any

from sklearn import get_config
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.pipeline import Pipeline

from .._sklearn_compat import accepts_weights, own_requests

_WEIGHT = "sample_weight"


class GroupsRequest:
    """Mixin of estimators with a parameter `groups` and a `fit` that takes groups.

    Unless `set_fit_request` says otherwise, routed groups are passed to `fit` if the
    parameter is None.
    """

    groups: Any

    def get_metadata_routing(self):
        """Get the metadata that the methods of this estimator request.

        Returns
        -------
        routing : MetadataRequest
        """
        routing = super().get_metadata_routing()  # type: ignore[misc]
        if routing.fit.requests.get("groups") is None:
            routing.fit.add_request(param="groups", alias=self.groups is None)
        return routing


def is_routed() -> bool:
    """Whether metadata routing is enabled."""
    return get_config()["enable_metadata_routing"]


def inner_of(estimator):
    """Inner model of a search or a TransformedTargetRegressor, or None."""
    return getattr(estimator, "estimator", getattr(estimator, "regressor", None))


def request_weights(estimator):
    """Request weights for the parts that get them without routing, if none are set.

    Those are the last step of a pipeline and the inner model of a search or a
    TransformedTargetRegressor.
    """
    learner = _learner_of(estimator)
    parts = [estimator, *estimator.get_params(deep=True).values()]
    parts = [part for part in parts if not isinstance(part, type)]
    _set(learner, "fit", True)
    _set(learner, "score", True)  # for a search without its own scorer
    within = [id(part) for part in learner.get_params(deep=True).values()]
    for part in parts:
        _request_of_scorers(part)
        for method in ("fit", "score") if id(part) not in within else ():
            _set(part, method, False)


def _request_of_scorers(part):
    """Request weights for the scorers of a search, in place of names of scorers."""
    if not hasattr(part, "scoring"):
        return
    scoring = _scorers(part, part.scoring)
    if scoring is not part.scoring:
        part.set_params(scoring=scoring)
    for scorer in scoring.values() if isinstance(scoring, Mapping) else [scoring]:
        if accepts_weights(scorer):
            _set(scorer, "score", _scores_by_weight(part))


def _scorers(part, scoring):
    """Replace names of scorers by scorers; return anything else as it is."""
    if isinstance(scoring, str):  # for boosting it may be "loss"
        return get_scorer(scoring) if scoring in get_scorer_names() else scoring
    if isinstance(scoring, list | tuple | set):
        return {name: get_scorer(name) for name in scoring}
    if scoring is None and not _scores_by_weight(part):
        return own_score
    return scoring


def own_score(estimator, X, y):
    """Score of an estimator; as a function, it is given no weights."""
    return estimator.score(X, y)


def _scores_by_weight(part):
    """Whether scorers get weights without routing: not if a pipeline is inside."""
    within = inner_of(part)
    if within is None or hasattr(part, "set_fit_request"):
        return True
    return not isinstance(within, Pipeline) and _scores_by_weight(within)


def _learner_of(estimator):
    if isinstance(estimator, Pipeline):
        return _learner_of(estimator.steps[-1][1])
    takes_weights = hasattr(estimator, "set_fit_request")
    within = None if takes_weights else inner_of(estimator)
    return estimator if within is None else _learner_of(within)


def _set(part, method, value):
    """Set a request of a part that has it, unless it is set."""
    if not hasattr(part, f"set_{method}_request"):
        return
    requests = own_requests(part, method)
    if _WEIGHT in requests and requests[_WEIGHT] is None:
        getattr(part, f"set_{method}_request")(**{_WEIGHT: value})
