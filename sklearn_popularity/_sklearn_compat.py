"""Every private name of scikit-learn that we use, so a new release breaks one file."""

from types import SimpleNamespace

from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import _check_feature_names_in, _check_sample_weight

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "_BaseComposition",
    "_check_feature_names_in",
    "_check_sample_weight",
    "_fit_context",
    "_safe_indexing",
    "compiled_trees",
    "validate_params",
]


def compiled_trees() -> SimpleNamespace:
    """Trees that compiled code walks, and who has them; few models need the import."""
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import (
        BaseHistGradientBoosting,
    )
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
    from sklearn.ensemble._iforest import IsolationForest
    from sklearn.neighbors._base import NeighborsBase
    from sklearn.tree import BaseDecisionTree
    from sklearn.tree._tree import NODE_DTYPE, Tree

    return SimpleNamespace(**locals())
