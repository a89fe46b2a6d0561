"""Evaluation: honest scores of features and models on photos held out."""

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
from ._protocols import evaluate_protocols
from ._recipes import FEATURES, FeatureRecipe
from ._splits import PerUserShuffleSplit

__all__ = [
    "FEATURES",
    "ContextFeature",
    "FeatureComparison",
    "FeatureRecipe",
    "FittedFeatures",
    "PerUserShuffleSplit",
    "compare_features",
    "evaluate_protocols",
    "fit_features",
    "follow_causes",
    "near_duplicates",
    "social_cues",
    "straddling_pairs",
    "tag_words",
    "upload_time",
    "user_history",
]
