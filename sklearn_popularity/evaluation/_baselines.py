"""Baselines as estimators: a constant, the user's mean, or a single column."""

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor

from .._columns import label_rows, resolve_columns, select_columns
from ..metrics import correlate
from ._shares import middle_of


def baseline_models(*, columns: Iterable[Hashable] = (), user: Any = None) -> dict:
    """Baseline estimators to compare models with.

    Parameters
    ----------
    columns : list of columns, default=()
        Numeric columns of X, each used as a prediction; its sign is reversed if that
        ranks the training rows better.
    user : str, int or callable, default=None
        Column of X with the users, or a function of X that returns them, for the mean
        of the user's training rows. If None, there is no "user mean".

    Returns
    -------
    baselines : dict of str to estimator
        "constant", "user mean" (if `user` is given) and the name of each column.

    See Also
    --------
    compare_models : Compares baselines with models.

    Examples
    --------
    >>> from sklearn_popularity.evaluation import baseline_models
    >>> list(baseline_models(columns=["followers"], user="user"))
    ['constant', 'user mean', 'followers']
    """
    baselines: dict[str, Any] = {"constant": DummyRegressor()}
    if user is not None:
        baselines["user mean"] = UserMean(user)
    return baselines | {str(column): BestColumn([column]) for column in columns}


class UserMean(RegressorMixin, BaseEstimator):
    """Predict the mean score of the user's training rows.

    New users get the middle of these means over the training rows (the median except
    for ties), so that the prediction does not differ between folds of new users.

    Parameters
    ----------
    user : str, int or callable
        Column of X with the users, or a function of X that returns them.
    """

    def __init__(self, user):
        self.user = user

    def fit(self, X, y):
        """Learn the means."""
        users = pd.Series(label_rows(X, self.user, "user"))
        self.means_ = pd.Series(np.asarray(y, dtype=np.float64)).groupby(users).mean()
        self.middle_ = middle_of(users.map(self.means_).to_numpy())
        return self

    def predict(self, X):
        """Predict the mean score of each row's user."""
        users = pd.Series(label_rows(X, self.user, "user"))
        return users.map(self.means_).fillna(self.middle_).to_numpy(dtype=np.float64)


class BestColumn(RegressorMixin, BaseEstimator):
    """Predict by the column that ranks the training rows best, with either sign.

    Parameters
    ----------
    columns : list of columns
        Numeric columns of X; missing values become the column's training median.
    """

    def __init__(self, columns):
        self.columns = columns

    def fit(self, X, y):
        """Choose the column."""
        values = self._values(X)
        self.medians_ = finite_medians(values)
        values = fill_gaps(values, self.medians_)
        scores = column_correlations(np.asarray(y, dtype=np.float64), values)
        self.best_ = int(np.argmax(np.abs(scores)))
        self.sign_ = np.sign(scores[self.best_])
        return self

    def predict(self, X):
        """Predict the signed values of the column."""
        values = fill_gaps(self._values(X), self.medians_)
        return self.sign_ * values[:, self.best_]

    def _values(self, X):
        columns = resolve_columns(X, self.columns, "parameter columns")
        return to_floats(pd.DataFrame(select_columns(X, columns)))


def to_floats(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Convert a frame to floats, with NaN for missing values.

    Raises
    ------
    ValueError
        If a column is not numeric.
    """
    try:
        return frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Got columns={list(frame)}, but numeric columns were expected: {error}"
        ) from error


def finite_medians(values: NDArray) -> NDArray:
    """Median of the finite values of each column; 0 if there are none."""
    finite = np.isfinite(values)
    return np.array(
        [
            np.median(column[known]) if known.any() else 0.0
            for column, known in zip(values.T, finite.T, strict=True)
        ]
    )


def fill_gaps(values: NDArray, medians: NDArray) -> NDArray:
    """Replace values that are not finite by the median of their column."""
    return np.where(np.isfinite(values), values, medians)


def column_correlations(y: NDArray, columns: NDArray) -> NDArray:
    """Spearman's correlation of each column with y; 0 if either is constant."""
    a, b = (rankdata(x, axis=0) - (len(y) + 1) / 2 for x in (y, columns))
    return correlate(a @ b, (a @ a) * (b * b).sum(axis=0))
