"""Squalli-Houssaini, Duong, Gwenaelle and Demarty, "Deep learning for predicting
image memorability", ICASSP 2018.

Photos are described by a network that names objects and by one that knows captions. A
perceptron with a branch for each predicts which of K balanced ranges a score is in, and
the probabilities are summed to a score. Scores are shares of people who remember, 0-1.

The network of captions, a joint embedding of 1,024 numbers, was never published; the
image tower of CLIP's ResNet-50, which shares its space of 1,024 numbers with captions
too, stands in. Baselines see standardised vectors.

Both searches, of the perceptron and of the baselines, were Bayesian (Hyperas and
Hyperopt), on the folds that were reported. :func:`mlp_search` and `REGRESSORS` have
their spaces for :class:`~sklearn.model_selection.RandomizedSearchCV` in inner folds;
for a Bayesian one hand the same composition to ``skopt.BayesSearchCV``
(scikit-optimize), with ``Categorical`` for lists and ``Real`` or ``Integer`` for
ranges, or to ``optuna_integration.OptunaSearchCV``.
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
