"""Convert arrays and Pillow images to upright 8-bit sRGB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .._messages import quote
from ._errors import ImageError, decoding_errors
from ._pillow import pillow_to_rgb8
from ._values import check_range, check_value_range, dtype_range, to_unit


def to_rgb8(
    image: Any, *, value_range: tuple[float, float] | None = None, clip: bool = False
) -> NDArray[np.uint8]:
    """Convert an array or a Pillow image to 8-bit sRGB.

    Grey is replicated and transparency is composited on white. The range of the
    values follows the dtype, never the data: a dark photo stays dark.

    Parameters
    ----------
    image : array-like of shape (H, W) or (H, W, 1 | 3 | 4), or PIL.Image.Image
        Grey, RGB or RGBA pixels in sRGB. A Pillow image is also turned upright by
        its EXIF orientation and converted from its embedded colour profile, so
        that it equals what :func:`read_image` gives for its file.

    value_range : (float, float), default=None
        Values of black and white in an array. By default 0 and 1 for bool and
        float, 0 and 65535 for uint16, 0 and 255 for every other integer. Ignored for a
        Pillow image, which carries its own range.

    clip : bool, default=False
        Whether to clip values outside the range, rather than raise an error.

    Returns
    -------
    rgb : ndarray of shape (H, W, 3) and dtype uint8
        C-contiguous sRGB, 0-255; the input itself, not a copy, if it is that already.

    Raises
    ------
    ImageError
        If the array is not of the shape of an image, if a value is NaN, infinite or,
        unless clipped, outside the range, or if a Pillow image cannot be decoded.

    ValueError
        If ``value_range`` is not two finite numbers, the lower one first.

    See Also
    --------
    read_image : The same from a file.
    limit_size : Reduce the result.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity.images import to_rgb8
    >>> to_rgb8(np.array([[0.0, 0.5, 1.0]]))[0].tolist()
    [[0, 0, 0], [128, 128, 128], [255, 255, 255]]
    >>> to_rgb8(np.array([[0.0, 51.0]]), value_range=(0, 255))[0].tolist()
    [[0, 0, 0], [51, 51, 51]]
    """
    ends = None if value_range is None else check_value_range(value_range)
    if isinstance(image, Image.Image):
        with decoding_errors():
            return pillow_to_rgb8(image)
    array = _as_channels_last(np.asarray(image))
    range_of_dtype = dtype_range(array.dtype)
    if ends is None and array.dtype == np.uint8:
        return _as_three_channels(_over_white(array) if array.shape[2] == 4 else array)
    ends = ends or range_of_dtype
    return _values_to_rgb8(np.clip(array, *ends) if clip else array, ends)


def limit_size(rgb: NDArray[np.uint8], max_size: int | None) -> NDArray[np.uint8]:
    """Reduce an image so that its longest side is at most ``max_size`` pixels.

    Each new pixel is the mean of the area it covers. Images are never enlarged.

    Parameters
    ----------
    rgb : ndarray of shape (H, W, 3) and dtype uint8
        The image.

    max_size : int or None
        Largest number of pixels of the longest side, at least 1. None leaves every
        image as it is.

    Returns
    -------
    reduced : ndarray of shape (h, w, 3) and dtype uint8
        The aspect ratio is kept up to rounding, each side has at least 1 pixel.

    Raises
    ------
    ValueError
        If ``max_size`` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity.images import limit_size
    >>> limit_size(np.zeros((300, 400, 3), np.uint8), 100).shape
    (75, 100, 3)
    """
    check_max_size(max_size)
    if max_size is None:
        return rgb
    height, width = rgb.shape[:2]
    longest = max(height, width)
    if longest <= max_size:
        return rgb
    # Imported here: `import sklearn_popularity` must not load OpenCV.
    import cv2

    new_height = max(1, round(height * max_size / longest))
    new_width = max(1, round(width * max_size / longest))
    reduced = cv2.resize(rgb, (new_width, new_height), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, dtype=np.uint8)


def check_max_size(max_size: int | None) -> None:
    """Refuse a limit below 1 pixel."""
    if max_size is not None and max_size < 1:
        raise ValueError(
            f"Got max_size={quote(max_size)}, but expected an integer of at least 1 "
            "(pixels of the longest side), or None for no limit."
        )


def _as_channels_last(array: NDArray[Any]) -> NDArray[Any]:
    """View an array as (H, W, C), or raise an error if it is not an image."""
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        hint = ""
        if array.ndim == 3 and array.shape[0] in (1, 3, 4):
            hint = (
                ". The channels seem to come first: pass image.transpose(1, 2, 0), or "
                "image.permute(1, 2, 0) of a torch tensor, to get (H, W, C)"
            )
        raise ImageError(
            f"got an array of shape {array.shape}, but expected (H, W) or (H, W, C) "
            f"with 1, 3 or 4 channels{hint}"
        )
    if array.size == 0:
        raise ImageError(f"got an image without pixels, of shape {array.shape}")
    return array


def _values_to_rgb8(
    array: NDArray[Any], ends: tuple[float, float]
) -> NDArray[np.uint8]:
    check_range(array, ends)
    unit = to_unit(array, ends)
    if unit.shape[2] == 4:
        unit = 1 - (1 - unit[:, :, :3]) * unit[:, :, 3:]
    return _as_three_channels(np.rint(unit * 255).astype(np.uint8))


def _as_three_channels(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels)


def _over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    ink = (255 - rgba[:, :, :3]).astype(np.uint16) * rgba[:, :, 3:]
    # 255 is odd: adding 127 before the division rounds to the nearest integer.
    return 255 - ((ink + 127) // 255).astype(np.uint8)
