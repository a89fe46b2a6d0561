"""Each kind of feature with the regressor that suits it."""

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVR

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
    """A kind of feature: how photos are described, and what learns from it.

    Parameters
    ----------
    transformer : transformer
        Of photos to features.
    regressor : regressor
        Of features to scores.
    """

    transformer: BaseEstimator
    regressor: BaseEstimator


def ridge():
    return _of_arrays(make_pipeline(StandardScaler(), RidgeCV(alphas=_ALPHAS)))


def _of_arrays(transformer):
    # What is set globally would give names to columns at one time and not at another.
    return transformer.set_output(transform="default")


def kernel_svr(*before):
    # Scores at unit scale, which the defaults of the SVR (C=1, epsilon=0.1) suit.
    regressor = _of_arrays(make_pipeline(*before, SVR()))
    return TransformedTargetRegressor(
        regressor, transformer=_of_arrays(StandardScaler())
    )


def _hellinger():
    # Square roots make the Euclidean distance of histograms that of Hellinger.
    return FunctionTransformer(np.sqrt, feature_names_out="one-to-one")


# Few photos do not teach a model that left and right hardly matter, so places are
# described by the mean over a photo and its mirror image.
#: Recipes of the kinds of features that :func:`compare_features` knows, by name.
FEATURES = {
    "color-statistics": FeatureRecipe(ColorStatistics(), ridge()),
    "color-histogram": FeatureRecipe(
        ColorHistogram(), kernel_svr(_hellinger(), StandardScaler())
    ),
    "gist": FeatureRecipe(GistTransformer(flip=True), kernel_svr(StandardScaler())),
    "lbp": FeatureRecipe(
        LBPPyramid(flip=True), kernel_svr(_hellinger(), StandardScaler())
    ),
    # Codes share a scale: that of a rare word says no more than its values do.
    "color-names-llc": FeatureRecipe(
        ColorNamesLLC(flip=True, random_state=0), kernel_svr()
    ),
    "hog-llc": FeatureRecipe(
        HOGLLC(flip=True, random_state=0), RidgeCV(alphas=_CODE_ALPHAS)
    ),
}

# What each kind sees, for those who do not know its name.
SEEN = {
    "color-statistics": "brightness and colour",
    "color-histogram": "colours",
    "gist": "layout",
    "lbp": "texture",
    "color-names-llc": "patches of colour",
    "hog-llc": "shapes",
}
