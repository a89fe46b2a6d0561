"""Read photos of any form, reduced in size."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation import input_of
from ..images import Photos, find_photos


def as_photos(photos) -> Photos:
    """Wrap photos of any form in a sequence that decodes one photo at a time."""
    items = find_photos(photos)
    if items is None:
        raise ValueError(
            f"Got {type(photos).__name__} of numbers, but a sequence of photos was "
            "expected: paths, arrays of shape (height, width, 3), PIL images or bytes."
        )
    return Photos(items)


def read_photos(photos, rows, max_size: int | None) -> list[NDArray[np.uint8]]:
    """Read the photos at `rows`, in this order, reduced to `max_size`."""
    found = as_photos(photos)
    return [found.read(int(row), max_size=max_size) for row in rows]


def as_rows(model, photos, column):
    """Input of a fitted model for photos, or for their rows of a table.

    If the model expects a table, photos become a table with this column only; if it
    expects photos, they are taken from the table.
    """
    if isinstance(photos, pd.DataFrame):
        return input_of(model, photos, column)
    photos = list(photos)
    if column not in getattr(model, "feature_names_in_", ()):
        return photos
    return pd.DataFrame({column: pd.Series(photos, dtype=object)})


def one_row(model, photo, column):
    """Input of a fitted model for one photo, or the row of the photo as it is."""
    if not isinstance(photo, pd.DataFrame):
        return as_rows(model, [photo], column)
    if len(photo) != 1:
        raise ValueError(
            f"Got photo with {len(photo)} rows, but a table with one row was expected, "
            "such as posts.iloc[[0]]."
        )
    return photo


def with_other_photos(X, photos, column):
    """The one row X repeated with each of the photos, or the photos alone."""
    if not isinstance(X, pd.DataFrame):
        return list(photos)
    table = X.iloc[np.zeros(len(photos), dtype=int)].reset_index(drop=True)
    return table.assign(**{column: pd.Series([*photos], dtype=object)})
