"""Save parts of models that skops cannot restore, or not safely, as plain values."""

from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from .._sklearn_compat import (
    CALLBACKS,
    MetadataRequest,
    _MetadataRequester,
    request_of,
    requests_by_method,
)
from ._saved_trees import load_trees, save_trees

_PLAIN = (str, bytes, int, float, complex, type(None), np.generic)


class SavedDict(NamedTuple):
    """A dict with keys that are not strings, which JSON would convert to strings.

    Parameters
    ----------
    keys, values : list
        Of equal length.
    """

    keys: list
    values: list


class SavedRequests(NamedTuple):
    """Metadata requests of a part, without scikit-learn's reference to the part.

    Parameters
    ----------
    owner : str
        Type of the part.
    requests : dict of str to dict
        Requests by method.
    """

    owner: str
    requests: dict


class UnsavedPart(ValueError):
    """A part of a model cannot be saved; the message starts with its place."""


class _Walk:
    """Visit all parts of a model, and copy those that change."""

    def __init__(self):
        self._seen = {}
        self.places: list[tuple[str, Any]] = []  # of parts, the deepest first

    def visit(self, value, place="", owner=None):
        """Replacement of a part; `owner` is the place of its estimator."""
        if isinstance(value, _PLAIN):
            return value
        if id(value) not in self._seen:
            # Keep the part beside its copy, so that its id is not reused.
            renewed = self._renew(value, place, owner)
            self._seen[id(value)] = value, renewed
            self.places.append((place or type(value).__name__, renewed))
        return self._seen[id(value)][1]

    def _renew(self, value, place, owner):
        if isinstance(value, _MetadataRequester):  # estimators, splitters and scorers
            return self._estimator(value, place)
        if type(value) in (dict, Bunch):
            items = {k: self.visit(v, f"{place}[{k!r}]") for k, v in value.items()}
            if _differ(items.values(), value.values()):
                value = type(value)()
                value.update(items)
        elif isinstance(value, list | tuple):
            value = self._sequence(value, place, owner)
        elif type(value) is np.ndarray and value.dtype == object:
            rows = [self.visit(v, f"{place}[{i}]") for i, v in enumerate(value.flat)]
            if _differ(rows, value.flat):
                value = value.copy()
                value.flat = np.fromiter(rows, dtype=object)
        return self.of_value(value, place)

    def _sequence(self, value, place, owner):
        places = [f"{place}[{i}]" for i in range(len(value))]
        step = isinstance(value, tuple) and len(value) > 1 and isinstance(value[0], str)
        if step and owner is not None and hasattr(value[1], "get_params"):
            places = [_join(owner, value[0])] * len(value)
        items = [self.visit(v, p, owner) for v, p in zip(value, places, strict=True)]
        if not _differ(items, value):
            return value
        return value._make(items) if hasattr(value, "_make") else type(value)(items)

    def _estimator(self, estimator, place):
        given = isinstance(estimator, BaseEstimator)
        parameters = estimator.get_params(deep=False) if given else {}
        state = {
            name: self.visit(
                value, _join(place, name, name in parameters) if given else place, place
            )
            for name, value in vars(estimator).items()
            if name != CALLBACKS
        }
        state = self.of_estimator(estimator, state, place)
        if state.keys() == vars(estimator).keys():
            if not _differ(state.values(), vars(estimator).values()):
                return estimator
        kind: Any = type(estimator)
        renewed = kind.__new__(kind)
        renewed.__dict__.update(state)
        return renewed

    def of_value(self, value, place):
        """Replacement of a part that is not an estimator."""
        return value

    def of_estimator(self, estimator, state, place):
        """State of an estimator whose parts have been visited."""
        return state


class Packing(_Walk):
    """Replace what skops or JSON would not restore by plain values."""

    def of_value(self, value, place):
        if isinstance(value, PurePath):
            return str(value)
        if isinstance(value, MetadataRequest):
            owner = value.owner
            owner = owner if isinstance(owner, str) else type(owner).__name__
            return SavedRequests(owner, requests_by_method(value))
        if type(value) is dict and not all(isinstance(key, str) for key in value):
            return SavedDict([*map(self.visit, value)], list(value.values()))
        return value

    def of_estimator(self, estimator, state, place):
        try:
            return save_trees(estimator, state)
        except ValueError as error:
            raise UnsavedPart(f"{place or type(estimator).__name__}: {error}") from None


class Unpacking(_Walk):
    """Restore what `Packing` replaced."""

    def of_value(self, value, place):
        if isinstance(value, SavedDict):
            return dict(zip(value.keys, value.values, strict=True))
        if isinstance(value, SavedRequests):
            return request_of(*value)
        return value

    def of_estimator(self, estimator, state, place):
        return load_trees(estimator, state)


def _join(place, name, parameter=True):
    return (f"{place}__{name}" if parameter else f"{place}.{name}") if place else name


def _differ(new, old):
    return any(a is not b for a, b in zip(new, old, strict=True))
