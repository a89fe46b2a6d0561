"""Keys of the cache: a digest of the settings, and of each photo with it."""

import hashlib
import inspect
import sys
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
# Libraries of Pillow whose pixels may differ between versions.
_DECODERS = ("libjpeg_turbo", "webp", "avif", "littlecms2")
# Subpackages whose code determines rows.
_ROOMS = ("images", "networks", "features")
_ATOMS = (type(None), bool, int, float, str, bytes)


class NotCacheableError(ValueError):
    """A setting that cannot be hashed reliably."""


def settings_digest(*settings: Any) -> bytes:
    """SHA-256 of everything that determines a row, apart from the photo.

    Parameters
    ----------
    *settings : object
        Numbers, strings, arrays, functions with what they captured, partial functions,
        methods, dataclasses, and tuples, lists and dicts of these.

    Returns
    -------
    digest : bytes of length 32
        Of the settings, of the source code of `images`, `networks` and `features` and
        of other modules whose functions are among the settings, and of the versions of
        the packages that decode and compute.

    Raises
    ------
    NotCacheableError
        If a setting is of another type, or contains itself.
    """
    digest = hashlib.sha256()
    try:
        for token in _tokens((_environment(), settings)):
            digest.update(len(token).to_bytes(8, "little"))
            digest.update(token)
    except RecursionError:
        raise NotCacheableError("it contains itself") from None
    return digest.digest()


def photo_key(settings: bytes, content: bytes | np.ndarray) -> bytes:
    """SHA-256 of the digest of the settings and of what `Photos.content` returns."""
    digest = hashlib.sha256(settings)
    if isinstance(content, bytes):
        digest.update(b"file")
        digest.update(content)
    else:
        digest.update(f"pixels{content.shape}".encode())
        digest.update(np.ascontiguousarray(content).data)
    return digest.digest()


def _tokens(value: Any) -> Iterator[bytes]:
    """Bytes that differ between any two different values."""
    if isinstance(value, np.generic):
        value = value.item()
    kind = type(value)
    if kind in _ATOMS:
        yield kind.__name__.encode()
        yield value if kind is bytes else repr(value).encode()
    else:
        name, parts = _parts(value)
        yield f"{name} {len(parts)}".encode()
        for part in parts:
            yield from _tokens(part)


def _parts(value):
    """The kind of a value, and the parts that it is made of."""
    if type(value) in (np.ndarray, np.memmap) and value.dtype.kind in "biufc":
        return "array", [value.dtype.str, value.shape, value.tobytes()]
    if inspect.isfunction(value) or inspect.isclass(value):
        return "code", _parts_of_code(value)
    if inspect.iscode(value):
        constants = [c if inspect.iscode(c) else repr(c) for c in value.co_consts]
        return "bytecode", [value.co_code, value.co_names, value.co_varnames, constants]
    if isinstance(value, dict):
        return "dict", [list(item) for item in value.items()]
    if isinstance(value, partial):
        return "partial", [value.func, value.args, value.keywords]
    if inspect.ismethod(value):
        return "method", [value.__func__, value.__self__]
    if type(value) in (tuple, list):
        return "sequence", value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "named", [type(value), *value]
    if is_dataclass(value):
        # Beside its fields, a dataclass may hold attributes that a method has set.
        names = {f.name for f in fields(value)} | set(getattr(value, "__dict__", ()))
        state = [[name, getattr(value, name)] for name in sorted(names)]
        return "dataclass", [type(value), *state]
    raise NotCacheableError(f"it holds a {type(value).__name__}")


def _parts_of_code(value):
    """Name of a function or class, source of its module, and what it captured."""
    name = f"{value.__module__}.{value.__qualname__}"
    parts: list[Any] = [name]
    if not _is_of_module(value):
        if inspect.isclass(value):
            raise NotCacheableError(f"it holds {name}, which no module defines")
        parts.append(value.__code__)
    if value.__module__.partition(".")[0] != _PACKAGE:
        try:
            parts.append(Path(inspect.getfile(value)).read_bytes())
        except (OSError, TypeError):
            raise NotCacheableError(f"the source code of {name} is missing") from None
    if inspect.isfunction(value):
        captured = [cell.cell_contents for cell in value.__closure__ or ()]
        state = {k: v for k, v in vars(value).items() if k != "__wrapped__"}
        parts += [value.__defaults__, value.__kwdefaults__, captured, state]
    return parts


def _is_of_module(value):
    """Whether a function or class can be looked up by its name in its module."""
    found: Any = sys.modules.get(value.__module__)
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


@lru_cache(maxsize=1)
def _environment() -> tuple:
    """Code and versions that a row depends on beside its settings."""
    package = Path(__file__).parents[1]
    code = hashlib.sha256()
    rooms = [p for room in _ROOMS for p in package.glob(f"{room}/**/*.py")]
    for path in sorted(rooms):
        code.update(path.read_bytes())
    decoders = {name: pillow_features.version(name) for name in _DECODERS}
    packages = {p.__name__: p.__version__ for p in (PIL, cv2, np, scipy)}
    return (__version__, code.hexdigest(), packages, decoders)
