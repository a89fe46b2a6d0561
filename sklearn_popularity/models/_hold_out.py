"""Hold out rows for early stopping: whole groups, or rows of every range of y."""

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
    """Draw validation rows.

    Without groups, one row is drawn from each of as many ranges of the target as rows
    are held out, so that their scores or classes are distributed as in all rows.

    Parameters
    ----------
    target : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Scores or labels; of several scores, NaN where unknown, ranges are those of
        their standardised mean.
    fraction : float
        Share of the rows, or of the groups, to hold out.
    groups : ndarray of shape (n_samples,), int, or None
        Group number of each row; the rows of a group stay together.
    random_state : RandomState
        Random generator.
    at_least : int, default=1
        Minimum number of rows on either side.

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
        _check_number(fewest, at_least, "n_samples on one side of the split")
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def refuse_early_stopping(estimator) -> None:
    """Refuse `early_stopping` in `partial_fit`, which does not see all rows."""
    if estimator.early_stopping:
        raise ValueError(
            "Got early_stopping=True, but partial_fit cannot hold out rows. Pass "
            "early_stopping=False, or use fit."
        )


def _check_number(found, needed, what):
    if found < needed:
        raise ValueError(
            f"Got {what} = {found}, too few to hold any out: at least {needed} were "
            "expected. Pass more rows or groups, or early_stopping=False."
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
    """Draw one row from each of `n_ranges` ranges of the target of equal size."""
    shuffled = random_state.permutation(len(target))  # so that ties are shuffled too
    order = shuffled[np.argsort(target[shuffled], kind="stable")]
    sizes = np.full(n_ranges, len(target) // n_ranges)
    sizes[: len(target) % n_ranges] += 1
    sizes = random_state.permutation(sizes)  # else low ranges would be larger
    return order[np.cumsum(sizes) - 1 - random_state.randint(sizes)]
