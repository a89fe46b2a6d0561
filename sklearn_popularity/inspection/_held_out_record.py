"""Percentile intervals and pair probabilities of new photos, from held-out ones."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm, rankdata

from ..evaluation import conformal_half_width, percentiles_among, shares_below
from ..metrics import Estimate, spearman_interval

COVERAGE = 0.9
_CONFIDENCE = 0.95
_MAX_PAIRS = 300_000
_STEEPEST = 20.0  # in logits per standard deviation: a correlation of 0.998
_ROUNDING = 1e-9


class HeldOutRecord(NamedTuple):
    """Held-out predictions and true scores of the training photos.

    Parameters
    ----------
    raw : ndarray of shape (n_samples, n_repeats)
        Held-out predictions.
    shares : ndarray of shape (n_samples, n_repeats)
        Held-out predictions as shares, which can be pooled over folds.
    y : ndarray of shape (n_samples,)
        Scores.
    groups : ndarray of shape (n_samples,), int, or None
        Codes of the groups that stayed together in all folds.
    n_folds : int or None
        Number of folds of a partition.
    """

    raw: NDArray
    shares: NDArray
    y: NDArray
    groups: NDArray | None
    n_folds: int | None

    @property
    def units(self) -> NDArray:
        """Groups, or rows if there are no groups."""
        return np.arange(len(self.y)) if self.groups is None else self.groups

    def at_chance(self) -> bool:
        """Whether the interval of the rank correlation contains 0 or lies below it."""
        found = spearman_interval(
            self.y, self.shares, groups=self.groups, n_folds=self.n_folds
        )
        return not found.low > 0

    def places(self, scores) -> NDArray[np.float64]:
        """Share of the held-out predictions that are below each of the scores."""
        return shares_below(self.raw[:, 0], np.asarray(scores, dtype=np.float64))


def percentile_intervals(record, scores) -> NDArray[np.float64]:
    """90 % conformal intervals for the true percentiles of new photos.

    The intervals have constant width around a regression line, through the centre
    (50, 50), of true percentiles on the percentiles of held-out predictions. They have
    the guarantee of `IntervalRegressor` for new groups.

    Parameters
    ----------
    record : HeldOutRecord
        Held-out predictions of the model.
    scores : array-like of shape (n_photos,)
        Predictions for new photos.

    Returns
    -------
    intervals : ndarray of shape (n_photos, 2), float64
        Lower and upper ends, 0 to 100; 0 and 100 with fewer than nine groups, which
        are too few for an interval.
    """
    new = 100 * record.places(scores) - 50
    n_units = len(np.unique(record.units))
    if COVERAGE > n_units / (n_units + 1) + _ROUNDING:
        return np.tile([0.0, 100.0], (len(new), 1))
    predicted = 100 * _own_places(record) - 50
    truth = percentiles_among(record.y, np.sort(record.y)) - 50
    # A negative slope would reverse the order.
    slope = max(0.0, predicted @ truth / (predicted @ predicted or 1.0))
    half = conformal_half_width(truth - slope * predicted, record.units, COVERAGE)
    middles = 50 + slope * new
    return np.column_stack([middles - half, middles + half]).clip(0, 100)


class PairSlope(NamedTuple):
    """Slope of the log odds that a photo truly scores higher than another.

    In logits per unit of the difference between normal scores of predictions, with the
    ends of its 95 % confidence interval.
    """

    slope: float
    low: float
    high: float


def pair_slope(record, *, same_group=False) -> PairSlope:
    """Fit the probability of the right order to pairs of held-out photos.

    With `same_group`, these are pairs within groups. The probability that the first of
    two photos with different scores has the higher one is

        1 / (1 + exp(-slope * d)),

    where d is the difference between the normal scores (quantiles of a standard normal
    distribution) of their predictions. If truth and prediction are jointly normal after
    a transformation of each, the exact model is a probit model, from which the logistic
    one differs by less than 0.01. The slope maximises the likelihood, with a half-right
    pseudo-pair at the usual (RMS) distance.

    The interval uses the first-order jackknife over groups, since a photo is in many
    pairs, and pairs from one group are dependent. As for a rank correlation, it is
    widened for models that are trained again, and the error of a perfect order is taken
    to be that with one group in reverse.
    """
    codes = np.unique(record.units, return_inverse=True)[1]
    # Sort rows, so that the selection of pairs does not depend on their order.
    order = np.lexsort((codes, record.y, _own_places(record)))
    y, codes = record.y[order], codes[order]
    z = normal_scores(_own_places(record)[order], len(y))
    first, second = _pairs_within(codes) if same_group else _pairs(len(y))
    ahead = np.sign(y[first] - y[second])
    known = ahead != 0
    first, second = first[known], second[known]
    margins = ahead[known] * (z[first] - z[second])
    usual = sqrt(np.mean(margins**2)) if len(margins) else 0.0
    if usual == 0:  # a constant prediction, or constant scores
        return PairSlope(0.0, 0.0, 0.0)
    slope = _most_likely(np.append(margins, [usual, -usual]), len(margins))
    found = _jackknife(slope, margins, codes[first], codes[second])
    if not found.df:
        return PairSlope(slope, -np.inf, np.inf)
    return PairSlope(slope, *found.of_model(record.n_folds).ends(_CONFIDENCE))


def normal_scores(places, n) -> NDArray[np.float64]:
    """Standard normal quantiles of ranks (0 to 1) among n photos, kept finite."""
    return norm.ppf(np.clip(places, 0.25 / n, 1 - 0.25 / n))


def _own_places(record):
    """Ranks (0 to 1) of the held-out photos among themselves."""
    return (rankdata(record.shares[:, 0]) - 0.5) / len(record.y)


def _pairs(n):
    """Rows of all pairs, or of a sample in which each row is equally frequent."""
    n_steps = n // 2
    if n * n_steps <= _MAX_PAIRS:
        first, second = np.triu_indices(n, 1)
        return first, second
    shuffled = np.random.RandomState(0).permutation(n)
    steps = range(1, max(1, _MAX_PAIRS // n) + 1)
    second = np.concatenate([np.roll(shuffled, -step) for step in steps])
    return np.tile(shuffled, len(steps)), second


def _pairs_within(codes):
    """Rows of all pairs within groups, or of a random sample."""
    lot = np.random.RandomState(0).permutation(len(codes))
    order = np.lexsort((lot, codes))
    ordered = codes[order]
    first, second, n_pairs = [order[:0]], [order[:0]], 0
    for step in range(1, np.bincount(codes).max()):
        start = np.flatnonzero(ordered[step:] == ordered[:-step])
        first.append(order[start])
        second.append(order[start + step])
        n_pairs += len(start)
        if n_pairs >= _MAX_PAIRS:
            break
    return np.concatenate(first), np.concatenate(second)


def _most_likely(margins, n_pairs):
    """Slope of the highest likelihood; the last two margins have the weight 1/2."""
    weights = np.ones(len(margins))
    weights[n_pairs:] = 0.5

    def gradient(slope):
        return weights @ (margins * expit(-slope * margins))

    if gradient(_STEEPEST) > 0:
        return _STEEPEST
    if gradient(-_STEEPEST) < 0:
        return -_STEEPEST
    return float(brentq(gradient, -_STEEPEST, _STEEPEST, xtol=1e-8))


def _jackknife(slope, margins, first, second) -> Estimate:
    """The slope with its jackknife standard error over groups."""
    chance = expit(-slope * margins)
    pulls, bends = margins * chance, margins**2 * chance * (1 - chance)
    first, second = np.unique([first, second], return_inverse=True)[1].reshape(2, -1)
    n = int(max(first.max(), second.max())) + 1
    once = first != second  # count pairs within a group only once
    pull, bend = (
        np.bincount(first, each, n) + np.bincount(second[once], each[once], n)
        for each in (pulls, bends)
    )
    left = np.maximum(bends.sum() - bend, _ROUNDING)
    # One Newton step approximates the slope without the group.
    moved = (pulls.sum() - pull) / left
    error = sqrt((n - 1) / n * np.sum(moved**2)) if n > 1 else np.nan
    if abs(slope) == _STEEPEST or (margins >= 0).all():
        # Leaving out a group changes nothing; assume that one group is in reverse.
        error = 2 / n * abs(slope)
    return Estimate(slope, error, n - 1)
