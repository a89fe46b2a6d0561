"""What the header of an image tells before its pixels are decoded."""

from __future__ import annotations

import re
from functools import cache

from PIL import Image

from ._errors import ImageError
from ._formats import why_refused
from ._tiff import tiff_range

# Where Pillow gives up, too; ours holds when a program has lifted Pillow's limit.
MAX_PIXELS = 178_956_970

# Room for MAX_PIXELS of uncompressed 8-bit RGB.
MAX_BYTES = 2**29

# A progressive JPEG has about 10 scans, each a pass over all pixels: 1,500 empty
# ones take seconds. libvips stops at 100, too.
MAX_SCANS = 100

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "AVIF")

# A JPEG marker; FF 00 is a stuffed byte, FF D0 to FF D7 restart within a scan.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_JPEG_EOI = 0xD9
_JPEG_SOS = 0xDA
_JPEG_WITHOUT_LENGTH = {0x01, 0xD8}


@cache
def readable_formats() -> tuple[str, ...]:
    """The formats that are read, less those that this Pillow lacks."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def check_encoded(data: bytes) -> None:
    """Refuse encoded bytes that would cost much memory or time to open or decode."""
    if not data:
        raise ImageError("the file is empty")
    reason = why_refused(data)
    if reason is not None:
        raise ImageError(reason)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        check_size(*_webp_canvas(data))
    if data[:2] == b"\xff\xd8" and _has_too_many_scans(data):
        raise ImageError(
            f"a JPEG with more than {MAX_SCANS} scans, which could take very long to "
            "decode; save the image again"
        )


def check_size(width: int, height: int) -> None:
    """Refuse an image whose pixels would not fit in a bounded memory."""
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"the header declares {width} x {height} pixels, more than the "
            f"{MAX_PIXELS:,} that are decoded; reduce the image"
        )


def _has_too_many_scans(data: bytes) -> bool:
    # The count of byte pairs bounds that of scans and is 100 times as fast.
    return data.count(b"\xff\xda") > MAX_SCANS and _n_scans(data) > MAX_SCANS


def _n_scans(data: bytes) -> int:
    """Count the scans of a JPEG up to its end, or to one more than allowed."""
    n_scans = 0
    position = 2
    while n_scans <= MAX_SCANS and (match := _JPEG_MARKER.search(data, position)):
        marker = match[1][0]
        position = match.end()
        if marker == _JPEG_EOI:
            break
        n_scans += marker == _JPEG_SOS
        if marker not in _JPEG_WITHOUT_LENGTH:
            position += int.from_bytes(data[position : position + 2], "big")
    return n_scans


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP, whose canvas Pillow allocates on opening."""

    def number(start: int, stop: int) -> int:
        return int.from_bytes(data[start:stop], "little")

    kind = data[12:16]
    if kind == b"VP8X":
        return number(24, 27) + 1, number(27, 30) + 1
    if kind == b"VP8L":
        bits = number(21, 25)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return number(26, 28) & 0x3FFF, number(28, 30) & 0x3FFF


def repair_transparency(image: Image.Image) -> None:
    """Rescale the transparent colour of a PNG as Pillow rescales its pixels.

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
    """Stored values of black and white in a mode of more than 8 bits, where known.

    Pillow widens 12 bits to 16 without scaling them, and does not invert TIFF files
    in which zero is white unless they have 8 bits.
    """
    if image.format == "TIFF" and image.mode != "I":
        return tiff_range(image)
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return 0.0, 65535.0
    return None
