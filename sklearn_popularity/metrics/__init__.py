"""Metrics: how well predictions rank photos."""

from ._human_consistency import human_consistency

# Names imported as themselves are for other rooms, not for users.
from ._jackknife import Estimate as Estimate
from ._jackknife import degrees_of_freedom as degrees_of_freedom
from ._jackknife import jackknife as jackknife
from ._jackknife import number_groups as number_groups
from ._mean_interval import MeanInterval as MeanInterval
from ._mean_interval import mean_estimate as mean_estimate
from ._mean_interval import mean_interval as mean_interval
from ._per_user import per_user_spearman_score, per_user_spearman_scorer
from ._per_user import user_correlations as user_correlations
from ._rank_jackknife import leave_groups_out as leave_groups_out
from ._spearman import correlate as correlate
from ._spearman import spearman_score, spearman_scorer
from ._spearman_interval import SpearmanDifference as SpearmanDifference
from ._spearman_interval import SpearmanInterval, spearman_interval
from ._spearman_interval import spearman_difference as spearman_difference
from ._top_fraction import top_fraction_accuracy
from ._vote_interval import vote_interval as vote_interval
from ._votes import VotedScores, bradley_terry, pairwise_accuracy

__all__ = [
    "SpearmanInterval",
    "VotedScores",
    "bradley_terry",
    "human_consistency",
    "pairwise_accuracy",
    "per_user_spearman_score",
    "per_user_spearman_scorer",
    "spearman_interval",
    "spearman_score",
    "spearman_scorer",
    "top_fraction_accuracy",
]
