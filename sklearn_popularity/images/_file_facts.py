"""What the file of a photo tells beside its pixels: its format and its camera."""

from typing import NamedTuple

from PIL import Image

from ._cost import Steps
from ._errors import decoding_errors
from ._headers import check_encoded, readable_formats
from ._heif import is_heif
from ._tiff import check_layout

_MAKE, _MODEL = 271, 272  # tags of EXIF


class FileFacts(NamedTuple):
    """What the header of a file says.

    Parameters
    ----------
    file_type : str
        Such as "JPEG", "PNG" or "HEIF".
    camera : str
        Maker and model; empty where there are none, as in HEIC.
    """

    file_type: str
    camera: str


def file_facts(data: bytes) -> FileFacts:
    """Read the header of the encoded contents of a file.

    Raises
    ------
    ImageError
        If it is no image of a kind that is read.
    """
    check_encoded(data)
    if is_heif(data):
        return FileFacts("HEIF", "")
    with decoding_errors():
        image = Image.open(Steps(data), formats=readable_formats())
        if image.format == "TIFF":
            check_layout(image)
        tags = image.getexif()
    words = [_plain(tags.get(tag)) for tag in (_MAKE, _MODEL)]
    return FileFacts(image.format or "", " ".join(filter(None, words)))


def _plain(value):
    """A tag as text; what is none, as in broken files, says nothing."""
    return value.replace("\0", " ").strip() if isinstance(value, str) else ""
