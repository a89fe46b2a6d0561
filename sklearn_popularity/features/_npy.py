"""Read an array from a file that may hold anything."""

import os

import numpy as np

from .._paths import expand_home


def read_npy(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an array from a ``.npy`` file; archives and pickles are refused."""
    with expand_home(path).open("rb") as file:
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except (OSError, ValueError):
            raise
        except Exception as error:  # a broken header raises errors of many types
            raise ValueError(f"{type(error).__name__}: {error}") from error
