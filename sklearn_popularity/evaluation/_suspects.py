"""Suspects of a shortcut audit: a level or a number per row."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._columns import encode_labels, label_rows
from .._messages import quote
from .._numbers import check_numbers
from ..metrics import number_groups
from ._photo_measures import PHOTO_MEASURES, measure_photos
from ._shortcut_statistics import bin_numbers

FEWEST_ROWS = 10  # that a level needs to be predicted and scored
_MOST_LEVELS = 20
_FEWEST_VALUES = 10  # up to this many distinct numbers are levels


class Suspect(NamedTuple):
    """A suspect for the audited rows.

    Parameters
    ----------
    name : str
        Name of the suspect.
    levels : ndarray of shape (n_samples,), int
        Number of each row's level.
    labels : list of str
        Names of the levels.
    numbers : ndarray of shape (n_samples,) or None
        Numbers that were binned into the levels; None if it was not numeric.
    nested : bool
        Whether each level is in only one group.
    """

    name: str
    levels: NDArray[np.intp]
    labels: list[str]
    numbers: NDArray[np.float64] | None
    nested: bool


def collect_suspects(X, suspects, measures, photo) -> dict:
    """Values of each suspect, one per row of X.

    Parameters
    ----------
    X, suspects, measures, photo
        As in :func:`shortcut_audit`.
    """
    suspects = dict(suspects or {})
    unknown = [each for each in measures if each not in PHOTO_MEASURES]
    if unknown:
        raise ValueError(
            f"Got measures={quote(list(measures))}, but {quote(unknown)} are not among "
            f"{quote(list(PHOTO_MEASURES))}."
        )
    twice = [name for name in measures if name in suspects]
    if twice or not (suspects or measures):
        raise ValueError(
            f"Got the suspects {quote(list(suspects))} and the measures "
            f"{quote(list(measures))}, but one or more with distinct names were "
            "expected."
        )
    found = {}
    for name, which in suspects.items():
        if not (callable(which) or isinstance(which, str | Integral)):
            which = _given(which)
        found[name] = label_rows(X, which, f"suspects[{name!r}]")
    return found | measure_photos(X, list(measures), photo)


def _given(values):
    """A function of X that returns the given values."""
    return lambda X: values


def make_suspect(name, values, groups) -> Suspect:
    """Make a suspect from its values for the audited rows and their groups."""
    values = np.asarray(values)
    if values.dtype.kind in "iuf" and len(np.unique(values)) > _FEWEST_VALUES:
        numbers = check_numbers(values, f"suspects[{name!r}]")
        levels = bin_numbers(numbers)
        labels = [
            f"{numbers[levels == i].min():.3g} to {numbers[levels == i].max():.3g}"
            for i in range(levels.max() + 1)
        ]
        return Suspect(name, levels, labels, numbers, nested=False)
    levels = encode_labels(values, f"suspects[{name!r}]")
    labels = [str(each) for each in pd.unique(pd.Series(values[np.argsort(levels)]))]
    n_groups = _n_groups(levels, groups)
    several = np.bincount(levels) > 1
    nested = bool(several.any() and (n_groups[several] == 1).all())
    return Suspect(name, levels, labels, None, nested)


def _n_groups(levels, groups):
    """Number of groups that have each level."""
    pairs = np.column_stack([levels, number_groups(groups, len(levels))])
    return np.bincount(np.unique(pairs, axis=0)[:, 0])


def told_levels(suspect, groups):
    """The largest levels that have enough rows, and are in two or more groups."""
    sizes, n_groups = np.bincount(suspect.levels), _n_groups(suspect.levels, groups)
    enough = (sizes >= FEWEST_ROWS) & (len(suspect.levels) - sizes >= FEWEST_ROWS)
    enough &= suspect.nested | (n_groups > 1)
    order = np.argsort(-sizes, kind="stable")
    return np.sort(order[enough[order]][:_MOST_LEVELS])
