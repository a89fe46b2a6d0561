"""Latent senses: linear scorers, of which the strongest scores a row."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from ._pairwise import Pairs, pairwise_hinge

# Rows read at a time, so that memory does not grow with their number.
CHUNK = 10_000
# Defaults of Adam, Kingma and Ba 2015, algorithm 1.
_DECAY_1, _DECAY_2, _EPSILON = 0.9, 0.999, 1e-8


class Scaling(NamedTuple):
    """Standardise columns, and divide them by the square root of their number.

    The mean squared length of a row is then 1 for any features, so that margins,
    learning rates and penalties mean the same for all data.
    """

    mean: NDArray
    scale: NDArray

    @classmethod
    def of(
        cls, X: NDArray, rows: NDArray[np.intp], sample_weight: NDArray | None
    ) -> "Scaling":
        """Compute the scaling of some rows of X, (n, n_features), chunk by chunk."""
        scaler = StandardScaler()
        for chunk in gen_batches(len(rows), CHUNK):
            chosen = rows[chunk]
            weight = None if sample_weight is None else sample_weight[chosen]
            scaler.partial_fit(X[chosen], sample_weight=weight)
        scale = scaler.scale_ * np.sqrt(X.shape[1])
        return cls(scaler.mean_.astype(X.dtype), scale.astype(X.dtype))

    def apply(self, X: NDArray) -> NDArray:
        """Scale rows, of shape (n, n_features)."""
        return (X - self.mean) / self.scale


class Winners(NamedTuple):
    """The strongest senses of each row, and their scores.

    Attributes
    ----------
    senses : list of ndarray of shape (n,)
        Strongest sense of the popular ones and, if there are any, the unpopular ones.
    scores : list of ndarray of shape (n,)
        Their scores; those of unpopular senses are high for unpopular rows.
    """

    senses: list[NDArray[np.intp]]
    scores: list[NDArray]

    def difference(self) -> NDArray:
        """Predicted scores: by the popular senses, less those by unpopular ones."""
        popular, *unpopular = self.scores
        return popular - unpopular[0] if unpopular else popular


def find_winners(scores: NDArray, n_popular: int) -> Winners:
    """Strongest senses of each row, by scores (n, n_senses) with popular ones first.

    Senses are numbered within their side.
    """
    rows = np.arange(len(scores))
    senses, best = [], []
    for side in (scores[:, :n_popular], scores[:, n_popular:]):
        if side.shape[1]:
            senses.append(side.argmax(axis=1))
            best.append(side[rows, senses[-1]])
    return Winners(senses, best)


@dataclass
class Senses:
    """Popular and unpopular senses, and the state of their training.

    Parameters
    ----------
    weights : ndarray of shape (n_senses, n_features + 1)
        Weights of scaled features and an intercept, popular senses first.
    n_popular : int
        Number of popular senses.
    scaling : Scaling
        Scaling of the features.
    moments : ndarray of shape (2, n_senses, n_features + 1)
        Running means of the gradient and of its square.
    n_steps : int
        Steps taken.
    """

    weights: NDArray
    n_popular: int
    scaling: Scaling
    moments: NDArray
    n_steps: int = 0

    @classmethod
    def start(cls, directions: NDArray, n_popular: int, scaling: Scaling) -> "Senses":
        """Senses along directions of scaled features, of shape (n_senses, n_features).

        Their weights have length 1 (0 where the direction is 0).
        """
        lengths = np.linalg.norm(directions, axis=1, keepdims=True)
        directions = directions / np.where(lengths > 0, lengths, 1)
        constants = np.zeros((len(directions), 1))
        weights = np.hstack([directions, constants]).astype(scaling.mean.dtype)
        moments = np.zeros((2, *weights.shape), dtype=weights.dtype)
        return cls(weights, n_popular, scaling, moments)

    def snapshot(self) -> "Senses":
        """A copy of the current state."""
        return replace(self, weights=self.weights.copy(), moments=self.moments.copy())

    def linear(self) -> tuple[NDArray, NDArray]:
        """Weights and intercepts for unscaled features.

        Returns
        -------
        coef : ndarray of shape (n_senses, n_features)
        intercept : ndarray of shape (n_senses,)
        """
        coef = self.weights[:, :-1] / self.scaling.scale
        return coef, self.weights[:, -1] - coef @ self.scaling.mean

    def winners(self, X: NDArray) -> Winners:
        """Strongest senses of rows of unscaled features, (n, n_features)."""
        coef, intercept = self.linear()
        return find_winners(X @ coef.T + intercept, self.n_popular)

    def step(
        self, X: NDArray, pairs: Pairs, *, alpha: float, learning_rate: float
    ) -> float:
        """Take one step of Adam on the loss of a batch.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Unscaled features.
        pairs : Pairs
            Pairs of the batch.
        alpha : float
            Strength of the L2 penalty.
        learning_rate : float
            Step size.

        Returns
        -------
        loss : float
            Hinge loss of both sides before the step.
        """
        coef, intercept = self.linear()
        scores = X @ coef.T
        scores += intercept
        loss, gradient = _sense_gradient(scores, self.n_popular, pairs)
        # Gradient for the weights of scaled features, without scaling X itself.
        by_weights = np.empty_like(self.weights)
        totals = gradient.sum(axis=0)
        np.matmul(gradient.T, X, out=by_weights[:, :-1])
        by_weights[:, :-1] -= np.outer(totals, self.scaling.mean)
        by_weights[:, :-1] /= self.scaling.scale
        by_weights[:, -1] = totals
        by_weights += alpha * self.weights
        self._descend(by_weights, learning_rate)
        return loss

    def _descend(self, gradient, learning_rate):
        """Take a step of Adam; the gradient is overwritten."""
        self.n_steps += 1
        mean, square = self.moments
        scratch = gradient * gradient
        scratch *= 1 - _DECAY_2
        square *= _DECAY_2
        square += scratch
        gradient *= 1 - _DECAY_1
        mean *= _DECAY_1
        mean += gradient
        # Correct for the running means that start at 0.
        root = np.sqrt(1 - _DECAY_2**self.n_steps)
        np.sqrt(square, out=scratch)
        scratch += _EPSILON * root
        np.divide(mean, scratch, out=scratch)
        scratch *= learning_rate * root / (1 - _DECAY_1**self.n_steps)
        self.weights -= scratch


def _sense_gradient(scores, n_popular, pairs):
    """Loss of both sides, and its gradient with respect to all scores (n, n_senses).

    Popular senses rank rows as the scores do, unpopular ones the other way round; only
    the strongest sense of a side learns from a row.
    """
    winners = find_winners(scores, n_popular)
    gradient = np.zeros_like(scores)
    rows = np.arange(len(scores))
    loss = 0.0
    for sign, first, sense, score in zip(
        (1, -1), (0, n_popular), winners.senses, winners.scores, strict=False
    ):
        side_loss, by_score = pairwise_hinge(sign * score, pairs)
        gradient[rows, first + sense] = sign * by_score
        loss += side_loss
    return loss, gradient
