"""Measures of the file and frame of a photo rather than its content."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

from .._columns import column_names, select_columns
from .._messages import quote
from ..images import FileFacts, ImageError, Photos, file_facts, find_photos

_UNIFORM = 6.0  # of 255: noise and compression of a plain border
_SIDE = 128
_WINDOW = 9  # pixels after resizing, about the height of a line of a watermark
_QUIET = 4.0  # of 255: lower contrast is noise
_SURE = 6.0  # standard errors
_FEWEST_PIXELS = 20


def border_share(photo: NDArray[np.uint8]) -> float:
    """Share of a photo covered by plain rows and columns at its edges, 0 to 1.

    In a plain row or column, 99 % of the pixels differ by at most 6 of 255 from the
    median colour of the outermost row or column on that side.
    """
    height, width = photo.shape[:2]
    top, bottom = (_plain_rows(photo[::step]) for step in (1, -1))
    if top == height:
        return 1.0
    inner = photo[top : height - bottom].swapaxes(0, 1)
    left, right = (_plain_rows(inner[::step]) for step in (1, -1))
    kept = (height - top - bottom) * max(width - left - right, 0)
    return 1.0 - kept / (height * width)


def _plain_rows(photo):
    """Number of rows, from the first, that are plain."""
    color = np.median(photo[0], axis=0)
    apart = np.abs(photo.astype(np.float32) - color).max(axis=2) > _UNIFORM
    other = apart.mean(axis=1) > 0.01
    return int(np.argmax(other)) if other.any() else len(photo)


def fine_detail(photo: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Local contrast of a photo in grey, resized to a square of 128 pixels.

    Mostly from -1 to 1: darker or brighter than a window of nine pixels around.
    """
    grey = (
        Image.fromarray(photo).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    )
    values = np.asarray(grey, dtype=np.float64)
    apart = values - uniform_filter(values, _WINDOW)
    around = np.sqrt(uniform_filter(apart * apart, _WINDOW).clip(0)) + _QUIET
    # Rounded first, so that half precision loses nothing more.
    return (apart / around).clip(-2, 2).round(3).astype(np.float16)


def watermark_likeness(details: NDArray) -> NDArray[np.float64]:
    """Correlation of each photo's detail with the detail that photos share.

    Parameters
    ----------
    details : ndarray of shape (n_photos, 128, 128)
        Details from `fine_detail`.

    Returns
    -------
    likeness : ndarray of shape (n_photos,)
        Correlation, -1 to 1, with the mean of the other photos, over the pixels whose
        mean is more than 6 standard errors from 0 [1]_; 0 for all photos if there are
        fewer than 20 such pixels.

    References
    ----------
    .. [1] After Dekel, Rubinstein, Liu and Freeman, "On the effectiveness of visible
       watermarks", CVPR 2017, who find a watermark by the median of gradients.
    """
    n = len(details)
    rows = np.reshape(details, (n, -1))
    total, squares = np.zeros((2, rows.shape[1]))
    for row in rows:  # one by one: all in double precision would take much memory
        wide = row.astype(np.float64)
        total += wide
        squares += wide * wide
    spread = np.sqrt((squares / n - (total / n) ** 2).clip(1e-12) / n)
    common = np.abs(total / n) > _SURE * spread
    if n < 3 or common.sum() < _FEWEST_PIXELS:
        return np.zeros(n)
    chosen = rows[:, common].astype(np.float64)
    others = (total[common] - chosen) / (n - 1)
    norm = np.linalg.norm(chosen, axis=1) * np.linalg.norm(others, axis=1)
    return np.einsum("ij,ij->i", chosen, others) / np.maximum(norm, 1e-12)


PHOTO_MEASURES: dict[str, Callable[[FileFacts, NDArray[np.uint8]], Any]] = {
    "size": lambda facts, photo: float(photo.shape[0] * photo.shape[1]),
    "aspect": lambda facts, photo: photo.shape[1] / photo.shape[0],
    "file_type": lambda facts, photo: facts.file_type,
    "camera": lambda facts, photo: facts.camera or "none",
    "border": lambda facts, photo: border_share(photo),
    # Compared with the detail of all other photos later.
    "watermark": lambda facts, photo: fine_detail(photo),
}


def measure_photos(X, names: list[str], photo: str) -> dict[str, NDArray]:
    """Measure the photos of a table, or a sequence of photos, by `PHOTO_MEASURES`.

    Measures of photos that cannot be read are NaN or "unreadable".
    """
    if not names:
        return {}
    photos = Photos(_photos_in(X, names, photo))
    rows = [_measure(photos, row, names) for row in range(len(photos))]
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return {name: _finish(name, column) for name, column in columns.items()}


def _photos_in(X, names, photo):
    columns = column_names(X)
    if columns is None or photo in columns:
        found = find_photos(X if columns is None else select_columns(X, photo))
        if found is not None:
            return found
    raise ValueError(
        f"Got measures={quote(names)}, but X has no photos to measure. Pass photos, or "
        f"a table with photos in the column {photo!r}."
    )


def _measure(photos, row, names):
    """Measures of a photo; each is None if it cannot be read."""
    try:
        content = photos.content(row)
        facts = FileFacts("array", "")
        if isinstance(content, bytes):
            facts = file_facts(content)
        pixels = photos.decode(row, content)
    except ImageError:
        return [None] * len(names)
    return [PHOTO_MEASURES[name](facts, pixels) for name in names]


def _finish(name, column):
    if name in ("file_type", "camera"):
        return np.array(
            ["unreadable" if x is None else x for x in column], dtype=object
        )
    known = np.array([x is not None for x in column])
    values = np.full(len(column), np.nan)
    if known.any():
        found = np.stack([x for x in column if x is not None])
        values[known] = watermark_likeness(found) if name == "watermark" else found
    return values
