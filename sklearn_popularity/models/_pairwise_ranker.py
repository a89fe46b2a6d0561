"""Scores of items from votes between two of them."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_array

from .._columns import check_columns_seen, check_table, resolve_columns, select_columns
from .._kept_parameters import check_ready, keep_parameters
from .._messages import quote
from .._sklearn_compat import HasMethods, Interval, _fit_context, _safe_indexing
from ._delegation import check_weights
from ._vote_labels import as_won, read_votes


class PairwiseRanker(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    r"""Rank items from votes, each of which chose one of two items.

    A row of X is a vote, with columns for its left and its right item; y says whether
    the left one was chosen. Pipelines, cross-validation and searches work as with any
    classifier. `item_scores` scores single items.

    Parameters
    ----------
    transformer : transformer, default=None
        Computes the features of items, such as a pipeline of a
        :class:`~sklearn_popularity.CNNEmbedder` and a scaler. It is fitted on the
        different items of the training votes. None takes the columns as features.
    left, right : str, int, list, slice, mask or callable, default=0, 1
        Columns of X with the left and the right item, given as in
        :class:`~sklearn.compose.ColumnTransformer`: one name or position, such as that
        of a column of paths, or equally many numeric columns on either side.
    C : float, default=1.0
        Inverse of the regularisation strength, as in
        :class:`~sklearn.linear_model.LogisticRegression`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights of the features of an item.
    transformer_ : transformer or None
        The fitted transformer.
    classes_ : ndarray of shape (2,)
        Labels of votes for the right item and for the left item, in this order.
    n_items_ : int
        Number of different items in the training votes.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a DataFrame.

    See Also
    --------
    sklearn_popularity.metrics.bradley_terry : Scores of the items voted on, without
        features; a regressor can then learn them.
    sklearn_popularity.evaluation.VoteKFold : Folds whose items, voters or both are new.
    LatentRankSVM : Learns from a score of each row.

    Notes
    -----
    With features :math:`\phi`, the left item is chosen with the probability

    .. math:: p = 1 / (1 + \exp(-w^T (\phi(left) - \phi(right)))),

    the model of Bradley and Terry with scores linear in the features [1]_, fitted to
    differences of features as in the ranking SVM [2]_. There is no intercept, so
    swapping the sides of a vote changes nothing. y is 1 for the left item, 0 for the
    right one, and 0.5 for no preference, which counts half for each; or any two labels,
    the greater of which means the left item. `score` leaves out votes without a
    preference, and counts equal scores as half right: 0.5 is chance.

    References
    ----------
    .. [1] Bradley and Terry, "Rank analysis of incomplete block designs: I. The method
       of paired comparisons", Biometrika 39, 1952.
    .. [2] Joachims, "Optimizing search engines using clickthrough data", KDD 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import PairwiseRanker
    >>> items = np.random.default_rng(0).normal(size=(400, 3))
    >>> votes = np.hstack([items[:200], items[200:]])
    >>> y = (items[:200, 0] > items[200:, 0]).astype(float)
    >>> ranker = PairwiseRanker(left=slice(0, 3), right=slice(3, 6)).fit(votes, y)
    >>> ranker.score(votes, y) > 0.95
    True
    >>> best_first = np.argsort(-ranker.item_scores(items))
    """

    _parameter_constraints: ClassVar[dict] = {
        "transformer": [HasMethods(["fit", "transform"]), None],
        "left": [str, Integral, "array-like", slice, callable],
        "right": [str, Integral, "array-like", slice, callable],
        "C": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, transformer=None, *, left=0, right=1, C=1.0):
        self.transformer = transformer
        self.left = left
        self.right = right
        self.C = C

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Learn the weights of the features from votes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_votes, n_columns)
            Left and right items.
        y : array-like of shape (n_votes,)
            1 where the left item was chosen, 0 where the right one was, 0.5 for
            neither; or two labels.
        sample_weight : array-like of shape (n_votes,), default=None
            Weights of the votes.

        Returns
        -------
        self : PairwiseRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If X lacks a column, the sides are the same or have different numbers of
            columns, or y has other values, only one, or the labels "left" and "right",
            of which the greater one would mean the left item.
        """
        X = check_table(self, X, reset=True)
        if self.n_features_in_ < 2:
            raise ValueError(
                "Got X with n_features = 1, but two columns or more were expected, for "
                "the left and the right item."
            )
        keep_parameters(self, "left", "right")
        self._sides = [
            resolve_columns(X, which, f"parameter {name}")
            for name, which in (("left", self.left), ("right", self.right))
        ]
        self.classes_, won = read_votes(X, y)
        weight = check_weights(won, sample_weight)
        weight = np.ones(len(won)) if weight is None else weight
        rows = np.flatnonzero(weight)
        items, left, right = self._items(_safe_indexing(X, rows))
        if (left == right).all():
            raise ValueError(
                f"Got left={quote(self.left)} and right={quote(self.right)}, which are "
                "the same items in all rows, but two sides were expected."
            )
        self.n_items_ = len(items)
        self.transformer_ = None
        if self.transformer is not None:
            self.transformer_ = clone(self.transformer).fit(items)
        features = self._describe(items)
        self.coef_ = _learn(
            features[left] - features[right], won[rows], weight[rows], self.C
        )
        return self

    def decision_function(self, X):
        """Score of the left item minus that of the right one.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_votes, n_columns)
            Left and right items.

        Returns
        -------
        differences : ndarray of shape (n_votes,)
            Log-odds that the left item is chosen.
        """
        check_ready(self)
        X = check_columns_seen(self, X, self._sides)
        items, left, right = self._items(X)
        scores = self._describe(items) @ self.coef_
        return scores[left] - scores[right]

    def predict_proba(self, X):
        """Probability that the right and that the left item is chosen.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_votes, n_columns)
            Left and right items.

        Returns
        -------
        probabilities : ndarray of shape (n_votes, 2)
            In the order of `classes_`.
        """
        differences = self.decision_function(X)
        return np.column_stack([expit(-differences), expit(differences)])

    def predict(self, X):
        """Predict which item is chosen.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_votes, n_columns)
            Left and right items.

        Returns
        -------
        labels : ndarray of shape (n_votes,)
            Elements of `classes_`, such as 1 for the left item, 0 for the right one.
        """
        chosen = self.decision_function(X) > 0
        return self.classes_[chosen.astype(int)]

    def item_scores(self, items):
        """Score single items: higher is more likely to be chosen.

        Parameters
        ----------
        items : array-like or DataFrame of length n_items
            Items as on one side of a vote: a list of photos, or an array of shape
            (n_items, n_features).

        Returns
        -------
        scores : ndarray of shape (n_items,)
            Log-odds: a difference of 1 means odds of e to 1.
        """
        check_ready(self)
        return self._describe(items) @ self.coef_

    def score(self, X, y, sample_weight=None):
        """Share of votes whose chosen item scores higher.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_votes, n_columns)
            Left and right items.
        y : array-like of shape (n_votes,)
            As in `fit`. Votes for neither are left out.
        sample_weight : array-like of shape (n_votes,), default=None
            Weights of the votes.

        Returns
        -------
        accuracy : float
            Between 0 and 1; 0.5 is chance, and equal scores count as half right.
        """
        differences = self.decision_function(X)
        won = as_won(X, y, self.classes_)
        told = won != 0.5
        if not told.any():
            raise ValueError(
                "Got y with 0.5 in each row, but votes with a preference were expected."
            )
        sides = np.sign(differences) * np.sign(won - 0.5)
        weight = check_weights(won, sample_weight)
        weight = None if weight is None else weight[told]
        return float(np.average((1 + sides[told]) / 2, weights=weight))

    def _items(self, X):
        """Different items, and the index of the left and the right one of each row."""
        sides = [select_columns(X, columns) for columns in self._sides]
        left, right = (np.asarray(side) for side in sides)
        if left.shape[1:] != right.shape[1:]:
            n_left, n_right = (np.prod(s.shape[1:], dtype=int) for s in (left, right))
            raise ValueError(
                f"Got left={quote(self.left)} of {n_left} columns and right="
                f"{quote(self.right)} of {n_right}, but the same number was expected "
                "on either side."
            )
        items = np.concatenate([left, right])
        first, numbers = _number(items)
        return items[first], *np.split(numbers, [len(left)])

    def _describe(self, items):
        if self.transformer_ is not None:
            items = self.transformer_.transform(items)
        elif np.ndim(items) == 1:
            items = np.reshape(items, (-1, 1))
        return check_array(
            items,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            input_name="the features of items",
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        # The columns of common tests are no votes.
        tags.classifier_tags.poor_score = True
        return tags


def _number(items):
    """First row of each different item, and the index of the item of each row."""
    table = pd.DataFrame(items.reshape(len(items), -1))
    try:
        numbers = table.groupby(list(table), sort=False, dropna=False).ngroup()
    except TypeError:  # arrays are not hashable
        return np.arange(len(items)), np.arange(len(items))
    first = np.unique(numbers, return_index=True)[1]
    return first, numbers.to_numpy()


def _learn(differences, won, weight, C):
    """Weights of a logistic regression without intercept; 0.5 is half a vote each."""
    stack = sparse.vstack if sparse.issparse(differences) else np.concatenate
    labels = np.repeat([1, 0], len(won))
    weights = np.concatenate([weight * won, weight * (1 - won)])
    rows = np.flatnonzero(weights)
    model = LogisticRegression(C=C, fit_intercept=False, max_iter=1000, tol=1e-6)
    with np.errstate(under="ignore"):  # of votes that are predicted with near certainty
        model.fit(stack([differences] * 2)[rows], labels[rows], weights[rows])
    # In single precision, scores of an item would depend on the others in the batch.
    return model.coef_[0].astype(np.float64)
