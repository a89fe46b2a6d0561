"""Members of late fusions and of averages of models."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import VotingRegressor

from .._columns import select_columns
from ..models import StackedLateFusion


class Members(NamedTuple):
    """Models whose outputs a final model combines.

    Parameters
    ----------
    outputs : callable
        Maps a table to the outputs of all members, of shape (n_samples, n_outputs).
    combine : callable
        Maps these outputs to predictions of the whole model.
    columns : dict of str to ndarray of int
        Columns of the outputs that belong to each member.
    predicting : list of str
        Members that predict; others pass columns through.
    """

    outputs: Callable[[Any], NDArray]
    combine: Callable[[NDArray], NDArray]
    columns: dict[str, NDArray]
    predicting: list[str]


def members_of(model) -> Members | None:
    """Members of a fitted late fusion or average of models; None for other models."""
    if isinstance(model, StackedLateFusion):
        return Members(
            model.branch_predictions,
            model.final_estimator_.predict,
            output_columns(model),
            list(model.branch_scores_),
        )
    if isinstance(model, VotingRegressor):
        names = [name for name, _, _ in branches_of(model)]
        weights = shares_of(model)
        columns = {name: np.array([i]) for i, name in enumerate(names)}
        return Members(model.transform, lambda out: out @ weights, columns, names)
    return None


def branches_of(model) -> list[tuple[str, Any, Any]]:
    """Names, fitted models and columns of the members; empty for other models."""
    if isinstance(model, VotingRegressor):
        return [
            (name, member, slice(None))
            for name, member in model.named_estimators_.items()
            if not isinstance(member, str)  # "drop"
        ]
    return getattr(model, "branches_", [])


def shares_of(mean) -> NDArray[np.float64]:
    """Weights of the members of a fitted VotingRegressor; their sum is 1."""
    weights = mean.weights
    if weights is None:
        weights = np.ones(len(mean.estimators))
    kept = [
        weight
        for weight, (_, model) in zip(weights, mean.estimators, strict=True)
        if not isinstance(model, str)  # "drop"
    ]
    return np.array(kept, dtype=float) / sum(kept)


def output_columns(fusion) -> dict[str, NDArray]:
    """Columns of the outputs that belong to each branch of a late fusion."""
    names = getattr(fusion, "feature_names_in_", None)
    blank = np.zeros((1, fusion.n_features_in_))
    table = blank if names is None else pd.DataFrame(blank, columns=names)
    widths = {}
    for name, model, columns in fusion.branches_:
        passed = isinstance(model, str)
        widths[name] = np.size(select_columns(table, columns)) if passed else 1
    stops = np.cumsum(list(widths.values()))
    return {
        name: np.arange(stop - width, stop)
        for (name, width), stop in zip(widths.items(), stops, strict=True)
    }
