"""Held-out predictions of a model and of its branches, for the report."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from .._sklearn_compat import _safe_indexing
from ..evaluation import HeldOutPredictions, renumber_folds, shares_below
from ..models import seen_rows
from ._branches import predict_permuted
from ._members import members_of

_N_PERMUTATIONS = 5


class HeldOut(NamedTuple):
    """Held-out predictions of a model and of its branches.

    Attributes
    ----------
    model : HeldOutPredictions
        Predictions of the model.
    branches : dict of str to ndarray of shape (n_samples,)
        Shares of each predicting branch of a late fusion, for the first partition;
        empty for other models.
    permuted : dict of str to ndarray of shape (n_samples, n_permutations)
        Shares of the late fusion when the outputs of a branch are permuted within test
        folds, for the first partition.
    """

    model: HeldOutPredictions
    branches: dict[str, NDArray]
    permuted: dict[str, NDArray]

    def take(self, kept) -> "HeldOut":
        """Select rows, given by increasing position."""
        left = np.isin(np.arange(len(self.model.shares)), kept)
        model = replace(
            self.model,
            raw=self.model.raw[kept],
            shares=self.model.shares[kept],
            partitions=[renumber_folds(each, left) for each in self.model.partitions],
        )
        parts = [
            {name: values[kept] for name, values in part.items()}
            for part in (self.branches, self.permuted)
        ]
        return HeldOut(model, *parts)


def look_inside(fitted, table, fold, seed=0):
    """Compute shares of the branches of a fold's model, and permuted ones.

    Parameters
    ----------
    fitted : estimator
        Model of the fold.
    table : DataFrame or ndarray
        All rows of features.
    fold : (train, test)
        Positions of the rows.
    seed : int, default=0
        Seed of the permutations, which differ between folds.

    Returns
    -------
    branches, permuted : dict of str to ndarray
        As in :class:`HeldOut`, for the test rows; empty for models without branches.
    """
    before, last = None, fitted
    if isinstance(fitted, Pipeline):
        before, last = fitted[:-1], fitted[-1]
    members = members_of(last)
    if members is None:
        return {}, {}
    train, test = fold
    tables = [_safe_indexing(table, rows) for rows in (seen_rows(train), test)]
    if before is not None and len(before):
        tables = [before.transform(rows) for rows in tables]
    seen, outputs = (members.outputs(rows) for rows in tables)
    known, columns = members.combine(seen), members.columns
    branches = {
        name: shares_below(seen[:, columns[name][0]], outputs[:, columns[name][0]])
        for name in members.predicting
    }
    random_state = np.random.RandomState([seed, int(test[0])])
    orders = [random_state.permutation(len(test)) for _ in range(_N_PERMUTATIONS)]
    permuted = {
        name: shares_below(known, predict_permuted(members, outputs, chosen, orders))
        for name, chosen in columns.items()
    }
    return branches, permuted


def join_looks(held_out) -> HeldOut:
    """Concatenate the results of `look_inside` for the folds of the first partition.

    The `estimators` of the predictions are such results, models or None.
    """
    parts = held_out.estimators[0] if held_out.estimators else []
    if not parts or not isinstance(parts[0], tuple):  # models were kept, or nothing
        parts = [({}, {})]
    rows = np.argsort(np.concatenate([test for _, test in held_out.partitions[0]]))
    branches, permuted = (
        {
            name: np.concatenate([part[i][name] for part in parts])[rows]
            for name in parts[0][i]
        }
        for i in range(2)
    )
    return HeldOut(replace(held_out, estimators=None), branches, permuted)
