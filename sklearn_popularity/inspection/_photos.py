"""Read photos of any form, reduced in size."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation import input_of
from ..images import Photos, find_photos


def as_photos(photos) -> Photos:
    """Wrap photos of any form in a sequence that decodes one photo at a time.

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
        If `photos` is a numeric table or array.
    """
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


def one_row(model, photo, column):
    """Input of a fitted model for one photo.

    Parameters
    ----------
    model : estimator
        Fitted on photos, or on a table with a column of photos.
    photo : photo, or DataFrame with one row
        Photo, or its row of a table.
    column : str
        Column of photos.

    Returns
    -------
    X : DataFrame with one row, or list of one photo
        If the model expects a table, a photo becomes a row with this column only.

    Raises
    ------
    ValueError
        If `photo` is a table that does not have exactly one row.
    """
    if not isinstance(photo, pd.DataFrame):
        if column not in getattr(model, "feature_names_in_", ()):
            return [photo]
        return pd.DataFrame({column: pd.Series([photo], dtype=object)})
    if len(photo) != 1:
        raise ValueError(
            f"Got photo with {len(photo)} rows, but a table with one row was expected, "
            "such as posts.iloc[[0]]."
        )
    return photo


def as_rows(model, photos, column):
    """Input of a fitted model for several photos.

    Parameters
    ----------
    model : estimator
        Fitted on photos, or on a table with a column of photos.
    photos : sequence of photos, or DataFrame
        Photos, or their rows of a table.
    column : str
        Column of photos.

    Returns
    -------
    X : DataFrame, or sequence of photos
        If the model expects a table, photos become a table with this column only; if it
        expects photos, they are taken from the table.
    """
    if isinstance(photos, pd.DataFrame):
        return input_of(model, photos, column)
    photos = list(photos)
    if column not in getattr(model, "feature_names_in_", ()):
        return photos
    return pd.DataFrame({column: pd.Series(photos, dtype=object)})
