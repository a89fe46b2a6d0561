"""Folds of the protocols in which a model is evaluated."""

from typing import NamedTuple

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from ._partitions import Folds, make_partitions
from ._splits import split_each_user


class Rows(NamedTuple):
    """Columns that the protocols use; users and groups are numbered from 0."""

    y: NDArray
    users: NDArray
    groups: NDArray | None
    times: NDArray | None
    columns: NDArray


class FoldSettings(NamedTuple):
    """Numbers of folds, of repeats, and of rows that a user's own model needs."""

    cv: int
    n_repeats: int
    min_rows: int


class CannotRunError(ValueError):
    """A protocol cannot be run on the data; the message says why."""


def _one_per_user(rows: Rows, settings: FoldSettings, rng: RandomState):
    once = settings._replace(n_repeats=1)
    partitions: list[Folds] = []
    for _ in range(settings.n_repeats):
        partitions += _k_folds(rows, _draw_one_each(rows.users, rng), once, rng)
    return partitions


def _draw_one_each(users: NDArray, rng: RandomState) -> NDArray:
    """One row of each user, ascending."""
    shuffled = rng.permutation(len(users))
    _, first = np.unique(users[shuffled], return_index=True)
    return np.sort(shuffled[first])


def _user_mix(rows: Rows, settings: FoldSettings, rng: RandomState):
    if rows.users.max() == 0:
        raise CannotRunError("there is one user, but two or more are needed")
    partitions = _k_folds(rows, np.arange(len(rows.y)), settings, rng)
    folds = [fold for folds in partitions for fold in folds]
    if not any(np.isin(rows.users[b], rows.users[a]).any() for a, b in folds):
        raise CannotRunError(
            "no user has both training and test rows, because each has one row or "
            "groups keep all rows of a user together"
        )
    return partitions


def _k_folds(rows: Rows, chosen: NDArray, settings: FoldSettings, rng: RandomState):
    """Partitions of the chosen rows that keep groups together."""
    groups = None if rows.groups is None else rows.groups[chosen]
    n_units = len(chosen) if groups is None else len(np.unique(groups))
    if n_units < settings.cv:
        unit = "row(s)" if groups is None else "group(s)"
        raise CannotRunError(f"{n_units} {unit} are too few for cv={settings.cv} folds")
    partitions = make_partitions(
        len(chosen),
        cv=settings.cv,
        n_repeats=settings.n_repeats,
        groups=groups,
        random_state=rng.randint(2**31 - 1),
    )
    return [
        [(chosen[train], chosen[test]) for train, test in folds] for folds in partitions
    ]


def _user_specific(rows: Rows, settings: FoldSettings, rng: RandomState):
    """Random halves of each user's rows, one fold per user."""
    counts = np.bincount(rows.users)
    frequent = np.flatnonzero(counts >= settings.min_rows)
    if not len(frequent):
        raise CannotRunError(
            f"no user has min_rows={settings.min_rows} rows; the most is {counts.max()}"
        )
    partitions: list[Folds] = []
    for _ in range(settings.n_repeats):
        train, test = (
            _rows_of_users(part, rows.users)
            for part in split_each_user(rows.users, 0.5, rng)
        )
        partitions.append([(train[user], test[user]) for user in frequent])
    return partitions


def _rows_of_users(part: NDArray, users: NDArray) -> list[NDArray]:
    counts = np.bincount(users[part], minlength=users.max() + 1)
    by_user = part[np.argsort(users[part], kind="stable")]
    return np.split(by_user, np.cumsum(counts)[:-1])


def _by_time(rows: Rows, settings: FoldSettings, rng: RandomState):
    if rows.times is None:
        raise CannotRunError("no time is given; name its column by time=")
    start = np.sort(rows.times)[-max(1, len(rows.y) // settings.cv)]
    # Rows of the same time stay on one side, so that training is strictly earlier.
    later = rows.times >= start
    if later.all():
        raise CannotRunError("no row is earlier than the last fold")
    return [[(np.flatnonzero(~later), np.flatnonzero(later))]]


# Each function returns a partition into folds for each repeat.
PROTOCOLS = {
    "one-per-user": _one_per_user,
    "user-mix": _user_mix,
    "user-specific": _user_specific,
    "by-time": _by_time,
}
