"""Open the containers that X may be: its elements as a list, or one array."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .._messages import quote

FRAME_PACKAGES = {"pandas", "polars", "pyarrow"}


def open_container(X: Any) -> Any:
    """Return the elements of X as a list, or X as one array.

    A table of several columns is returned as it is. A generator, set or mapping is a
    ValueError, and so is a tensor on another device than the CPU.
    """
    if is_tensor(X):
        return tensor_to_numpy(X)
    if package_of(X) in FRAME_PACKAGES:
        return _column_to_list(X)
    if isinstance(X, Sequence):
        return list(X)
    is_map = isinstance(X, Mapping)
    if is_map or (isinstance(X, Iterable) and not hasattr(X, "__getitem__")):
        raise ValueError(
            f"Got X={quote(X)}, but a sequence of photos was expected. Pass a list"
            f"{' of the photos' if is_map else ': list(X)'}."
        )
    return X


def package_of(value: Any) -> str:
    """Name of the package that defines the type of a value."""
    return type(value).__module__.partition(".")[0]


def is_tensor(value: Any) -> bool:
    """Whether a value is a torch tensor; torch need not be installed."""
    return package_of(value) == "torch" and hasattr(value, "detach")


def tensor_to_numpy(tensor: Any) -> np.ndarray:
    """View a tensor as an array; a tensor on another device is an error."""
    if tensor.device.type != "cpu":
        raise ValueError(
            f"Got a tensor on the device {tensor.device}, but photos are read on the "
            "CPU. Pass tensor.cpu()."
        )
    return tensor.detach().numpy()


def _column_to_list(X: Any) -> Any:
    """Return the elements of a Series or one-column frame; other frames unchanged."""
    if len(getattr(X, "shape", ())) == 2:
        if X.shape[1] != 1:
            return X
        X = _first_column(X)
    for method in ("to_pylist", "to_list"):
        if hasattr(X, method):
            return getattr(X, method)()
    return X


def _first_column(X: Any) -> Any:
    if package_of(X) == "pandas":
        return X.iloc[:, 0]
    return X.column(0) if package_of(X) == "pyarrow" else X.to_series(0)
