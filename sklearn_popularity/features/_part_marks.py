"""What identifies a part of `extract`: which one it is, of what, and its contents."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import NotFittedError

from ._base import ImageTransformer
from ._cache_keys import settings_digest

_N_DIGITS = 16


class PartMark(NamedTuple):
    """The third column of the index of a part, as text.

    Parameters
    ----------
    part : str
        Number of the part and number of parts, such as "0/2".
    n_photos : str
        Number of photos of all parts.
    listed : str
        Digest of the paths of all parts.
    settings : str, default=""
        Digest of what determines the rows, apart from the photos.
    rows : str, default=""
        SHA-256 of the features, paths and reasons of this part.
    """

    part: str
    n_photos: str
    listed: str
    settings: str = ""
    rows: str = ""

    @classmethod
    def read(cls, text: str) -> "PartMark":
        """The mark that an index holds."""
        fields = text.split(" ")
        if len(fields) != len(cls._fields) or not fields[1].isdecimal():
            raise ValueError(f"{text!r} is not the mark of a part")
        return cls(*fields)


class Checksum:
    """SHA-256 of the features, and then of the paths and reasons, of a part."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add_rows(self, rows: Any) -> None:
        self._digest.update(np.ascontiguousarray(rows, "<f4").data)

    def add_lines(self, lines: Iterable) -> None:
        for path, reason in lines:
            # As in the index, where names that are not UTF-8 are escaped.
            text = f"{path}\0{reason}\0"
            self._digest.update(text.encode(errors="backslashreplace"))

    @property
    def text(self) -> str:
        return self._digest.hexdigest()


def digest_of_list(items: Iterable) -> str:
    """Digest that differs between lists of paths."""
    names = "\0".join(map(os.fsdecode, items))
    content = names.encode(errors="surrogateescape")
    return hashlib.sha256(content).hexdigest()[:_N_DIGITS]


def digest_of_settings(transformer: Any) -> str:
    """Digest of what determines rows: parameters, dictionaries, weights and versions.

    Of compositions, such as a union, it covers the image transformers in them, and of
    those whose settings cannot be hashed, the name.
    """
    parts = [transformer]
    if not isinstance(transformer, ImageTransformer):
        parts = list(getattr(transformer, "get_params", dict)().values())
    digests = [_digest_of(p) for p in parts if isinstance(p, ImageTransformer)]
    name = type(transformer).__qualname__
    return settings_digest(name, digests).hex()[:_N_DIGITS]


def _digest_of(transformer):
    try:
        return transformer._row_digest()
    except (NotFittedError, ValueError):
        return type(transformer).__qualname__


def part_file(out: Path, i: int, n: int) -> Path:
    """Path of the features of a part."""
    return out.with_name(f"{out.stem}.part{i}of{n}{out.suffix}")


def rows_of_part(i: int, n: int, n_photos: int) -> tuple[int, int]:
    """First row of a part, and the row after its last."""
    return i * n_photos // n, (i + 1) * n_photos // n
