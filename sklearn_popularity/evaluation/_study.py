"""Models, the rows to score them on and the folds, prepared before any fit."""

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length

from .._numbers import check_numbers
from .._sklearn_compat import _check_method_params, _safe_indexing
from ..models import groups_of
from ._describe_once import Described, PhotoTable
from ._held_out import HeldOutPredictions, predict_partitions
from ._partitions import Folds, find_partitions
from ._routing import prepare_fit


class Study(NamedTuple):
    """Models with the data to fit and score them on.

    Parameters
    ----------
    described : dict of str to Described
        Models, each with its table of the rows kept.
    y : ndarray of shape (n_kept,)
        Scores.
    groups : ndarray of shape (n_kept,), int, or None
        Group numbers.
    partitions : list of list of (train, test)
        Folds of each repeat, as positions in the rows kept.
    kept : ndarray of shape (n_kept,)
        Rows of X with readable photos.
    params : dict
        Parameters of `fit`; those with one value per row are for the rows kept.
    """

    described: dict[str, Described]
    y: NDArray[np.float64]
    groups: NDArray[np.intp] | None
    partitions: list[Folds]
    kept: NDArray[np.intp]
    params: dict[str, Any]


def prepare_study(
    models,
    X,
    y,
    *,
    groups,
    cv,
    n_repeats,
    photo,
    dictionary="once",
    params=None,
    random_state=None,
) -> Study:
    """Extract features of photos for models, and split the rows that can be read.

    A photo that cannot be read raises an error; with transformers that have
    ``on_error="nan"``, its row is left out.

    Parameters
    ----------
    models, X, y, groups, cv, n_repeats, photo, dictionary, params, random_state
        As in :func:`compare_models`.
    """
    y = check_numbers(y, "y")
    check_consistent_length(X, y)
    codes = groups_of(X, None, groups)
    folds = {"cv": cv, "n_repeats": n_repeats, "random_state": random_state}
    partitions = find_partitions(X, y, codes, **folds)  # fail before extraction
    table = PhotoTable(X, photo, per_fold=dictionary == "per-fold")
    described = {name: table.describe(model) for name, model in models.items()}
    kept, params = np.flatnonzero(table.readable), dict(params or {})
    if len(kept) < len(y):
        described = {
            name: Described(model, _safe_indexing(rows, kept))
            for name, (model, rows) in described.items()
        }
        params = _check_method_params(X, params=params, indices=kept)
        X, y = _safe_indexing(X, kept), y[kept]
        codes = None if codes is None else codes[kept]
        if isinstance(cv, Integral):
            partitions = find_partitions(X, y, codes, **folds)
        else:  # a splitter's folds refer to all rows
            partitions = [renumber_folds(each, table.readable) for each in partitions]
    return Study(described, y, codes, partitions, kept, params)


def renumber_folds(folds, readable) -> Folds:
    """Restrict folds to readable rows, numbered among these.

    Parameters
    ----------
    folds : list of (train, test)
        Folds of all rows.
    readable : ndarray of shape (n_samples,), bool
        Whether each row is kept.
    """
    number = np.cumsum(readable) - 1
    left = []
    for place, fold in enumerate(folds):
        given = (np.asarray(rows, dtype=np.intp) for rows in fold)
        train, test = (number[rows[readable[rows]]] for rows in given)
        if len(test) and not len(train):
            raise ValueError(
                f"None of the {len(fold[0])} training photos of fold {place} of cv "
                "could be read, but one or more were expected. Leave the fold out, or "
                "pass a number of folds, which splits only the readable photos."
            )
        if len(test):
            left.append((train, test))
    return left


def predict_study(
    study, name, *, n_jobs=None, look=None, verbose=False
) -> HeldOutPredictions:
    """Make held-out predictions of one model of a study.

    Parameters
    ----------
    study : Study
        Models, rows and folds.
    name : str
        Name of the model.
    n_jobs, look, verbose
        As in `predict_partitions`.
    """
    learner, X = study.described[name]
    model, fit_params = prepare_fit(learner, study.groups, study.params)
    return predict_partitions(
        model,
        X,
        study.y,
        study.partitions,
        fit_params=fit_params,
        n_jobs=n_jobs,
        look=look,
        verbose=verbose,
    )
