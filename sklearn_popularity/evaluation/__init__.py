"""Evaluation: honest scores of features and models on photos held out."""

# Names imported as themselves are for other rooms, not for users.
from ._baselines import predict_best_column as predict_best_column
from ._baselines import predict_user_mean as predict_user_mean
from ._causes import follow_causes
from ._compare import FeatureComparison, compare_features
from ._context_features import (
    ContextFeature,
    social_cues,
    tag_words,
    upload_time,
    user_history,
)
from ._duplicates import near_duplicates, straddling_pairs
from ._fit_features import FittedFeatures, fit_features
from ._held_out import HeldOutPredictions, held_out_predictions
from ._partitions import make_partitions as make_partitions
from ._protocol_folds import FoldSettings as FoldSettings
from ._protocol_folds import Rows as Rows
from ._protocol_folds import k_folds as k_folds
from ._protocols import evaluate_protocols
from ._recipes import FEATURES, FeatureRecipe
from ._recipes import kernel_svr as kernel_svr
from ._recipes import ridge as ridge
from ._splits import PerUserShuffleSplit

__all__ = [
    "FEATURES",
    "ContextFeature",
    "FeatureComparison",
    "FeatureRecipe",
    "FittedFeatures",
    "HeldOutPredictions",
    "PerUserShuffleSplit",
    "compare_features",
    "evaluate_protocols",
    "fit_features",
    "follow_causes",
    "held_out_predictions",
    "near_duplicates",
    "social_cues",
    "straddling_pairs",
    "tag_words",
    "upload_time",
    "user_history",
]
