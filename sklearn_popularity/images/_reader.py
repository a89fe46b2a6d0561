"""Decode an image file strictly: the whole photo, upright in sRGB, or an error."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ._cost import MAX_BYTES, bytes_per_pixel, check_cost, check_memory
from ._errors import ImageError, decoding_errors
from ._headers import check_encoded, open_image, repair_transparency
from ._heif import is_heif, open_heif
from ._pixels import check_max_size, limit_size, to_rgb8

# pathlib turns http:// into http:/; a drive letter has one letter.
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]+://|https?:/|data:)", re.IGNORECASE)

# Opening a FIFO would block, and a terminal could become the controlling one.
_OPEN_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def read_image(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview,
    *,
    max_size: int | None = None,
) -> NDArray[np.uint8]:
    """Read an image file as upright 8-bit sRGB.

    A file is read completely or refused: a truncated file is an error. A file that
    would take too much time or memory is refused before it is decoded. Nothing is
    downloaded.

    Parameters
    ----------
    source : str, path-like or bytes-like
        Path of a regular file, or its contents as bytes: JPEG, PNG, WebP, GIF, TIFF,
        BMP, PPM, AVIF if Pillow supports it, and HEIC with the extra ``heic``.

    max_size : int, default=None
        Longest side in pixels, at least 1; larger images are reduced. JPEG is reduced
        while it is decoded, which is faster and changes pixels slightly. None means no
        limit.

    Returns
    -------
    rgb : ndarray of shape (H, W, 3) and dtype uint8
        C-contiguous sRGB, 0-255.

    Raises
    ------
    ImageError
        If the file cannot be read, is not an image, is broken, truncated or too large,
        or if ``source`` is a URL. The error carries the path.

    TypeError
        If ``source`` is neither a path nor bytes.

    ValueError
        If ``max_size`` is below 1.

    See Also
    --------
    to_rgb8 : The same from an array or a Pillow image.

    Notes
    -----
    The EXIF orientation and the embedded colour profile are applied; broken ones are
    ignored, and so are PNG gamma and chromaticities. Transparency is composited on
    white. The first image of an animation or multi-page file is read, and the primary
    image of a HEIC file. Images of more than 8 bits are scaled to 8 bits from the range
    of their format: 0 to 65535 for 16 bits, 0 to 1 for floating-point TIFF and PFM,
    where other values are an error.

    A file that lacks only data after its pixels is read. Refused before decoding are
    files of more than 256 MiB, images that would take more than 550 MB to decode, JPEG
    files of more than 100 scans, and more than 2 million values in text form. Flipped
    bits in compressed data are not always detected.

    Examples
    --------
    >>> from io import BytesIO
    >>> from PIL import Image
    >>> from sklearn_popularity.images import read_image
    >>> file = BytesIO()
    >>> Image.new("L", (40, 30), 200).save(file, "PNG")
    >>> read_image(file.getvalue()).shape
    (30, 40, 3)
    >>> read_image(file.getvalue(), max_size=20)[0, 0].tolist()
    [200, 200, 200]
    """
    check_max_size(max_size)
    if isinstance(source, (bytearray, memoryview)):
        source = bytes(source)
    data = source if isinstance(source, bytes) else read_file(source)
    try:
        return decode_file(data, max_size)
    except ImageError as error:
        path = None if isinstance(source, bytes) else os.fsdecode(source)
        raise ImageError(error.reason, path=path) from (error.__cause__ or error)


def read_file(source: str | os.PathLike[str], folder: str = "") -> bytes:
    """Return the bytes of a regular file; relative paths start in `folder`."""
    try:
        path = os.fsdecode(source)
    except TypeError:
        raise TypeError(
            f"Got type {type(source).__name__}, but expected the path of an image or "
            "its encoded bytes; pass arrays and Pillow images to "
            "sklearn_popularity.images.to_rgb8."
        ) from None
    if _URL.match(path):
        raise ImageError(
            "a URL: nothing is downloaded; save the file and pass its path", path=path
        )
    if "\0" in path:
        raise ImageError("a path cannot hold a NUL character", path=path)
    try:
        place = Path(folder, path) if path else path
        with open(place, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            _check_status(status, path)
            return file.read(status.st_size) or b""
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"the file cannot be read ({reason})", path=path) from error


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | _OPEN_FLAGS)


def _check_status(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ImageError("not a regular file", path=path)
    if status.st_size > MAX_BYTES:
        raise ImageError(
            f"the file has {status.st_size:,} bytes, more than the {MAX_BYTES:,} that "
            "are allowed; reduce the image",
            path=path,
        )


def decode_file(data: bytes, max_size: int | None) -> NDArray[np.uint8]:
    """Decode the contents of a file; see :func:`read_image`."""
    check_encoded(data)
    with decoding_errors():
        image = _open_heif(data) if is_heif(data) else _open(data, max_size)
    return limit_size(to_rgb8(image), max_size)


def _open_heif(data: bytes) -> Image.Image:
    file = open_heif(data)
    n_pixels = file.size[0] * file.size[1]
    n_bytes = len(data) + n_pixels * bytes_per_pixel(file.mode, "HEIF")
    check_memory(file.size, n_bytes)
    return file.to_pillow()


def _open(data: bytes, max_size: int | None) -> Image.Image:
    image = open_image(data)
    whole = image.size
    repair_transparency(image)
    if max_size is not None and image.format in ("JPEG", "MPO"):
        _draft(image, max_size)
    check_cost(image, data, whole)
    return image


def _draft(image: Image.Image, max_size: int) -> None:
    """Let the JPEG decoder halve the size as long as it is at least `max_size`."""
    width, height = image.size
    # Pillow takes a size that covers the one given: the shorter side is left free.
    image.draft(None, (max_size, 1) if width >= height else (1, max_size))
