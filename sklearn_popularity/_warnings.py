"""Warnings that point to the line of the user that they are about."""

import os
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

# Frames between the user's line and ours: our own, and those of who calls us for them.
# The packages are found, not imported: reading a photo needs neither.
_BETWEEN = tuple(
    str(Path(spec.origin).parent) + os.sep
    for spec in map(find_spec, ("sklearn_popularity", "sklearn", "joblib"))
    if spec and spec.origin
)


def warn_caller(message: str | Warning, category: type[Warning] | None = None) -> None:
    """Warn at the first line of the stack that neither we nor scikit-learn wrote.

    Parameters
    ----------
    message : str or Warning
        What to tell.
    category : type, default=None
        Class of a message that is text; None is UserWarning.
    """
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and frame.f_code.co_filename.startswith(_BETWEEN):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
