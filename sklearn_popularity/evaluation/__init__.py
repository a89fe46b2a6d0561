"""Evaluation: honest scores of features and models on held-out photos."""

from .._moved import moved_names

# Names imported as themselves are for other rooms, not for users.
from ._baselines import BestColumn as BestColumn
from ._baselines import baseline_models
from ._best_of_groups import best_of_groups
from ._causes import follow_causes
from ._compare import FUSION as FUSION
from ._compare import compare_features
from ._compare import late_fusion as late_fusion
from ._compare import parts_of as parts_of
from ._compare_models import ModelComparison, compare_models
from ._compare_models import adjust_p_values as adjust_p_values
from ._compare_models import compare_study as compare_study
from ._describe_once import Described as Described
from ._describe_once import NoPhotosError as NoPhotosError
from ._describe_once import PhotoTable as PhotoTable
from ._describe_once import input_of as input_of
from ._describe_once import rows_described as rows_described
from ._describe_once import with_photos as with_photos
from ._duplicates import near_duplicates, straddling_pairs
from ._fit_model import FittedModel, fit_model
from ._held_out import HeldOutPredictions, held_out_predictions
from ._held_out import predict_partitions as predict_partitions
from ._held_out_scores import held_out_difference as held_out_difference
from ._held_out_scores import held_out_interval as held_out_interval
from ._interval_regressor import IntervalRegressor
from ._interval_regressor import conformal_half_width as conformal_half_width
from ._interval_regressor import percentiles_among as percentiles_among
from ._partitions import columns_of_partitions as columns_of_partitions
from ._partitions import find_partitions as find_partitions
from ._partitions import make_partitions as make_partitions
from ._photo_measures import measure_photos as measure_photos
from ._protocols import evaluate_protocols
from ._rebuild import image_transformers as image_transformers
from ._rebuild import rebuild as rebuild
from ._rebuild import with_settings as with_settings
from ._recipes import FEATURES, FeatureRecipe
from ._recipes import SEEN as SEEN
from ._recipes import kernel_svr as kernel_svr
from ._recipes import ridge as ridge
from ._routing import prepare_fit as prepare_fit
from ._shares import shares_below as shares_below
from ._shortcut_audit import ShortcutAudit, shortcut_audit
from ._splits import PerUserShuffleSplit
from ._study import Study as Study
from ._study import prepare_study as prepare_study
from ._study import renumber_folds as renumber_folds
from ._transfer import transfer_table
from ._variance_shares import VarianceShares, variance_shares
from ._vote_folds import VoteKFold

__all__ = [
    "FEATURES",
    "FeatureRecipe",
    "FittedModel",
    "HeldOutPredictions",
    "IntervalRegressor",
    "ModelComparison",
    "PerUserShuffleSplit",
    "ShortcutAudit",
    "VarianceShares",
    "VoteKFold",
    "baseline_models",
    "best_of_groups",
    "compare_features",
    "compare_models",
    "evaluate_protocols",
    "fit_model",
    "follow_causes",
    "held_out_predictions",
    "near_duplicates",
    "shortcut_audit",
    "straddling_pairs",
    "transfer_table",
    "variance_shares",
]

_BESIDE = "papers.recommended, whose model compare_models takes"
__getattr__ = moved_names(
    __name__,
    {
        "ContextFeature": _BESIDE,
        "social_cues": _BESIDE,
        "tag_words": _BESIDE,
        "upload_time": _BESIDE,
        "user_history": _BESIDE,
        "FittedFeatures": "FittedModel",
        "fit_features": "fit_model",
    },
)
