"""Warnings that point to the line in the user's code."""

import os
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

# Folders of packages whose frames lie between the user's line and the warning. They are
# found without an import: reading a photo needs neither scikit-learn nor joblib.
_BETWEEN = tuple(
    str(Path(spec.origin).parent) + os.sep
    for spec in map(find_spec, ("sklearn_popularity", "sklearn", "joblib"))
    if spec and spec.origin
)


def warn_caller(message: str | Warning, category: type[Warning] | None = None) -> None:
    """Warn at the innermost line outside this library, scikit-learn and joblib."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and frame.f_code.co_filename.startswith(_BETWEEN):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
