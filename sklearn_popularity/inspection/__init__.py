"""Inspection: explain the scores of a model, and show where it is right and wrong."""

# Names imported as themselves are for other subpackages, not for users.
from ._ablation import ablation
from ._branches import branch_importance, plot_branch_importance
from ._calibration import calibration, plot_calibration
from ._colors import color_importance, plot_color_importance
from ._compare_photos import PhotoComparison, compare_photos
from ._compare_photos import compare_scores as compare_scores
from ._cue_correlations import cue_correlations, plot_cue_correlations
from ._distribution import (
    plot_popularity_distribution,
    plot_score_distribution,
    popularity_distribution,
    score_distribution,
)
from ._explain import PhotoExplanation, explain_photo
from ._explain_page import explain_figure as explain_figure
from ._explain_page import explain_page as explain_page
from ._heatmap import plot_heatmap, region_heatmap
from ._held_out_record import HeldOutRecord as HeldOutRecord
from ._held_out_record import percentile_intervals as percentile_intervals
from ._mean_image import mean_image, plot_mean_image
from ._objects import object_importance, plot_object_importance
from ._per_user import plot_spearman_by_user, spearman_by_user
from ._percentiles import score_percentile
from ._plot_comparison import plot_comparison
from ._quadrants import plot_quadrants, quadrants
from ._rank_page import rank_page as rank_page
from ._reliability import percentile_reliability, plot_percentile_reliability
from ._report import PopularityReport, popularity_report
from ._report_held_out import HeldOut as HeldOut
from ._report_held_out import join_looks as join_looks
from ._report_held_out import look_inside as look_inside
from ._report_html import write_page as write_page
from ._sense_stability import sense_stability
from ._sense_stability import stability_of_winners as stability_of_winners
from ._senses import plot_sense_photos, plot_sense_words, sense_photos, sense_words
from ._unlike import describe_seen as describe_seen
from ._unlike import find_unlike as find_unlike
from ._what_if import WhatIf, what_if

__all__ = [
    "PhotoComparison",
    "PhotoExplanation",
    "PopularityReport",
    "WhatIf",
    "ablation",
    "branch_importance",
    "calibration",
    "color_importance",
    "compare_photos",
    "cue_correlations",
    "explain_photo",
    "mean_image",
    "object_importance",
    "percentile_reliability",
    "plot_branch_importance",
    "plot_calibration",
    "plot_color_importance",
    "plot_comparison",
    "plot_cue_correlations",
    "plot_heatmap",
    "plot_mean_image",
    "plot_object_importance",
    "plot_percentile_reliability",
    "plot_popularity_distribution",
    "plot_quadrants",
    "plot_score_distribution",
    "plot_sense_photos",
    "plot_sense_words",
    "plot_spearman_by_user",
    "popularity_distribution",
    "popularity_report",
    "quadrants",
    "region_heatmap",
    "score_distribution",
    "score_percentile",
    "sense_photos",
    "sense_stability",
    "sense_words",
    "spearman_by_user",
    "what_if",
]
