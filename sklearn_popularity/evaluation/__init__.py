"""Evaluation: honest scores of features and models on photos held out."""

# Names imported as themselves are for other rooms, not for users.
from ._baselines import BestColumn as BestColumn
from ._baselines import baseline_models
from ._causes import follow_causes
from ._compare import compare_features
from ._compare import late_fusion as late_fusion
from ._compare_models import ModelComparison, compare_models
from ._compare_models import compare_described as compare_described
from ._context_features import (
    ContextFeature,
    social_cues,
    tag_words,
    upload_time,
    user_history,
)
from ._describe_once import Described as Described
from ._describe_once import PhotoTable as PhotoTable
from ._describe_once import rebuild as rebuild
from ._describe_once import with_photos as with_photos
from ._duplicates import near_duplicates, straddling_pairs
from ._fit_features import FittedFeatures, fit_features
from ._held_out import HeldOutPredictions, held_out_predictions
from ._held_out import predict_partitions as predict_partitions
from ._partitions import find_partitions as find_partitions
from ._protocols import evaluate_protocols
from ._recipes import FEATURES, FeatureRecipe
from ._recipes import SEEN as SEEN
from ._recipes import kernel_svr as kernel_svr
from ._recipes import ridge as ridge
from ._routing import prepare_fit as prepare_fit
from ._shares import shares_below as shares_below
from ._splits import PerUserShuffleSplit

__all__ = [
    "FEATURES",
    "ContextFeature",
    "FeatureRecipe",
    "FittedFeatures",
    "HeldOutPredictions",
    "ModelComparison",
    "PerUserShuffleSplit",
    "baseline_models",
    "compare_features",
    "compare_models",
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
