"""Weights find their way into pipelines, searches and transformed targets."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity.models._delegation import fit_clone, weight_parameter

GRID = {"alpha": [1.0]}
PIPED = {"ridge__alpha": [1.0]}


def _wrap(model):
    return make_pipeline("passthrough", model)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (Ridge(), "sample_weight"),
        (_wrap(Ridge()), "ridge__sample_weight"),
        (_wrap(_wrap(Ridge())), "pipeline__ridge__sample_weight"),
        (GridSearchCV(Ridge(), GRID), "sample_weight"),
        (GridSearchCV(_wrap(Ridge()), PIPED), "ridge__sample_weight"),
        (
            _wrap(GridSearchCV(_wrap(Ridge()), PIPED)),
            "gridsearchcv__ridge__sample_weight",
        ),
        (TransformedTargetRegressor(Ridge()), "sample_weight"),
        (TransformedTargetRegressor(_wrap(Ridge())), "ridge__sample_weight"),
    ],
)
def test_weights_reach_the_model_within(estimator, name):
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(30, 2)), rng.integers(0, 3, size=30)
    y = X[:, 0] + rng.normal(size=30)
    assert weight_parameter(estimator, "model") == name
    fitted = fit_clone(estimator, X, y, sample_weight=weight)
    assert_allclose(fitted.predict(X), Ridge().fit(X, y, weight).predict(X))


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsRegressor(),
        _wrap(KNeighborsRegressor()),
        GridSearchCV(_wrap(KNeighborsRegressor()), {}),
    ],
)
def test_model_without_weights_is_named(estimator):
    with pytest.raises(ValueError, match="the model 7 is KNeighborsRegressor, whose"):
        weight_parameter(estimator, "model 7")


def test_rows_are_those_asked_for():
    X = np.arange(20.0).reshape(10, 2)
    y, weight, rows = X[:, 0] ** 2, np.arange(10.0), np.array([8, 1, 3])
    fitted = fit_clone(StandardScaler(), X, y, rows=rows, sample_weight=weight)
    assert_allclose(fitted.mean_, np.average(X[rows], axis=0, weights=weight[rows]))
