"""Why a model gives one photo its score: reasons that add up."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from .._columns import select_columns
from ..evaluation import SEEN
from ..models import StackedLateFusion
from ._linear import NotLinearError, linear_parts

# A feature with more numbers than this is one reason: nobody reads 512.
_MAX_NAMED = 64


class PhotoExplanation(NamedTuple):
    """Why a photo has its score.

    Parameters
    ----------
    score : float
        Predicted.
    start : float
        What the model says of a photo that is average in all that the reasons name.
    reasons : DataFrame
        A row per reason, the strongest first, with the columns reason and
        contribution, in units of the score: the score is the start plus the sum of
        the contributions. Empty where the model has no parts that add up.
    why_none : str
        Why there are no reasons; empty where there are.
    """

    score: float
    start: float
    reasons: pd.DataFrame
    why_none: str


def explain_photo(model, photo):
    """Say what raises and what lowers the predicted score of a photo.

    Parameters
    ----------
    model : Pipeline
        Fitted, from photos to scores, such as the model of
        :func:`~sklearn_popularity.evaluation.fit_features`: image transformers, then a
        linear model or a late fusion.
    photo : photo
        A path, array, PIL image or encoded bytes.

    Returns
    -------
    explanation : PhotoExplanation

    Raises
    ------
    TypeError
        If the model is no pipeline.
    ImageError
        If the photo cannot be read.

    See Also
    --------
    region_heatmap : Which regions raise the score, and which lower it.

    Notes
    -----
    A reason is a weight times the distance of its value from the mean of the training
    photos, which the scaler before a linear model has kept; where there is none, from
    0. In a late fusion with a linear last model, a kind of feature is one reason: by
    how much its own prediction differs from its mean prediction, times its weight; a
    kind with at most 64 numbers and a linear model is split into these. Reasons say
    what the model added up, not what made the photo popular.

    Examples
    --------
    >>> from sklearn_popularity import make_popularity
    >>> from sklearn_popularity.evaluation import fit_features
    >>> from sklearn_popularity.inspection import explain_photo
    >>> posts, truth = make_popularity(40, image_size=(48, 64), random_state=0)
    >>> features = ["color-statistics"]
    >>> fitted = fit_features(posts["photo"], posts["score"], features=features)
    >>> found = explain_photo(fitted.model, posts["photo"][0])
    >>> len(found.reasons)
    6
    >>> total = found.start + found.reasons["contribution"].sum()
    >>> bool(abs(total - found.score) < 1e-6)
    True
    """
    if not isinstance(model, Pipeline) or len(model) < 2:
        raise TypeError(
            f"Got a model of type {type(model).__name__}, but a fitted pipeline from "
            "photos to scores was expected, such as that of fit_features."
        )
    check_is_fitted(model)
    rows = model[:1].transform([photo])
    score = float(np.ravel(model[1:].predict(rows))[0])
    try:
        start, reasons = _take_apart(model, np.asarray(rows, np.float64))
    except NotLinearError as reason:
        empty = pd.DataFrame({"reason": [], "contribution": []})
        return PhotoExplanation(score, np.nan, empty, f"{reason}.")
    table = pd.DataFrame(reasons, columns=["reason", "contribution"])
    order = np.argsort(-table["contribution"].abs(), kind="stable")
    return PhotoExplanation(score, start, table.iloc[order].reset_index(drop=True), "")


def _take_apart(model, rows):
    """The start, and pairs of a reason and its contribution."""
    last = model[1] if len(model) == 2 else model[1:]
    names = list(model[0].get_feature_names_out())
    if isinstance(last, StackedLateFusion):
        return _fusion_reasons(last, rows, names)
    return _linear_reasons(last, rows, names)


def _fusion_reasons(fusion, rows, names):
    outputs = fusion.branch_predictions(rows)[0]
    weights, intercept = _weights(fusion.final_estimator_)
    centre = _centre(fusion.final_estimator_, len(weights))
    start = intercept + weights @ centre
    reasons: list[tuple[str, float]] = []
    for i, (name, estimator, columns) in enumerate(fusion.branches_):
        if isinstance(estimator, str):
            raise NotLinearError(f"columns of the branch {name!r} are passed through")
        try:
            own_names = list(np.asarray(names, dtype=object)[columns])
            own = select_columns(rows, columns)
            own_start, found = _linear_reasons(estimator, own, own_names)
        except NotLinearError:
            reason = f"{SEEN[name]} ({name})" if name in SEEN else name
            reasons.append((reason, weights[i] * (outputs[i] - centre[i])))
            continue
        start += weights[i] * (own_start - fusion.branch_means_[name] - centre[i])
        reasons += [(reason, weights[i] * value) for reason, value in found]
    return float(start), reasons


def _linear_reasons(model, rows, names):
    if len(names) > _MAX_NAMED:
        raise NotLinearError(f"{len(names)} numbers are too many to be named")
    weights, intercept = _weights(model)
    centre = _centre(model, len(weights))
    start = float(intercept + weights @ centre)
    values = rows[0]
    reasons = [
        (f"{_plain(name)} {_level(value, mean)}", float(weight * (value - mean)))
        for name, weight, value, mean in zip(
            names, weights, values, centre, strict=True
        )
    ]
    return start, reasons


def _weights(model):
    parts, intercept = linear_parts(model)
    if len(parts) > 1 or parts[0].source is not None:
        raise NotLinearError(f"{type(model).__name__} is no single weighted sum")
    return parts[0].weights, intercept


def _centre(model, n):
    """Means of the training rows, which a scaler keeps; zeros where there is none."""
    first: Any = model[0] if isinstance(model, Pipeline) else None
    if isinstance(first, StandardScaler) and first.mean_ is not None:
        return first.mean_
    return np.zeros(n)


def _plain(name):
    """The name of a number without that of its transformer."""
    return str(name).split("__")[-1].replace("_", " ")


def _level(value, mean):
    return f"{value:.3g} (average {mean:.3g})"
