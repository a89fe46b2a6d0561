"""All private names of scikit-learn in use, so that a release breaks one file only."""

from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace

from sklearn import config_context
from sklearn.base import _fit_context
from sklearn.metrics._scorer import _BaseScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing
from sklearn.utils._metadata_requests import (
    SIMPLE_METHODS,
    MetadataRequest,
    _MetadataRequester,
    _routing_enabled,
)
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)
from sklearn.utils.metaestimators import _BaseComposition, _safe_split
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_method_params,
    _check_sample_weight,
)

__all__ = [
    "CALLBACKS",
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "MetadataRequest",
    "StrOptions",
    "_BaseComposition",
    "_MetadataRequester",
    "_check_feature_names_in",
    "_check_method_params",
    "_check_sample_weight",
    "_fit_context",
    "_routing_enabled",
    "_safe_indexing",
    "_safe_split",
    "accepts_weights",
    "compiled_trees",
    "own_requests",
    "request_of",
    "requests_by_method",
    "validate_params",
    "with_array_outputs",
]


#: Attribute that holds the callbacks of an estimator.
CALLBACKS = "_skl_callbacks"


class _NoTask:
    """Does nothing, in place of a `CallbackContext` of scikit-learn 1.9."""

    def subcontext(self, **_):
        return self

    def call_on_fit_task_begin(self, **_):
        return self

    def call_on_fit_task_end(self, **_):
        return False


class _NoCallbacks:
    """Does nothing, in place of the callbacks that scikit-learn has from 1.9 on."""

    def _init_callback_context(self, **_):
        return _NoTask()


try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:
    CallbackSupportMixin = _NoCallbacks


def with_array_outputs(function: Callable) -> Callable:
    """Let transformers within a function return arrays, whatever is set globally.

    For functions that concatenate their own features. Do not wrap models of users,
    which may rely on the global setting.
    """

    @wraps(function)
    def run(*args, **kwargs):
        with config_context(transform_output="default"):
            return function(*args, **kwargs)

    return run


def own_requests(part, method) -> dict:
    """Metadata that a method of an object requests, without those of its parts."""
    return getattr(part._get_metadata_request(), method).requests


def requests_by_method(request: MetadataRequest) -> dict[str, dict]:
    """Requests of each method that has any."""
    found = {name: getattr(request, name).requests for name in SIMPLE_METHODS}
    return {name: requests for name, requests in found.items() if requests}


def request_of(owner: str, requests: dict[str, dict]) -> MetadataRequest:
    """Inverse of `requests_by_method`."""
    request = MetadataRequest(owner=owner)
    for name in SIMPLE_METHODS:
        getattr(request, name)._requests = dict(requests.get(name, {}))
    return request


def accepts_weights(part) -> bool:
    """Whether an object is a scorer that takes sample weights."""
    return isinstance(part, _BaseScorer) and part._accept_sample_weight()


def compiled_trees() -> SimpleNamespace:
    """Classes of trees and of their models; imported late, as few models need them."""
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting import common, predictor
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import (
        BaseHistGradientBoosting,
    )
    from sklearn.ensemble._iforest import IsolationForest
    from sklearn.neighbors._base import NeighborsBase
    from sklearn.tree import BaseDecisionTree
    from sklearn.tree._tree import NODE_DTYPE, Tree

    return SimpleNamespace(
        BaseDecisionTree=BaseDecisionTree,
        BaseForest=BaseForest,
        BaseGradientBoosting=BaseGradientBoosting,
        BaseHistGradientBoosting=BaseHistGradientBoosting,
        IsolationForest=IsolationForest,
        NeighborsBase=NeighborsBase,
        NODE_DTYPE=NODE_DTYPE,
        PREDICTOR_RECORD_DTYPE=common.PREDICTOR_RECORD_DTYPE,
        Tree=Tree,
        TreePredictor=predictor.TreePredictor,
    )
