"""Explain the score of a photo as a sum of contributions."""

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
from ._linear import NotLinearError, linear_parts, numbers_of
from ._members import branches_of, output_columns, shares_of
from ._photos import one_row
from ._reason_words import above_or_below, reason_in_words

# Linear models of more features than this are one reason: nobody reads 512.
_MAX_NAMED = 64
_KNOWN = (Pipeline, StackedLateFusion, TransformedTargetRegressor, VotingRegressor)
_ALL = "the photo as a whole"


class PhotoExplanation(NamedTuple):
    """Explanation of the score of a photo, from :func:`explain_photo`.

    Parameters
    ----------
    score : float
        Predicted score.
    start : float
        Predicted score of a photo that is average in all reasons; NaN without reasons.
    reasons : DataFrame
        A row per reason, the strongest first, with the columns reason (str),
        contribution (in units of the score), feature (its name, as in
        `get_feature_names_out`; empty if the reason is a whole model) and branch (the
        branch of a late fusion or member of an average, empty without these; names of
        nested ones are joined by "__"). The score is `start` plus the sum of the
        contributions. Several features may have the same reason in words. Empty if the
        model is not additive.
    why_none : str
        Why there are no reasons; empty if there are.
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
    """Explain which features raise and lower the predicted score of a photo.

    Parameters
    ----------
    model : estimator
        Fitted model that predicts scores from photos or a table, such as that of
        :func:`~sklearn_popularity.papers.recommended`: a pipeline, a
        :class:`StackedLateFusion`, a :class:`~sklearn.ensemble.VotingRegressor`, or a
        :class:`~sklearn.compose.TransformedTargetRegressor`.
    photo : photo, or DataFrame with one row
        A path, array, PIL image or encoded bytes; or, for a model of a table, the row
        of the photo. The photo is enough if the model uses no other column.
    column : str, default="photo"
        Column of the row that holds the photo.

    Returns
    -------
    explanation : PhotoExplanation

    Raises
    ------
    TypeError
        If the model has another type.
    ValueError
        If a table does not have exactly one row.
    ImageError
        If the photo cannot be read.

    See Also
    --------
    region_heatmap : Which regions raise the score, and which lower it.

    Notes
    -----
    Each term that the model adds is a reason. Its contribution is a weight times the
    difference between a value and its mean over the training photos:

        score = start + sum of contributions.

    - A linear model of at most 64 features has a reason for each. Means are from the
      scaler before the model, or 0 without a scaler. The text gives the direction, and
      how unusual the value is: "slightly" up to 0.5 standard deviations from the mean,
      "much" or "well" from 1.5, "far" from 2.5.
    - A late fusion with a linear final model has a reason for each branch, with its
      mean in `branch_means_`; a linear branch of at most 64 features is split.
    - An average of models has the reasons of its members, times their weights.
    - Any other regressor of a standardised target is one reason: its prediction minus
      the mean target. A regressor without known mean, such as boosting, is one reason
      within an average of models, relative to the start of the first member that has
      one, or to 0; alone, it has no reasons.

    Reasons explain the model, not what made the photo popular.

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
            f"Got a model of type {type(model).__name__}, but a fitted pipeline, "
            "StackedLateFusion, VotingRegressor or TransformedTargetRegressor was "
            "expected."
        )
    check_is_fitted(model)
    found = _add_up(model, one_row(model, photo, column), _ALL)
    reasons = _strongest_first(pd.DataFrame(found.reasons, columns=_Reason._fields))
    return PhotoExplanation(found.score, found.start, reasons, found.why_none)


def _strongest_first(reasons):
    order = np.argsort(-reasons["contribution"].abs(), kind="stable")
    return reasons.iloc[order].reset_index(drop=True)


def sum_alike(reasons: pd.DataFrame) -> pd.DataFrame:
    """Contributions of all reasons in the same words, the strongest first."""
    added = reasons.groupby("reason", sort=False)["contribution"].sum()
    return _strongest_first(added.reset_index())


def tell_reasons(found: PhotoExplanation, choose) -> dict[str, Any]:
    """What a page shows of an explanation: some reasons, and the sum of all others.

    `choose` selects from a table of reasons, the strongest first, without those that
    contribute at most a hundredth of the strongest one.
    """
    reasons = sum_alike(found.reasons)
    sizes = reasons["contribution"].abs()
    chosen = choose(reasons[sizes > 0.01 * sizes.max()])
    others = reasons.drop(index=chosen.index)
    return {
        "reasons": chosen.to_dict("records"),
        "most": float(sizes.max()),
        "start": found.start,
        "score": found.score,
        "n_others": len(others),
        "others": float(others["contribution"].sum()),
    }


class _Reason(NamedTuple):
    """A term of a score, see `PhotoExplanation.reasons`."""

    reason: str
    contribution: float
    feature: str = ""
    branch: str = ""

    def within(self, branch, share) -> "_Reason":
        """The reason as that of a branch, whose score is weighted."""
        inner = f"{branch}__{self.branch}" if self.branch else branch
        return self._replace(contribution=share * self.contribution, branch=inner)


class _Sum(NamedTuple):
    """A score as a start plus reasons; without a start, there are no reasons."""

    score: float
    start: float
    reasons: list[_Reason]
    why_none: str = ""


def _add_up(model, X, name) -> _Sum:
    """Decompose the score of the row of X; `name` is the name of the model."""
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
        return _Sum(score, mean, [_Reason(called, score - mean)])
    return _Sum(start + sum(each.contribution for each in reasons), start, reasons)


def _add_members(mean, X):
    names, members, _ = zip(*branches_of(mean), strict=True)
    sums = list(map(_add_up, members, [X] * len(members), names))
    centre = next((each.start for each in sums if not each.why_none), np.nan)
    score, start = 0.0, 0.0
    reasons: list[_Reason] = []
    for share, each, name in zip(shares_of(mean), sums, names, strict=True):
        if each.why_none:
            reason = above_or_below(name, each.score - centre)
            begin = float(np.nan_to_num(centre))
            each = _Sum(each.score, begin, [_Reason(reason, each.score - begin)])
        score, start = score + share * each.score, start + share * each.start
        reasons += [found.within(name, share) for found in each.reasons]
    return _Sum(float(score), float(start), reasons)


def _add_branches(fusion, X, names=None):
    """Decompose the score of a late fusion; `names` are the columns of an array."""
    outputs = fusion.branch_predictions(X)
    score = _predict(fusion.final_estimator_, outputs)
    try:
        weights, start = _weights(fusion.final_estimator_)
    except NotLinearError as reason:
        return _Sum(score, np.nan, [], f"{reason}.")
    centre = np.nan_to_num(_averages(fusion.final_estimator_, len(weights))[0])
    start += weights @ centre
    added = weights * (outputs[0] - centre)
    reasons: list[_Reason] = []
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
            reasons.append(_Reason(called, float(added[own].sum()), branch=name))
            continue
        weight = weights[own[0]]
        start += weight * (found[0] - fusion.branch_means_[name] - centre[own[0]])
        reasons += [each.within(name, weight) for each in found[1]]
    return _Sum(score, float(start), reasons)


def _add_numbers(model, X, names=None):
    """The start, and a reason for each feature of a linear model of a few features.

    `names` are the columns of an array; for photos or a table, the first step of the
    pipeline computes features and their names.
    """
    describe: Any = None
    is_pipeline = isinstance(model, Pipeline) and len(model) > 1
    if names is None and is_pipeline and not isinstance(model[0], StandardScaler):
        describe, model = model[:1], model[1] if len(model) == 2 else model[1:]
    weights, intercept = _weights(model)
    if len(weights) > _MAX_NAMED:
        raise NotLinearError(f"{len(weights)} features are too many to list")
    if describe is not None:
        X, names = describe.transform(X), describe.get_feature_names_out()
    means, scales = _averages(model, len(weights))
    centre = np.nan_to_num(means)
    names = column_names(X) if names is None else names
    values = numbers_of(X)[0]
    words = map(reason_in_words, names, values, means, scales)
    added = (weights * (values - centre)).tolist()
    reasons = list(map(_Reason, words, added, map(str, names)))
    return float(intercept + weights @ centre), reasons


def _weights(model):
    if isinstance(model, str):
        raise NotLinearError("columns are passed through")
    parts, intercept = linear_parts(model)
    if len(parts) > 1 or parts[0].source is not None:
        raise NotLinearError(f"{type(model).__name__} is not a single linear model")
    return parts[0].weights, intercept


def _averages(model, n):
    """Means and standard deviations from the scaler of a pipeline; NaN without one."""
    first: Any = model[0] if isinstance(model, Pipeline) else None
    kept = [
        getattr(first, name, None) if isinstance(first, StandardScaler) else None
        for name in ("mean_", "scale_")
    ]
    return [np.full(n, np.nan) if each is None else each for each in kept]


def _mean_target(model):
    """Mean training score of a model of a standardised target, else None."""
    if isinstance(model, Pipeline):
        return _mean_target(model[-1])
    scaler = getattr(model, "transformer_", None)
    return float(scaler.mean_[0]) if isinstance(scaler, StandardScaler) else None


def _predict(model, X):
    return float(np.ravel(model.predict(X))[0])


def _called(name, model):
    """Name of a model for readers: its networks, or what its features describe."""
    parts = [] if isinstance(model, str) else model.get_params().values()
    networks = dict.fromkeys(p.backbone for p in parts if isinstance(p, CNNEmbedder))
    if networks:
        return f"what {' and '.join(networks)} see{'s' * (len(networks) == 1)}"
    return f"{SEEN[name]} ({name})" if name in SEEN else name
