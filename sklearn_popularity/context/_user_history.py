"""Scores of a user's other photos, without any row seeing its own score."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils import column_or_1d

from .._columns import check_table, encode_labels, label_rows
from .._kept_parameters import check_ready, keep_parameters
from .._labels import check_same_kind
from .._numbers import check_target
from .._sklearn_compat import (
    Interval,
    StrOptions,
    _check_feature_names_in,
    _fit_context,
)
from ._history import (
    Moments,
    RunningMoments,
    moments_before,
    moments_of_users,
    running_moments,
    shrink,
)
from ._order import read_known_at, read_order

_NAMES = ("mean", "count", "spread")


class UserHistoryEncoder(TransformerMixin, BaseEstimator):
    """Encode each photo by the scores of its user's other photos.

    Mean, number and spread of a user's scores are among the strongest predictors of
    the next one, but a mean that includes the photo's own score leaks it. Here no row
    sees its own score, neither in ``fit_transform`` nor in ``fit().transform()`` on
    new rows.

    Parameters
    ----------
    user : str, int or callable, default=0
        Column of X with the user of each row: its name, its position, or a function of
        X that returns the users.
    mode : {"out_of_fold", "past"}, default="out_of_fold"
        Which scores of its user a row sees in ``fit_transform``. "out_of_fold": those
        in other folds, earlier or later, as in
        :class:`~sklearn.preprocessing.TargetEncoder`. "past": those of photos posted
        earlier, by `time`.
    time : str or int, default=None
        Column of X with the time of each post, as times or as numbers in order.
        Required by "past", ignored by "out_of_fold".
    observed : str or int, default=None
        Column of X with the time at which each score was observed, of the same kind as
        `time`. "past" then uses only scores observed before the photo was posted. If
        None, it uses the scores of all photos posted earlier.
    groups : str, int or callable, default=None
        Column of X, or function of X, with a group (near-duplicates, album) for each
        row. "out_of_fold" keeps the rows of a group in one fold, so that no row sees
        the score of another in its group. If None, rows are split at random.
    smoothing : float, default=5
        Weight of the overall mean and variance in a user's mean and spread, as a number
        of scores, 0 (no smoothing) or more.
    prior : float, default=None
        Mean score for users without a history, towards which other means are shrunk. If
        None, the mean of all scores that the row may see, of any user.
    cv : int, default=5
        Number of folds of "out_of_fold", 2 or more.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds of "out_of_fold".

    Attributes
    ----------
    users_ : ndarray of shape (n_users,)
        Users with a history.
    history_, everybody_ : tuple of ndarray
        Number, mean and sum of squared deviations of the scores of each user, and of
        all users; running sums of these for "past".
    kind_of_time_ : str
        Whether `time` holds numbers, or times with or without a zone; only for "past".
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a frame with names.

    See Also
    --------
    SocialFeatures : Features from columns about the user.
    sklearn.preprocessing.TargetEncoder : Only the mean, for any category.

    Notes
    -----
    For a user with n scores of mean m and sum of squared deviations s, and an overall
    mean m0 and variance v0, the mean is ``(n m + smoothing m0) / (n + smoothing)`` and
    the spread ``sqrt((s + smoothing v0) / (n + smoothing))``. Rows without a user
    (None, NaN) and new users have n = 0, which gives the prior.

    ``transform`` uses only the scores given to `fit`. With "out_of_fold" it encodes a
    row by all scores of its user, so pass it only new rows: ``fit_transform`` and
    ``fit(X, y).transform(X)`` differ by design, and the latter leaks. With "past" any
    row is encoded by the scores before its time, so the two agree.

    "past" leaves out photos posted at the same moment. For the first rows, where no
    score is known, mean and spread are 0, or the mean is `prior`.

    Views of an earlier photo may have grown after the next photo was posted, perhaps
    because of it. ``observed`` leaves out scores that were not known by then; without
    it, "past" respects the order of photos but not of their views.

    If `groups` are the users, every fold has only new users, so "out_of_fold" gives the
    prior to all rows. It is the mean of the other folds, and thus lower where the
    scores of the row's own fold are higher: among users without other posts, the
    encoding correlates slightly negatively with the score (in simulations of noise with
    single posts, -0.1 with 5 folds). Pass a number as `prior` to give all of them the
    same.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_popularity import UserHistoryEncoder
    >>> posts = pd.DataFrame({"user": list("aaab"), "day": [1, 2, 3, 4]})
    >>> history = UserHistoryEncoder(
    ...     user="user", mode="past", time="day", smoothing=0
    ... )
    >>> history.fit_transform(posts, [1.0, 3.0, 8.0, 5.0])
    array([[0.        , 0.        , 0.        ],
           [1.        , 1.        , 0.        ],
           [2.        , 2.        , 1.        ],
           [4.        , 0.        , 2.94392029]])
    """

    _parameter_constraints: ClassVar[dict] = {
        "user": [str, Integral, callable],
        "mode": [StrOptions({"out_of_fold", "past"})],
        "time": [str, Integral, None],
        "observed": [str, Integral, None],
        "groups": [str, Integral, callable, None],
        "smoothing": [Interval(Real, 0, None, closed="left")],
        "prior": [Interval(Real, None, None, closed="neither"), None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        user=0,
        mode="out_of_fold",
        time=None,
        observed=None,
        groups=None,
        smoothing=5,
        prior=None,
        cv=5,
        random_state=None,
    ):
        self.user = user
        self.mode = mode
        self.time = time
        self.observed = observed
        self.groups = groups
        self.smoothing = smoothing
        self.prior = prior
        self.cv = cv
        self.random_state = random_state

    def fit(self, X, y):
        """Learn the histories of users.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Users, and the columns that other parameters name.
        y : array-like of shape (n_samples,)
            Scores.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ValueError
            If X lacks a named column, a row has no time, a score was observed before
            its photo was posted, or y is not finite.
        """
        self._fit(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def _fit(self, X, y):
        X = check_table(self, X, reset=True)
        keep_parameters(self, "user", "mode", "time")
        y = check_target(X, y)
        users, self.users_ = pd.factorize(self._labels(X))
        if self.mode == "past":
            self._learn_past(X, users, y)
        else:
            everybody = np.zeros(len(y), dtype=np.intp)
            self.history_ = tuple(moments_of_users(users, y, len(self.users_)))
            self.everybody_ = tuple(moments_of_users(everybody, y, 1))
        return X, users, y

    def _learn_past(self, X, users, y):
        if self.time is None:
            raise ValueError(
                'Got mode="past" with time=None, but time= was expected to name the '
                "column of when each photo was posted."
            )
        time = read_order(X, self.time, "time")
        self.kind_of_time_ = time.kind
        known_at = read_known_at(X, time, self.observed)
        everybody = np.zeros(len(y), dtype=np.intp)
        self.history_ = tuple(running_moments(users, known_at, y))
        self.everybody_ = tuple(running_moments(everybody, known_at, y))

    def fit_transform(self, X, y):
        """Learn the histories, and encode each row without its own score.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Users, and the columns that other parameters name.
        y : array-like of shape (n_samples,)
            Scores.

        Returns
        -------
        history : ndarray of shape (n_samples, 3), float64
            Mean, count and spread of the scores that each row may see. For "past" this
            equals ``fit(X, y).transform(X)``; "out_of_fold" uses the other folds.
        """
        X, users, y = self._fit(X, y)
        if self.mode == "past":
            return self._describe(X, users)
        history = np.empty((len(y), len(_NAMES)))
        for train, test in self._folds(X):
            seen = moments_of_users(users[train], y[train], len(self.users_))
            everybody = moments_of_users(np.zeros(len(train), np.intp), y[train], 1)
            history[test] = self._describe_by(seen, everybody, users[test])
        return history

    def transform(self, X):
        """Encode new rows by the scores that `fit` was given.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Columns as in `fit`; `observed` and `groups` are not used.

        Returns
        -------
        history : ndarray of shape (n_samples, 3), float64
            Mean, count and spread; for "past" of the scores before each row's time.

        Raises
        ------
        ValueError
            If users or times are of another kind than in `fit`, or `user`, `mode` or
            `time` was changed since `fit`.
        """
        check_ready(self)
        X = check_table(self, X, reset=False)
        labels = pd.Index(self._labels(X))
        check_same_kind(self.users_, labels, "user")
        # The indexer gives -1 for new users and for rows without a user.
        return self._describe(X, pd.Index(self.users_).get_indexer(labels))

    def get_feature_names_out(self, input_features=None):
        """Names of the features: the user column followed by mean, count and spread.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; if given, they must be those of `fit`.

        Returns
        -------
        names : ndarray of str
        """
        check_ready(self)
        _check_feature_names_in(self, input_features)
        names = getattr(self, "feature_names_in_", None)
        column = self.user
        if callable(column):
            column = "user"
        elif not isinstance(column, str):
            position = range(self.n_features_in_)[column]
            column = f"x{position}" if names is None else names[position]
        return np.array([f"{column}_{name}" for name in _NAMES], dtype=object)

    def _labels(self, X):
        return column_or_1d(label_rows(X, self.user, "user"))

    def _describe(self, X, users):
        if self.mode == "out_of_fold":
            return self._describe_by(
                Moments(*self.history_), Moments(*self.everybody_), users
            )
        time = read_order(X, self.time, "time")
        time.check_kind(self.kind_of_time_)
        seen = moments_before(RunningMoments(*self.history_), users, time.values)
        everybody = np.zeros(len(users), dtype=np.intp)
        known = moments_before(RunningMoments(*self.everybody_), everybody, time.values)
        return shrink(seen, self._with_prior(known), self.smoothing)

    def _describe_by(self, seen, everybody, users):
        seen = Moments(*(values[users] for values in seen))  # -1: empty
        everybody = Moments(*(values[0] for values in everybody))
        return shrink(seen, self._with_prior(everybody), self.smoothing)

    def _with_prior(self, everybody):
        if self.prior is None:
            return everybody
        mean = np.full_like(everybody.mean, self.prior, dtype=float)
        return everybody._replace(mean=mean)

    def _folds(self, X):
        rows = np.zeros((X.shape[0], 1))
        settings = {"shuffle": True, "random_state": self.random_state}
        if self.groups is None:
            return KFold(self.cv, **settings).split(rows)
        groups = encode_labels(label_rows(X, self.groups, "groups"), "groups")
        return GroupKFold(self.cv, **settings).split(rows, groups=groups)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags
