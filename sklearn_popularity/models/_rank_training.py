"""One epoch of a ranker, and its score on held-out rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from ..metrics import spearman_score, user_correlations
from ._delegation import take_rows
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


class PassSettings(NamedTuple):
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
    """

    unit: float | None
    min_margin: float
    batch_size: int
    alpha: float
    learning_rate: float


def pass_over(
    senses: Senses,
    data: RankedRows,
    rows: NDArray,
    settings: PassSettings,
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


def rank_score(data: RankedRows, scores: NDArray) -> float:
    """Rank correlation of scores with y, averaged over groups; 0 if undefined."""
    if data.within is None:
        return spearman_score(data.y, scores, sample_weight=data.weight)
    found = user_correlations(data.y, scores, data.within)
    return 0.0 if np.isnan(found).all() else float(np.nanmean(found))
