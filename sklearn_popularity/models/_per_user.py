"""One model for each user with enough photos, and one for everybody else."""

from numbers import Integral
from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.parallel import Parallel, delayed

from .._columns import check_table, split_off
from .._kept_parameters import check_ready, keep_parameters
from .._labels import check_same_kind
from .._messages import quote
from .._numbers import check_target
from .._sklearn_compat import HasMethods, Interval, _fit_context, _safe_indexing
from .._warnings import warn_caller
from ._delegation import check_weights, fit_clone, take_rows
from ._ranking import RankScoreMixin, ranks


def rows_of_labels(labels):
    """Row numbers of each label, in order of first appearance.

    None, NaN and NaT are not labels.
    """
    codes, found = pd.factorize(np.asarray(labels))
    order = np.argsort(codes, kind="stable")
    cuts = np.searchsorted(codes[order], np.arange(len(found) + 1))
    return {
        label: order[start:stop]
        for label, start, stop in zip(found.tolist(), cuts[:-1], cuts[1:], strict=True)
    }


def line_through(scores, y, sample_weight=None):
    """Slope, 0 or more, and intercept of the least-squares line from scores to y."""
    mean, level = np.average([scores, y], axis=1, weights=sample_weight)
    deviations = scores - mean
    spread = np.average(deviations**2, weights=sample_weight)
    covariance = np.average(deviations * (y - level), weights=sample_weight)
    slope = max(covariance / spread, 0.0) if spread > 0 else 0.0
    return float(slope), float(level - slope * mean)


def _fit_to_scale(estimator, X, y, sample_weight, owner):
    """A fitted clone and, for a ranker, the line from its scores to y, else None."""
    fitted = fit_clone(estimator, X, y, sample_weight=sample_weight, owner=owner)
    if not ranks(estimator):
        return fitted, None
    return fitted, line_through(np.ravel(fitted.predict(X)), y, sample_weight)


class PerUserRegressor(MetaEstimatorMixin, RankScoreMixin, BaseEstimator):
    """Train one model for each user with enough photos, and one for everybody else.

    What makes a photo popular differs between users, and a user's own model can learn
    it from many photos. Users with few photos, and users not seen in `fit`, get the
    fallback.

    Parameters
    ----------
    estimator : estimator
        Regressor that is cloned for each user.
    user : str, int or callable, default=None
        Column of X with the user of each row, by name or position; it is dropped before
        the models are fitted. Or a function that returns the users of X, with which no
        column is dropped. None fits the fallback only.
    min_samples : int, default=10
        Number of rows with weight above 0 that a user needs for their own model.
    fallback : estimator, default=None
        Regressor for all other users, fitted on all rows, including those of users with
        their own model. None is a clone of `estimator`.
    n_jobs : int, default=None
        Number of worker processes that fit the models; -1 uses all processors.

    Attributes
    ----------
    estimators_ : dict of user to estimator
        The fitted model of each user with enough rows; empty if there is none.
    fallback_ : estimator
        The fitted model for everybody else.
    n_features_in_ : int
        Number of columns of X, including the user.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a DataFrame.

    See Also
    --------
    StackedLateFusion : Keeps the rows of a user together in inner folds.

    Notes
    -----
    The user-specific setting in section 3 of [1]_ trains and tests a model for each of
    100 users with 10,000 photos or more, so no fallback is needed.

    Rows without a user (None, NaN) train the fallback and are predicted by it.

    Scores of different rankers are not comparable, since they have no unit. If a model
    is a :class:`LatentRankSVM`, or ends in one, its scores are mapped to the unit of y
    by the least-squares line on its training rows (slope 0 or more). This keeps the
    order within a user and restores the level of each user. `score` is then the rank
    correlation.

    `min_samples` counts each row of weight above 0 once, since weights may be in any
    unit.

    To share features among users, put this last in a pipeline whose features are a
    DataFrame: ``make_pipeline(make_column_transformer((GistTransformer(), "photo"),
    ("passthrough", ["user"]), verbose_feature_names_out=False), PerUserRegressor(
    Ridge(), user="user")).set_output(transform="pandas")``.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_popularity import PerUserRegressor
    >>> X = pd.DataFrame({"red": [0, 1, 2, 0, 1, 2], "user": list("aaabbb")})
    >>> model = PerUserRegressor(LinearRegression(), user="user", min_samples=3)
    >>> model.fit(X, [0, 1, 2, 2, 1, 0])
    PerUserRegressor(estimator=LinearRegression(), min_samples=3, user='user')
    >>> photos = pd.DataFrame({"red": [2, 1, 2], "user": list("abc")})
    >>> model.predict(photos).round(2)
    array([2., 1., 1.])
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "user": [str, Integral, callable, None],
        "min_samples": [Interval(Integral, 1, None, closed="left")],
        "fallback": [HasMethods(["fit", "predict"]), None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self, estimator, *, user=None, min_samples=10, fallback=None, n_jobs=None
    ):
        self.estimator = estimator
        self.user = user
        self.min_samples = min_samples
        self.fallback = fallback
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit the fallback and the models of users.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Features and, if `user` is a column, users.
        y : array-like of shape (n_samples,)
            Scores.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, which all models must accept.

        Returns
        -------
        self : object
            The fitted models.

        Raises
        ------
        ValueError
            If X has no column of users, or no other, or a model accepts no weights.

        Warns
        -----
        UserWarning
            If no user has enough rows for their own model.
        """
        X = check_table(self, X, reset=True)
        keep_parameters(self, "user")
        y = check_target(X, y)
        weight = check_weights(y, sample_weight)
        features, rows_of_users = self._split(X)
        counted = np.ones(len(y)) if weight is None else weight > 0
        n_counted = {
            user: int(counted[rows].sum()) for user, rows in rows_of_users.items()
        }
        jobs = [(None, self._fallback(), "fallback", None)]
        jobs += [
            (user, self.estimator, f"estimator of the user {quote(user)}", rows)
            for user, rows in rows_of_users.items()
            if n_counted[user] >= self.min_samples
        ]
        if self.user is not None and len(jobs) == 1:
            warn_caller(
                f"No user has min_samples={self.min_samples} rows: the highest number "
                f"is {max(n_counted.values(), default=0)}. All users get the fallback. "
                "Pass a smaller min_samples, or user=None if there are no users.",
                UserWarning,
            )
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_to_scale)(
                estimator,
                take_rows(features, rows),
                take_rows(y, rows),
                take_rows(weight, rows),
                owner,
            )
            for _, estimator, owner, rows in jobs
        )
        users = [user for user, *_ in jobs]
        models, lines = zip(*fitted, strict=True)
        self.fallback_ = models[0]
        self.estimators_ = dict(zip(users[1:], models[1:], strict=True))
        self._fallback_line = lines[0]
        self._lines = dict(zip(users[1:], lines[1:], strict=True))
        return self

    def predict(self, X):
        """Predict the score of each row by the model of its user.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted scores.

        Raises
        ------
        ValueError
            If users are of another type than in `fit`, such as int instead of str, or
            `user` has been changed since.
        """
        check_ready(self)
        X = check_table(self, X, reset=False)
        features, rows_of_users = self._split(X)
        check_same_kind(self.estimators_, rows_of_users, "user")
        y = np.empty(X.shape[0])
        others = np.ones(len(y), dtype=bool)
        for user, rows in rows_of_users.items():
            if user in self.estimators_:
                part = _safe_indexing(features, rows)
                y[rows] = _predict(self.estimators_[user], part, self._lines[user])
                others[rows] = False
        if others.any():
            part = _safe_indexing(features, np.flatnonzero(others))
            y[others] = _predict(self.fallback_, part, self._fallback_line)
        return y

    def _judged(self):
        return next(iter(self.estimators_.values()), self.fallback_)

    def _fallback(self):
        return self.estimator if self.fallback is None else self.fallback

    def _split(self, X):
        """Columns that the models are fitted on, and the rows of each user."""
        if self.user is None:
            return X, {}
        features, labels = split_off(self, X, "user")
        return features, rows_of_labels(labels)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = [get_tags(self.estimator), get_tags(self._fallback())]
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = all(t.input_tags.allow_nan for t in inner)
        return tags


def _predict(estimator, X, line):
    scores = np.ravel(estimator.predict(X))
    return scores if line is None else line[0] * scores + line[1]
