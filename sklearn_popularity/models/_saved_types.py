"""Types that a model file may contain: creating them has no side effects."""

import inspect
from functools import cache

import sklearn.feature_selection
import sklearn.metrics
import sklearn.model_selection
from sklearn.base import BaseEstimator

# Besides public types and what skops trusts: records, and parts of public estimators.
_PARTS = {
    "functools.partial",
    "numpy.dtype",
    "numpy.mean",
    "numpy.median",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._bunch.Bunch",
    "sklearn_popularity.context._table.Column",
    "sklearn_popularity.metrics._per_user._PerUserSpearmanScorer",
    "sklearn_popularity.models._branch_ridge.BranchRidge",
    "sklearn_popularity.models._branch_scores.BranchScore",
    "sklearn_popularity.models._routing.own_score",
    "sklearn_popularity.models._saved_parts.SavedDict",
    "sklearn_popularity.models._saved_parts.SavedRequests",
    "sklearn_popularity.models._saved_trees.SavedPredictor",
    "sklearn_popularity.models._saved_trees.SavedTree",
    "sklearn_popularity.models._senses.Scaling",
    "sklearn_popularity.models._senses.Senses",
    "sklearn_popularity.papers._empty_columns.EmptyColumnFiller",
    "sklearn_popularity.papers._photo_models.over_root_width",
    "sklearn_popularity.papers._recommended.moments",
    "sklearn_popularity.papers._recommended.without_gaps",
}
_LOSSES = {
    "_loss": "CyHalfMultinomialLoss",
    "link": "HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit",
    "loss": "AbsoluteError ExponentialLoss HalfBinomialLoss HalfGammaLoss "
    "HalfMultinomialLoss HalfPoissonLoss HalfSquaredError HalfTweedieLoss "
    "HalfTweedieLossIdentity HuberLoss PinballLoss",
}
_PARTS |= {
    f"sklearn._loss.{m}.{n}" for m, names in _LOSSES.items() for n in names.split()
} | {"_loss.CyHalfMultinomialLoss"}  # as scikit-learn 1.8 names it


def is_approved(name: str) -> bool:
    """Whether models may contain a type or function.

    Allowed are public estimators, splitters and scores of this package, splitters,
    kernels and scores of scikit-learn, and parts of them. No name imports a module.
    """
    return name in _PARTS or name in _of_sklearn() or _is_ours(name)


def name_of(value) -> str:
    """Name of a type or function, as skops writes it."""
    return f"{value.__module__}.{value.__qualname__}"


@cache
def _of_sklearn() -> frozenset[str]:
    from sklearn.gaussian_process import kernels

    functions = [
        value
        for room in (sklearn.metrics, sklearn.feature_selection)
        for value in _public(room)
        if inspect.isfunction(value)
    ]
    splitters = [v for v in _public(sklearn.model_selection) if _is_splitter(v)]
    shapes = [
        value
        for value in vars(kernels).values()
        if inspect.isclass(value) and issubclass(value, kernels.Kernel)
    ]
    return frozenset(map(name_of, [*functions, *splitters, *shapes]))


def _public(room):
    # Not by `getattr`, which experimental names refuse.
    return [value for name, value in vars(room).items() if name in room.__all__]


def _is_splitter(value):
    return inspect.isclass(value) and hasattr(value, "get_n_splits")


def _is_ours(name):
    import sklearn_popularity

    public = name.rpartition(".")[2]
    if public not in dir(sklearn_popularity):
        return False
    value = getattr(sklearn_popularity, public)
    is_estimator = inspect.isclass(value) and issubclass(value, BaseEstimator)
    is_score = inspect.isfunction(value) and public in dir(sklearn_popularity.metrics)
    allowed = is_estimator or _is_splitter(value) or is_score
    return allowed and name_of(value) == name
