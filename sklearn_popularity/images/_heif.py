"""HEIC and HEIF, the formats of phones, which the optional pi_heif reads."""

from __future__ import annotations

from .._optional import import_optional
from ._errors import ImageError

_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_GENERAL_BRANDS = {b"mif1", b"msf1"}


def is_heif(data: bytes) -> bool:
    """Whether the header of a file says HEIC or HEIF, but not AVIF."""
    if data[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(data[:4], "big"), 1024)
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, end, 4))}
    if data[8:12] in _GENERAL_BRANDS:
        return not brands & {b"avif", b"avis"}
    return data[8:12] in _BRANDS


def open_heif(data: bytes):
    """Read the header; `size` is known then, and `to_pillow` decodes an upright image.

    Not by Pillow's plugin, which follows LOAD_TRUNCATED_IMAGES of the whole process.
    """
    try:
        pi_heif = import_optional("pi_heif", "A HEIC photo")
    except ImportError as error:
        reason = f"{error} Or convert the image to JPEG or PNG."
        raise ImageError(reason) from error
    return pi_heif.open_heif(data)
