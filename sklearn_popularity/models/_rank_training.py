"""Train a ranker, epoch by epoch."""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from .._warnings import warn_caller
from ..metrics import spearman_score, user_correlations
from ._delegation import take_rows
from ._fit_tasks import FitTasks
from ._pairwise import count_pairs, shuffle_rows, total_pair_weight, viable_pairs
from ._senses import Senses


class RankedRows(NamedTuple):
    """Training data of a ranker.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,), float64
        Scores.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    within : ndarray of shape (n_samples,), int, or None
        Groups within which pairs are formed.
    """

    X: NDArray
    y: NDArray
    weight: NDArray | None
    within: NDArray | None

    def take(self, rows) -> "RankedRows":
        """Select rows."""
        return RankedRows(*(take_rows(part, rows) for part in self))


class RankSettings(NamedTuple):
    """Training settings of a ranker.

    Parameters
    ----------
    unit : float or None
        Difference of scores for a margin of 1; None takes `min_margin` for all pairs.
    min_margin : float
        Smallest margin of a pair.
    batch_size : int
        Rows per batch.
    alpha : float
        Strength of the L2 penalty.
    learning_rate : float
        Step size.
    max_epochs : int
        Maximum number of epochs.
    n_iter_no_change : int
        Epochs without an improvement by `tol` after which training stops.
    tol : float
        Smallest improvement that counts.
    """

    unit: float | None
    min_margin: float
    batch_size: int
    alpha: float
    learning_rate: float
    max_epochs: int
    n_iter_no_change: int
    tol: float


class TrainedSenses(NamedTuple):
    """Senses, with the mean loss and the held-out score of each epoch."""

    senses: Senses
    losses: list[float]
    validation_scores: list[float]


def check_pairs(data: RankedRows) -> None:
    """Check that two rows at least form a pair: refuse `within`, or warn of y."""
    if total_pair_weight(data.y, None, data.within):
        return
    if data.within is None or np.ptp(data.y) == 0:
        warn_caller(
            f"Got y with {data.y[0]} in all {len(data.y)} training rows, so there is "
            "nothing to rank: the ranker learns nothing. Pass rows of different scores."
        )
        return
    raise ValueError(
        f"Got within with {len(np.unique(data.within))} values in {len(data.y)} "
        "training rows, but no two rows with the same value have different scores, so "
        "there is nothing to compare. Pass values that rows share, such as users with "
        "several photos, or fit without within."
    )


def train_senses(
    senses: Senses,
    data: RankedRows,
    rows: NDArray,
    held_out: RankedRows | None,
    settings: RankSettings,
    random_state: np.random.RandomState,
    tasks: FitTasks,
) -> TrainedSenses:
    """Train senses on some rows of the data until they no longer improve.

    With rows held out, the senses that rank these best are returned, which are those of
    the start if training only makes these worse; the others have been trained in place.
    """
    best, kept = -np.inf, None
    if held_out is not None and senses.n_steps:  # a warm start may get worse
        best, kept = _rank_score(senses, held_out), senses.snapshot()
    losses: list[float] = []
    scores: list[float] = []
    n_without = 0
    for _ in range(settings.max_epochs):
        tasks.begin_pass()
        losses.append(pass_over(senses, data, rows, settings, random_state))
        merit = -losses[-1]
        if held_out is not None:
            merit = _rank_score(senses, held_out)
            scores.append(merit)
        n_without = 0 if merit > best + settings.tol else n_without + 1
        if merit > best:
            best = merit
            kept = None if held_out is None else senses.snapshot()
        stops = tasks.end_pass(partial(_attributes_of, kept or senses))
        if stops or n_without >= settings.n_iter_no_change:
            break
    return TrainedSenses(kept or senses, losses, scores)


def _attributes_of(senses):
    """Attributes of the estimator that predictions need."""
    return dict(zip(("coef_", "intercept_"), senses.linear(), strict=True))


def _rank_score(senses, data):
    """Rank correlation with y, averaged over groups; 0 if undefined."""
    predicted = senses.winners(data.X).difference()
    if data.within is None:
        return spearman_score(data.y, predicted, sample_weight=data.weight)
    found = user_correlations(data.y, predicted, data.within)
    return 0.0 if np.isnan(found).all() else float(np.nanmean(found))


def pass_over(
    senses: Senses,
    data: RankedRows,
    rows: NDArray,
    settings: RankSettings,
    random_state: np.random.RandomState,
) -> float:
    """Train for one epoch in random batches; return the mean loss of the pairs.

    The loss is NaN where no two rows form a pair.
    """
    known = data.take(rows)._replace(X=data.X[:0])
    total = total_pair_weight(known.y, known.weight, known.within)
    if total == 0:
        return np.nan
    rows = shuffle_rows(rows, data.within, random_state)
    n_pairs, loss, seen = count_pairs(len(rows), known.within), 0.0, 0.0
    size = settings.batch_size
    for batch in gen_batches(len(rows), size, min_batch_size=size // 2):
        chosen = rows[batch]
        share = count_pairs(len(chosen), take_rows(data.within, chosen)) / n_pairs
        if share:
            seen += share
            loss += share * _step(senses, data.take(chosen), settings, share * total)
    # Pairs within batches are a sample of all pairs, whose mean loss they estimate.
    return loss / seen if seen else np.nan


def _step(senses, batch, settings, total):
    """Take a step on the pairs of a batch; return their mean loss."""
    pairs = viable_pairs(
        *batch[1:],
        unit=settings.unit,
        min_margin=settings.min_margin,
        total=total,
        dtype=batch.X.dtype,
    )
    if not pairs.weights.any():
        return 0.0
    return senses.step(
        batch.X, pairs, alpha=settings.alpha, learning_rate=settings.learning_rate
    )
