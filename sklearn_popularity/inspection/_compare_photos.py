"""Compare pairs of photos, with the probability that one scores higher."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from scipy.special import expit

from .._notebook import paragraph, table
from .._sklearn_compat import Interval, validate_params
from ..evaluation import FittedModel
from ._held_out_record import (
    HeldOutRecord,
    normal_scores,
    pair_slope,
    percentile_intervals,
)
from ._percentiles import score_percentile
from ._photos import as_rows
from ._report_data import name_of

_CLOSE = "too close to call"
_CHANCE = (
    "The model may be no better than chance on new photos, so no pair can be called."
)


@dataclass(frozen=True)
class PhotoComparison:
    """Result of :func:`compare_photos`.

    Parameters
    ----------
    order : DataFrame
        A row per photo, the highest prediction first, with the columns photo (its
        name), score (predicted), percentile (percentage of the training photos whose
        held-out predictions are lower, 0 to 100), and low and high (90 % interval for
        the true percentile).
    pairs : DataFrame
        A row per pair, in the order of the photos, with the columns first (the photo
        with the higher prediction), second, probability (that the first has the higher
        true score, given that scores differ), low and high (its 95 % confidence
        interval) and verdict (the name of the first, or "too close to call").
    at_chance : bool
        Whether the model may be no better than chance; no pair is called then.
    """

    order: pd.DataFrame
    pairs: pd.DataFrame
    at_chance: bool

    @property
    def best(self) -> list[str]:
        """Photos that lose no called pair, the highest prediction first."""
        worse = set(self.pairs.loc[self.pairs["verdict"] != _CLOSE, "second"])
        return [name for name in self.order["photo"] if name not in worse]

    def __str__(self):
        parts = [_CHANCE] if self.at_chance else []
        for frame in (self.order, self.pairs):
            parts.append(frame.to_string(index=False, float_format="{:.2f}".format))
        return "\n\n".join(parts)

    def _repr_html_(self):
        chance = paragraph(_CHANCE) if self.at_chance else ""
        return chance + table(self.order, "Order") + table(self.pairs, "Pairs")


@validate_params(
    {
        "fitted": [FittedModel],
        "photo": [str],
        "same_group": ["boolean"],
        "min_probability": [Interval(Real, 0.5, 1, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def compare_photos(
    fitted, photos, *, photo="photo", same_group=False, min_probability=0.6
):
    """Predict which of several photos scores higher, with probabilities.

    Parameters
    ----------
    fitted : FittedModel
        Model with held-out predictions of its training photos, from
        :func:`~sklearn_popularity.evaluation.fit_model`.
    photos : sequence of photos, or DataFrame with a row per photo
        Two or more new photos: paths, arrays, PIL images or encoded bytes; or rows of
        the table that the model predicts from.
    photo : str, default="photo"
        Column of photos.
    same_group : bool, default=False
        Whether the photos belong to one group, such as a user, theme or shoot. If True,
        probabilities are estimated from pairs within the groups of the fit, which are
        harder to tell apart.
    min_probability : float, default=0.6
        A pair is called if the lower end of the 95 % interval of its probability is at
        least `min_probability` (0.5 up to, but not including, 1) and the model is
        better than chance. Otherwise it is too close to call.

    Returns
    -------
    comparison : PhotoComparison

    Raises
    ------
    ValueError
        If there are fewer than two photos, or `same_group` is True but the model was
        fitted without groups.
    ImageError
        If a photo cannot be read.

    See Also
    --------
    sklearn_popularity.evaluation.best_of_groups : How often a model picks the best
        photo of a group.
    sklearn_popularity.evaluation.IntervalRegressor : Prediction intervals of scores.

    Notes
    -----
    Probabilities are estimated from held-out predictions, for all pairs (at most some
    300,000) of training photos with different scores:

        P(first scores higher) = 1 / (1 + exp(-slope * (z_first - z_second))),

    where z is the normal score of a prediction's rank among the held-out predictions (a
    quantile of the standard normal distribution). The interval is a confidence interval
    of the slope, by the jackknife over groups, for models that are trained again. A
    model is at chance if the interval of
    :func:`~sklearn_popularity.metrics.spearman_interval` contains 0 or lies below it.

    The probabilities are right on average over pairs of new photos like the training
    photos. Nearly all these pairs are from two groups, so `same_group` matters: without
    it, within OASIS themes, 57 to 74 % of the pairs with probabilities of 80 to 90 %
    were in the right order (``benchmarks/oasis.py pairs``).

    The intervals of percentiles are conformal, as in
    :class:`~sklearn_popularity.evaluation.IntervalRegressor`, around a regression line
    of true on predicted percentiles through the centre (50, 50).

    Examples
    --------
    >>> from sklearn.linear_model import RidgeCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import ColorStatistics, make_popularity
    >>> from sklearn_popularity.evaluation import fit_model
    >>> from sklearn_popularity.inspection import compare_photos
    >>> posts, truth = make_popularity(60, image_size=(48, 64), random_state=0)
    >>> model = make_pipeline(ColorStatistics(), RidgeCV())
    >>> fitted = fit_model(model, posts["photo"][:57], posts["score"][:57])
    >>> found = compare_photos(fitted, posts["photo"][57:])
    >>> found.pairs.shape
    (3, 6)
    >>> bool((found.pairs["probability"] >= 0.5).all())
    True
    """
    rows = as_rows(fitted.model, photos, photo)
    if len(rows) < 2:
        raise ValueError(f"Got {len(rows)} photos, but two or more were expected.")
    given = rows[photo] if isinstance(rows, pd.DataFrame) else rows
    names = [name_of(each, row=row) for row, each in enumerate(given)]
    record = HeldOutRecord(
        fitted.held_out.raw,
        fitted.held_out.shares,
        fitted.y,
        fitted.groups,
        fitted.held_out.n_folds,
    )
    scores = np.ravel(fitted.model.predict(rows))
    return compare_scores(names, scores, record, min_probability, same_group=same_group)


def compare_scores(
    names, scores, record, min_probability, *, same_group=False
) -> PhotoComparison:
    """Compare photos by their predictions.

    Parameters
    ----------
    names : list of str
        Names of the photos.
    scores : ndarray of shape (n_photos,)
        Predictions for the photos.
    record : HeldOutRecord
        Held-out predictions of the model.
    min_probability : float
        As in `compare_photos`.
    same_group : bool, default=False
        As in `compare_photos`.
    """
    if same_group and record.groups is None:
        raise ValueError(
            "Got same_group=True, but the model was fitted without groups. Fit it with "
            "groups, such as users, themes or shoots."
        )
    slope = pair_slope(record, same_group=same_group)
    highest = np.argsort(-scores, kind="stable")
    names, scores = [names[row] for row in highest], scores[highest]
    low, high = percentile_intervals(record, scores).T
    places = record.places(scores)
    at_chance = record.at_chance()
    order = pd.DataFrame(
        {
            "photo": names,
            "score": scores,
            "percentile": score_percentile(scores, record.raw[:, 0]),
            "low": low,
            "high": high,
        }
    )
    z = normal_scores(places, len(record.y))
    pairs = _call(names, z, slope, np.inf if at_chance else min_probability)
    return PhotoComparison(order, pairs, at_chance)


def _call(names, z, slope, at_least):
    """Pairs with their probabilities and verdicts."""
    first, second = np.triu_indices(len(names), 1)
    probability, low, high = expit(np.outer(slope, z[first] - z[second]))
    names = np.array(names, dtype=object)
    return pd.DataFrame(
        {
            "first": names[first],
            "second": names[second],
            # A negative slope is no evidence for the reverse order.
            "probability": np.maximum(probability, 0.5),
            "low": low,
            "high": high,
            "verdict": np.where(low >= at_least, names[first], _CLOSE),
        }
    ).infer_objects()
