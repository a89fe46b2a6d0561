"""Arrays in files that others wrote."""

from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_npy(path: str | PathLike[str]) -> NDArray:
    """Read an array from a ``.npy`` file; archives and pickles are refused.

    Raises
    ------
    OSError, ValueError
        If it cannot be read.
    """
    with Path(path).open("rb") as file:
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except (OSError, ValueError):
            raise
        except Exception as error:  # a header may promise anything, or be no Python
            raise ValueError(f"{type(error).__name__}: {error}") from error
