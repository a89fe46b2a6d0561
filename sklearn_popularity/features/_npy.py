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
        except MemoryError as error:  # a header may promise anything
            raise ValueError(str(error)) from error
