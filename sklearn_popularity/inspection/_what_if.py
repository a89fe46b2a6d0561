"""Predicted change of the score of a photo with simple edits."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t
from sklearn.utils import column_or_1d

from .._messages import quote
from .._sklearn_compat import HasMethods, Interval, validate_params
from ..evaluation import (
    FittedModel,
    PhotoTable,
    rows_described,
    with_photos,
    with_settings,
)
from ..networks import DegenerateFeaturesWarning
from ._edits import EDITS, Edit
from ._photos import as_photos, one_row, with_other_photos
from ._unlike import describe_seen, find_unlike


@dataclass(frozen=True)
class WhatIf:
    """Result of :func:`what_if`.

    Parameters
    ----------
    changes : DataFrame
        A row per edit, the largest increase first, with the columns edit, change (of
        the predicted score, in its unit), low and high (its confidence interval; NaN
        for a single model) and unlike (whether the edited photo is unlike the training
        photos; missing if unknown). If unlike is True, change is NaN; such edits come
        last.
    score : float
        Predicted score of the original photo.
    photos : dict of str to ndarray of shape (H, W, 3), uint8
        The photo after each edit, in the order of `changes`.
    """

    changes: pd.DataFrame
    score: float
    photos: dict[str, NDArray[np.uint8]] = field(repr=False)

    def __str__(self):
        table = self.changes.round(3).to_string(index=False)
        lines = [f"Predicted score: {self.score:.3f}", "", table, ""]
        n_unlike = int(self.changes["unlike"].fillna(False).sum())
        if n_unlike:
            lines.append(
                f"{n_unlike} edited photo(s) are unlike the training photos, so their "
                "predictions mean nothing."
            )
        lines.append(
            "Changes describe the model, not people: nobody has rated these edits."
        )
        return "\n".join(lines)


@validate_params(
    {
        "model": [HasMethods(["predict"]), FittedModel, Sequence],
        "edits": [list, tuple, Mapping],
        "column": [str],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def what_if(
    model,
    photo,
    edits=("crops", "exposure", "saturation"),
    *,
    column="photo",
    confidence=0.95,
):
    """Predict how the score of a photo would change with simple edits.

    Parameters
    ----------
    model : FittedModel, sequence of estimators, or estimator
        - From :func:`~sklearn_popularity.evaluation.fit_model` with
          ``return_estimator=True``: changes are those of its model, with intervals;
          edited photos that are unlike the training photos get NaN.
        - Models of the folds of one partition: changes are means, with intervals.
        - A fitted estimator: changes have no intervals.
    photo : photo, or DataFrame with one row
        A path, array, PIL image or encoded bytes; or, for a model of a table, the row
        of the photo.
    edits : list of str, or dict of str to callable, \
            default=("crops", "exposure", "saturation")
        Kinds of edits. "crops" keeps 90 or 75 % of each side, in the centre or towards
        the corners; "exposure" is a half or one exposure value darker or brighter;
        "saturation" multiplies the saturation by 0.4 to 1.6. Or functions by name,
        which map a uint8 array of shape (H, W, 3) to another.
    column : str, default="photo"
        Column of photos.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    found : WhatIf
        Its table `changes`, and the edited `photos`.

    Raises
    ------
    ValueError
        If there are no edits or unknown ones, a sequence has fewer than two models, or
        `photo` is a table that does not have exactly one row.
    ImageError
        If the photo cannot be read.

    See Also
    --------
    explain_photo : Which features add up to the score of the original photo.
    region_heatmap : Which regions raise the score.

    Notes
    -----
    A change describes the model, not a cause: the model has learned from photos that
    differ in many ways, none of which was edited. People may react differently.

    Intervals show how much the change depends on the training photos. With the changes
    d_k of the models of K folds, each fitted without one fold, the variance is that of
    the grouped jackknife [1]_,

        (K - 1) / K * sum over k of (d_k - mean of d)**2,

    averaged over R partitions, with Student's t of R (K - 1) degrees of freedom. If
    scores are noise, nominal 95 % intervals contain 0 in 95 to 96 % of cases
    (``benchmarks/oasis.py edits``). They do not cover errors that all these models
    share. Predictions of rankers have no unit, and models of folds may differ in scale.

    Photos unlike the training photos are detected as in ``sklearn-popularity rank``, by
    the features of the model, if there are at least 100 training photos; 1 % of photos
    are flagged by chance. Small feature sets detect little: with six statistics of
    colour, a plain green photo looks like others.

    References
    ----------
    .. [1] Shao and Tu, "The Jackknife and Bootstrap", 1995.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import ColorStatistics, make_popularity
    >>> from sklearn_popularity.evaluation import fit_model
    >>> from sklearn_popularity.inspection import what_if
    >>> posts, truth = make_popularity(60, image_size=(48, 64), random_state=0)
    >>> model = make_pipeline(ColorStatistics(), Ridge(1e-3))
    >>> fitted = fit_model(
    ...     model, posts["photo"], truth.effects["saturation"], return_estimator=True
    ... )
    >>> found = what_if(fitted, posts["photo"][0], ["saturation"])
    >>> found.changes["edit"].tolist()[0]
    'saturation x1.6'
    >>> bool(found.changes["low"][0] > 0)
    True
    """
    chosen = _check_edits(edits)
    whole, partitions, blocks = _take_apart(model)
    first = whole if whole is not None else partitions[0][0]
    X = one_row(first, photo, column)
    image = as_photos(X[column] if isinstance(X, pd.DataFrame) else X).read(0)
    photos = {name: edit(image.copy()) for name, edit in chosen.items()}
    versions = with_other_photos(X, [image, *photos.values()], column)
    table = PhotoTable(versions, column)
    models = [whole or first, *(each for folds in partitions for each in folds)]
    with warnings.catch_warnings():
        # Versions of one photo are meant to look alike; nobody asks for them again.
        warnings.simplefilter("ignore", DegenerateFeaturesWarning)
        learners, rows = table.describe_fitted(with_settings(models, cache=None))
    predicted = np.array([column_or_1d(each.predict(rows)) for each in learners])
    changes = predicted[:, 1:] - predicted[:, :1]
    value, low, high = _intervals(changes, partitions, whole is None, confidence)
    unlike = _unlike(blocks, learners[0], len(photos))
    refused = unlike.fillna(False).to_numpy(dtype=bool)
    columns = {"change": value, "low": low, "high": high, "unlike": unlike}
    found = pd.DataFrame({"edit": list(photos)} | columns)
    found.loc[refused, ["change", "low", "high"]] = np.nan
    found = found.sort_values(
        "change", ascending=False, kind="stable", ignore_index=True
    )
    score = predicted[1:, 0].mean() if whole is None else predicted[0, 0]
    return WhatIf(found, float(score), {name: photos[name] for name in found["edit"]})


def _check_edits(edits) -> dict[str, Edit]:
    """Edits by name."""
    if isinstance(edits, Mapping) and edits and all(map(callable, edits.values())):
        return dict(edits)
    if isinstance(edits, Mapping) or not edits or not all(e in EDITS for e in edits):
        raise ValueError(
            f"Got edits={quote(edits)}, but one or more of {quote(list(EDITS))} were "
            "expected, or a dict of functions from photos to photos."
        )
    return {name: edit for kind in edits for name, edit in EDITS[kind].items()}


def _take_apart(model):
    """The model of all rows or None, models of folds, and features of its photos."""
    if isinstance(model, FittedModel):
        kept = model.held_out.estimators
        if kept is None:
            raise ValueError(
                "Got a FittedModel without the models of its folds, which intervals "
                "need. Pass return_estimator=True to fit_model, or pass its `model` "
                "to get changes without intervals."
            )
        described = rows_described(model.described.learner)
        return model.model, kept, [rows[model.kept] for rows in described]
    if hasattr(model, "predict"):
        return model, [], []
    if len(model) < 2 or not all(hasattr(each, "predict") for each in model):
        raise ValueError(
            f"Got a sequence of {len(model)} as the model, but fitted estimators of "
            "two or more folds were expected."
        )
    return None, [list(map(with_photos, model))], []


def _intervals(changes, partitions, of_folds, confidence):
    """Changes and the ends of their intervals, from a row of changes per model."""
    value = changes[1:].mean(axis=0) if of_folds else changes[0]
    if not partitions:
        return value, np.nan, np.nan
    n_repeats, n = len(partitions), len(partitions[0])
    parts = changes[1:].reshape(n_repeats, n, -1)
    variance = (n - 1) * parts.var(axis=1).mean(axis=0)
    freedom = n_repeats * (n - 1)
    half = t.ppf(0.5 + confidence / 2, freedom) * np.sqrt(variance)
    return value, value - half, value + half


def _unlike(blocks, learner, n_edits) -> pd.Series:
    """Whether edited photos are unlike the training photos; missing if unknown."""
    seen = describe_seen(blocks)
    if not seen:
        return pd.Series([pd.NA] * n_edits, dtype="boolean")
    new: list[Any] = rows_described(learner)
    found = find_unlike(seen, new)
    # If the original photo is unlike the training photos, so are all edits.
    return pd.Series(found[1:] | found[0], dtype="boolean")
