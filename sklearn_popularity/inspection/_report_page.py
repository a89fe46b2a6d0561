"""HTML page of a report."""

import platform
import re

import numpy as np
import sklearn
from sklearn.base import BaseEstimator

from .. import __version__
from ..evaluation import FittedModel
from ._report_html import render
from ._sections import SECTIONS

_N_LISTED = 100
_MAX_SPELLED = 10_000  # characters


def report_page(data, sections, left_out, model, **texts) -> str:
    """HTML page of the sections, and of why others were left out.

    The texts are heading, label, notes, grouped_by and kinds (names of the groups of
    the folds, and of those to check for bias), command and random_state.
    """
    return render(
        "report.html",
        titles={name: module.TITLE for name, module in SECTIONS.items()},
        data=data,
        errors=data.errors[:_N_LISTED],
        duplicates=data.duplicates.head(_N_LISTED).to_dict("records"),
        apart=int((~data.duplicates["together"]).sum()),
        missing=data.missing.to_dict("records"),
        sections={name: section.shown for name, section in sections.items()},
        left_out=left_out,
        model=_spelled(model.model if isinstance(model, FittedModel) else model),
        versions={
            "sklearn-popularity": __version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "Python": platform.python_version(),
        },
        **texts,
    )


def _spelled(model):
    """Text of the model with all parameters that were set."""
    named = type(model).__repr__ is BaseEstimator.__repr__
    text = model.__repr__(N_CHAR_MAX=_MAX_SPELLED) if named else repr(model)
    # Functions by their names alone: addresses in memory differ between runs.
    return re.sub(r"<function (\S+) at 0x[0-9a-f]+>", r"\1", text)
