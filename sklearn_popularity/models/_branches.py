"""Fit the branches of a late fusion, and compute their outputs fold by fold."""

from numbers import Integral

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, check_cv
from sklearn.utils import indexable
from sklearn.utils.parallel import delayed

from .._columns import resolve_columns, select_columns
from .._messages import quote
from .._sklearn_compat import _safe_indexing
from ._delegation import fit_clone, take_rows

# `check_branches` refuses other words, so a used branch with a word passes columns on.
_DROP, _PASSTHROUGH = "drop", "passthrough"
# Maximum number of training rows that a mean prediction is computed from.
_N_SEEN = 1000
_SEED = 0


def check_branches(branches):
    """Check that each branch is (name, estimator, columns) with a regressor or word."""
    for branch in branches:
        if not (isinstance(branch, tuple) and len(branch) == 3):
            raise ValueError(
                f"Got {quote(branch)} in branches, but (name, estimator, columns) was "
                "expected."
            )
        name, estimator, _ = branch
        if isinstance(estimator, str):
            if estimator not in (_DROP, _PASSTHROUGH):
                raise ValueError(
                    f"Got {quote(estimator)} for the branch {name!r}, but a regressor, "
                    "'drop' or 'passthrough' was expected."
                )
        elif not hasattr(estimator, "predict"):
            raise ValueError(
                f"The branch {name!r} ends in {type(estimator).__name__}, which "
                "cannot predict, but a regressor was expected. Pass "
                f"make_pipeline({type(estimator).__name__}(), regressor)."
            )
    if not used_branches(branches):
        raise ValueError(
            f"Got branches={quote(branches)}, but at least one branch was expected "
            "that is not 'drop'."
        )


def used_branches(branches):
    """Branches that are not "drop"."""
    return [branch for branch in branches if branch[1] != _DROP]


def predicting_branches(branches):
    """Branches with an estimator, neither "drop" nor "passthrough"."""
    return [branch for branch in branches if not isinstance(branch[1], str)]


def resolve_branches(branches, X):
    """Used branches with the columns of X that they select, resolving callables."""
    return [
        (name, estimator, resolve_columns(X, which, f"branch {name!r}"))
        for name, estimator, which in used_branches(branches)
    ]


def fit_branches(branches, X, y, sample_weight, workers, tasks):
    """Fit a copy of each estimator on all rows.

    Returns the branches with fitted estimators, and by name the mean prediction of each
    on its training rows.
    """
    fitted = workers(
        delayed(_fit_branch)(
            branch,
            select_columns(X, branch[2]),
            y,
            sample_weight,
            task=tasks.of_model(branch[0]),
        )
        for branch in predicting_branches(branches)
    )
    ready = iter(fitted)
    found, means = [], {}
    for name, estimator, which in branches:
        if not isinstance(estimator, str):
            estimator, means[name] = next(ready)
        found.append((name, estimator, which))
    return found, means


def branch_outputs(branches, means, X):
    """Outputs of fitted branches, each of shape (n_samples, n_outputs).

    They are the predictions minus their mean, or the columns that are passed through.
    """
    return [
        passed_columns(X, which, name)
        if isinstance(estimator, str)
        else np.reshape(estimator.predict(select_columns(X, which)), (-1, 1))
        - means[name]
        for name, estimator, which in branches
    ]


def columns_passed(branches, outputs):
    """Indices of the columns of all outputs that branches pass through."""
    passed = [
        np.full(output.shape[1], isinstance(estimator, str))
        for (_, estimator, _), output in zip(branches, outputs, strict=True)
    ]
    return np.flatnonzero(np.concatenate(passed)).tolist()


def passed_columns(X, columns, name):
    """Columns of X as a matrix of float64; an error names the branch."""
    values = np.asarray(select_columns(X, columns))
    try:
        if values.dtype.kind in "mM":
            raise TypeError(f"found {values.dtype}")
        values = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The branch {name!r} passes the columns {quote(columns)} through, but the "
            f"final estimator takes only numbers: {error}. Encode them first, or give "
            "the branch a regressor."
        ) from error
    return values[:, np.newaxis] if values.ndim == 1 else values


def inner_folds(cv, X, y, groups):
    """Folds that test each row once.

    Parameters
    ----------
    cv : int or cross-validation splitter
        An int is the number of folds, of similar size, shuffled with a fixed seed.
    X : DataFrame or ndarray of shape (n_samples, n_features)
        Columns.
    y : ndarray of shape (n_samples,)
        Scores.
    groups : ndarray of shape (n_samples,) or None
        Group of each row, numbered from 0; a group stays in one fold.

    Returns
    -------
    folds : list of (train, test)
        Row numbers.

    Raises
    ------
    ValueError
        If there are more folds than rows, or a row is not in exactly one test fold.
    """
    splitter = check_cv(cv)
    if isinstance(cv, Integral) and groups is None:
        splitter = KFold(cv, shuffle=True, random_state=_SEED)
    elif isinstance(cv, Integral):
        # Not GroupKFold(shuffle=True), which does not balance the sizes of the folds.
        groups = np.random.default_rng(_SEED).permutation(groups.max() + 1)[groups]
        splitter = GroupKFold(cv)
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
            f"Got cv={quote(cv)}, which does not test each row once, but one "
            "prediction for each row is needed. Pass a splitter such as KFold or "
            "GroupKFold."
        )
    return folds


def out_of_fold(predictions, folds, n_samples):
    """Put the predictions of each test fold back into the order of the rows.

    Parameters
    ----------
    predictions : sequence of ndarray
        Predictions for the test rows of each fold.
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


def out_of_fold_outputs(branches, X, y, sample_weight, folds, workers, tasks=None):
    """As `branch_outputs`, but for rows that the branches were not fitted on."""
    parts = workers(
        delayed(_fit_predict)(
            branch,
            select_columns(X, branch[2]),
            y,
            sample_weight,
            train,
            test,
            None if tasks is None else tasks.of_model(branch[0]),
        )
        for branch in predicting_branches(branches)
        for train, test in folds
    )
    n = len(folds)
    each = iter([parts[i : i + n] for i in range(0, len(parts), n)])
    return [
        passed_columns(X, which, name)
        if isinstance(estimator, str)
        else out_of_fold(next(each), folds, len(y))[:, np.newaxis]
        for name, estimator, which in branches
    ]


def _fit_predict(branch, X, y, sample_weight, train, test, task):
    fitted, mean = _fit_branch(branch, X, y, sample_weight, train, task)
    return fitted.predict(_safe_indexing(X, test)) - mean


def _fit_branch(branch, X, y, sample_weight, rows=None, task=None):
    """A fitted copy of a branch's estimator, and its mean prediction for these rows."""
    name, estimator, _ = branch
    owner = f"branch {name!r}"
    fitted = fit_clone(
        estimator, X, y, rows=rows, sample_weight=sample_weight, owner=owner, task=task
    )
    return fitted, _mean_prediction(fitted, X, sample_weight, rows)


def _mean_prediction(fitted, X, sample_weight, rows):
    """Mean prediction on the rows, or on a fixed sample of 1,000 of them."""
    X = indexable(X)[0]
    seen = np.arange(X.shape[0]) if rows is None else rows
    if sample_weight is not None:
        seen = seen[sample_weight[seen] > 0]
    seen = seen_rows(seen)
    values = np.ravel(fitted.predict(_safe_indexing(X, seen)))
    # Relative to the first value, so that the mean of a constant is exact.
    deviations = values - values[0]
    weights = take_rows(sample_weight, seen)
    return float(values[0] + np.average(deviations, weights=weights))


def seen_rows(train) -> NDArray[np.intp]:
    """A fixed sample of at most 1,000 training rows."""
    train = np.asarray(train)
    if len(train) <= _N_SEEN:
        return train
    rng = np.random.default_rng(_SEED)
    return np.sort(rng.choice(train, _N_SEEN, replace=False))
