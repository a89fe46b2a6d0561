"""Models, the rows that they are scored on, and their folds, before any fit."""

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length

from .._columns import encode_labels
from .._scores import check_score
from .._sklearn_compat import _check_method_params, _safe_indexing
from ._describe_once import Described, PhotoTable
from ._held_out import HeldOutPredictions, predict_partitions
from ._partitions import Folds, find_partitions
from ._routing import prepare_fit


class Study(NamedTuple):
    """What models are fitted and scored on.

    Parameters
    ----------
    described : dict of str to Described
        Models, each with its table of the rows kept.
    y : ndarray of shape (n_kept,)
        Scores.
    groups : ndarray of shape (n_kept,), int, or None
        Numbers of the groups.
    partitions : list of list of (train, test)
        Folds of each partition, which number the rows kept.
    kept : ndarray of shape (n_kept,)
        Rows of X whose photos could be read.
    params : dict
        Parameters of `fit`, of which those with a value per row are those of the rows
        kept.
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
    """Describe the photos for models, and split the rows of those that can be read.

    Photos that cannot be read are an error, or left out where the transformers have
    ``on_error="nan"``.

    Parameters
    ----------
    models, X, y, groups, cv, n_repeats, photo, dictionary, params, random_state
        As of :func:`compare_models`.
    """
    y = check_score(y, "y")
    check_consistent_length(X, y, groups)
    codes = None if groups is None else encode_labels(groups, "groups")
    folds = {"cv": cv, "n_repeats": n_repeats, "random_state": random_state}
    partitions = find_partitions(X, y, codes, **folds)  # fails before the work
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
        else:  # folds that are given number all rows
            partitions = [renumber_folds(each, table.readable) for each in partitions]
    return Study(described, y, codes, partitions, kept, params)


def renumber_folds(folds, readable) -> Folds:
    """Folds of the rows that are left, which count these alone.

    Parameters
    ----------
    folds : list of (train, test)
        Row numbers.
    readable : ndarray of shape (n_samples,), bool
        Rows that are left.
    """
    number = np.cumsum(readable) - 1
    left = []
    for place, fold in enumerate(folds):
        given = (np.asarray(rows, dtype=np.intp) for rows in fold)
        train, test = (number[rows[readable[rows]]] for rows in given)
        if len(test) and not len(train):
            raise ValueError(
                f"None of the {len(fold[0])} photos that fold {place} of cv trains on "
                "could be read, but one or more were expected. Leave the fold out, or "
                "pass a number of folds, which splits the readable photos."
            )
        if len(test):
            left.append((train, test))
    return left


def predict_study(
    study, name, *, n_jobs=None, look=None, verbose=False
) -> HeldOutPredictions:
    """Held-out predictions of one of the models.

    Parameters
    ----------
    study : Study
        Models, rows and folds.
    name : str
        The model.
    n_jobs, look, verbose
        As of `predict_partitions`.
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
