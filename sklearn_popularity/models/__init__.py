"""Models that learn scores from features."""

# Names imported as themselves are for other subpackages, not for users.
from ._bins import balanced_bins as balanced_bins
from ._branches import out_of_fold as out_of_fold
from ._branches import seen_rows as seen_rows
from ._delegation import groups_of as groups_of
from ._k_class import KClassAggregatingClassifier
from ._late_fusion import StackedLateFusion
from ._latent_rank_svm import DeadSensesWarning, LatentRankSVM
from ._model_file import (
    ModelVersionWarning,
    load_model,
    read_model_arrays,
    read_model_card,
    save_model,
)
from ._pairwise_ranker import PairwiseRanker
from ._per_user import PerUserRegressor
from ._ranking import ranks as ranks
from ._residual import ResidualRegressor
from ._routing import GroupsRequest as GroupsRequest
from .networks import (
    CheckpointWarning,
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
)

__all__ = [
    "CNNFineTuneClassifier",
    "CNNFineTuneRegressor",
    "CheckpointWarning",
    "DeadSensesWarning",
    "KClassAggregatingClassifier",
    "LatentRankSVM",
    "ModelVersionWarning",
    "MultiBranchMLPClassifier",
    "MultiBranchMLPRegressor",
    "PairwiseRanker",
    "PerUserRegressor",
    "ResidualRegressor",
    "StackedLateFusion",
    "load_model",
    "read_model_arrays",
    "read_model_card",
    "save_model",
]
