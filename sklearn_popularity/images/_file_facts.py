"""Format and camera of the file of a photo, from its header."""

from typing import NamedTuple

from ._errors import decoding_errors
from ._headers import check_encoded, open_image
from ._heif import is_heif

_MAKE, _MODEL = 271, 272  # tags of EXIF


class FileFacts(NamedTuple):
    """Format and camera of a file.

    Parameters
    ----------
    file_type : str
        Such as "JPEG", "PNG" or "HEIF".
    camera : str
        Maker and model; empty if the header has none, and for HEIC.
    """

    file_type: str
    camera: str


def file_facts(data: bytes) -> FileFacts:
    """Read the header of the encoded contents of a file.

    Raises
    ------
    ImageError
        If it is not an image in a format that is read.
    """
    check_encoded(data)
    if is_heif(data):
        return FileFacts("HEIF", "")
    with decoding_errors():
        image = open_image(data)
        tags = image.getexif()
    words = [_plain(tags.get(tag)) for tag in (_MAKE, _MODEL)]
    return FileFacts(image.format or "", " ".join(filter(None, words)))


def _plain(value):
    """A tag as text; empty if it is not text, as in broken files."""
    return value.replace("\0", " ").strip() if isinstance(value, str) else ""
