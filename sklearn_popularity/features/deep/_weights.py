"""Weights of networks: read without running code, and known by their digest."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._optional import import_optional

_USER = "CNNEmbedder"


def read_weights(path: Path) -> dict[str, NDArray]:
    """Read named arrays from a file.

    Parameters
    ----------
    path : Path
        An ``.npz`` or ``.safetensors`` file, or a ``.pth`` or ``.pt`` file, of which
        only tensors are read: no pickle is run.

    Returns
    -------
    weights : dict of str to ndarray

    Raises
    ------
    ValueError
        If the file cannot be read or holds something else.
    """
    readers = {
        ".npz": _read_npz,
        ".safetensors": _read_safetensors,
        ".pth": _read_torch,
        ".pt": _read_torch,
    }
    if path.suffix not in readers:
        raise ValueError(
            f"Got weights={str(path)!r}, but 'pretrained', 'random' or a file in "
            f"{', '.join(readers)} was expected."
        )
    try:
        weights = readers[path.suffix](path)
    except ImportError:
        raise
    except Exception as error:
        # Every reader has errors of its own for what may be in a file.
        raise _unreadable(path, error) from error
    if not weights:
        raise _unreadable(path, "it holds no arrays")
    return weights


def _unreadable(path, reason):
    return ValueError(
        f"The weights {str(path)!r} cannot be read: {reason}. A file that holds arrays "
        "by the names of the network's state_dict was expected."
    )


def _read_npz(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _read_safetensors(path):
    return import_optional("safetensors.numpy", _USER).load_file(path)


def _read_torch(path):
    torch = import_optional("torch", _USER)
    state = torch.load(path, map_location="cpu", weights_only=True)
    state = state.get("state_dict", state) if isinstance(state, Mapping) else state
    if not isinstance(state, Mapping) or not all(map(torch.is_tensor, state.values())):
        raise ValueError(f"it holds a {type(state).__name__}, not a dict of tensors")
    return {name: tensor.float().numpy() for name, tensor in state.items()}


def load_weights(network: Any, weights: Mapping[str, NDArray], name: str) -> None:
    """Put weights into a network.

    Raises
    ------
    ValueError
        If a name is missing, unknown, or has another shape.
    """
    torch = import_optional("torch", _USER)
    expected = network.state_dict()
    misfits = _misfits(weights, expected)
    if misfits:
        raise ValueError(
            f"The weights do not fit {name}: {misfits[0]}"
            + (f", and {len(misfits) - 1} more." if misfits[1:] else ".")
        )
    tensors = {
        key: torch.from_numpy(_native(value)).to(expected[key].dtype)
        for key, value in weights.items()
    }
    network.load_state_dict(expected | tensors)


def _misfits(weights, expected):
    """Names that are missing, unknown, or of another shape."""
    misfits = [
        f"{key} is missing"
        for key in expected
        # Batch counters play no part in prediction, and some files lack them.
        if key not in weights and not key.endswith("num_batches_tracked")
    ]
    misfits += [f"{key} is unknown" for key in weights if key not in expected]
    shapes = {key: tuple(tensor.shape) for key, tensor in expected.items()}
    return misfits + [
        f"{key} has the shape {array.shape}, not {shapes[key]}"
        for key, array in weights.items()
        if array.shape != shapes.get(key, array.shape)
    ]


def _native(array):
    """A copy in this machine's order of bytes, which torch asks for."""
    return array.astype(array.dtype.newbyteorder("="))


def digest_of(network: Any) -> str:
    """SHA-256 of the names, shapes and float32 values of a network's weights."""
    state = network.state_dict()
    return digest_of_arrays({name: t.detach().numpy() for name, t in state.items()})


def digest_of_arrays(weights: Mapping[str, NDArray]) -> str:
    """SHA-256 of the names, shapes and float32 values of weights."""
    digest = hashlib.sha256()
    for name, values in sorted(weights.items()):
        digest.update(f"{name}{values.shape}".encode())
        digest.update(values.astype(np.float32).tobytes())
    return digest.hexdigest()
