"""Folds of votes between two items, in which the items or the voters are new."""

from collections.abc import Iterator
from numbers import Integral

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length, check_random_state

from .._columns import encode_labels, label_rows


class VoteKFold(BaseCrossValidator):
    """Test votes between two new items, and of new voters if there are voters.

    A vote is on two items, so that folds of votes, and folds of either side, leave
    the items that are tested in the training votes. Here the items are put into folds.
    A fold tests the votes between two of its items, and trains on those between items
    of other folds; votes across are left out.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds of the items, at least 2. With voters there are as many folds
        of these, and ``n_splits**2`` splits: each fold of items with each of voters.
    left, right : str, int or callable, default=0, 1
        Columns of X that hold the items of a vote, or functions from X to them.
    voter : str, int or callable, default=None
        Column of X that holds the voter, or function from X to the voters. None takes
        `groups` of `split`; without these voters may be on both sides.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds. Pass an int for the same splits in every call.

    See Also
    --------
    sklearn_popularity.PairwiseRanker : Learns from votes.
    sklearn.model_selection.GroupKFold : With ``groups=voters``, the setting in which
        voters alone are new.

    Notes
    -----
    Each vote between two items of a fold is tested once, which are about a share of
    ``1 / n_splits`` of all votes. It is the split of pairs by both of their members,
    as in the prediction of links [1]_; votes with one item in the training votes would
    test something easier.

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

    # The public way to ask for groups, which scikit-learn's own go by a private mixin.
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
            Voter of each row, if `split` is given them.

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
            Votes, with their items, and the voter if `voter` is set.
        y : array-like of shape (n_votes,), default=None
            Ignored.
        groups : array-like of shape (n_votes,), default=None
            Voter of each row; goes before the column `voter` of X.

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
        """Fold of the left and of the right item of each vote."""
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
        voters = label_rows(X, self.voter, "voter") if groups is None else groups
        if voters is None:
            return None
        check_consistent_length(X, voters)
        voters = encode_labels(voters, "voter" if groups is None else "groups")
        return _draw_folds(voters, self.n_splits, random_state, "voters", at_least=1)


def _draw_folds(numbers, n_splits, random_state, kind, *, at_least):
    """Fold of each row, of folds that hold equally many of what is numbered."""
    n = numbers.max() + 1
    if n < at_least * n_splits:
        raise ValueError(
            f"Got votes of {n} {kind}, too few for n_splits={n_splits} folds of "
            f"{at_least} or more. Use fewer folds or more {kind}."
        )
    return random_state.permutation(np.arange(n) % n_splits)[numbers]


def _rows(train, test, k):
    """Row numbers of both sides, none of which may be empty."""
    for votes, name in ((train, "train"), (test, "test")):
        if not votes.any():
            raise ValueError(
                f"Fold {k} of the items leaves no votes to {name} on. Use fewer folds "
                "or more votes."
            )
    return np.flatnonzero(train), np.flatnonzero(test)
