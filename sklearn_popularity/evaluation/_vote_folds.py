"""Folds of votes between two items, with new items and, if given, new voters."""

from collections.abc import Iterator
from numbers import Integral

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state

from .._columns import encode_labels, label_rows
from ..models import groups_of


class VoteKFold(BaseCrossValidator):
    """Cross-validation of votes between two new items, and by new voters if given.

    A vote is on two items, so ordinary folds of votes leave test items in the training
    votes. Here the items are put into folds: a split tests the votes between two items
    of its fold, trains on votes between items of other folds, and leaves out the rest.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds of the items, 2 or more. With voters there are as many folds of
        voters, and ``n_splits**2`` splits: each fold of items with each of voters.
    left, right : str, int or callable, default=0, 1
        Columns of X with the two items of each vote, or functions of X that return
        them.
    voter : str, int or callable, default=None
        Column of X with the voter of each vote, or a function of X that returns the
        voters. If None, voters are the `groups` of `split`; without these, a voter may
        be on both sides.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds. Pass an int for the same splits in every call.

    See Also
    --------
    sklearn_popularity.PairwiseRanker : Learns from votes.
    sklearn.model_selection.GroupKFold : With ``groups=voters``, the setting in which
        only voters are new.

    Notes
    -----
    Only votes between two items of one fold are tested, each once: about ``1 /
    n_splits`` of all votes. This is the strict split of pair-input predictions, in
    which both members are new [1]_; votes with one known item would be easier.

    References
    ----------
    .. [1] Park and Marcotte, "Flaws in evaluation schemes for pair-input computational
       predictions", Nature Methods 9, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity.evaluation import VoteKFold
    >>> votes = np.array([["a", "b"], ["b", "c"], ["c", "d"], ["a", "c"]])
    >>> for train, test in VoteKFold(2, random_state=3).split(votes):
    ...     print(votes[train].tolist(), votes[test].tolist())
    [['a', 'b']] [['c', 'd']]
    [['c', 'd']] [['a', 'b']]
    """

    # Public way to request groups; scikit-learn's splitters use a private mixin.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(self, n_splits=5, *, left=0, right=1, voter=None, random_state=None):
        self.n_splits = n_splits
        self.left = left
        self.right = right
        self.voter = voter
        self.random_state = random_state

    def get_n_splits(self, X=None, y=None, groups=None) -> int:
        """Number of splits.

        Parameters
        ----------
        X, y : object, default=None
            Ignored.
        groups : array-like of shape (n_votes,), default=None
            Voter of each row, if they are passed to `split`.

        Returns
        -------
        n_splits : int
            ``n_splits``, or its square with voters.
        """
        alone = groups is None and self.voter is None
        return self.n_splits if alone else self.n_splits**2

    def split(self, X, y=None, groups=None) -> Iterator[tuple[NDArray, NDArray]]:
        """Generate row numbers of training and test votes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_votes, n_columns)
            Votes with their items, and the voter if `voter` is set.
        y : array-like of shape (n_votes,), default=None
            Ignored.
        groups : array-like of shape (n_votes,), default=None
            Voter of each row; takes precedence over the column `voter` of X.

        Yields
        ------
        train : ndarray
            Row numbers of the training votes, ascending.
        test : ndarray
            Row numbers of the test votes, ascending.

        Raises
        ------
        ValueError
            If an item or a voter is missing, there are fewer than ``2 * n_splits``
            items or `n_splits` voters, or a split has no votes to train or to test on.
        """
        if not isinstance(self.n_splits, Integral) or self.n_splits < 2:
            raise ValueError(
                f"Got n_splits={self.n_splits!r}, but an int of 2 or more was expected."
            )
        random_state = check_random_state(self.random_state)
        left, right = self._folds_of_items(X, random_state)
        voters = self._folds_of_voters(X, groups, random_state)
        for k in range(self.n_splits):
            n_inside = (left == k).astype(int) + (right == k)
            if voters is None:
                yield _rows(n_inside == 0, n_inside == 2, k)
                continue
            for m in range(self.n_splits):
                chosen = voters == m
                yield _rows((n_inside == 0) & ~chosen, (n_inside == 2) & chosen, k)

    def _folds_of_items(self, X, random_state):
        """Folds of the left and right items of each vote."""
        sides = [
            np.asarray(label_rows(X, which, name), dtype=object)
            for name, which in (("left", self.left), ("right", self.right))
        ]
        n = len(sides[0])
        items = encode_labels(np.concatenate(sides), "left and right")
        folds = _draw_folds(items, self.n_splits, random_state, "items", at_least=2)
        return folds[:n], folds[n:]

    def _folds_of_voters(self, X, groups, random_state):
        """Fold of the voter of each vote, or None."""
        owner = "voter" if groups is None else "groups"
        voters = groups_of(X, self.voter, groups, owner)
        if voters is None:
            return None
        return _draw_folds(voters, self.n_splits, random_state, "voters", at_least=1)


def _draw_folds(numbers, n_splits, random_state, kind, *, at_least):
    """Fold of each row; folds have equally many distinct items or voters."""
    n = numbers.max() + 1
    if n < at_least * n_splits:
        raise ValueError(
            f"Got votes of {n} {kind}, too few for n_splits={n_splits} folds of "
            f"{at_least} or more each. Use fewer folds or more {kind}."
        )
    return random_state.permutation(np.arange(n) % n_splits)[numbers]


def _rows(train, test, k):
    """Row numbers of both sides, neither of which may be empty."""
    for votes, name in ((train, "train"), (test, "test")):
        if not votes.any():
            raise ValueError(
                f"Fold {k} of the items leaves no votes to {name} on. Use fewer folds "
                "or more votes."
            )
    return np.flatnonzero(train), np.flatnonzero(test)
