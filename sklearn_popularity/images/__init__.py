"""Read photos in any form as upright sRGB arrays, or raise one clear error."""

# Names imported "as" themselves are for other subpackages, not for users.
from ._errors import ImageError
from ._file_facts import FileFacts as FileFacts
from ._file_facts import file_facts as file_facts
from ._formats import PHOTO_SUFFIXES as PHOTO_SUFFIXES
from ._formats import REFUSED_SUFFIXES as REFUSED_SUFFIXES
from ._kinds import find_photos as find_photos
from ._kinds import photos_of as photos_of
from ._photos import Photos
from ._pixels import limit_size, to_rgb8
from ._reader import read_image
from ._rows import ImageShapeWarning
from ._rows import rows_as_batch as rows_as_batch

__all__ = [
    "ImageError",
    "ImageShapeWarning",
    "Photos",
    "limit_size",
    "read_image",
    "to_rgb8",
]
