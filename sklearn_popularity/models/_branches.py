"""Branches of a late fusion: what each gives to the last model, fold by fold."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import GroupKFold, check_cv
from sklearn.utils.parallel import delayed

from .._columns import resolve_columns, select_columns
from .._messages import quote
from .._sklearn_compat import _safe_indexing
from ..metrics import spearman_score
from ._delegation import fit_clone

DROP, PASSTHROUGH = "drop", "passthrough"


def check_branches(branches):
    """Check that branches are (name, estimator, columns), with a regressor each.

    Parameters
    ----------
    branches : list
        An estimator may be "drop" or "passthrough".

    Raises
    ------
    ValueError
        If one is anything else, or none is left.
    """
    for branch in branches:
        if not (isinstance(branch, tuple) and len(branch) == 3):
            raise ValueError(
                f"Got {quote(branch)} in branches, but (name, estimator, columns) was "
                "expected."
            )
        name, estimator, _ = branch
        if isinstance(estimator, str):
            if estimator not in (DROP, PASSTHROUGH):
                raise ValueError(
                    f"Got {quote(estimator)} for the branch {name!r}, but a regressor, "
                    "'drop' or 'passthrough' was expected."
                )
        elif not hasattr(estimator, "predict"):
            raise ValueError(
                f"The branch {name!r} ends in {type(estimator).__name__}, which "
                "predicts nothing, but a regressor was expected: "
                f"make_pipeline({type(estimator).__name__}(), regressor)."
            )
    if not used_branches(branches):
        raise ValueError(
            f"Got branches={quote(branches)}, but at least one branch was expected "
            "that is not 'drop'."
        )


def used_branches(branches):
    """Branches that are not "drop"."""
    return [branch for branch in branches if not _is(branch, DROP)]


def predicting_branches(branches):
    """Branches with an estimator, neither "drop" nor "passthrough"."""
    return [b for b in used_branches(branches) if not _is(b, PASSTHROUGH)]


def resolve_branches(branches, X):
    """Used branches with the columns of X that they name, callables called."""
    return [
        (name, estimator, resolve_columns(X, which, f"branch {name!r}"))
        for name, estimator, which in used_branches(branches)
    ]


def fit_branches(branches, X, y, sample_weight, workers):
    """Fit a copy of each estimator on all rows.

    Parameters
    ----------
    branches : list of (name, estimator, columns)
        From `resolve_branches`.
    X : DataFrame or ndarray of shape (n_samples, n_features)
        Columns.
    y : ndarray of shape (n_samples,)
        Scores.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights.
    workers : Parallel
        Who fits.

    Returns
    -------
    branches : list of (name, estimator, columns)
        With fitted estimators.
    """
    fitted = workers(
        delayed(fit_clone)(
            estimator,
            select_columns(X, which),
            y,
            sample_weight=sample_weight,
            owner=f"branch {name!r}",
        )
        for name, estimator, which in predicting_branches(branches)
    )
    ready = iter(fitted)
    return [
        branch if _is(branch, PASSTHROUGH) else (branch[0], next(ready), branch[2])
        for branch in branches
    ]


def branch_outputs(branches, X):
    """Outputs of fitted branches, one after the other.

    Parameters
    ----------
    branches : list of (name, estimator, columns)
        From `fit_branches`.
    X : DataFrame or ndarray of shape (n_samples, n_features)
        Columns.

    Returns
    -------
    outputs : list of ndarray of shape (n_samples, n_outputs)
        One column of predictions, or the columns passed through.
    """
    return [
        passed_columns(X, which, name)
        if _is((name, estimator, which), PASSTHROUGH)
        else np.reshape(estimator.predict(select_columns(X, which)), (-1, 1))
        for name, estimator, which in branches
    ]


def score_branches(branches, outputs, y, sample_weight):
    """Spearman's correlation of the output of each branch that predicts, by name."""
    return {
        branch[0]: spearman_score(y, output, sample_weight=sample_weight)
        for branch, output in zip(branches, outputs, strict=True)
        if not _is(branch, PASSTHROUGH)
    }


def passed_columns(X, columns, name):
    """Columns of X as numbers.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n_samples, n_features)
        Columns.
    columns : str, int, slice, list or mask
        Which; a scalar is a single column.
    name : str
        Name of the branch, for the error.

    Returns
    -------
    values : ndarray of shape (n_samples, n_columns), float64

    Raises
    ------
    ValueError
        If they are not numbers.
    """
    values = np.asarray(select_columns(X, columns))
    try:
        if values.dtype.kind in "mM":
            raise TypeError(f"found {values.dtype}")
        values = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The branch {name!r} passes the columns {quote(columns)} through, but the "
            f"last model takes only numbers: {error}. Encode them before, or give the "
            "branch a regressor."
        ) from error
    return values[:, np.newaxis] if values.ndim == 1 else values


def inner_folds(cv, X, y, groups):
    """Folds that test each row once.

    Parameters
    ----------
    cv : int or cross-validation splitter
        With `groups`, an int is that many folds of
        :class:`~sklearn.model_selection.GroupKFold`.
    X : DataFrame or ndarray of shape (n_samples, n_features)
        Columns.
    y : ndarray of shape (n_samples,)
        Scores.
    groups : ndarray of shape (n_samples,) or None
        Labels of rows that stay together.

    Returns
    -------
    folds : list of (train, test)
        Row numbers.

    Raises
    ------
    ValueError
        If there are more folds than rows, or a row is not tested once.
    """
    if isinstance(cv, Integral) and groups is not None:
        splitter = GroupKFold(cv)
    else:
        splitter = check_cv(cv)
    n_folds = splitter.get_n_splits(X, y, groups)
    if len(y) < n_folds:
        raise ValueError(
            f"Got n_samples = {len(y)}, but cv={quote(cv)} needs at least one row "
            f"per inner fold ({n_folds}). Pass more rows or a smaller cv."
        )
    folds = list(splitter.split(X, y, groups))
    n_tested = np.bincount(np.concatenate([test for _, test in folds]))
    if len(n_tested) < len(y) or (n_tested != 1).any():
        raise ValueError(
            f"Got cv={quote(cv)}, which does not test each row once, but the last "
            "model needs one prediction for each row. Pass a partition such as "
            "KFold or GroupKFold."
        )
    return folds


def out_of_fold(predictions, folds, n_samples):
    """Put the predictions of each test fold back into the order of the rows.

    Parameters
    ----------
    predictions : sequence of ndarray
        One per fold.
    folds : sequence of (train, test)
        Row numbers.
    n_samples : int
        Number of rows.

    Returns
    -------
    ordered : ndarray of shape (n_samples,), float64
        NaN for rows in no test fold.
    """
    ordered = np.full(n_samples, np.nan)
    for (_, test), values in zip(folds, predictions, strict=True):
        ordered[test] = np.ravel(values)
    return ordered


def out_of_fold_outputs(branches, X, y, sample_weight, folds, workers):
    """Outputs for each row of branches that did not learn from it.

    Parameters
    ----------
    branches : list of (name, estimator, columns)
        From `resolve_branches`.
    X, y, sample_weight, workers
        As for `fit_branches`.
    folds : sequence of (train, test)
        Row numbers.

    Returns
    -------
    outputs : list of ndarray of shape (n_samples, n_outputs)
        As of `branch_outputs`.
    """
    parts = workers(
        delayed(_fit_predict)(
            branch, select_columns(X, branch[2]), y, sample_weight, train, test
        )
        for branch in predicting_branches(branches)
        for train, test in folds
    )
    n = len(folds)
    each = iter([parts[i : i + n] for i in range(0, len(parts), n)])
    return [
        passed_columns(X, branch[2], branch[0])
        if _is(branch, PASSTHROUGH)
        else out_of_fold(next(each), folds, len(y))[:, np.newaxis]
        for branch in branches
    ]


def _fit_predict(branch, X, y, sample_weight, train, test):
    name, estimator, _ = branch
    owner = f"branch {name!r}"
    fitted = fit_clone(
        estimator, X, y, rows=train, sample_weight=sample_weight, owner=owner
    )
    return fitted.predict(_safe_indexing(X, test))


def _is(branch, word):
    return isinstance(branch[1], str) and branch[1] == word
