"""Forms of X: paths, one array, a list of photos of any sizes, or rows of pixels."""

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from numbers import Number
from typing import Any

import numpy as np
from PIL import Image

from .._messages import quote
from ._containers import (
    FRAME_PACKAGES,
    is_tensor,
    open_container,
    package_of,
    tensor_to_numpy,
)
from ._photos import Photos
from ._rows import rows_as_batch

_BYTES = (bytes, bytearray, memoryview, BytesIO)


def photos_of(estimator, X, *, reset):
    """Validate X as photos for an estimator.

    Parameters
    ----------
    estimator : estimator
        With the parameters `value_range` and `image_shape`, and optionally `on_error`.
        If X holds rows of pixel values, its `n_features_in_` and `feature_names_in_`
        are set or compared.
    X : sequence of photos
        Paths, arrays, PIL images, encoded bytes, or rows of pixel values.
    reset : bool
        Whether to set them, as in `fit`, or to compare with them.

    Returns
    -------
    photos : Photos

    Raises
    ------
    ImageError
        If a photo is missing, unless the estimator has ``on_error="nan"``.

    ValueError
        If X is empty, or not in a form that is accepted.
    """
    items = find_photos(X)
    if items is None:
        # Imported here: read_image starts five times faster without it.
        from sklearn.utils.validation import validate_data

        rows = validate_data(estimator, X, reset=reset, dtype="numeric")
        batch = rows_as_batch(rows, estimator.image_shape)
        return Photos(batch, value_range=estimator.value_range, clip=True)
    if len(items) == 0:
        raise ValueError("Got X with no photos, but at least one was expected.")
    if reset:  # forget an earlier fit on rows
        for name in {"n_features_in_", "feature_names_in_"} & set(vars(estimator)):
            delattr(estimator, name)
    photos = Photos(items, value_range=estimator.value_range)
    if getattr(estimator, "on_error", "raise") == "raise":
        photos.check_present()
    return photos


def find_photos(X: Any) -> list[Any] | np.ndarray | None:
    """Return the photos in X, or None if X is a table of numbers.

    Parameters
    ----------
    X : sequence, array, Series, one-column frame or tensor
        Photos, one per element; or one array of shape (n, height, width) or
        (n, height, width, 1, 3 or 4). A photo is a path, the contents of a file
        (``bytes``, ``bytearray``, ``memoryview`` or ``BytesIO``), a dict with "bytes"
        and "path" as in Hugging Face data sets, a PIL image or an array.

    Returns
    -------
    items : list, ndarray or None
        A list of paths, bytes, PIL images and arrays, with None for missing photos; or
        an array of shape (n, ...); or None if X can only be rows of pixel values.

    Raises
    ------
    ValueError
        If X is a single photo or a generator, has entries that are not photos, or an
        array in which the order of axes is ambiguous.
    """
    if _is_photo(X) and not _is_array(X):
        raise ValueError(
            f"Got X={quote(X)}, a single photo, but a sequence of photos was expected. "
            "Wrap it in a list: [photo]."
        )
    X = open_container(X)
    if isinstance(X, np.ndarray):
        return _photos_in_array(X)
    if isinstance(X, list):
        return _photos_in_list(X)
    _refuse_photos_among_columns(X)
    return None


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or is_tensor(value)


def _is_photo(value: Any) -> bool:
    """Tell whether one element of X is a photo rather than a number or a row."""
    if isinstance(value, (str, os.PathLike, *_BYTES, Image.Image)):
        return True
    if isinstance(value, Mapping):
        return value.keys() == {"bytes", "path"}
    return _is_array(value) and value.ndim in (2, 3)


def _is_missing(value: Any) -> bool:
    if value is None or package_of(value) == "pandas":
        return value is None or type(value).__name__ in ("NAType", "NaTType")
    return isinstance(value, (float, np.generic)) and value != value


def _refuse_photos_among_columns(X: Any) -> None:
    if package_of(X) not in FRAME_PACKAGES or len(getattr(X, "shape", ())) != 2:
        return
    if any(_is_photo(value) for value in np.asarray(X[:1], dtype=object).ravel()):
        raise ValueError(
            f"X has {X.shape[1]} columns, photos among them, but one column of photos "
            "was expected. Select it, or name it in a ColumnTransformer."
        )


def _photos_in_array(X: np.ndarray) -> list[Any] | np.ndarray | None:
    if X.dtype.kind == "S":
        raise ValueError(
            f"Got X of dtype {X.dtype}, but NumPy strips trailing zero bytes from such "
            "elements. Pass paths as text, X.astype(str), and contents of files in a "
            "list."
        )
    if X.dtype.kind in "OUT":
        column = X[:, 0] if X.ndim == 2 and X.shape[1] == 1 else X
        return _photos_in_list(column.tolist()) if column.ndim == 1 else None
    if X.ndim == 3 and X.shape[-1] in (1, 3, 4):
        raise ValueError(
            f"Got X of shape {X.shape}, which may be one image or a batch of narrow "
            "grey images. Pass X[np.newaxis] for one image or X[..., np.newaxis] for a "
            "batch."
        )
    if X.ndim == 4 and X.shape[-1] not in (1, 3, 4):
        raise ValueError(
            f"Got X of shape {X.shape}, but (n, height, width, channels) with 1, 3 or "
            "4 channels was expected. Move the channels last: "
            "X.transpose(0, 2, 3, 1), for tensors X.permute(0, 2, 3, 1)."
        )
    return X if X.ndim in (3, 4) else None


def _photos_in_list(items: list[Any]) -> list[Any] | np.ndarray | None:
    if any(map(_is_cell, items)) and all(_is_cell(i, missing=True) for i in items):
        items = [item[0] for item in items]  # rows of a one-column table
    known = [_is_photo(item) or _is_missing(item) for item in items]
    if not all(known):
        row = known.index(False)
        if _is_numeric(items[row]) and not any(map(_is_photo, items)):
            return _photos_in_nested_numbers(items)
        raise ValueError(
            f"Got X[{row}]={quote(items[row])} among photos, but a path, encoded "
            "bytes, a PIL image or an array of shape (height, width[, channels]) was "
            "expected. Drop the row or fill in its photo."
        )
    return [_as_item(item) for item in items]


def _is_cell(item: Any, missing: bool = False) -> bool:
    """Whether an element is a row of a one-column table that holds a photo."""
    if not (isinstance(item, (list, tuple)) and len(item) == 1):
        return False
    return _is_photo(item[0]) or (missing and _is_missing(item[0]))


def _is_numeric(item: Any) -> bool:
    """Whether an element may be a number or a row of numbers."""
    return isinstance(item, (Number, Sequence)) or hasattr(item, "__array__")


def _as_item(photo: Any) -> Any:
    """Convert a photo to a path, bytes, a PIL image, an array, or None."""
    if isinstance(photo, Mapping):
        photo = photo["path"] if photo["bytes"] is None else photo["bytes"]
    if isinstance(photo, BytesIO):
        return photo.getvalue()
    if isinstance(photo, (bytearray, memoryview)):
        return bytes(photo)
    if is_tensor(photo):
        return tensor_to_numpy(photo)
    is_empty = isinstance(photo, str) and not photo
    return None if is_empty or _is_missing(photo) else photo


def _photos_in_nested_numbers(items: list[Any]) -> list[Any] | np.ndarray | None:
    first = items[0]
    if isinstance(first, (list, tuple)) and first and np.ndim(first[0]) > 0:
        return _photos_in_array(np.asarray(items))
    return None
