"""Ranges of pixel values: of each dtype, or as given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._messages import number, quote
from ._errors import ImageError


def check_value_range(value_range: Any) -> tuple[float, float]:
    """Refuse anything but two finite numbers, the lower one first."""
    try:
        low, high = (float(end) for end in value_range)
    except (TypeError, ValueError, OverflowError):
        low = high = np.nan
    if not (low < high and np.isfinite(high - low)):
        raise ValueError(
            f"Got value_range={quote(value_range)}, but expected two finite numbers, "
            "the lower one first, such as (0, 255)."
        )
    return low, high


def dtype_range(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind in "bf":
        return 0.0, 1.0
    if dtype.kind == "u" and dtype.itemsize == 2:
        return 0.0, 65535.0
    if dtype.kind in "iu":
        return 0.0, 255.0
    raise ImageError(f"got pixels of dtype {dtype}, but expected numbers")


def check_range(array: NDArray[Any], ends: tuple[float, float]) -> None:
    lowest, highest = array.min(), array.max()
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise ImageError("the pixels hold NaN or infinite values")
    if lowest < min(ends) or highest > max(ends):
        other = (0, 255) if array.dtype.kind == "f" else (0, 65535)
        raise ImageError(
            f"got {array.dtype} pixels from {number(lowest)} to {number(highest)}, but "
            f"expected values from {number(min(ends))} to {number(max(ends))}; if "
            "they are on another scale, pass the array with its range, such as "
            f"value_range={other}"
        )


def to_unit(array: NDArray[Any], ends: tuple[float, float]) -> NDArray[Any]:
    """Map black and white, the two ends of a range, to 0 and 1."""
    black, white = ends
    dtype = np.result_type(array.dtype, np.float32)
    unit = np.subtract(array, black, dtype=dtype)
    unit /= white - black
    return unit
