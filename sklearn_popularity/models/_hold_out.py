"""Rows held out to stop training early: whole groups, or some of every range of y."""

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray


def hold_out(
    target: NDArray,
    fraction: float,
    groups: NDArray | None,
    random_state: RandomState,
    *,
    at_least: int = 1,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw rows to validate on.

    Without groups one row is drawn of each of as many ranges of the target as rows are
    held out: scores, or shares of classes, are like those of all rows.

    Parameters
    ----------
    target : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Scores or labels; of several scores, NaN where unknown, ranges are those of
        their standardised mean.
    fraction : float
        Share of the rows, or of the groups, to hold out.
    groups : ndarray of shape (n_samples,), int, or None
        Numbers of the groups of rows that stay together.
    random_state : RandomState
        Who draws.
    at_least : int, default=1
        Rows that either side needs.

    Returns
    -------
    train, held_out : ndarray of int
        Row numbers, ascending.

    Raises
    ------
    ValueError
        If there are too few rows or groups.
    """
    n_samples = len(target)
    if groups is None:
        _check_number(n_samples, 2 * at_least, "n_samples")
        chosen = _draw_from_ranges(
            _mean_score(target), _share_of(fraction, n_samples, at_least), random_state
        )
        is_held_out = np.isin(np.arange(n_samples), chosen)
    else:
        names = np.unique(groups)
        _check_number(len(names), 2, "n_groups")
        n_held_out = _share_of(fraction, len(names), 1)
        is_held_out = np.isin(groups, random_state.permutation(names)[:n_held_out])
        fewest = min(is_held_out.sum(), n_samples - is_held_out.sum())
        _check_number(fewest, at_least, "n_samples on one side of the groups")
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def _check_number(found, needed, what):
    if found < needed:
        raise ValueError(
            f"Got {what} = {found}, too few to hold any out: at least {needed} were "
            "expected. Pass more, or early_stopping=False."
        )


def _share_of(fraction, n, at_least):
    return min(max(at_least, round(fraction * n)), n - at_least)


def _mean_score(target):
    if target.ndim == 1:
        return target
    scale = np.nanstd(target, axis=0)
    scores = (target - np.nanmean(target, axis=0)) / np.where(scale == 0, 1, scale)
    return np.nanmean(scores, axis=1)


def _draw_from_ranges(target, n_ranges, random_state):
    """A row of each of ranges of the target that hold equally many rows."""
    shuffled = random_state.permutation(len(target))  # of equal targets too
    order = shuffled[np.argsort(target[shuffled], kind="stable")]
    sizes = np.full(n_ranges, len(target) // n_ranges)
    sizes[: len(target) % n_ranges] += 1
    sizes = random_state.permutation(sizes)  # else low ranges would be the longer ones
    return order[np.cumsum(sizes) - 1 - random_state.randint(sizes)]
