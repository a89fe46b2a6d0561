"""Findings: an effect with its interval, and whether the claim holds."""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata, t

from sklearn_popularity import spearman_interval, spearman_score
from sklearn_popularity.metrics import mean_interval

N_RESAMPLES = 2000
#: Effects this small are nothing: they lie within the noise of one partition.
NOTHING = 0.02


class Effect(NamedTuple):
    """A difference with its 95 % interval, and the number of rows it is of."""

    size: float
    low: float
    high: float
    n: int


class Finding(NamedTuple):
    """A row of the table: `effect` is None if the claim is not testable."""

    claim: str
    data: str
    effect: Effect | None
    verdict: str
    note: str = ""


def find(claim, data, effect, note=""):
    """The verdict on a claim that something is better: an effect above 0."""
    return Finding(claim, data, effect, verdict(effect.low, effect.high), note)


def find_nothing(claim, data, effect, note=""):
    """The verdict on a claim that something adds nothing: less than `NOTHING`."""
    judged = "holds" if effect.high < NOTHING else "does not hold"
    return Finding(claim, data, effect, judged, note)


def find_no_worse(claim, data, effect, note=""):
    """The verdict on a claim that something is as good: not worse by `NOTHING`."""
    judged = "holds" if effect.low > -NOTHING else "does not hold"
    return Finding(claim, data, effect, judged, note)


def not_testable(claim, why):
    return Finding(claim, "", None, "not testable", str(why))


def versus(better, worse):
    """Two scores as text."""
    return f"{better:.3f} against {worse:.3f}"


def verdict(low, high):
    """A claim holds if the whole interval lies above 0."""
    if low > 0:
        return "holds"
    return "does not hold; the reverse does" if high < 0 else "does not hold"


def rank_gain(table, better, worse):
    """By how much Spearman's correlation of predictions is better, paired."""
    interval = spearman_interval(
        table.y,
        better,
        baseline=worse,
        groups=table.groups,
    )
    return Effect(*interval, len(table.y))


def best_of(table, predictions):
    """Name of the best predictions, by their test scores: the hardest to beat."""
    return max(predictions, key=lambda name: mean_score(table.y, predictions[name]))


def mean_score(y, predicted):
    return np.mean([spearman_score(y, column) for column in predicted.T])


def easier(easy, hard):
    """By how much predictions of one score fit it better than those of another.

    Parameters
    ----------
    easy, hard : tuple of (y, predictions)
        Two scores of the same rows, which are resampled.
    """
    n = len(easy[0])
    drawn = np.random.default_rng(0).integers(n, size=(N_RESAMPLES, n))
    rows = np.vstack([np.arange(n), drawn])
    sizes = _mean_correlations(*easy, rows) - _mean_correlations(*hard, rows)
    return Effect(sizes[0], *np.quantile(sizes[1:], [0.025, 0.975]), n)


def _mean_correlations(y, predicted, rows):
    """Spearman's correlation on each selection of rows, mean over predictions."""
    columns = [_standard_ranks(column[rows]) for column in predicted.T]
    return (_standard_ranks(y[rows]) * np.mean(columns, axis=0)).mean(axis=1)


def _standard_ranks(values):
    ranks = rankdata(values, axis=1)
    spread = ranks.std(axis=1, keepdims=True)
    return (ranks - ranks.mean(axis=1, keepdims=True)) / np.where(spread, spread, 1)


def mean_effect(values, groups=None):
    """Mean of a number per row, with its interval on new rows or groups."""
    return Effect(*mean_interval(values, groups=groups), len(values))


def over_data_sets(values, n):
    """Mean over independent data sets, by Student's t."""
    values = np.asarray(values)
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return Effect(values.mean(), values.mean() - half, values.mean() + half, n)
