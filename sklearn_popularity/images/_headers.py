"""Checks of the header of an image before its pixels are decoded."""

from __future__ import annotations

from functools import cache

from PIL import Image

from ._cost import Steps, bytes_per_pixel, check_memory, check_scans
from ._errors import ImageError
from ._formats import why_refused
from ._tiff import TIFF_BEGINNINGS, check_layout, check_pieces, tiff_range

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "AVIF")


def check_encoded(data: bytes) -> None:
    """Refuse encoded bytes in a known unsupported format, or too costly to open."""
    if not data:
        raise ImageError("the file is empty")
    reason = why_refused(data)
    if reason is not None:
        raise ImageError(reason)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        width, height = _webp_canvas(data)
        n_bytes = len(data) + width * height * bytes_per_pixel("RGBA", "WEBP")
        check_memory((width, height), n_bytes)
    if data[:2] == b"\xff\xd8":
        check_scans(data)
    if data[:4] in TIFF_BEGINNINGS:
        check_pieces(data)


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP: Pillow allocates the canvas as it opens the file."""

    def number(start: int, stop: int) -> int:
        return int.from_bytes(data[start:stop], "little")

    kind = data[12:16]
    if kind == b"VP8X":
        return number(24, 27) + 1, number(27, 30) + 1
    if kind == b"VP8L":
        bits = number(21, 25)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return number(26, 28) & 0x3FFF, number(28, 30) & 0x3FFF


def open_image(data: bytes) -> Image.Image:
    """Open encoded bytes that were checked; a TIFF in a wrong layout is refused."""
    image = Image.open(Steps(data), formats=_readable_formats())
    if image.format == "TIFF":
        check_layout(image)
    return image


@cache
def _readable_formats() -> tuple[str, ...]:
    """The formats that are read, without those that this Pillow lacks."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def repair_transparency(image: Image.Image) -> None:
    """Scale the transparent colour of a PNG like Pillow scales its pixels.

    The colour is stored at the bit depth of the file. Pillow decodes grey of 2 and
    4 bits and colours of 16 bits to 8 bits, but leaves this colour as it is.
    """
    color = image.info.get("transparency")
    tile = getattr(image, "tile", None)
    if image.format != "PNG" or color is None or not tile:
        return
    raw_mode = tile[0].args
    if raw_mode in ("L;2", "L;4"):
        image.info["transparency"] = color * (85 if raw_mode == "L;2" else 17)
    elif raw_mode == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in color)


def sample_range(image: Image.Image) -> tuple[float, float] | None:
    """Stored values of black and white in a mode of more than 8 bits, if known.

    Pillow extends 12 bits to 16 without scaling, and inverts TIFF files in which zero
    is white only if they have 8 bits.
    """
    if image.format == "TIFF" and image.mode != "I":
        return tiff_range(image)
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return 0.0, 65535.0
    return None
