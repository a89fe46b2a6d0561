"""Metrics: how well predictions rank photos."""

from ._per_user import (
    per_user_spearman_score,
    per_user_spearman_scorer,
    user_correlations,
)
from ._spearman import (
    SpearmanInterval,
    spearman_interval,
    spearman_score,
    spearman_scorer,
)
from ._top_fraction import top_fraction_accuracy

__all__ = [
    "SpearmanInterval",
    "per_user_spearman_score",
    "per_user_spearman_scorer",
    "spearman_interval",
    "spearman_score",
    "spearman_scorer",
    "top_fraction_accuracy",
    "user_correlations",
]
