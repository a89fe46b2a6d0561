"""Partitions of rows into test folds, and their predictions in row order."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, check_cv

from ..models import out_of_fold

Folds = list[tuple[NDArray, NDArray]]


def make_partitions(
    n_samples: int,
    *,
    cv: int,
    n_repeats: int,
    inner_cv: int = 1,
    groups: NDArray | None = None,
    random_state: int | None = None,
) -> list[Folds]:
    """Split rows into test folds several times.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    cv : int
        Number of folds.
    n_repeats : int
        Number of partitions.
    inner_cv : int, default=1
        Number of inner folds, for which each training set must have enough rows.
    groups : ndarray of shape (n_samples,), default=None
        Group of each row. The first partition is then the balanced one of
        :class:`~sklearn.model_selection.GroupKFold`, and the others are shuffled with
        the seeds 0, 1, and so on; without groups all are shuffled.
    random_state : int, default=None
        Seed from which the seeds are drawn; all partitions are then shuffled.

    Returns
    -------
    partitions : list of list of (train, test)

    Raises
    ------
    ValueError
        If there are too few rows or groups for the folds.
    """
    units = np.arange(n_samples) if groups is None else groups
    n_units = len(np.unique(units))
    if n_units < cv:
        raise _too_few(n_units, groups, cv, inner_cv)
    rows = np.zeros((n_samples, 1))
    seeds: Any = range(n_repeats)
    if random_state is not None:
        seeds = np.random.RandomState(random_state).randint(2**31 - 1, size=n_repeats)
    splitter = KFold if groups is None else GroupKFold
    splitters = [splitter(cv, shuffle=True, random_state=seed) for seed in seeds]
    if groups is not None and random_state is None:
        splitters = [GroupKFold(cv), *splitters[:-1]]
    partitions = [list(split.split(rows, groups=groups)) for split in splitters]
    if any(
        len(np.unique(units[train])) < inner_cv
        for folds in partitions
        for train, _ in folds
    ):
        raise _too_few(n_units, groups, cv, inner_cv)
    return partitions


def _too_few(n_units, groups, cv, inner_cv):
    unit = "photos" if groups is None else "groups"
    return ValueError(
        f"Got {n_units} {unit}, too few for {cv} folds with {inner_cv} inner fold(s) "
        f"each. Use fewer folds or more {unit}."
    )


def find_partitions(X, y, groups, *, cv, n_repeats, random_state) -> list[Folds]:
    """Partitions of an int `cv`, or the folds of a splitter.

    Raises
    ------
    ValueError
        If there are too few rows or groups, `n_repeats` is above 1 with a splitter, or
        test folds overlap.
    """
    if isinstance(cv, Integral):
        return make_partitions(
            len(y),
            cv=int(cv),
            n_repeats=n_repeats,
            groups=groups,
            random_state=random_state,
        )
    if n_repeats != 1:
        raise ValueError(
            f"Got n_repeats={n_repeats} with cv={cv!r}, but only an int cv can be "
            "repeated. Pass a number of folds as cv, or n_repeats=1."
        )
    folds = list(check_cv(cv, y).split(X, y, groups))
    tested = np.concatenate([test for _, test in folds])
    if len(np.unique(tested)) < len(tested):
        raise ValueError(
            f"Got cv={cv!r}, which tests a row more than once, but one prediction per "
            "row was expected. Pass a splitter such as KFold or GroupKFold."
        )
    return [folds]


def columns_of_partitions(
    parts: Sequence[NDArray], partitions: list[Folds], n_samples: int
) -> NDArray:
    """Put the predictions of test folds in the order of the rows.

    Parameters
    ----------
    parts : sequence of ndarray
        Predictions of each fold, partition after partition.
    partitions : list of list of (train, test)
        Folds of each partition, equally many in each.
    n_samples : int
        Number of rows.

    Returns
    -------
    predictions : ndarray of shape (n_samples, n_partitions), float64
        NaN for rows in no test fold.
    """
    n = len(partitions[0])
    columns = [
        out_of_fold(parts[n * i : n * (i + 1)], folds, n_samples)
        for i, folds in enumerate(partitions)
    ]
    return np.column_stack(columns)
