"""Weights of features in linear models, through scalers, pipelines and fusions."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.feature_selection import SelectorMixin
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from .._columns import resolve_columns, select_columns
from ..models import LatentRankSVM, StackedLateFusion
from ._members import output_columns, shares_of

_SCALERS = (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler)


class NotLinearError(ValueError):
    """The score of a model is not linear in its features; the message says why."""


class Part(NamedTuple):
    """Features, or a prediction, and their weights in the score.

    Attributes
    ----------
    source : estimator or None
        Fitted transformer, or regressor of a fusion; None for unchanged columns.
    weights : ndarray of shape (n_outputs,), float64
        Weights of the outputs of `source`.
    selections : tuple of columns
        Columns of X that `source` uses, selected one after the other.
    """

    source: Any
    weights: NDArray[np.float64]
    selections: tuple = ()

    def select(self, X):
        """The columns of X that the source uses."""
        for columns in self.selections:
            X = select_columns(X, resolve_columns(X, columns, "model"))
        return X

    def contributions(self, X) -> NDArray[np.float64]:
        """Contribution to the score of each row of X."""
        given = self.select(X)
        if self.source is not None:
            transforms = hasattr(self.source, "transform")
            how = self.source.transform if transforms else self.source.predict
            given = how(given)
        return numbers_of(given).reshape(len(X), -1) @ self.weights


def numbers_of(rows) -> NDArray[np.float64]:
    """Features as an array, also from a sparse matrix or a table."""
    dense = rows.toarray() if hasattr(rows, "toarray") else rows
    return np.asarray(dense, np.float64)


class LinearParts(NamedTuple):
    """A score as a constant plus the contributions of parts."""

    parts: list[Part]
    intercept: float

    def scaled(self, factor: float, constant: float = 0.0) -> "LinearParts":
        """The parts of constant + factor times the score."""
        parts = [part._replace(weights=factor * part.weights) for part in self.parts]
        return LinearParts(parts, constant + factor * self.intercept)


def linear_parts(model, row=None) -> LinearParts:
    """Decompose a fitted linear model, or a model that contains one, into parts.

    A nonlinear branch of a fusion is one part: its prediction, with its weight. `row`
    returns the table with the row to explain, for models that are only linear near it.
    It is not called for other models, so that no photo is read in vain. Raises a
    `NotLinearError`.
    """
    model = as_pipeline(model)
    if hasattr(model, "best_estimator_"):
        return linear_parts(model.best_estimator_, row)
    if isinstance(model, Pipeline):
        return _pipeline_parts(model, row)
    if isinstance(model, TransformedTargetRegressor):
        return _target_parts(model, row)
    if isinstance(model, StackedLateFusion):
        return _fusion_parts(model, row)
    if isinstance(model, VotingRegressor):
        return _mean_parts(model, row)
    weights, intercept = _coefficients(model, row)
    return LinearParts([Part(None, weights)], intercept)


def as_pipeline(model):
    """A pipeline of (transformer, estimator), or the model itself."""
    if isinstance(model, tuple):
        return Pipeline([(str(i), step) for i, step in enumerate(model)])
    return model


def _then(row, function, *others):
    """A callable that applies a function to the row when it is needed."""
    return None if row is None else lambda: function(row(), *others)


def _pipeline_parts(model, row):
    if len(model) == 1:
        return linear_parts(model[-1], row)
    before = model[:-1]
    inner = linear_parts(model[-1], _then(row, before.transform))
    if len(inner.parts) > 1 or inner.parts[0].selections:
        raise NotLinearError(f"{type(model[-1]).__name__} must be the first step")
    parts, constant = _pull_back(before, inner.parts[0].weights)
    return LinearParts(parts, inner.intercept + constant)


def _target_parts(model, row):
    scaler = model.transformer_
    if not isinstance(scaler, _SCALERS):
        raise NotLinearError(f"the target is transformed by {type(scaler).__name__}")
    zero, one = scaler.inverse_transform([[0.0], [1.0]]).ravel()
    return linear_parts(model.regressor_, row).scaled(one - zero, zero)


def _fusion_parts(model, row):
    outputs = _then(row, model.branch_predictions)
    last = linear_parts(model.final_estimator_, outputs)
    intercept, places = last.intercept, output_columns(model)
    parts: list[Part] = []
    for name, estimator, columns in model.branches_:
        own = last.parts[0].weights[places[name]]
        if isinstance(estimator, str):  # passed through
            found = LinearParts([Part(None, own)], 0.0)
        else:
            chosen = _then(row, select_columns, columns)
            centre = -own[0] * model.branch_means_[name]
            found = branch_parts(estimator, chosen).scaled(own[0], centre)
        intercept += found.intercept
        parts += [p._replace(selections=(columns, *p.selections)) for p in found.parts]
    return LinearParts(parts, intercept)


def _mean_parts(model, row):
    found = [
        branch_parts(member, row).scaled(share)
        for member, share in zip(model.estimators_, shares_of(model), strict=True)
    ]
    intercept = sum(each.intercept for each in found)
    return LinearParts([part for each in found for part in each.parts], intercept)


def branch_parts(estimator, row):
    """The parts of a branch, or its prediction if it is not linear."""
    try:
        return linear_parts(estimator, row)
    except NotLinearError:
        return LinearParts([Part(estimator, np.ones(1))], 0.0)


def _coefficients(model, row):
    """Weights of the features and the constant, checked against predictions: those of
    a generalised linear model do not add up to its score."""
    coef, intercept = getattr(model, "coef_", None), getattr(model, "intercept_", 0.0)
    if isinstance(model, LatentRankSVM):
        return _winning_senses(model, row)
    coef = None if coef is None else np.squeeze(np.asarray(coef, np.float64))
    if coef is None or coef.ndim > 1 or not hasattr(model, "predict"):
        raise NotLinearError(f"{type(model).__name__} has no weight for each feature")
    coef, intercept = np.atleast_1d(coef), float(np.squeeze(intercept))
    probes = np.vstack([np.zeros(len(coef)), np.random.RandomState(0).rand(len(coef))])
    names = getattr(model, "feature_names_in_", None)
    rows = probes if names is None else pd.DataFrame(probes, columns=names)
    predicted, expected = model.predict(rows), probes @ coef + intercept
    if predicted.dtype.kind != "f" or not np.allclose(predicted, expected, 1e-4, 1e-6):
        raise NotLinearError(f"{type(model).__name__} does not predict a weighted sum")
    return coef, intercept


def _winning_senses(model, row):
    """Weights of the winning popular sense minus those of the unpopular one."""
    if row is None:
        raise NotLinearError("LatentRankSVM has different weights in each sense")
    popular, unpopular = model.predict_sense(row())[0]
    senses = np.column_stack([model.coef_, model.intercept_]).astype(np.float64)
    weights = senses[popular].copy()
    if unpopular >= 0:
        weights -= senses[model.n_senses + unpopular]
    return weights[:-1], float(weights[-1])


def _pull_back(transformer, weights):
    """Parts and a constant that equal a weighted sum of a transformer's outputs."""
    if isinstance(transformer, Pipeline):
        return _pull_through_steps(transformer, weights)
    if isinstance(transformer, ColumnTransformer):
        return _pull_through_columns(transformer, weights)
    if isinstance(transformer, FeatureUnion) and not transformer.transformer_weights:
        return _pull_through_union(transformer, weights)
    if isinstance(transformer, (*_SCALERS, SelectorMixin)):
        weights, constant = _unscale(transformer, weights)
        return [Part(None, weights)], constant
    return [Part(transformer, weights)], 0.0


def _pull_through_steps(pipeline, weights):
    steps = [step for step in pipeline.steps if step[1] not in (None, "passthrough")]
    constant = 0.0
    while steps and isinstance(steps[-1][1], (*_SCALERS, SelectorMixin)):
        weights, change = _unscale(steps.pop()[1], weights)
        constant += change
    if len(steps) != 1:
        source = Pipeline(steps) if steps else None
        return [Part(source, weights)], constant
    parts, change = _pull_back(steps[0][1], weights)
    return parts, constant + change


def _pull_through_columns(transformer, weights):
    parts: list[Part] = []
    constant = 0.0
    for name, source, columns in transformer.transformers_:
        own = weights[transformer.output_indices_[name]]
        if len(own):
            found, change = _pull_back(source, own)
            constant += change
            parts += [p._replace(selections=(columns, *p.selections)) for p in found]
    return parts, constant


def _pull_through_union(union, weights):
    parts: list[Part] = []
    constant = 0.0
    for _, source in union.transformer_list:
        width = 0 if source == "drop" else len(source.get_feature_names_out())
        found, change = _pull_back(source, weights[:width]) if width else ([], 0.0)
        parts, constant, weights = parts + found, constant + change, weights[width:]
    return parts, constant


def _unscale(scaler, weights):
    """Weights of the columns before scaling or selection, and the constant."""
    if isinstance(scaler, SelectorMixin):
        kept = scaler.get_support()
        before = np.zeros(len(kept))
        before[kept] = weights
        return before, 0.0
    if isinstance(scaler, MinMaxScaler):
        return weights * scaler.scale_, float(weights @ scaler.min_)
    scale = getattr(scaler, "scale_", None)
    before = weights if scale is None else weights / scale
    centre = getattr(scaler, "center_", getattr(scaler, "mean_", None))
    if centre is None or getattr(scaler, "with_mean", True) is False:
        return before, 0.0
    return before, -float(before @ centre)
