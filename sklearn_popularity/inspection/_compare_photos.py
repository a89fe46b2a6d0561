"""Which of these photos: pairs, each with the probability that the first is better."""

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
from ._photos import as_rows
from ._report_data import name_of

_CLOSE = "too close to call"
_CHANCE = (
    "With photos that it has not seen, the model may be no better than chance: "
    "no pair can be called."
)


@dataclass(frozen=True)
class PhotoComparison:
    """What :func:`compare_photos` found.

    Parameters
    ----------
    order : DataFrame
        A row per photo, the highest prediction first, with the columns photo (its
        name), score (predicted), percentile (the share of the training photos whose
        held-out predictions are lower, 0 to 100), and low and high (between which
        the true percentile of nine of ten new photos lies).
    pairs : DataFrame
        A row per pair, in the order of the photos, with the columns first (predicted
        to score higher) and second, probability (that the first truly scores higher,
        where they differ), low and high (its 95 % interval) and verdict (the name of
        the first, or "too close to call").
    at_chance : bool
        Whether the model may be no better than chance, so that no pair is called.
    """

    order: pd.DataFrame
    pairs: pd.DataFrame
    at_chance: bool

    @property
    def best(self) -> list[str]:
        """Photos that no other one is called better than, the most likely first."""
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
    """Say which of some photos scores higher, and how sure that is.

    Parameters
    ----------
    fitted : FittedModel
        A model with the held-out predictions of its training photos, from
        :func:`~sklearn_popularity.evaluation.fit_model`.
    photos : sequence of photos, or DataFrame with a row per photo
        Two or more new photos: paths, arrays, PIL images or encoded bytes; or the rows
        that a model of a table predicts from.
    photo : str, default="photo"
        Column of photos.
    same_group : bool, default=False
        Whether the photos are of one group, of those that the model was fitted with: of
        one user, theme or shoot. Probabilities are then learned from pairs within
        groups, which are harder to tell apart.
    min_probability : float, default=0.6
        A pair is called if the low end of the 95 % interval of its probability is at
        least this, 0.5 to 1, and the model is better than chance. Otherwise it is too
        close to call.

    Returns
    -------
    comparison : PhotoComparison

    Raises
    ------
    ValueError
        If there are fewer than two photos, or `same_group` is asked of a model that was
        fitted without groups.
    ImageError
        If a photo cannot be read.

    See Also
    --------
    sklearn_popularity.evaluation.best_of_groups : How often the best of a group of
        photos is picked, measured.
    sklearn_popularity.evaluation.IntervalRegressor : Intervals of scores.

    Notes
    -----
    Probabilities are learned from all pairs (or 300,000) of training photos with
    different scores, each predicted by models that had not seen it:

        P(first scores higher) = 1 / (1 + exp(-slope * (z_first - z_second))),

    where z is the normal score of a prediction's place among the held-out predictions
    (a quantile of the standard normal distribution). The interval is that of the slope,
    by the jackknife over groups, for models that are trained anew. A model is at chance
    where the interval of :func:`~sklearn_popularity.metrics.spearman_interval` contains
    0 or lies below it.

    The probabilities are right on average over pairs of new photos like those of the
    training. Nearly all of these are of two groups, so `same_group` matters: of photos
    of one OASIS theme, 57 to 74 % of those told as 80 to 90 % were in order, without it
    (``benchmarks/oasis.py pairs``).

    The intervals of percentiles are conformal, as those of
    :class:`~sklearn_popularity.evaluation.IntervalRegressor`, in percentiles: around
    the line, through the middle, of true percentiles on predicted ones.

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
    """Compare photos of which the predictions are known.

    Parameters
    ----------
    names : list of str
        What the photos are called.
    scores : ndarray of shape (n_photos,)
        Their predictions.
    record : HeldOutRecord
        Of the model.
    min_probability : float
        From which a pair is called.
    same_group : bool, default=False
        Whether they are of one group.
    """
    if same_group and record.groups is None:
        raise ValueError(
            "Got same_group=True, but a model that was fitted with groups was "
            "expected. Fit it with the column of users, themes or shoots."
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
            "percentile": 100 * places,
            "low": low,
            "high": high,
        }
    )
    z = normal_scores(places, len(record.y))
    pairs = _call(names, z, slope, np.inf if at_chance else min_probability)
    return PhotoComparison(order, pairs, at_chance)


def _call(names, z, slope, at_least):
    """Pairs with their probabilities, and which of them can be called."""
    first, second = np.triu_indices(len(names), 1)
    probability, low, high = expit(np.outer(slope, z[first] - z[second]))
    names = np.array(names, dtype=object)
    return pd.DataFrame(
        {
            "first": names[first],
            "second": names[second],
            # A model that puts pairs in the wrong order knows nothing of them.
            "probability": np.maximum(probability, 0.5),
            "low": low,
            "high": high,
            "verdict": np.where(low >= at_least, names[first], _CLOSE),
        }
    ).infer_objects()
