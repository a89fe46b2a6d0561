"""Checks of TIFF files: which layouts Pillow reads wrongly, and values of white."""

from __future__ import annotations

from typing import Literal

from PIL import Image

from ._errors import ImageError
from ._formats import RAW_REASON

TIFF_BEGINNINGS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# Pillow takes some microseconds per strip or tile.
_MAX_PIECES = 200_000
_TYPES_OF_BYTES = (1, 2, 7)  # which Pillow keeps as bytes

_SUBFILE_TYPE = 254
_BITS_PER_SAMPLE = 258
_COMPRESSION = 259
_PHOTOMETRIC = 262
_SAMPLES_PER_PIXEL = 277
_ROWS_PER_STRIP = 278
_PLANAR_CONFIGURATION = 284
_TILE_WIDTH = 322
_TILE_LENGTH = 323
_DNG_VERSION = 50706

_IS_REDUCED_COPY = 1
_UNCOMPRESSED = 1
_SEPARATE_PLANES = 2
_WHITE_IS_ZERO = 0


def check_layout(image: Image.Image) -> None:
    """Refuse a TIFF of which Pillow would read wrong pixels, or only a thumbnail.

    Pillow reads uncompressed planes of 16-bit samples as 8-bit ones, and misreads
    separate planes of grey and opacity, and compressed big-endian floats.
    """
    tags = image.tag_v2  # type: ignore[attr-defined]
    if _DNG_VERSION in tags or tags.get(_SUBFILE_TYPE, 0) & _IS_REDUCED_COPY:
        raise ImageError(RAW_REASON)
    bits = tags.get(_BITS_PER_SAMPLE, (1,))[0]
    is_compressed = tags.get(_COMPRESSION, _UNCOMPRESSED) != _UNCOMPRESSED
    layout = None
    if tags.get(_PLANAR_CONFIGURATION) == _SEPARATE_PLANES:
        if bits == 16 and not is_compressed:
            layout = "uncompressed planes of 16 bits"
        elif tags.get(_SAMPLES_PER_PIXEL) == 2:
            layout = "planes of grey and opacity"
    elif image.mode == "F" and is_compressed and tags.prefix == b"MM":
        layout = "compressed big-endian floating-point numbers"
    if layout is not None:
        raise ImageError(f"a TIFF with {layout} is not read; save it in another layout")


def check_pieces(data: bytes) -> None:
    """Refuse a TIFF with so many strips, tiles or other values that opening is slow."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    is_big = data[2:4] in (b"+\0", b"\0+")
    pointer, n_count, n_entry = (8, 8, 20) if is_big else (4, 2, 12)

    def number(start: int, n_bytes: int) -> int:
        return int.from_bytes(data[start : start + n_bytes], order)

    start = number(pointer, pointer)
    first, n_entries = start + n_count, min(number(start, n_count), 2**16)
    for entry in range(first, min(first + n_entry * n_entries, len(data)), n_entry):
        if number(entry + 2, 2) in _TYPES_OF_BYTES:
            continue
        if number(entry + 4, pointer) > _MAX_PIECES:
            raise ImageError(
                f"a TIFF with more than {_MAX_PIECES:,} strips or tiles, which could "
                "take very long to read; save it with larger ones"
            )


def bytes_of_largest_strip(image: Image.Image) -> int:
    """Size of the largest strip or tile, which libtiff decompresses at once."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    if tags.get(_COMPRESSION, _UNCOMPRESSED) == _UNCOMPRESSED:
        return 0
    width = tags.get(_TILE_WIDTH, image.width)
    height = tags.get(_TILE_LENGTH, tags.get(_ROWS_PER_STRIP, image.height))
    n_samples = len(tags.get(_BITS_PER_SAMPLE, (1,)))
    n_bits = n_samples * tags.get(_BITS_PER_SAMPLE, (1,))[0]
    return width * min(height, image.height) * n_bits // 8


def tiff_range(image: Image.Image) -> tuple[float, float]:
    """Stored values of black and white in a mode of more than 8 bits."""
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        raise ImageError(
            "an opened TIFF whose tags did not come with it from another process; "
            "pass its path or its contents"
        )
    bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
    black, white = 0.0, 1.0 if image.mode == "F" else 2.0**bits - 1
    is_inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    return (white, black) if is_inverted else (black, white)
