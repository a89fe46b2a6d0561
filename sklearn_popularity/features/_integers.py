"""Check parameters that are tuples of positive integers."""

from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from .._messages import quote


def positive_integers(
    name: str, given: Sequence[Any], lengths: Container[int], expected: str
) -> tuple[int, ...]:
    """Check the values and their number; `expected` is the end of the error."""
    fits = len(given) in lengths
    if not fits or not all(isinstance(n, int | np.integer) and n > 0 for n in given):
        raise ValueError(f"Got {name}={quote(given)}, but {expected}")
    return tuple(map(int, given))
