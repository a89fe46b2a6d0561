"""What the card of a model file says about the model."""

import platform
from typing import Any

import numpy as np
import sklearn
import skops
from sklearn.utils import check_consistent_length

from .. import __version__
from .._numbers import check_numbers
from ..metrics import spearman_score

_MAX_QUANTILES = 1001


def installed_versions() -> dict[str, str]:
    """Versions that decide whether a model can be read."""
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "sklearn-popularity": __version__,
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "skops": skops.__version__,
    }


def settings_of(model) -> dict[str, Any]:
    """Parameters at all depths, except those that are estimators."""
    return {
        name: value
        for name, value in model.get_params().items()
        if not any(hasattr(part, "get_params") for part in _parts(value))
    }


def _parts(value):
    if not isinstance(value, list | tuple):
        return [value]
    return [part for each in value for part in _parts(each)]


def training_summary(y, predictions, spearman, label) -> dict[str, Any] | None:
    """What the card says of the training scores and of out-of-fold predictions."""
    if spearman is not None and predictions is None:
        raise ValueError("Got spearman without predictions, but both were expected.")
    if y is None:
        if predictions is not None:
            raise ValueError("Got predictions without y, but both were expected.")
        return None
    y = check_numbers(y, "y")
    summary = {"label": label, "n_samples": len(y), "low": y.min(), "high": y.max()}
    if predictions is None:
        return summary
    predictions = check_numbers(predictions, "predictions")
    check_consistent_length(y, predictions)
    shares = np.linspace(0, 1, min(len(y), _MAX_QUANTILES))
    return summary | {
        "spearman": spearman_score(y, predictions)
        if spearman is None
        else spearman.score,
        "interval": None if spearman is None else [spearman.low, spearman.high],
        "quantiles": np.quantile(predictions, shares).tolist(),
    }
