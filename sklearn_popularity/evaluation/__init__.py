"""Evaluation: honest scores of features and models on photos held out."""

from ._causes import follow_causes
from ._compare import FeatureComparison, compare_features
from ._duplicates import near_duplicates, straddling_pairs
from ._protocols import evaluate_protocols
from ._recipes import FEATURES, FeatureRecipe
from ._splits import PerUserShuffleSplit

__all__ = [
    "FEATURES",
    "FeatureComparison",
    "FeatureRecipe",
    "PerUserShuffleSplit",
    "compare_features",
    "evaluate_protocols",
    "follow_causes",
    "near_duplicates",
    "straddling_pairs",
]
