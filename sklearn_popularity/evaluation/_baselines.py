"""What a model has to beat, as estimators: a constant, the user's mean, one column."""

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor

from .._columns import label_rows, resolve_columns, select_columns
from ._shares import middle_of


def baseline_models(*, columns: Iterable[Hashable] = (), user: Any = None) -> dict:
    """Predictors that need no model, to be compared with some.

    Parameters
    ----------
    columns : list of columns, default=()
        Numeric columns of X that predict as they are, or upside down where that ranks
        the training rows better.
    user : str, int or callable, default=None
        Column of X that holds the user, or a function from X to the users, for the
        mean of the user's training rows.

    Returns
    -------
    baselines : dict of str to estimator
        "constant"; "user mean", if `user` is given; and each column by its name.

    See Also
    --------
    compare_models : Takes them beside models.

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
    """Predicts the mean score of the user's training rows.

    New users get what stands in the middle of these means over the training rows, the
    median but for ties, so that folds of new users are not told apart.

    Parameters
    ----------
    user : str, int or callable
        Column of X that holds the user, or a function from X to the users.
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
        """Mean scores of the users of X."""
        users = pd.Series(label_rows(X, self.user, "user"))
        return users.map(self.means_).fillna(self.middle_).to_numpy(dtype=np.float64)


class BestColumn(RegressorMixin, BaseEstimator):
    """Predicts the column that ranks the training rows best, upside down if need be.

    Parameters
    ----------
    columns : list of columns
        Numeric columns of X; gaps become the median of the column's training values.
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
        """Values of the column."""
        values = fill_gaps(self._values(X), self.medians_)
        return self.sign_ * values[:, self.best_]

    def _values(self, X):
        columns = resolve_columns(X, self.columns, "parameter columns")
        return to_floats(pd.DataFrame(select_columns(X, columns)))


def to_floats(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Numbers of a frame, NaN where there are none.

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
    """Median of the finite values of each column; 0 where there are none."""
    finite = np.isfinite(values)
    return np.array(
        [
            np.median(column[known]) if known.any() else 0.0
            for column, known in zip(values.T, finite.T, strict=True)
        ]
    )


def fill_gaps(values: NDArray, medians: NDArray) -> NDArray:
    """Put the median where a value is not finite."""
    return np.where(np.isfinite(values), values, medians)


def column_correlations(y: NDArray, columns: NDArray) -> NDArray:
    """Spearman's correlation of each column with y; 0 where either is constant."""
    a, b = (rankdata(x, axis=0) - (len(y) + 1) / 2 for x in (y, columns))
    norm = np.sqrt((a @ a) * (b * b).sum(axis=0))
    return np.divide(a @ b, norm, out=np.zeros_like(norm), where=norm > 0)
