"""Evaluation: honest scores of features and models on photos held out."""

from ._causes import follow_causes
from ._compare import FeatureComparison, compare_features
from ._duplicates import near_duplicates, straddling_pairs
from ._recipes import FEATURES, FeatureRecipe

__all__ = [
    "FEATURES",
    "FeatureComparison",
    "FeatureRecipe",
    "compare_features",
    "follow_causes",
    "near_duplicates",
    "straddling_pairs",
]
