"""Spearman's rank correlation within each user, and its scorer."""

from functools import wraps
from numbers import Integral

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length

from .._columns import encode_labels, label_rows
from .._numbers import check_numbers
from .._sklearn_compat import validate_params
from .._warnings import warn_caller
from ._spearman import correlate


def user_correlations(y_true: NDArray, y_pred: NDArray, users: NDArray) -> NDArray:
    """Spearman's correlation for each user; NaN if the true scores are constant.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n_samples,)
        True and predicted scores.
    users : ndarray of shape (n_samples,), intp
        Users, numbered from 0.

    Returns
    -------
    scores : ndarray of shape (max(users) + 1,)
        Also NaN for a user number that occurs in no row.
    """
    a, b = _centred_ranks(y_true, users), _centred_ranks(y_pred, users)
    covariance, a_square, b_square = (
        np.bincount(users, product) for product in (a * b, a * a, b * b)
    )
    # Centred ranks are multiples of 1/2, so those of a constant are exactly zero.
    scores = correlate(covariance, a_square * b_square)
    return np.where(a_square > 0, scores.clip(-1, 1), np.nan)


def _centred_ranks(values: NDArray, users: NDArray) -> NDArray:
    """Mid-rank of each row among its user's rows, less the user's mean rank."""
    ranks = pd.Series(values).groupby(users).rank().to_numpy()
    return ranks - (np.bincount(users)[users] + 1) / 2


@validate_params(
    {"y_true": ["array-like"], "y_pred": ["array-like"], "users": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def per_user_spearman_score(y_true, y_pred, *, users):
    """Mean over users of Spearman's correlation within each user's rows.

    It tells how well predictions rank the photos of one person among themselves.
    Differences between users, which often make up most of a pooled score, do not count.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True scores; only their order within a user matters.
    y_pred : array-like of shape (n_samples,)
        Predicted scores; only their order within a user matters.
    users : array-like of shape (n_samples,)
        User of each row, of any type.

    Returns
    -------
    score : float
        From -1 to 1. Each user weighs the same; one with constant predictions counts
        as 0.

    Raises
    ------
    ValueError
        If every user is skipped, a user is missing, a score is NaN or infinite, or
        lengths differ.

    Warns
    -----
    UserWarning
        If users are skipped because their true scores are constant, which those with a
        single row always are. The message says how many.

    See Also
    --------
    per_user_spearman_scorer : The same for ``scoring=``.
    spearman_score : Over all rows together.

    Notes
    -----
    This is how [1]_ scores its user-specific setting: for each user, then averaged.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> from sklearn_popularity import per_user_spearman_score, spearman_score
    >>> y_true, y_pred = [1, 2, 101, 102], [2, 1, 102, 101]
    >>> per_user_spearman_score(y_true, y_pred, users=["ann", "ann", "ben", "ben"])
    -1.0
    >>> round(spearman_score(y_true, y_pred), 6)
    0.6
    """
    y_true, y_pred = check_numbers(y_true, "y_true"), check_numbers(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred, users)
    scores = user_correlations(y_true, y_pred, encode_labels(users, "users"))
    scored = ~np.isnan(scores)
    if not scored.any():
        raise ValueError(
            f"The true scores of each of the {len(scores)} user(s) are constant, but "
            "at least one user whose scores differ was expected. Test on more rows "
            "per user, for example with PerUserShuffleSplit, or use spearman_score."
        )
    if not scored.all():
        warn_caller(
            f"{(~scored).sum()} of {len(scores)} users are skipped because their true "
            "scores are constant and have no order."
        )
    return float(scores[scored].mean())


def _refuse_to_score(make_scorer):
    """Raise an error if the function is used in place of the scorer that it makes."""

    @wraps(make_scorer)
    def checked(*args, **settings):
        if args:
            raise TypeError(
                f"Got {make_scorer.__name__} itself as a scorer, but the scorer that "
                f'it makes was expected. Pass {make_scorer.__name__}(user="user"), '
                "with the column of X that holds the users."
            )
        return make_scorer(**settings)

    return checked


@_refuse_to_score
@validate_params(
    {"user": [str, Integral, callable]}, prefer_skip_nested_validation=True
)
def per_user_spearman_scorer(*, user):
    """Make a scorer from :func:`per_user_spearman_score`.

    Parameters
    ----------
    user : str, int or callable
        Column of X with the user of each row, or a function of X that returns the
        users. They come from X because scorers are not given `groups`.

    Returns
    -------
    scorer : callable
        For ``scoring=`` of :func:`~sklearn.model_selection.cross_val_score`,
        :class:`~sklearn.model_selection.GridSearchCV` and others, with or without
        metadata routing. Called as ``scorer(estimator, X, y)``.

    See Also
    --------
    per_user_spearman_score : The score, and which users it skips.

    Notes
    -----
    X must contain the column of users; the estimator may drop it. If every user of a
    fold is skipped, the scorer raises ValueError, which scikit-learn turns into
    `error_score`: by default NaN with a warning.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import per_user_spearman_scorer
    >>> X = pd.DataFrame({"red": np.arange(20) % 7, "user": ["ann", "ben"] * 10})
    >>> columns = make_column_transformer(("passthrough", ["red"]))
    >>> model = make_pipeline(columns, LinearRegression())
    >>> scorer = per_user_spearman_scorer(user="user")
    >>> cross_val_score(model, X, X["red"] ** 2, scoring=scorer, cv=2)
    array([1., 1.])
    """
    return _PerUserSpearmanScorer(user)


class _PerUserSpearmanScorer:
    """A class, since nested functions cannot be pickled."""

    def __init__(self, user):
        self.user = user

    def __call__(self, estimator, X, y):
        users = label_rows(X, self.user, "user")
        return per_user_spearman_score(y, estimator.predict(X), users=users)

    def __repr__(self):
        return f"per_user_spearman_scorer(user={self.user!r})"
