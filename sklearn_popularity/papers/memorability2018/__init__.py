"""Squalli-Houssaini, Duong, Gwenaelle and Demarty, "Deep learning for predicting
image memorability", ICASSP 2018.

Photos are described by a network trained on objects and one trained with captions. A
perceptron with a branch for each predicts which of K balanced ranges a score is in; the
score is a weighted sum of the probabilities. Scores are the share of people who
remember a photo, 0-1.

The caption network, a joint embedding with 1,024 dimensions, was never published; the
image tower of CLIP's ResNet-50, also a joint embedding with 1,024 dimensions, replaces
it. Baselines are given standardised features.

The paper searched the parameters of the perceptron and of the baselines by Bayesian
optimisation (Hyperas and Hyperopt), on the folds that it reports. :func:`mlp_search`
and `REGRESSORS` are the search spaces for
:class:`~sklearn.model_selection.RandomizedSearchCV` in inner folds. For a Bayesian
search, pass the same model to ``skopt.BayesSearchCV`` (scikit-optimize), with
``Categorical`` for lists and ``Real`` or ``Integer`` for ranges, or to
``optuna_integration.OptunaSearchCV``.
"""

from ..._moved import moved_names
from ._models import INPUTS, REGRESSORS, k_class_mlp, mlp_search, regression
from ._tables import PUBLISHED, TABLES, TITLE, claims, splits, table_1, tables_2_and_3

__all__ = [
    "INPUTS",
    "PUBLISHED",
    "REGRESSORS",
    "TABLES",
    "TITLE",
    "claims",
    "k_class_mlp",
    "mlp_search",
    "regression",
    "splits",
    "table_1",
    "tables_2_and_3",
]

__getattr__ = moved_names(
    __name__,
    {
        "MLP_SEARCH": "mlp_search, a function of the inputs",
        "SVR_SEARCH": "REGRESSORS, with a space for each regressor",
    },
)
