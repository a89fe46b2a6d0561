"""Kinds of features, each with a suitable regressor."""

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
    """A kind of features with its regressor.

    Parameters
    ----------
    transformer : transformer
        Transformer from photos to features.
    regressor : regressor
        Regressor from features to scores.
    """

    transformer: BaseEstimator
    regressor: BaseEstimator


def ridge():
    return _of_arrays(make_pipeline(StandardScaler(), RidgeCV(alphas=_ALPHAS)))


def _of_arrays(transformer):
    # A global set_output would otherwise add column names in some calls only.
    return transformer.set_output(transform="default")


def kernel_svr(*before):
    # The defaults of SVR (C=1, epsilon=0.1) suit scores of unit scale.
    regressor = _of_arrays(make_pipeline(*before, SVR()))
    return TransformedTargetRegressor(
        regressor, transformer=_of_arrays(StandardScaler())
    )


def _hellinger():
    # With square roots, Euclidean distances of histograms are Hellinger distances.
    return FunctionTransformer(np.sqrt, feature_names_out="one-to-one")


# A model of few photos does not learn that left and right hardly matter, so features
# with positions are averaged over a photo and its mirror image.
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
    # Codes are not standardised, which would amplify rare words.
    "color-names-llc": FeatureRecipe(
        ColorNamesLLC(flip=True, random_state=0), kernel_svr()
    ),
    "hog-llc": FeatureRecipe(
        HOGLLC(flip=True, random_state=0), RidgeCV(alphas=_CODE_ALPHAS)
    ),
}

# Plain descriptions of the kinds of features.
SEEN = {
    "color-statistics": "brightness and colour",
    "color-histogram": "colours",
    "gist": "layout",
    "lbp": "texture",
    "color-names-llc": "patches of colour",
    "hog-llc": "shapes",
}
