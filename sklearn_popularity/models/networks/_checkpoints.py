"""A file that training resumes from: replaced atomically, read without running code."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from ..._files import whole_file
from ..._warnings import warn_caller
from ...networks import import_torch
from ._photo_stream import PhotoRows

_HEADER = b"sklearn-popularity checkpoint 1\n"
_N_DIGEST = hashlib.sha256().digest_size


class CheckpointWarning(UserWarning):
    """A checkpoint could not be used; training started from the beginning."""


@dataclass(frozen=True)
class Checkpoint:
    """A file that keeps the state of a training.

    Parameters
    ----------
    path : str or path-like
        File.
    settings : str
        Digest of the settings and the data, see `digest_training`.
    """

    path: str | os.PathLike[str]
    settings: str

    @classmethod
    def at(cls, path: str | os.PathLike[str], settings: str) -> "Checkpoint":
        """The file for these settings and data: `path`, or one in the folder `path`.

        A name without a suffix that does not exist yet becomes a folder.

        Raises
        ------
        FileNotFoundError
            If the parent folder does not exist.
        """
        place = Path(path)
        if not place.absolute().parent.is_dir():
            raise FileNotFoundError(
                f"Got checkpoint={str(path)!r}, but the folder "
                f"{str(place.absolute().parent)!r} does not exist. Create it, or pass "
                "another path."
            )
        if not place.suffix and not place.exists():
            place.mkdir(exist_ok=True)  # another fit may have made it meanwhile
        inside = place / f"{settings[:32]}.checkpoint"
        return cls(inside if place.is_dir() else path, settings)

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file atomically.

        Parameters
        ----------
        state : dict
            Tensors, numbers, strings, and lists and dicts of them.
        """
        torch = import_torch()
        buffer = BytesIO()
        torch.save({"settings": self.settings, "state": state}, buffer)
        content = buffer.getbuffer()
        with whole_file(self.path) as unfinished, unfinished.open("wb") as file:
            file.write(_HEADER)
            file.write(hashlib.sha256(content).digest())
            file.write(content)

    def load(self, max_epochs: int) -> dict[str, Any] | None:
        """Load the state of the same training; None if there is none.

        Parameters
        ----------
        max_epochs : int
            Maximum number of epochs in its history.

        Returns
        -------
        state : dict or None
            As it was saved, on the CPU.

        Warns
        -----
        CheckpointWarning
            If the file is damaged, of other settings or data, or has more epochs.

        Raises
        ------
        ValueError
            If the file is not a checkpoint, so that it must not be replaced.
        """
        content = _read(Path(self.path))
        if content is None:
            return None
        loaded = _parse(content)
        if loaded is None:
            reason = "is damaged"
        elif loaded["settings"] != self.settings:
            reason = (
                "was written with other settings or data (pass a folder to keep a "
                "file for each fit)"
            )
        elif len(loaded["state"]["history"]) > max_epochs:
            reason = f"has more epochs than max_epochs={max_epochs}"
        else:
            return loaded["state"]
        warn_caller(
            f"The checkpoint {os.fspath(self.path)!r} {reason}; training starts from "
            "the beginning and replaces it.",
            CheckpointWarning,
        )
        return None


def _read(path):
    """Bytes of a checkpoint; None if there is no file."""
    if not path.exists():
        return None
    content = path.read_bytes() if path.is_file() else b""
    if not content.startswith(_HEADER):
        raise ValueError(
            f"Got checkpoint={str(path)!r}, which exists but is not a checkpoint. Pass "
            "another path, so that it is not replaced."
        )
    return content


def _parse(content):
    """What was saved; None if a byte has changed or it could run code."""
    torch = import_torch()
    end = len(_HEADER) + _N_DIGEST
    saved = memoryview(content)[end:]
    # torch does not verify the checksums in its files.
    if hashlib.sha256(saved).digest() != content[len(_HEADER) : end]:
        return None
    try:
        return torch.load(BytesIO(saved), map_location="cpu", weights_only=True)
    except UnpicklingError:  # loading it would run code
        return None


def digest_training(settings: dict[str, Any], *rows: PhotoRows | None) -> str:
    """SHA-256 of the settings, by their `repr`, and of the rows of a training.

    Files count by path, size and time, other photos by their contents.
    """
    digest = hashlib.sha256(repr(sorted(settings.items())).encode())
    for some in rows:
        digest.update(b"rows")
        if some is not None:
            _add_array(digest, some.target)
            _add_array(digest, some.weight)
            for item in some.photos.items:
                _add_photo(digest, item)
    return digest.hexdigest()


def _add_array(digest, values):
    digest.update(f"{values.dtype.str}{values.shape}".encode())
    digest.update(np.ascontiguousarray(values))


def _add_photo(digest, item):
    if isinstance(item, bytes):
        digest.update(hashlib.sha256(item).digest())
    elif isinstance(item, (str, os.PathLike)):
        digest.update(os.fsencode(item))
        with suppress(OSError, ValueError):  # the reader of the photo raises them
            info = Path(os.fspath(item)).stat()
            digest.update(f" {info.st_size} {info.st_mtime_ns}".encode())
    else:
        _add_array(digest, np.asarray(item))
