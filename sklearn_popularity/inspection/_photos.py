"""Photos to look at: read from any form, reduced."""

import numpy as np
from numpy.typing import NDArray

from ..images import Photos, find_photos


def as_photos(photos) -> Photos:
    """Photos in any form, as a sequence that decodes one at a time.

    Parameters
    ----------
    photos : sequence of photos
        Paths, arrays, PIL images or encoded bytes.

    Returns
    -------
    photos : Photos

    Raises
    ------
    ValueError
        If they are a table of numbers.
    """
    items = find_photos(photos)
    if items is None:
        raise ValueError(
            f"Got {type(photos).__name__} of numbers, but a sequence of photos was "
            "expected: paths, arrays of shape (height, width, 3), PIL images or bytes."
        )
    return Photos(items)


def read_photos(photos, rows, max_size: int | None) -> list[NDArray[np.uint8]]:
    """Some photos of a sequence, in the order asked for, reduced to `max_size`."""
    found = as_photos(photos)
    return [found.read(int(row), max_size=max_size) for row in rows]
