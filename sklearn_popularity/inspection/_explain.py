"""Why a model gives one photo its score: reasons that add up."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from .._columns import column_names, select_columns
from .._notebook import paragraph, table
from ..evaluation import SEEN
from ..features import CNNEmbedder
from ..models import StackedLateFusion
from ._linear import NotLinearError, linear_parts, numbers_of, shares_of
from ._members import branches_of, output_columns
from ._photos import one_row
from ._reason_words import above_or_below, reason_in_words

# A feature with more numbers than this is one reason: nobody reads 512.
_MAX_NAMED = 64
_KNOWN = (Pipeline, StackedLateFusion, TransformedTargetRegressor, VotingRegressor)
_ALL = "the photo as a whole"


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

    def _repr_html_(self):
        score = paragraph(f"Predicted score: {self.score:.3f}")
        if self.why_none:
            return score + paragraph(f"No reasons that add up: {self.why_none}")
        start = f"Added to {self.start:.3f}, the score of an average photo"
        return score + table(self.reasons, start)


def explain_photo(model, photo, *, column="photo"):
    """Say what raises and what lowers the predicted score of a photo.

    Parameters
    ----------
    model : estimator
        Fitted, from photos or a table to scores, such as the model of
        :func:`~sklearn_popularity.papers.recommended`: a pipeline, a late fusion, a
        mean of models, or a regressor of a scaled target.
    photo : photo, or DataFrame with one row
        A path, array, PIL image or encoded bytes; or, for a model of a table, the row
        of the photo. Where that sees the photo alone, the photo will do.
    column : str, default="photo"
        Column of the row that holds the photo.

    Returns
    -------
    explanation : PhotoExplanation

    Raises
    ------
    TypeError
        If the model is none of these.
    ValueError
        If a table has another number of rows than one.
    ImageError
        If the photo cannot be read.

    See Also
    --------
    region_heatmap : Which regions raise the score, and which lower it.

    Notes
    -----
    Whatever a model adds up is a reason: a weight times the distance of a value from
    its mean for the training photos. The start is the score of a photo without such
    distances, and

        score = start + sum of contributions.

    - A linear model of at most 64 numbers has a reason for each. Their means are those
      of the scaler before it; where there is none, distances are from 0. The reason
      tells the direction, and by an adverb how unusual the value is: "slightly" below
      0.5 standard deviations from the mean, "much" or "well" from 1.5, "far" from 2.5.
    - A late fusion with a linear last model has a reason for each branch, whose mean is
      in `branch_means_`; a linear branch of few numbers is split into these.
    - A mean of models has the reasons of its members, times their shares.
    - Any other regressor of a standardised target is one reason: its prediction less
      the mean target. One that has kept no mean, such as boosting, is one reason in a
      mean of models, around the start of the first member that has one (they learned
      from the same scores), or 0; alone it has no reasons.

    Reasons say what the model added up, not what made the photo popular.

    Examples
    --------
    >>> from sklearn_popularity import make_popularity
    >>> from sklearn.linear_model import RidgeCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import ColorStatistics
    >>> from sklearn_popularity.inspection import explain_photo
    >>> posts, truth = make_popularity(40, image_size=(48, 64), random_state=0)
    >>> model = make_pipeline(ColorStatistics(), RidgeCV())
    >>> _ = model.fit(posts["photo"], posts["score"])
    >>> found = explain_photo(model, posts["photo"][0])
    >>> len(found.reasons)
    6
    >>> total = found.start + found.reasons["contribution"].sum()
    >>> bool(abs(total - found.score) < 1e-6)
    True
    """
    one_step = isinstance(model, Pipeline) and len(model) == 1
    if not isinstance(model, _KNOWN) or one_step:
        raise TypeError(
            f"Got a model of type {type(model).__name__}, but a fitted pipeline from "
            "photos to scores was expected, or a late "
            "fusion, a mean of models or a regressor of a scaled target."
        )
    check_is_fitted(model)
    found = _add_up(model, one_row(model, photo, column), _ALL)
    reasons = pd.DataFrame(found.reasons, columns=["reason", "contribution"])
    order = np.argsort(-reasons["contribution"].abs(), kind="stable")
    reasons = reasons.iloc[order].reset_index(drop=True)
    return PhotoExplanation(found.score, found.start, reasons, found.why_none)


class _Sum(NamedTuple):
    """A score as a start plus reasons; without a start there are none."""

    score: float
    start: float
    reasons: list[tuple[str, float]]
    why_none: str = ""


def _add_up(model, X, name) -> _Sum:
    """Take the score of the row of X apart; `name` is that of the model."""
    if isinstance(model, StackedLateFusion):
        return _add_branches(model, X)
    if isinstance(model, VotingRegressor):
        return _add_members(model, X)
    if isinstance(model, Pipeline) and isinstance(model[-1], StackedLateFusion):
        before = model[:-1]
        rows = numbers_of(before.transform(X))
        return _add_branches(model[-1], rows, before.get_feature_names_out())
    try:
        start, reasons = _add_numbers(model, X)
    except NotLinearError as reason:
        score = _predict(model, X)
        mean = _mean_target(model)
        if mean is None:
            return _Sum(score, np.nan, [], f"{reason}.")
        called = above_or_below(_called(name, model), score - mean)
        return _Sum(score, mean, [(called, score - mean)])
    return _Sum(start + sum(added for _, added in reasons), start, reasons)


def _add_members(mean, X):
    names, members, _ = zip(*branches_of(mean), strict=True)
    sums = list(map(_add_up, members, [X] * len(members), names))
    centre = next((each.start for each in sums if not each.why_none), np.nan)
    score, start = 0.0, 0.0
    reasons: list[tuple[str, float]] = []
    for share, each, name in zip(shares_of(mean), sums, names, strict=True):
        if each.why_none:
            reason = above_or_below(name, each.score - centre)
            begin = float(np.nan_to_num(centre))
            each = _Sum(each.score, begin, [(reason, each.score - begin)])
        score, start = score + share * each.score, start + share * each.start
        reasons += [(reason, share * added) for reason, added in each.reasons]
    return _Sum(float(score), float(start), reasons)


def _add_branches(fusion, X, names=None):
    """Branches of a fusion of columns; names are those of an array."""
    outputs = fusion.branch_predictions(X)
    score = _predict(fusion.final_estimator_, outputs)
    try:
        weights, start = _weights(fusion.final_estimator_)
    except NotLinearError as reason:
        return _Sum(score, np.nan, [], f"{reason}.")
    centre = np.nan_to_num(_averages(fusion.final_estimator_, len(weights))[0])
    start += weights @ centre
    added = weights * (outputs[0] - centre)
    reasons: list[tuple[str, float]] = []
    places = output_columns(fusion)
    for name, estimator, columns in fusion.branches_:
        own = places[name]
        try:
            own_names = None if names is None else names[columns]
            found = _add_numbers(estimator, select_columns(X, columns), own_names)
        except NotLinearError:
            called = _called(name, estimator)
            if not isinstance(estimator, str):  # passed through
                called = above_or_below(called, outputs[0, own[0]] - centre[own[0]])
            reasons.append((called, float(added[own].sum())))
            continue
        weight = weights[own[0]]
        start += weight * (found[0] - fusion.branch_means_[name] - centre[own[0]])
        reasons += [(reason, weight * value) for reason, value in found[1]]
    return _Sum(score, float(start), reasons)


def _add_numbers(model, X, names=None):
    """The start, and a reason for each of a few numbers that are weighed.

    Names are those of an array; of photos or a table, the first step of a pipeline
    makes numbers with names.
    """
    describe: Any = None
    is_pipeline = isinstance(model, Pipeline) and len(model) > 1
    if names is None and is_pipeline and not isinstance(model[0], StandardScaler):
        describe, model = model[:1], model[1] if len(model) == 2 else model[1:]
    weights, intercept = _weights(model)
    if len(weights) > _MAX_NAMED:
        raise NotLinearError(f"{len(weights)} numbers are too many to be named")
    if describe is not None:
        X, names = describe.transform(X), describe.get_feature_names_out()
    means, scales = _averages(model, len(weights))
    centre = np.nan_to_num(means)
    names = column_names(X) if names is None else names
    values = numbers_of(X)[0]
    words = map(reason_in_words, names, values, means, scales)
    reasons = list(zip(words, (weights * (values - centre)).tolist(), strict=True))
    return float(intercept + weights @ centre), reasons


def _weights(model):
    if isinstance(model, str):
        raise NotLinearError("columns are passed through")
    parts, intercept = linear_parts(model)
    if len(parts) > 1 or parts[0].source is not None:
        raise NotLinearError(f"{type(model).__name__} is no single weighted sum")
    return parts[0].weights, intercept


def _averages(model, n):
    """Means and standard deviations of the training rows, if a scaler has kept them."""
    first: Any = model[0] if isinstance(model, Pipeline) else None
    kept = [
        getattr(first, name, None) if isinstance(first, StandardScaler) else None
        for name in ("mean_", "scale_")
    ]
    return [np.full(n, np.nan) if each is None else each for each in kept]


def _mean_target(model):
    """The mean of the scores that a model learned from, if it has kept it."""
    if isinstance(model, Pipeline):
        return _mean_target(model[-1])
    scaler = getattr(model, "transformer_", None)
    return float(scaler.mean_[0]) if isinstance(scaler, StandardScaler) else None


def _predict(model, X):
    return float(np.ravel(model.predict(X))[0])


def _called(name, model):
    """What a reader calls a model: by what its networks, or its features, see."""
    parts = [] if isinstance(model, str) else model.get_params().values()
    networks = dict.fromkeys(p.backbone for p in parts if isinstance(p, CNNEmbedder))
    if networks:
        return f"what {' and '.join(networks)} see{'s' * (len(networks) == 1)}"
    return f"{SEEN[name]} ({name})" if name in SEEN else name
