"""Convert arrays and Pillow images to upright 8-bit sRGB."""

from __future__ import annotations

from functools import cache, lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from .._messages import number, quote
from ._errors import ImageError, decoding_errors
from ._headers import sample_range

_ORIENTATION_TAG = 0x0112
_ORIENTATION_KEYS = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}
# By EXIF orientation: a view of the upright photo in the layout of the file.
_STORED_IN_UPRIGHT = {
    1: lambda rgb: rgb,
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.swapaxes(0, 1),
    6: lambda rgb: rgb[:, ::-1].swapaxes(0, 1),
    7: lambda rgb: rgb[::-1, ::-1].swapaxes(0, 1),
    8: lambda rgb: rgb[::-1].swapaxes(0, 1),
}
_TURNED = {5, 6, 7, 8}
# A photo is converted some rows at a time, since each step makes another copy.
_PIXELS_AT_ONCE = 2**20
_PROFILE_MODES = {"L", "RGB", "CMYK"}
# Profiles of printers have 1 to 3 MB; the memory of the cache has to be bounded.
_MAX_PROFILE_BYTES = 2**22


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
            return _pillow_to_rgb8(image)
    array = _as_channels_last(np.asarray(image))
    range_of_dtype = _dtype_range(array.dtype)
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
    _check_range(array, ends)
    unit = _to_unit(array, ends)
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


def _dtype_range(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind in "bf":
        return 0.0, 1.0
    if dtype.kind == "u" and dtype.itemsize == 2:
        return 0.0, 65535.0
    if dtype.kind in "iu":
        return 0.0, 255.0
    raise ImageError(f"got pixels of dtype {dtype}, but expected numbers")


def _check_range(array: NDArray[Any], ends: tuple[float, float]) -> None:
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


def _to_unit(array: NDArray[Any], ends: tuple[float, float]) -> NDArray[Any]:
    """Map black and white, the two ends of a range, to 0 and 1."""
    black, white = ends
    dtype = np.result_type(array.dtype, np.float32)
    unit = np.subtract(array, black, dtype=dtype)
    unit /= white - black
    return unit


def _pillow_to_rgb8(image: Image.Image) -> NDArray[np.uint8]:
    image.load()
    width, height = image.size
    orientation = _orientation(image)
    shape = (width, height, 3) if orientation in _TURNED else (height, width, 3)
    rgb = np.empty(shape, np.uint8)
    stored = _STORED_IN_UPRIGHT[orientation](rgb)
    deep = _deep_values(image)
    n_rows = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, n_rows):
        rows = slice(top, min(top + n_rows, height))
        if deep is None:
            strip = _split_alpha(_crop_rows(image, rows))
        else:
            strip = _split_deep_alpha(image, *deep, rows)
        stored[rows] = np.asarray(_over_paper(*strip, image.info.get("icc_profile")))
    return rgb


def _crop_rows(image: Image.Image, rows: slice) -> Image.Image:
    if rows == slice(0, image.height):
        return image
    return image.crop((0, rows.start, image.width, rows.stop))


def _over_paper(
    color: Image.Image, alpha: Image.Image | None, profile: bytes | None
) -> Image.Image:
    rgb = _to_srgb(color, profile)
    if alpha is None:
        return rgb
    canvas = Image.new("RGB", rgb.size, "white")
    canvas.paste(rgb, mask=alpha)
    return canvas


def _deep_values(image: Image.Image) -> tuple[NDArray[Any], tuple[float, float]] | None:
    """Values of an image of more than 8 bits, and the values of black and white."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return None
    values = np.asarray(image)
    ends = sample_range(image) or _dtype_range(values.dtype)
    _check_range(values, ends)
    return values, ends


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colour in mode L, RGB or CMYK, and the opacity of each pixel."""
    is_grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        image = image.convert("LA" if is_grey else "RGBA")
        return image.convert("L" if is_grey else "RGB"), image.getchannel("A")
    if image.mode not in _PROFILE_MODES:
        image = image.convert("L" if is_grey else "RGB")
    return image, None


def _split_deep_alpha(
    image: Image.Image, values: NDArray[Any], ends: tuple[float, float], rows: slice
) -> tuple[Image.Image, Image.Image | None]:
    unit = _to_unit(values[rows], ends)
    grey = Image.fromarray(np.rint(unit * 255).astype(np.uint8))
    key = image.info.get("transparency")
    alpha = None if key is None else Image.fromarray(values[rows] != key).convert("L")
    return grey, alpha


def _orientation(image: Image.Image) -> int:
    if image.info.keys().isdisjoint(_ORIENTATION_KEYS):
        return 1
    try:
        orientation = int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:
        # Broken metadata raises errors of many types, but the pixels may be sound.
        return 1
    return orientation if orientation in _STORED_IN_UPRIGHT else 1


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an image in mode L, RGB or CMYK to sRGB, by its profile if valid."""
    transform = None
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        transform = _srgb_transform(profile, image.mode)
    if transform is not None:
        return transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


# The photos of a data set share a few profiles; building a transform takes longer
# than applying it to a small photo.
@lru_cache(maxsize=32)
def _srgb_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Transform to sRGB; None if the profile is broken, of another mode, or sRGB."""
    try:
        transform = ImageCms.ImageCmsTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, TypeError, ValueError, ImageCms.PyCMSError):
        return None
    if mode == "RGB" and _is_identity(transform):
        return None
    return transform


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether no colour of a grid moves by more than one level."""
    before = _color_grid()
    after = np.asarray(transform.apply(Image.fromarray(before)))
    return bool(np.abs(after - before.astype(np.int16)).max() <= 1)


@cache
def _color_grid() -> NDArray[np.uint8]:
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(64, 64, 3)
