"""Predictions that a model has to beat: a constant, the user's mean, one column."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ._shares import shares_below


def predict_user_mean(y_train: NDArray, users_train: NDArray, users_test: NDArray):
    """Mean score of the user's training rows, less that of all training rows.

    The difference is what makes folds comparable: the mean of all training rows is low
    where that of the test rows is high, which would set pooled predictions against the
    scores.

    Parameters
    ----------
    y_train : ndarray of shape (n_train,)
        Scores.
    users_train, users_test : ndarray of shape (n_train,) or (n_test,), intp
        Users, numbered from 0.

    Returns
    -------
    predictions : ndarray of shape (n_test,)
        0 for users without training rows.
    """
    names, user = np.unique(users_train, return_inverse=True)
    means = np.bincount(user, y_train - y_train.mean()) / np.bincount(user)
    place = np.searchsorted(names, users_test).clip(max=len(names) - 1)
    return np.where(names[place] == users_test, means[place], 0.0)


def predict_best_column(y_train: NDArray, train: NDArray, test: NDArray) -> NDArray:
    """The column that ranks the training rows best, upside down if that is better.

    Parameters
    ----------
    y_train : ndarray of shape (n_train,)
        Scores.
    train, test : ndarray of shape (n_train, n_columns) or (n_test, n_columns)
        Values. Those that are not finite become the median of the column's finite
        training values.

    Returns
    -------
    predictions : ndarray of shape (n_test,)
        In the order of the column. Different columns may be best in different folds:
        values are therefore counted in shares of the training rows below them.
    """
    train, test = fill_gaps(train, test)
    scores = column_correlations(y_train, train)
    best = int(np.argmax(np.abs(scores)))
    shares = shares_below(train[:, best], test[:, best])
    return np.sign(scores[best]) * (shares - 0.5)


def fill_gaps(train: NDArray, test: NDArray) -> tuple[NDArray, NDArray]:
    """Put the median of the finite training values where a value is not finite."""
    train, test = train.copy(), test.copy()
    gaps, test_gaps = ~np.isfinite(train), ~np.isfinite(test)
    for i in np.flatnonzero(gaps.any(axis=0) | test_gaps.any(axis=0)):
        known = train[~gaps[:, i], i]
        median = np.median(known) if len(known) else 0.0
        train[gaps[:, i], i] = test[test_gaps[:, i], i] = median
    return train, test


def column_correlations(y: NDArray, columns: NDArray) -> NDArray:
    """Spearman's correlation of each column with y; 0 where either is constant."""
    a, b = (rankdata(x, axis=0) - (len(y) + 1) / 2 for x in (y, columns))
    norm = np.sqrt((a @ a) * (b * b).sum(axis=0))
    return np.divide(a @ b, norm, out=np.zeros_like(norm), where=norm > 0)
