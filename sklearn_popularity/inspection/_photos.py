"""Photos to look at: read from any form, reduced."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation import input_of
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


def one_row(model, photo, column):
    """What a fitted model predicts the score of one photo from.

    Parameters
    ----------
    model : estimator
        Fitted on photos, or on a table with a column of photos.
    photo : photo, or DataFrame with one row
        What is to be explained.
    column : str
        Column of photos.

    Returns
    -------
    X : DataFrame with one row, or list of one photo
        A photo alone is a row of nothing else for a model of a table.

    Raises
    ------
    ValueError
        If it is a table of more rows, or of none.
    """
    if not isinstance(photo, pd.DataFrame):
        if column not in getattr(model, "feature_names_in_", ()):
            return [photo]
        return pd.DataFrame({column: pd.Series([photo], dtype=object)})
    if len(photo) != 1:
        raise ValueError(
            f"Got photo with {len(photo)} rows, but a table of one row was expected, "
            "such as posts.iloc[[0]]."
        )
    return photo


def as_rows(model, photos, column):
    """What a fitted model predicts the scores of some photos from.

    Parameters
    ----------
    model : estimator
        Fitted on photos, or on a table with a column of photos.
    photos : sequence of photos, or DataFrame
        Photos alone are a table of nothing else for a model of a table.
    column : str
        Column of photos.

    Returns
    -------
    X : DataFrame, or sequence of photos
        A model of photos alone is given those of a table.
    """
    if isinstance(photos, pd.DataFrame):
        return input_of(model, photos, column)
    photos = list(photos)
    if column not in getattr(model, "feature_names_in_", ()):
        return photos
    return pd.DataFrame({column: pd.Series(photos, dtype=object)})
