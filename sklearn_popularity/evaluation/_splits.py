"""Split the rows of every user into training and test rows."""

from collections.abc import Iterator
from numbers import Integral, Real

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.model_selection import BaseShuffleSplit
from sklearn.utils import check_random_state

from ..models import groups_of


def split_each_user(
    users: NDArray, test_size: float, random_state: RandomState
) -> tuple[NDArray, NDArray]:
    """Draw a share of each user's rows for testing; return (train, test), ascending."""
    counts = np.bincount(users)
    # Halves are rounded down: of three rows, two are training rows.
    n_test = np.ceil(test_size * counts - 0.5).clip(1, np.maximum(counts - 1, 1))
    n_test = np.where(counts < 2, 0, n_test)
    shuffled = random_state.permutation(len(users))
    by_user = shuffled[np.argsort(users[shuffled], kind="stable")]
    place = np.arange(len(users)) - (np.cumsum(counts) - counts)[users[by_user]]
    is_test = np.empty(len(users), dtype=bool)
    is_test[by_user] = place < n_test[users[by_user]]
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


class PerUserShuffleSplit(BaseShuffleSplit):
    """Split the rows of every user at random into training and test rows.

    By default, half of each user's rows are on each side: the setting in which the
    photos of a known user are ranked. Splits overlap, so they are not independent.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits, 1 or more.
    test_size : float, default=0.5
        Share of test rows of each user, between 0 and 1. It is rounded to the nearest
        number of rows, halves down, with at least one row on each side.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits. Pass an int for the same splits in every call.
    user : str, int or callable, default=None
        Column of X with the user of each row, or a function of X that returns the
        users. If None, users are the `groups` of `split`.

    See Also
    --------
    per_user_spearman_scorer : The score within users.
    sklearn.model_selection.GroupKFold : Keeps all rows of a user (or a theme) on one
        side, so that test users are new.
    sklearn.model_selection.TimeSeriesSplit : Tests on later rows than it trains on, if
        the rows are sorted by time.

    Notes
    -----
    A user with a single row is used for training only. The user-specific setting of
    [1]_ trains one model per user, as :func:`evaluate_protocols` does; with this
    splitter, one model is trained on the rows of all users.

    For other settings use the splitters of scikit-learn. ``TimeSeriesSplit(5)`` expects
    rows in order of upload, ``posts.sort_values("time")``. ``GroupKFold(5)`` with
    ``groups=posts["user"]`` has no user on both sides, and with
    ``groups=posts["theme"]`` no theme.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import PerUserShuffleSplit
    >>> users = np.array(["ann", "ann", "ben", "ben", "ben", "ben", "eve"])
    >>> splitter = PerUserShuffleSplit(n_splits=1, random_state=0)
    >>> train, test = next(splitter.split(np.zeros((7, 1)), groups=users))
    >>> users[train].tolist(), users[test].tolist()
    (['ann', 'ben', 'ben', 'eve'], ['ann', 'ben', 'ben'])
    """

    # Public way to request groups; GroupShuffleSplit does it by a private mixin.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(self, n_splits=10, *, test_size=0.5, random_state=None, user=None):
        super().__init__(
            n_splits=n_splits, test_size=test_size, random_state=random_state
        )
        self.user = user

    def split(self, X, y=None, groups=None) -> Iterator[tuple[NDArray, NDArray]]:
        """Generate row numbers of training and test rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows to split, with the column `user` if it is set.
        y : array-like of shape (n_samples,), default=None
            Ignored.
        groups : array-like of shape (n_samples,), default=None
            User of each row; takes precedence over the column `user` of X.

        Yields
        ------
        train : ndarray
            Row numbers of the training rows, ascending.
        test : ndarray
            Row numbers of the test rows, ascending.

        Raises
        ------
        ValueError
            If neither `groups` nor `user` is given, a user is missing, or no user has
            two rows.
        """
        return super().split(X, y, groups)

    def _iter_indices(self, X, y=None, groups=None):
        self._check_parameters()
        owner = "user" if groups is None else "groups"
        users = groups_of(X, self.user, groups, owner)
        if users is None:
            raise ValueError(
                "Got groups=None and user=None, but the user of each row was expected. "
                "Pass groups=users, or PerUserShuffleSplit(user=column of X)."
            )
        if np.bincount(users).max() < 2:
            raise ValueError(
                f"Each of the {len(users)} users has one row, but at least one user "
                "with two rows was expected. Use KFold for rows of different users."
            )
        random_state = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            yield split_each_user(users, self.test_size, random_state)

    def _check_parameters(self):
        if not isinstance(self.n_splits, Integral) or self.n_splits < 1:
            raise ValueError(
                f"Got n_splits={self.n_splits!r}, but a positive int was expected."
            )
        if not (isinstance(self.test_size, Real) and 0.0 < float(self.test_size) < 1.0):
            raise ValueError(
                f"Got test_size={self.test_size!r}, but a share of each user's rows "
                "between 0 and 1 was expected, such as 0.5."
            )
