"""Scores of similar posts, without any row seeing its own score or a copy's."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics import pairwise_distances_chunked
from sklearn.utils import check_array

from .._columns import (
    check_table,
    column_names,
    encode_labels,
    label_rows,
    select_columns,
)
from .._kept_parameters import check_ready, keep_parameters
from .._labels import check_same_kind
from .._messages import quote
from .._numbers import check_target
from .._sklearn_compat import Interval, _check_feature_names_in, _fit_context
from ._order import read_known_at, read_order
from ._table import find_column

# Distances come from dot products, so rounding puts a row at up to this share of its
# length from itself: anything closer may be the row itself.
_SAME = 3e-6
# Distances that differ by less than this share of the typical distance are equal.
_TIED = 1e-9
_MEGABYTES = 64


def excess_of_neighbors(distances, visible, scores, n_neighbors, *, rounding=0.0):
    """Mean score of the nearest visible rows, less the mean of all visible rows.

    Parameters
    ----------
    distances : ndarray of shape (n_rows, n_known)
        Distances from known rows.
    visible : ndarray of shape (n_rows, n_known), bool
        Whether each row may see each known row.
    scores : ndarray of shape (n_known,)
        Scores of known rows.
    n_neighbors : int
        Number of neighbours; all visible rows if there are fewer.
    rounding : float, default=0.0
        Difference up to which distances count as equal. If more rows than needed are
        equally distant, their mean is taken.

    Returns
    -------
    excess : ndarray of shape (n_rows,)
        0 for a row that sees no more than its neighbours.
    """
    distances = np.where(visible, distances, np.inf)
    last = min(n_neighbors, distances.shape[1]) - 1
    farthest = np.partition(distances, last, axis=1)[:, [last]]
    near = visible & (distances < farthest - rounding)
    tied = visible & ~near & (distances <= farthest + rounding)
    n_visible = visible.sum(axis=1)
    n_taken = np.minimum(n_neighbors, n_visible)
    share = (n_taken - near.sum(axis=1)) / np.maximum(tied.sum(axis=1), 1)
    # Centred, so that equal scores give exactly 0.
    scores = scores - np.median(scores)
    total = near @ scores + share * (tied @ scores)
    excess = total / np.maximum(n_taken, 1)
    excess -= (visible @ scores) / np.maximum(n_visible, 1)
    return np.where(n_taken < n_visible, excess, 0.0)


class NeighborPopularity(TransformerMixin, BaseEstimator):
    """Encode each post by the scores of the most similar posts.

    Similar posts are nearest neighbours in an embedding, such as one from a network.
    Their scores easily leak the post's own: through copies of the photo, other posts of
    its user or album, and later posts. This transformer hides these from each row, both
    in ``fit_transform`` and in ``fit().transform()``.

    Parameters
    ----------
    n_neighbors : int, default=10
        Number of neighbours, 1 or more.
    time : str or int, default=None
        Column of X with the time of each post, as times or as numbers in order. A row
        then sees only earlier posts. If None, it sees posts of any time.
    observed : str or int, default=None
        Column of X with the time at which each score was observed, of the same kind as
        `time`, which must be given too. A row then sees only scores that were observed
        before it was posted. If None, scores are known from the time of the post.
    groups : str, int or callable, default=None
        Column of X, or function of X, with a group (user, album, burst) for each row.
        No row sees others of its group. If None, groups are not used.
    tolerance : float, default=1e-5
        Distance, from 0 to below 1, up to which two rows are copies that do not see
        each other, as a share of `spread_`.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_embedding), float64
        Training rows less their mean, in all columns that no parameter names.
    mean_ : ndarray of shape (n_embedding,)
        Mean of the training rows.
    spread_ : float
        Root mean square distance between two training rows.
    scores_ : ndarray of shape (n_samples,)
        Scores of the training rows.
    known_at_ : ndarray of shape (n_samples,) or None
        Times or numbers after which each score may be seen.
    kind_of_time_ : str
        Whether `time` holds numbers, or times with or without a zone; only with `time`.
    groups_ : ndarray of shape (n_samples,) or None
        Groups of the training rows.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a frame with names.

    See Also
    --------
    UserHistoryEncoder : Scores of the user's other photos.
    sklearn.neighbors.KNeighborsRegressor : A model of neighbours that hides none.

    Notes
    -----
    The feature is the mean score of the k nearest visible rows, less the mean score of
    all visible rows, in the unit of y. Without the second mean, the feature would leak
    the hidden scores: with a large k, the mean of the visible rows is low if the row's
    own group scored high, and a model learns this inverse relation. On pure noise of
    groups seen in training, ridge regression on the plain mean reaches a rank
    correlation of up to 0.21 in ``benchmarks/planted.py neighbors``; on this feature
    it is 0. The feature is 0 for rows that see no more than their neighbours, such as
    the first in time.

    Distances are Euclidean, so scale the columns first. If more rows than needed are
    equally distant, they share the remaining weight equally.

    A training row is its own copy, so ``fit(X, y).transform(X)`` equals
    ``fit_transform(X, y)``. New rows see the training rows by the same rules.

    Only scores are hidden: a forest may still recognise a copy of a training row by its
    embedding or this feature. Keep copies in one fold when you evaluate.

    Run time is proportional to the number of rows times the number of training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_popularity import NeighborPopularity
    >>> posts = pd.DataFrame(
    ...     {"color": [0.0, 0.1, 0.2, 5.0, 5.1, 0.1], "user": list("abcabd")}
    ... )
    >>> neighbors = NeighborPopularity(n_neighbors=1, groups="user")
    >>> neighbors.fit_transform(posts, [1, 2, 3, 8, 9, 2]).ravel()
    array([-2.  , -2.  , -2.4 ,  5.  ,  4.5 , -3.25])
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "time": [str, Integral, None],
        "observed": [str, Integral, None],
        "groups": [str, Integral, callable, None],
        "tolerance": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self, *, n_neighbors=10, time=None, observed=None, groups=None, tolerance=1e-5
    ):
        self.n_neighbors = n_neighbors
        self.time = time
        self.observed = observed
        self.groups = groups
        self.tolerance = tolerance

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Store the training rows and their scores.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            An embedding, and the columns that parameters name.
        y : array-like of shape (n_samples,)
            Scores.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X lacks a named column or has no other, the embedding or y is not finite,
            a row has no time or no group, or a score was observed before its photo was
            posted.
        """
        X = check_table(self, X, reset=True)
        keep_parameters(self, "time", "observed", "groups")
        y = check_target(X, y)
        embedding = self._read_embedding(X)
        self.mean_ = embedding.mean(axis=0)
        self.embedding_ = embedding - self.mean_
        self.spread_ = float(np.sqrt(2 * (self.embedding_**2).sum(axis=1).mean()))
        self.scores_ = y
        self.known_at_ = self._learn_times(X)
        self.groups_ = self._read_groups(X)
        return self

    def _learn_times(self, X):
        if self.time is None:
            if self.observed is not None:
                raise ValueError(
                    f"Got observed={quote(self.observed)} with time=None, but time= "
                    "was expected to name the column of the times of posts."
                )
            return None
        time = read_order(X, self.time, "time")
        self.kind_of_time_ = time.kind
        return read_known_at(X, time, self.observed)

    def transform(self, X):
        """Encode rows by the scores of the training rows that they may see.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Columns as in `fit`; `observed` is not used.

        Returns
        -------
        excess : ndarray of shape (n_samples, 1), float64
            Mean score of the neighbours less the mean of all visible rows, in the unit
            of y.

        Raises
        ------
        ValueError
            If the embedding is not finite, times or groups are of another kind than in
            `fit`, or `time`, `observed` or `groups` was changed since `fit`.
        """
        check_ready(self)
        X = check_table(self, X, reset=False)
        embedding = self._read_embedding(X) - self.mean_
        times = None
        if self.time is not None:
            time = read_order(X, self.time, "time")
            time.check_kind(self.kind_of_time_)
            times = time.values
        groups, known_groups = self._number_groups(X)
        lengths = np.sqrt((embedding**2).sum(axis=1))
        reach = np.maximum(self.tolerance * self.spread_, _SAME * lengths)

        def describe(distances, start):
            rows = slice(start, start + len(distances))
            visible = distances > reach[rows, np.newaxis]
            if times is not None:
                visible &= self.known_at_ < times[rows, np.newaxis]
            if groups is not None:
                visible &= known_groups != groups[rows, np.newaxis]
            return excess_of_neighbors(
                distances,
                visible,
                self.scores_,
                self.n_neighbors,
                rounding=_TIED * self.spread_,
            )

        chunks = pairwise_distances_chunked(
            embedding,
            self.embedding_,
            reduce_func=describe,
            metric="euclidean",
            working_memory=_MEGABYTES,
        )
        return np.concatenate(list(chunks))[:, np.newaxis]

    def get_feature_names_out(self, input_features=None):
        """Name of the feature.

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
        return np.array(["neighbor_popularity"], dtype=object)

    def _read_embedding(self, X) -> NDArray[np.float64]:
        """Columns that no parameter names, as numbers."""
        named = {"time": self.time, "observed": self.observed, "groups": self.groups}
        others = {
            find_column(X, which, owner).position
            for owner, which in named.items()
            if which is not None and not callable(which)
        }
        kept = [i for i in range(self.n_features_in_) if i not in others]
        if not kept:
            raise ValueError(
                f"Got X with n_features = {self.n_features_in_}, all named by "
                "parameters, but at least one more column, of an embedding, was "
                "expected."
            )
        if column_names(X) is None:
            values = X[:, kept]
        else:
            values = np.column_stack([np.asarray(select_columns(X, i)) for i in kept])
        return check_array(values, dtype=np.float64, input_name="X", estimator=self)

    def _read_groups(self, X):
        if self.groups is None:
            return None
        labels = label_rows(X, self.groups, "groups")
        encode_labels(labels, "groups")  # raises if one is missing
        return np.asarray(labels).ravel()

    def _number_groups(self, X):
        """Groups of rows and of training rows, as numbers; -1 if not in `fit`."""
        groups = self._read_groups(X)
        if groups is None:
            return None, None
        known, names = pd.factorize(self.groups_)
        check_same_kind(names, groups, "groups")
        return pd.Index(names).get_indexer(groups), known

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
