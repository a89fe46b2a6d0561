"""Read weights of networks without running code, and hash them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._optional import import_optional
from .._paths import expand_home
from ._torch import NEEDED_FOR, import_torch

# Prefixes that DataParallel, training wrappers and torch.compile add to names.
_PREFIXES = ("module.", "model.", "_orig_mod.")
# Keys under which training scripts store the weights in a checkpoint.
_WRAPPERS = ("state_dict", "model")


def check_weights_file(weights: str) -> tuple[int, int] | None:
    """Time of change and size of the file of weights; None for other weights.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    """
    if weights in ("pretrained", "random"):
        return None
    path = expand_home(weights)
    if not path.is_file():
        raise FileNotFoundError(
            f"Got weights={weights!r}, but there is no such file. Pass 'pretrained', "
            "'random' or the path of a file."
        )
    info = path.stat()
    return info.st_mtime_ns, info.st_size


def read_weights(path: Path) -> dict[str, NDArray]:
    """Read named arrays from a file.

    Parameters
    ----------
    path : Path
        A ``.npz``, ``.safetensors``, ``.pth`` or ``.pt`` file. No pickle is run: of the
        last two, only tensors are read.

    Returns
    -------
    weights : dict of str to ndarray

    Raises
    ------
    ValueError
        If the file cannot be read, or holds no named arrays.
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
        # Readers raise errors of many types.
        raise _unreadable(path, error) from error
    if not weights:
        raise _unreadable(path, "it holds no arrays")
    return weights


def _unreadable(path, reason):
    return ValueError(
        f"The weights {str(path)!r} cannot be read: {reason}. A file with the arrays "
        "of the network's state_dict was expected."
    )


def _read_npz(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _read_safetensors(path):
    # Not safetensors.numpy, since NumPy has no bfloat16.
    return _as_arrays(import_optional("safetensors.torch", NEEDED_FOR).load_file(path))


def _read_torch(path):
    torch = import_torch()
    state = torch.load(path, map_location="cpu", weights_only=True)
    for name in _WRAPPERS:
        if isinstance(state, Mapping) and isinstance(state.get(name), Mapping):
            state = state[name]
    if not isinstance(state, Mapping) or not all(map(torch.is_tensor, state.values())):
        raise ValueError(f"it holds a {type(state).__name__}, not a dict of tensors")
    return _as_arrays(state)


def _as_arrays(state):
    return {name: tensor.detach().float().numpy() for name, tensor in state.items()}


def without_prefix(
    weights: Mapping[str, NDArray], expected: Mapping[str, Any]
) -> Mapping[str, NDArray]:
    """Remove prefixes that wrappers add to all names of weights.

    Nothing is removed once any name of the state of the network occurs.
    """
    while not weights.keys() & expected.keys():
        for prefix in _PREFIXES:
            if all(name.startswith(prefix) for name in weights):
                weights = {n.removeprefix(prefix): each for n, each in weights.items()}
                break
        else:
            break
    return weights


def load_weights(network: Any, weights: Mapping[str, NDArray], name: str) -> None:
    """Load weights into a network.

    Raises
    ------
    ValueError
        If weights are missing, unknown, or have a wrong shape.
    """
    torch = import_torch()
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
    """Describe weights that are missing, unknown, or of a wrong shape."""
    misfits = [
        f"{key} is missing"
        for key in expected
        # Batch counters do not affect predictions, and some files lack them.
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
    """A copy in native byte order, which torch requires."""
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
