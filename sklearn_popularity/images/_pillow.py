"""Convert Pillow images to upright 8-bit sRGB: orientation, profile, transparency."""

from __future__ import annotations

from functools import cache, lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from ._headers import sample_range
from ._values import check_range, dtype_range, to_unit

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


def pillow_to_rgb8(image: Image.Image) -> NDArray[np.uint8]:
    """Convert an image some rows at a time, into the upright layout."""
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
    ends = sample_range(image) or dtype_range(values.dtype)
    check_range(values, ends)
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
    unit = to_unit(values[rows], ends)
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
