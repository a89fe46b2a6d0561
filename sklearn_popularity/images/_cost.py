"""Estimate the cost of decoding a file from its header, and refuse costly files."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from PIL import Image, ImageFile

from ._errors import ImageError
from ._tiff import bytes_of_largest_strip

# Bytes, including the file itself: enough for a JPEG or HEIC of 48 million pixels.
MAX_MEMORY = 550_000_000
MAX_BYTES = 2**28

# A progressive JPEG has about 10 scans, each a pass over all pixels: 1,500 empty
# ones take seconds. libvips has the same limit.
MAX_SCANS = 100
# One or two seconds.
_MAX_SCANNED_PIXELS = 2_000_000_000
# With fewer pixels, MAX_SCANS scans stay below that limit.
_FEW_PIXELS = 2**24

# Pillow walks through headers in Python, at worst a byte at a time.
_MAX_READS = 250_000
# Pillow's decoders in Python take up to a microsecond per value.
_MAX_SLOW_VALUES = 2_000_000
_SLOW_DECODERS = {
    "bmp_rle": "a run-length encoded BMP",
    "ppm": "a PNM whose white is neither 255 nor 65535",
    "ppm_plain": "a PNM in text form",
}

_PILLOW_BYTES, _OUTPUT_BYTES = 4, 3
# Bytes per pixel that decoders use beside Pillow's, as measured.
_DECODER_BYTES = {"WEBP": 10, "AVIF": 6, "HEIF": 1, "GIF": 2}

# A JPEG marker; FF 00 is a stuffed byte, FF D0 to FF D7 restart within a scan.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_JPEG_EOI = 0xD9
_JPEG_SOS = 0xDA
_JPEG_WITHOUT_LENGTH = {0x01, 0xD8}


class Steps(BytesIO):
    """The contents of a file, which can be read in a bounded number of steps.

    Reading past the end raises even if LOAD_TRUNCATED_IMAGES is set. That flag belongs
    to the whole process, so this library neither resets nor follows it.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.n_left = _MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.n_left -= 1
        if self.n_left < 0:
            raise ImageError(
                "the file consists of so many pieces that it could take very long to "
                "read; save the image again"
            )
        chunk = super().read(size)
        if ImageFile.LOAD_TRUNCATED_IMAGES and not chunk and size != 0:
            raise OSError("image file is truncated")
        return chunk


def check_scans(data: bytes) -> None:
    """Refuse a JPEG with too many scans for any size."""
    # Counting these byte pairs is 100 times faster, and gives an upper bound.
    if data.count(b"\xff\xda") > MAX_SCANS and count_scans(data) > MAX_SCANS:
        raise ImageError(
            f"a JPEG with more than {MAX_SCANS} scans, which could take very long to "
            "decode; save the image again"
        )


def check_cost(image: Image.Image, data: bytes, whole: tuple[int, int]) -> None:
    """Refuse an opened image that would take much memory or time to decode.

    `whole` is its size by the header, which `draft` may have reduced for a JPEG.
    """
    n_pixels = image.width * image.height
    n_bytes = len(data) + n_pixels * bytes_per_pixel(image.mode, image.format)
    if image.format == "TIFF":
        n_bytes += bytes_of_largest_strip(image)
    check_memory(whole, n_bytes)
    if image.format in ("JPEG", "MPO"):
        # Coefficients are freed before the output is allocated.
        coefficients = _jpeg_coefficients(image, data, whole)
        check_memory(whole, len(data) + coefficients + n_pixels * _PILLOW_BYTES)
    _check_slow_decoder(image)


def check_memory(size: tuple[int, int], n_bytes: int) -> None:
    """Refuse an image if decoding it would take more than MAX_MEMORY bytes."""
    if n_bytes > MAX_MEMORY:
        raise ImageError(
            f"the header declares {size[0]} x {size[1]} pixels, which would take "
            f"{n_bytes // 10**6:,} MB to decode, more than the "
            f"{MAX_MEMORY // 10**6} MB that are allowed; reduce the image"
        )


def bytes_per_pixel(mode: str, format: str | None) -> int:
    """Bytes of memory per pixel while an image is decoded and converted."""
    in_pillow = 1 if mode in ("1", "L", "P") else _PILLOW_BYTES
    if mode in ("I", "F"):
        in_pillow *= 2  # their values are copied
    return in_pillow + _OUTPUT_BYTES + _DECODER_BYTES.get(format or "", 0)


def _jpeg_coefficients(image: Any, data: bytes, whole: tuple[int, int]) -> int:
    """Bytes of coefficients that a decoder keeps between scans."""
    n_pixels = whole[0] * whole[1]
    if n_pixels <= _FEW_PIXELS:
        return 0
    n_scans = count_scans(data)
    if n_scans * n_pixels > _MAX_SCANNED_PIXELS:
        raise ImageError(
            f"a JPEG of {whole[0]} x {whole[1]} pixels with {n_scans} scans, which "
            "could take very long to decode; save the image again"
        )
    if n_scans < 2:
        return 0
    factors = [(across, down) for _, across, down, _ in image.layer]
    most = max(a for a, _ in factors) * max(d for _, d in factors)
    return 2 * n_pixels * sum(a * d for a, d in factors) // most


def count_scans(data: bytes) -> int:
    """Count the scans of a JPEG, up to one more than allowed."""
    n_scans = 0
    position = 2
    for _ in range(_MAX_READS):
        match = _JPEG_MARKER.search(data, position)
        if match is None or match[1][0] == _JPEG_EOI or n_scans > MAX_SCANS:
            return n_scans
        marker, position = match[1][0], match.end()
        n_scans += marker == _JPEG_SOS
        if marker not in _JPEG_WITHOUT_LENGTH:
            position += int.from_bytes(data[position : position + 2], "big")
    return MAX_SCANS + 1  # too many other markers are refused like too many scans


def _check_slow_decoder(image: Any) -> None:
    decoder = image.tile[0].codec_name if image.tile else ""
    if decoder not in _SLOW_DECODERS:
        return
    n_values = image.width * image.height * len(image.getbands())
    if decoder != "bmp_rle" and n_values > _MAX_SLOW_VALUES:
        raise ImageError(
            f"{_SLOW_DECODERS[decoder]} with {n_values:,} values, more than the "
            f"{_MAX_SLOW_VALUES:,} that are read; save it as PNG"
        )
    image.fp.n_left += _MAX_SLOW_VALUES  # a step for each value or run
