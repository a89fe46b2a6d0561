"""Held-out predictions, and their scores."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._sklearn_compat import _safe_indexing
from ..evaluation import (
    HeldOutPredictions,
    columns_of_partitions,
    held_out_difference,
    held_out_interval,
    shares_below,
)
from ..metrics import (
    Estimate,
    correlate,
    jackknife,
    leave_groups_out,
    mean_estimate,
    number_groups,
)
from ..models import seen_rows
from ._lines import Figure

#: Note on a difference.
PAIRED = "paired, on the same splits"


class Trial(NamedTuple):
    """Held-out predictions of posts, and their scores."""

    y: NDArray[np.float64]
    groups: NDArray[np.intp] | None  # group of each post as a number
    held_out: HeldOutPredictions

    @property
    def n(self) -> int:
        """Number of posts."""
        return len(self.y)

    @property
    def score(self) -> float:
        """Spearman's correlation, averaged over partitions."""
        return float(self.held_out.scores(self.y).mean())

    def figure(self, y=None) -> Figure:
        """The score, or that for other scores of the same posts, with its interval."""
        y = self.y if y is None else y
        found = held_out_interval(y, self.held_out, self.groups)
        return Figure(*found, pearson_within(y, self.held_out))

    def gain(self, other: "Trial") -> Estimate:
        """Difference of the score to that of another model, paired."""
        found = held_out_difference(self.y, self.held_out, other.held_out, self.groups)
        return Estimate(found.score, found.error, found.df)

    def easier(self, other: "Trial") -> Estimate:
        """Difference of the score to that for another target of the same posts."""
        codes = number_groups(self.groups, self.n)
        found = [
            leave_groups_out(each.y, each.held_out.shares, codes)
            for each in (self, other)
        ]
        score, left_out = (
            a.mean(axis=-1) - b.mean(axis=-1) for a, b in zip(*found, strict=True)
        )
        return jackknife(float(score), left_out).of_model(self.held_out.n_folds)

    def over_folds(self, values) -> Estimate:
        """Mean over folds of a value per model, such as an accuracy.

        Models of different folds share training posts: the variance of the mean of n
        folds is ``1 / n + 1 / (K - 1)`` times that between folds, with K folds per
        partition (Nadeau and Bengio, "Inference for the generalization error", 2003).
        """
        values = np.ravel(values)
        n, n_folds = len(values), len(self.held_out.partitions[0])
        error = np.sqrt((1 / n + 1 / (n_folds - 1)) * values.var(ddof=1))
        return Estimate(float(values.mean()), float(error), n - 1)

    def mean(self, values) -> Estimate:
        """Mean of a value per post and partition, with the error of retrained models.

        Values are NaN for posts in no test fold.
        """
        known = ~np.isnan(values).all(axis=1)
        groups = None if self.groups is None else self.groups[known]
        found = mean_estimate(np.nanmean(values[known], axis=1), groups=groups)
        return found.of_model(self.held_out.n_folds)


def pearson(a, b) -> float:
    """Pearson's correlation; 0 if one side is constant."""
    a, b = a - a.mean(), b - b.mean()
    return float(correlate(a @ b, (a @ a) * (b @ b)))


def pearson_within(y, held_out) -> float:
    """Mean of Pearson's correlations in test folds."""
    found = []
    for raw, folds in zip(held_out.raw.T, held_out.partitions, strict=True):
        for _, test in folds:
            found.append(pearson(y[test], raw[test]))
    return float(np.mean(found))


def figure_of(estimate: Estimate) -> Figure:
    """A figure with its 95 % interval."""
    return Figure(estimate.value, *estimate.ends(0.95))


def columns_of_trials(trial: Trial, n_columns: int) -> list[Trial]:
    """Trials of the parts of a model, from predictions that :func:`look_at` took."""
    folds = [found for models in trial.held_out.estimators or () for found in models]
    partitions, n = trial.held_out.partitions, len(trial.y)
    trials = []
    for i in range(n_columns):
        raw, shares = (
            columns_of_partitions([found[kind][:, i] for found in folds], partitions, n)
            for kind in (0, 1)
        )
        held_out = HeldOutPredictions(raw, shares, partitions)
        trials.append(trial._replace(held_out=held_out))
    return trials


def look_at(predict) -> Callable:
    """A `look` that takes predictions of the parts of a fitted model for its test rows.

    `predict` takes the model and rows of X, and returns a column per part. It must be
    defined in a module, so that workers can import it.
    """
    return partial(_look, predict)


def _look(predict, model, X, fold):
    train, test = fold
    raw, seen = (
        np.asarray(predict(model, _safe_indexing(X, rows)), dtype=np.float64)
        for rows in (test, seen_rows(train))
    )
    shares = [shares_below(seen[:, i], raw[:, i]) for i in range(raw.shape[1])]
    return raw, np.column_stack(shares)
