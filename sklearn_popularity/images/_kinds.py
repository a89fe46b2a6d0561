"""What X may be: paths, a batch of arrays, a ragged list of photos, or pixel rows."""

import math
import os
import warnings
from typing import Any

import numpy as np
from PIL import Image
from sklearn.utils.validation import validate_data

from ._photos import Photos

_FRAME_PACKAGES = {"pandas", "polars", "pyarrow"}


class ImageShapeWarning(UserWarning):
    """Numeric rows were read as photos of a shape that was inferred.

    A row of 4,096 numbers may be an embedding, which is no photo. Pass
    ``image_shape=(height, width, channels)`` where the rows do hold pixels.
    """


def photos_of(estimator, X, *, reset):
    """Photos that an estimator was given.

    Parameters
    ----------
    estimator : estimator
        With the parameters `value_range` and `image_shape`. Its `n_features_in_` and
        `feature_names_in_` are set or compared where X holds rows of pixel values.
    X : sequence of photos
        Paths, arrays, PIL images, encoded bytes, or rows of pixel values.
    reset : bool
        Whether to set (in `fit`) or to compare.

    Returns
    -------
    photos : Photos

    Raises
    ------
    ValueError
        If there are none, or X is of no known kind.
    """
    items = find_photos(X)
    if items is None:
        rows = validate_data(estimator, X, reset=reset, dtype="numeric")
        batch = rows_as_batch(rows, estimator.image_shape)
        return Photos(batch, value_range=estimator.value_range, clip=True)
    if len(items) == 0:
        raise ValueError("Got X with no photos, but at least one was expected.")
    if reset:  # nothing is left behind of an earlier fit on rows
        for name in {"n_features_in_", "feature_names_in_"} & set(vars(estimator)):
            delattr(estimator, name)
    return Photos(items, value_range=estimator.value_range)


def find_photos(X: Any) -> list[Any] | np.ndarray | None:
    """Return the photos that X holds, or None where X is a table of numbers.

    Parameters
    ----------
    X : sequence, array, Series, one-column frame or tensor
        Paths, encoded bytes, PIL images or arrays, one per photo; or one array of
        shape (n, height, width) or (n, height, width, 1, 3 or 4).

    Returns
    -------
    items : list, ndarray or None
        A list of photos, or an array whose first axis counts photos. None if X can
        only be read as rows of pixel values.

    Raises
    ------
    ValueError
        If X is a single photo, has missing or foreign entries among its photos, or
        has its axes in an order that cannot be told.
    """
    if _is_photo(X) and not _is_array(X):
        raise ValueError(
            f"Got X={_shorten(X)}, a single photo, but a sequence of photos was "
            "expected. Wrap it in a list: [photo]."
        )
    if _is_tensor(X):
        X = _tensor_to_numpy(X)
    elif _package(X) in _FRAME_PACKAGES:
        X = _column_to_list(X)
    if isinstance(X, np.ndarray):
        return _photos_in_array(X)
    if isinstance(X, (list, tuple)):
        return _photos_in_list(list(X))
    return None


def rows_as_batch(X: np.ndarray, image_shape: tuple[int, ...] | None) -> np.ndarray:
    """View rows of pixel values as images.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        One flattened image a row, channels last.
    image_shape : tuple of 2 or 3 ints, or None
        Height, width and, for colour, channels. None infers a square grey image, else
        a square RGB image, else a strip one pixel high, and warns.

    Returns
    -------
    batch : ndarray of shape (n, height, width, channels)

    Raises
    ------
    ValueError
        If `image_shape` does not multiply to the number of features.
    """
    n_features = X.shape[1]
    shape: tuple[int, ...]
    if image_shape is None:
        shape = _infer_shape(n_features)
        warnings.warn(
            f"X has rows of {n_features} numbers; each is read as an image of "
            f"{shape[0]} x {shape[1]} pixels with {shape[2]} channel(s). Pass "
            "image_shape=(height, width, channels) if they are pixels; an embedding "
            "is no photo.",
            ImageShapeWarning,
            stacklevel=5,
        )
    else:
        shape = _check_image_shape(image_shape)
    if math.prod(shape) != n_features:
        raise ValueError(
            f"Got image_shape={image_shape}, which makes {math.prod(shape)} values, "
            f"but X has {n_features} features. Pass the (height, width, channels) of "
            "the images that the rows were flattened from."
        )
    return X.reshape(len(X), *shape)


def _check_image_shape(image_shape: Any) -> tuple[int, ...]:
    sides = [
        int(side)
        for side in image_shape
        if isinstance(side, int | np.integer) and side > 0
    ]
    shape = (*sides, 1)[:3]
    if not len(image_shape) == len(sides) in (2, 3) or shape[2] not in (1, 3, 4):
        raise ValueError(
            f"Got image_shape={image_shape!r}, but (height, width) or (height, width, "
            "channels) with positive integers and 1, 3 or 4 channels was expected."
        )
    return shape


def _infer_shape(n_features: int) -> tuple[int, int, int]:
    side = math.isqrt(n_features)
    if side * side == n_features:
        return side, side, 1
    side = math.isqrt(n_features // 3)
    if 3 * side * side == n_features:
        return side, side, 3
    return 1, n_features, 1


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _is_tensor(value: Any) -> bool:
    return _package(value) == "torch" and hasattr(value, "detach")


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or _is_tensor(value)


def _is_photo(value: Any) -> bool:
    """Tell whether one element of X is a photo rather than a number or a row."""
    if isinstance(value, (str, os.PathLike, bytes, Image.Image)):
        return True
    return _is_array(value) and value.ndim in (2, 3)


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _tensor_to_numpy(tensor: Any) -> np.ndarray:
    if tensor.device.type != "cpu":
        raise ValueError(
            f"Got a tensor on the device {tensor.device}, but photos are read on the "
            "CPU. Pass tensor.cpu()."
        )
    return tensor.detach().numpy()


def _column_to_list(X: Any) -> Any:
    """Return the elements of a Series or one-column frame; other frames as they are."""
    if len(X.shape if hasattr(X, "shape") else (len(X),)) == 2:
        if X.shape[1] != 1:
            return _refuse_photos_among_columns(X)
        X = _first_column(X)
    for method in ("to_pylist", "to_list"):
        if hasattr(X, method):
            return getattr(X, method)()
    return X


def _first_column(X: Any) -> Any:
    if _package(X) == "pandas":
        return X.iloc[:, 0]
    return X.column(0) if _package(X) == "pyarrow" else X.to_series(0)


def _refuse_photos_among_columns(X: Any) -> Any:
    if any(_is_photo(value) for value in np.asarray(X[:1], dtype=object).ravel()):
        raise ValueError(
            f"X has {X.shape[1]} columns, photos among them, but one column of photos "
            "was expected. Select it, or name it in a ColumnTransformer."
        )
    return X


def _photos_in_array(X: np.ndarray) -> list[Any] | np.ndarray | None:
    if X.dtype.kind in "OUT":
        column = X[:, 0] if X.ndim == 2 and X.shape[1] == 1 else X
        return _photos_in_list(column.tolist()) if column.ndim == 1 else None
    if X.ndim == 3 and X.shape[-1] in (1, 3, 4):
        raise ValueError(
            f"Got X of shape {X.shape}, which may be one image or a batch of narrow "
            "grey ones. Pass X[np.newaxis] for one image or X[..., np.newaxis] for a "
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
    if all(_is_cell(item) for item in items):
        items = [item[0] for item in items]  # rows of a one-column table
    if items and not any(_is_photo(item) for item in items):
        return _photos_in_nested_numbers(items)
    for row, item in enumerate(items):
        if not _is_photo(item):
            raise ValueError(
                f"Got X[{row}]={_shorten(item)} among photos, but a path, encoded "
                "bytes, a PIL image or an array of shape (height, width[, channels]) "
                "was expected. Drop the row or fill in its photo."
            )
    return [_tensor_to_numpy(item) if _is_tensor(item) else item for item in items]


def _is_cell(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and len(item) == 1 and _is_photo(item[0])


def _photos_in_nested_numbers(items: list[Any]) -> list[Any] | np.ndarray | None:
    first = items[0] if items else None
    if isinstance(first, (list, tuple)) and first and np.ndim(first[0]) > 0:
        return _photos_in_array(np.asarray(items))
    return None
