"""Members of late fusions and of averages of models."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import VotingRegressor

from ..models import StackedLateFusion
from ._linear import passed_width, shares_of


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


def output_columns(fusion) -> dict[str, NDArray]:
    """Columns of the outputs that belong to each branch of a late fusion."""
    widths = {
        name: passed_width(fusion, columns) if isinstance(estimator, str) else 1
        for name, estimator, columns in fusion.branches_
    }
    stops = np.cumsum(list(widths.values()))
    return {
        name: np.arange(stop - width, stop)
        for (name, width), stop in zip(widths.items(), stops, strict=True)
    }
