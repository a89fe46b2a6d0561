"""A sequence of photos, decoded one at a time."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ._errors import ImageError
from ._pixels import limit_size, to_rgb8
from ._reader import decode_file, read_file
from ._values import check_value_range

_MISSING = "the photo is missing; drop the row or fill in its photo"


def _current_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed; absolute paths can still be read
        return ""


@dataclass(frozen=True)
class Photos:
    """A sequence of photos that slices cheaply and decodes one photo at a time.

    Parameters
    ----------
    items : list or ndarray
        File paths, encoded bytes, PIL images or arrays, one per photo, and None for a
        missing photo; or one array whose first axis is the photo.
    value_range : (low, high) or None, default=None
        Pixel values of black and white. None follows the dtype.
    clip : bool, default=False
        Whether values outside the range are clipped, as for rows, or an error.
    rows : sequence of int, default=()
        Row of X of each item, for error messages; () is 0, 1, and so on.
    folder : str, default=current
        Folder of relative paths: the current one of a worker may differ.
    """

    items: Sequence[Any] | np.ndarray
    value_range: tuple[float, float] | None = None
    clip: bool = False
    rows: Sequence[int] = ()
    folder: str = field(default_factory=_current_folder)

    def __post_init__(self) -> None:
        if self.value_range is not None:
            check_value_range(self.value_range)
        if not self.rows:
            object.__setattr__(self, "rows", range(len(self.items)))

    def __getstate__(self) -> dict[str, Any]:
        # Pickle loses the format and the tags of an image that Pillow opened, which may
        # say what value is white.
        state = vars(self).copy()
        if not isinstance(self.items, np.ndarray):
            state["items"] = [_to_send(item) for item in self.items]
        return state

    def __len__(self) -> int:
        return len(self.items)

    def batches(self, size: int) -> list["Photos"]:
        """Split into consecutive pieces of at most `size` photos."""
        return [
            replace(self, items=self.items[i : i + size], rows=self.rows[i : i + size])
            for i in range(0, len(self), size)
        ]

    def take(self, indices: Sequence[int] | np.ndarray) -> "Photos":
        """Select photos by their positions."""
        items = [self.items[i] for i in indices]
        return replace(self, items=items, rows=[self.rows[i] for i in indices])

    def check_present(self) -> None:
        """Raise an ImageError for the first missing photo, if any."""
        if not isinstance(self.items, np.ndarray):
            for index, item in enumerate(self.items):
                if item is None:
                    raise self.error(index, _MISSING)

    def read(self, index: int, *, max_size: int | None = None) -> np.ndarray:
        """Decode one photo.

        Parameters
        ----------
        index : int
            Position in this sequence.
        max_size : int or None, default=None
            Longest side of the result in pixels; larger photos are reduced.

        Returns
        -------
        image : ndarray of shape (height, width, 3), uint8
            Upright, sRGB 0-255.

        Raises
        ------
        ImageError
            If the photo cannot be read; it carries the row and the path.
        """
        return self.decode(index, self.content(index), max_size=max_size)

    def content(self, index: int) -> bytes | np.ndarray:
        """Return the bytes of the file of one photo, or its pixels.

        Parameters
        ----------
        index : int
            Position in this sequence.

        Returns
        -------
        content : bytes, or ndarray of shape (height, width, 3), uint8
            Encoded bytes, or pixels in sRGB 0-255.

        Raises
        ------
        ImageError
            If the photo cannot be read; it carries the row and the path.
        """
        item = self.items[index]
        with self._place(index):
            if item is None:
                raise ImageError(_MISSING)
            if isinstance(item, ImageError):
                raise item
            if isinstance(item, bytes):
                return item
            if isinstance(item, (str, os.PathLike)):
                return read_file(item, self.folder)
            return to_rgb8(item, value_range=self.value_range, clip=self.clip)

    def decode(
        self, index: int, content: bytes | np.ndarray, *, max_size: int | None = None
    ) -> np.ndarray:
        """Decode what `content` returned for a photo; see `read`."""
        with self._place(index):
            if isinstance(content, bytes):
                return decode_file(content, max_size)
            return limit_size(content, max_size)

    def error(self, index: int, reason: str) -> ImageError:
        """Make an error with the row and the path of a photo."""
        item = self.items[index]
        path = os.fsdecode(item) if isinstance(item, (str, os.PathLike)) else None
        return ImageError(reason, path=path, row=int(self.rows[index]))

    @contextmanager
    def _place(self, index: int) -> Iterator[None]:
        """Add the row and the path of a photo to errors."""
        try:
            yield
        except ImageError as error:
            raise self.error(index, error.reason) from (error.__cause__ or error)


def _to_send(item: Any) -> Any:
    """Replace an opened image with its pixels, or the error of reading them."""
    if not isinstance(item, Image.Image):
        return item
    try:
        return Image.fromarray(to_rgb8(item))
    except ImageError as error:
        return error
