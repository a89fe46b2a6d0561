"""What held-out predictions say of new photos: their percentiles, and pairs of them."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm, rankdata
from scipy.stats import t as student

from ..evaluation import conformal_half_width, percentiles_among, shares_below
from ..metrics import spearman_interval

COVERAGE = 0.9
_CONFIDENCE = 0.95
_MAX_PAIRS = 300_000
_STEEPEST = 20.0  # in logits per standard deviation: a correlation of 0.998
_ROUNDING = 1e-9


class HeldOutRecord(NamedTuple):
    """Training photos as models predicted them that had not seen them.

    Parameters
    ----------
    raw : ndarray of shape (n_samples, n_repeats)
        Held-out predictions.
    shares : ndarray of shape (n_samples, n_repeats)
        The same as shares, which can be pooled over folds.
    y : ndarray of shape (n_samples,)
        Scores.
    groups : ndarray of shape (n_samples,), int, or None
        Numbers of the groups that stayed together in all folds.
    n_folds : int or None
        Folds of a partition.
    """

    raw: NDArray
    shares: NDArray
    y: NDArray
    groups: NDArray | None
    n_folds: int | None

    @property
    def units(self) -> NDArray:
        """Groups, or rows where there are none."""
        return np.arange(len(self.y)) if self.groups is None else self.groups

    def at_chance(self) -> bool:
        """Whether the interval of the rank correlation contains 0, or is below it."""
        return not self._spearman().low > 0

    def places(self, scores) -> NDArray[np.float64]:
        """Share of the held-out predictions below new ones, of which none are tied."""
        return shares_below(self.raw[:, 0], np.asarray(scores, dtype=np.float64))

    def _spearman(self):
        return spearman_interval(
            self.y, self.shares, groups=self.groups, n_folds=self.n_folds
        )


def percentile_intervals(record, scores) -> NDArray[np.float64]:
    """Intervals that hold the true percentile of nine of ten new photos.

    The true percentile of a training photo lies around a line through the middle, on
    the place of its held-out prediction. Conformal intervals around that line have one
    width; see `IntervalRegressor`, whose guarantee for new groups is theirs.

    Parameters
    ----------
    record : HeldOutRecord
        Of the model.
    scores : array-like of shape (n_photos,)
        Predictions of new photos.

    Returns
    -------
    intervals : ndarray of shape (n_photos, 2), float64
        Ends, 0 to 100. All of that where there are fewer than nine groups, which is
        too few to say anything.
    """
    new = 100 * record.places(scores) - 50
    n_units = len(np.unique(record.units))
    if COVERAGE > n_units / (n_units + 1) + _ROUNDING:
        return np.tile([0.0, 100.0], (len(new), 1))
    predicted = 100 * _own_places(record) - 50
    truth = percentiles_among(record.y, np.sort(record.y)) - 50
    # Below 0 it would turn the order around.
    slope = max(0.0, predicted @ truth / (predicted @ predicted or 1.0))
    half = conformal_half_width(truth - slope * predicted, record.units, COVERAGE)
    middles = 50 + slope * new
    return np.column_stack([middles - half, middles + half]).clip(0, 100)


class PairSlope(NamedTuple):
    """How fast the odds that a photo truly scores higher rise with its prediction.

    Parameters
    ----------
    slope : float
        In logits per unit of the difference between normal scores.
    low, high : float
        Ends of its 95 % interval.
    """

    slope: float
    low: float
    high: float


def pair_slope(record, *, same_group=False) -> PairSlope:
    """Learn from pairs of held-out photos how often the one predicted higher is.

    Parameters
    ----------
    record : HeldOutRecord
        Of the model.
    same_group : bool, default=False
        Whether to learn from pairs within groups alone.

    Returns
    -------
    slope : PairSlope

    Notes
    -----
    The probability that the first of two photos with different scores has the higher
    one is ``1 / (1 + exp(-slope * d))``, where d is the difference between the normal
    scores (quantiles of a standard normal distribution) of their predictions. If truth
    and prediction are normal once each is transformed, it is that of a probit model,
    from which the logistic one differs by less than 0.01. The slope is that of the
    highest likelihood, with one more pair, at the usual distance, half right.

    The interval is the jackknife over groups, to first order: a photo is in many
    pairs, and pairs of photos of a group are no independent evidence. As that of a
    rank correlation, it is widened for models that are trained anew, and that of a
    perfect order is taken to be that of one group in reverse.
    """
    codes = np.unique(record.units, return_inverse=True)[1]
    # Whichever pairs are chosen, the order of rows must not choose them.
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
    error, df = _jackknife_error(slope, margins, codes[first], codes[second])
    if record.n_folds is not None:
        error *= sqrt(1 + record.n_folds / (record.n_folds - 1))
    half = student.ppf((1 + _CONFIDENCE) / 2, df) * error if df else np.inf
    return PairSlope(slope, slope - half, slope + half)


def normal_scores(places, n) -> NDArray[np.float64]:
    """Standard normal quantiles of places among n photos, which stay finite."""
    return norm.ppf(np.clip(places, 0.25 / n, 1 - 0.25 / n))


def _own_places(record):
    """Places of the held-out photos among themselves."""
    return (rankdata(record.shares[:, 0]) - 0.5) / len(record.y)


def _pairs(n):
    """Rows of all pairs, or of many, in which each row is as often as others."""
    n_steps = n // 2
    if n * n_steps <= _MAX_PAIRS:
        first, second = np.triu_indices(n, 1)
        return first, second
    shuffled = np.random.RandomState(0).permutation(n)
    steps = range(1, max(1, _MAX_PAIRS // n) + 1)
    second = np.concatenate([np.roll(shuffled, -step) for step in steps])
    return np.tile(shuffled, len(steps)), second


def _pairs_within(codes):
    """Rows of pairs of one group: all of them, or many, drawn by lot."""
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
    """The slope at which signed differences are most likely; the last two weigh 1/2."""
    weights = np.ones(len(margins))
    weights[n_pairs:] = 0.5

    def gradient(slope):
        return weights @ (margins * expit(-slope * margins))

    if gradient(_STEEPEST) > 0:
        return _STEEPEST
    if gradient(-_STEEPEST) < 0:
        return -_STEEPEST
    return float(brentq(gradient, -_STEEPEST, _STEEPEST, xtol=1e-8))


def _jackknife_error(slope, margins, first, second):
    """Standard error of the slope by leaving out groups, and its degrees of freedom."""
    chance = expit(-slope * margins)
    pulls, bends = margins * chance, margins**2 * chance * (1 - chance)
    first, second = np.unique([first, second], return_inverse=True)[1].reshape(2, -1)
    n = int(max(first.max(), second.max())) + 1
    once = first != second  # a pair within a group leaves with it once
    pull, bend = (
        np.bincount(first, each, n) + np.bincount(second[once], each[once], n)
        for each in (pulls, bends)
    )
    left = np.maximum(bends.sum() - bend, _ROUNDING)
    # What is left pulls by as much the other way; the slope follows by a Newton step.
    moved = (pulls.sum() - pull) / left
    error = sqrt((n - 1) / n * np.sum(moved**2)) if n > 1 else np.nan
    if abs(slope) == _STEEPEST or (margins >= 0).all():
        # No group that is left out changes the order; that of one could be reversed.
        error = 2 / n * abs(slope)
    return error, n - 1
