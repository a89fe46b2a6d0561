"""Labels of rows that an estimator knows from `fit`, such as users."""

from collections.abc import Hashable, Iterable
from numbers import Number

import pandas as pd

from ._messages import quote


def check_same_kind(known: Iterable, labels: Iterable, name: str) -> None:
    """Refuse labels that are all unknown because their type differs from `fit`.

    All types of numbers count as one; None, NaN and NaT are ignored. The error names
    the parameter of their column.
    """
    before, now = _kinds(known), _kinds(labels)
    changed = before and now and not before.keys() & now.keys()
    if changed and {*known}.isdisjoint(labels):
        (old, was), (new, label) = next(iter(before.items())), next(iter(now.items()))
        raise ValueError(
            f"The labels of {name} were of type {old} in fit, such as {quote(was)}, "
            f"but are of type {new} now, such as {quote(label)}, so none is known. "
            "Convert them to the type in fit."
        )


def _kinds(labels):
    """Names of types, with an example of each."""
    found: dict[str, Hashable] = {}
    for label in pd.unique(pd.Series([*labels], dtype=object)):
        if not pd.api.types.is_scalar(label) or not pd.isna(label):
            kind = "number" if isinstance(label, Number) else type(label).__name__
            found.setdefault(kind.removesuffix("_"), label)
    return found
