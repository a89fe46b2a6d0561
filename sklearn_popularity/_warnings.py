"""Warnings that point to the line of the user that they are about."""

import os
import sys
import warnings
from pathlib import Path
from types import FrameType

import joblib
import sklearn

# Frames between the user's line and ours: our own, and those of who calls us for them.
_BETWEEN = tuple(
    str(folder) + os.sep
    for folder in (Path(__file__).parent, *sklearn.__path__, *joblib.__path__)
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
