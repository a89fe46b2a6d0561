"""Each kind of feature with the regressor that suits it."""

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ..features import (
    HOGLLC,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    LBPPyramid,
)

_ALPHAS = np.logspace(-1, 6, 15)
_CODE_ALPHAS = np.logspace(-3, 3, 13)


class FeatureRecipe(NamedTuple):
    """A kind of feature: how photos are described, and what learns from it."""

    transformer: BaseEstimator
    regressor: BaseEstimator


def _ridge():
    return make_pipeline(StandardScaler(), RidgeCV(alphas=_ALPHAS))


def _ridge_on_histogram():
    # Square roots make the Euclidean distance of histograms that of Hellinger.
    return make_pipeline(
        FunctionTransformer(np.sqrt, feature_names_out="one-to-one"), _ridge()
    )


def _ridge_on_codes():
    # Codes share a scale; that of a rare word carries no more than its values do.
    return RidgeCV(alphas=_CODE_ALPHAS)


FEATURES = {
    "color-statistics": FeatureRecipe(ColorStatistics(), _ridge()),
    "color-histogram": FeatureRecipe(ColorHistogram(), _ridge_on_histogram()),
    "gist": FeatureRecipe(GistTransformer(), _ridge()),
    "lbp": FeatureRecipe(LBPPyramid(), _ridge_on_histogram()),
    "color-names-llc": FeatureRecipe(ColorNamesLLC(random_state=0), _ridge_on_codes()),
    "hog-llc": FeatureRecipe(HOGLLC(random_state=0), _ridge_on_codes()),
}
