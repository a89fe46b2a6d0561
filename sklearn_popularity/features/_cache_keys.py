"""What decides a row of features: the digest of settings, and with it of each photo."""

import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
import scipy
from PIL import features as pillow_features

from .. import __version__

_PACKAGE = "sklearn_popularity"
# Libraries of Pillow whose output is not fixed by the format.
_DECODERS = ("libjpeg_turbo", "webp", "avif", "littlecms2")
_ATOMS = (type(None), bool, int, float, str, bytes)


class NotCacheableError(ValueError):
    """A description that cannot be told apart from others."""


def settings_digest(*settings: Any) -> bytes:
    """SHA-256 of what decides a row of features, apart from the photo.

    Parameters
    ----------
    *settings : object
        Numbers, strings, arrays, functions of modules, partial functions, dataclasses,
        and tuples, lists and dicts of them.

    Returns
    -------
    digest : bytes of length 32
        Of the settings, of the source code of this library's images and features and of
        other modules whose functions are among the settings, and of the versions of
        the packages that decode and compute.

    Raises
    ------
    NotCacheableError
        For anything else.
    """
    digest = hashlib.sha256()
    for token in _tokens((_environment(), settings)):
        digest.update(len(token).to_bytes(8, "little"))
        digest.update(token)
    return digest.digest()


def photo_key(settings: bytes, content: bytes | np.ndarray) -> bytes:
    """SHA-256 of the settings and of a photo.

    Parameters
    ----------
    settings : bytes
        Digest of the settings.
    content : bytes, or ndarray of shape (height, width, 3), uint8
        Of the photo, as :meth:`Photos.content` returns it.

    Returns
    -------
    key : bytes of length 32
    """
    digest = hashlib.sha256(settings)
    if isinstance(content, bytes):
        digest.update(b"file")
        digest.update(content)
    else:
        digest.update(f"pixels{content.shape}".encode())
        digest.update(np.ascontiguousarray(content).data)
    return digest.digest()


def _tokens(value: Any) -> Iterator[bytes]:
    """A sequence of bytes that no other value has."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in _ATOMS:
        yield f"{type(value).__name__} {value!r}".encode("utf-8", "surrogatepass")
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        yield f"array {value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, dict):
        yield from _tokens_of_parts("dict", [list(item) for item in value.items()])
    elif isinstance(value, partial):
        parts = [value.func, value.args, value.keywords]
        yield from _tokens_of_parts("partial", parts)
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [type(value), *(getattr(value, f.name) for f in fields(value))]
        yield from _tokens_of_parts("dataclass", parts)
    elif type(value) in (tuple, list):
        yield from _tokens_of_parts("sequence", value)
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from _tokens_of_parts("named", [type(value), *value])
    elif inspect.isfunction(value) or inspect.isclass(value):
        yield from _tokens_of_code(value)
    else:
        raise NotCacheableError(f"it holds a {type(value).__name__}")


def _tokens_of_parts(name, parts):
    yield f"{name} {len(parts)}".encode()
    for part in parts:
        yield from _tokens(part)


def _tokens_of_code(value):
    """A function or class by its name and the source code around it."""
    name = f"{value.__module__}.{value.__qualname__}"
    if "<" in name:
        raise NotCacheableError(f"it holds {name}, which is not of a module")
    yield f"code {name}".encode()
    if value.__module__.partition(".")[0] != _PACKAGE:
        try:
            yield Path(inspect.getfile(value)).read_bytes()
        except (OSError, TypeError):
            raise NotCacheableError(f"the source code of {name} is not there") from None


@lru_cache(maxsize=1)
def _environment() -> tuple:
    """What a computation of this library depends on beside its settings."""
    package = Path(__file__).parents[1]
    code = hashlib.sha256()
    rooms = [*package.glob("features/**/*.py"), *package.glob("images/*.py")]
    for path in sorted(rooms):
        code.update(path.read_bytes())
    decoders = {name: pillow_features.version(name) for name in _DECODERS}
    packages = {p.__name__: p.__version__ for p in (PIL, cv2, np, scipy)}
    return (__version__, code.hexdigest(), packages, decoders)
