"""Models: vectors in, a score out."""

from ._branches import out_of_fold
from ._k_class import KClassAggregatingClassifier
from ._late_fusion import StackedLateFusion
from ._latent_rank_svm import DeadSensesWarning, LatentRankSVM
from ._per_user import PerUserRegressor
from .networks import MultiBranchMLPClassifier, MultiBranchMLPRegressor

__all__ = [
    "DeadSensesWarning",
    "KClassAggregatingClassifier",
    "LatentRankSVM",
    "MultiBranchMLPClassifier",
    "MultiBranchMLPRegressor",
    "PerUserRegressor",
    "StackedLateFusion",
    "out_of_fold",
]
