"""Regression by a classifier of ranges of the score."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin
from sklearn.dummy import DummyClassifier
from sklearn.utils import get_tags
from sklearn.utils.validation import validate_data

from .._kept_parameters import check_ready
from .._messages import number, quote
from .._numbers import check_target
from .._sklearn_compat import HasMethods, Interval, StrOptions, _fit_context
from .._warnings import warn_caller
from ._bins import balanced_bins, bin_means, bin_medians
from ._delegation import check_weights, fit_clone, take_rows


class KClassAggregatingClassifier(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Regressor, despite its name, that classifies rows into ranges of the score.

    The scores are cut into ranges with about equally many rows, and a classifier learns
    the range of a row. The predicted score is the sum over the ranges of a score that
    represents the range times its predicted probability.

    Parameters
    ----------
    estimator : classifier
        Any classifier with `predict_proba`.
    n_classes : int, default=4
        Number of ranges. In section 2.2 of [1]_, 4 was the best of 2 to 8.
    aggregation : {"mean", "median", "upper"}, default="mean"
        Score that represents a range: the mean or median of its training scores, or its
        upper threshold, as in [1]_. With "upper", predictions are too high, by far if
        scores are skewed, but in much the same order.
    top_score : float, default=None
        Upper threshold of the highest range, only with ``aggregation="upper"``; 1.0 in
        [1]_. None is the highest training score.
    score_range : (low, high), default=None
        Lowest and highest possible score, such as (0, 1) for a share, to which
        predictions are clipped. None does not clip them.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier, whose classes are the ranges, numbered from 0.
    bin_edges_ : ndarray of shape (n_classes_found + 1,)
        Lowest training score, thresholds between ranges, highest training score.
    class_scores_ : ndarray of shape (n_classes_found,)
        Score that represents each range, ascending.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a DataFrame.

    See Also
    --------
    LatentRankSVM : Learns the order of rows rather than ranges of their score.

    Notes
    -----
    Equation 1 of [1]_ is ``m = sum_k p(k) * s_k``, where ``s_k`` separates range k from
    range k + 1; with 4 ranges of its data these are 0.68, 0.77, 0.85 and 1.

    - Equal scores share a range. If many are equal (such as photos without likes), a
      warning says that there are fewer ranges than `n_classes`. If there are at most
      `n_classes` different scores, each has a range of its own.
    - A threshold is the midpoint between the highest score of its range and the lowest
      of the next. [1]_ does not say where between the two it is.
    - A weight acts as a repetition: ranges have equal weight, means and medians are
      weighted, rows of weight 0 are left out, and the classifier gets the weights.

    The variant of section 4.3 of [2]_, regression of the index of one of 10 balanced
    ranges, needs no class of its own: see the last example. There, a predicted index is
    mapped to a score between the deciles around it, or outside the ranges to the lowest
    or highest training score. :class:`~sklearn.preprocessing.KBinsDiscretizer` is not
    suitable: it truncates predicted indices to integers, takes -1 for its last bin and
    fails above that.

    References
    ----------
    .. [1] Squalli-Houssaini, Duong, Gwenaelle and Demarty, "Deep learning for
       predicting image memorability", ICASSP 2018.
    .. [2] Dufour, "Will it play in Peoria? Predicting image popularity with
       convolutional neural networks", Stanford University, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression, Ridge
    >>> from sklearn_popularity import KClassAggregatingClassifier
    >>> X = np.linspace(0, 1, 40)[:, np.newaxis]
    >>> y = X[:, 0] ** 2
    >>> model = KClassAggregatingClassifier(LogisticRegression())
    >>> model.fit(X, y).class_scores_.round(2)
    array([0.02, 0.14, 0.4 , 0.79])

    As in [1]_, the upper ends of the ranges:

    >>> model = model.set_params(aggregation="upper", top_score=1.0)
    >>> model.fit(X, y).class_scores_.round(2)
    array([0.06, 0.25, 0.57, 1.  ])

    Regression of the index of one of 10 balanced ranges:

    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer, QuantileTransformer
    >>> def number(share):
    ...     return np.minimum(np.floor(10 * share), 9)
    >>> def middle(number):
    ...     return (number + 0.5) / 10
    >>> ranges = make_pipeline(
    ...     QuantileTransformer(n_quantiles=11),
    ...     FunctionTransformer(number, middle, check_inverse=False),
    ... )
    >>> model = TransformedTargetRegressor(
    ...     Ridge(), transformer=ranges, check_inverse=False
    ... )
    >>> model.fit(X, y).score(X, y) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit"])],
        "n_classes": [Interval(Integral, 2, None, closed="left")],
        "aggregation": [StrOptions({"mean", "median", "upper"})],
        "top_score": [Interval(Real, None, None, closed="neither"), None],
        "score_range": [tuple, list, None],
    }

    def __init__(
        self,
        estimator,
        *,
        n_classes=4,
        aggregation="mean",
        top_score=None,
        score_range=None,
    ):
        self.estimator = estimator
        self.n_classes = n_classes
        self.aggregation = aggregation
        self.top_score = top_score
        self.score_range = score_range

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Cut the scores into ranges and fit the classifier to them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, in any form that the classifier accepts.
        y : array-like of shape (n_samples,)
            Scores.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, which the classifier must accept.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If the classifier has no `predict_proba` or accepts no weights, a training
            score is above `top_score` or outside `score_range`, or `top_score` is given
            without ``aggregation="upper"``.

        Warns
        -----
        UserWarning
            If equal scores leave fewer ranges than `n_classes`, though there are
            enough different scores.
        """
        self._check_estimator()
        validate_data(self, X, skip_check_array=True)
        y = check_target(X, y)
        weight = check_weights(y, sample_weight)
        rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
        kept, kept_weight = y[rows], take_rows(weight, rows)
        self._check_limits(kept)
        bins, self.bin_edges_ = balanced_bins(kept, self.n_classes, kept_weight)
        self._warn_of_lost_classes(kept)
        self.class_scores_ = self._class_scores(kept, bins, kept_weight)
        numbers = np.zeros(len(y), dtype=int)
        numbers[rows] = bins
        self.estimator_ = fit_clone(
            # Most classifiers refuse a single class.
            self.estimator if len(self.class_scores_) > 1 else DummyClassifier(),
            X,
            numbers,
            rows=rows if len(rows) < len(y) else None,
            sample_weight=weight,
        )
        return self

    def predict(self, X):
        """Predict the score of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted scores, within the range of `class_scores_` and `score_range`.
        """
        predicted = self.predict_class_proba(X) @ self.class_scores_
        if self.score_range is None:
            return predicted
        return np.clip(predicted, *_check_score_range(self.score_range))

    def predict_class_proba(self, X):
        """Predict the probability of each range of the score.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes_found)
            In the order of `class_scores_`; rows sum to 1.
        """
        check_ready(self)
        if len(self.class_scores_) == 1:  # The constant model accepts any X.
            validate_data(self, X, reset=False, skip_check_array=True)
        found = np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)
        probabilities = np.zeros((len(found), len(self.class_scores_)))
        # A classifier may know its classes in another order, or not all of them.
        probabilities[:, np.asarray(self.estimator_.classes_, dtype=int)] = found
        return probabilities

    def _check_estimator(self):
        if not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"Got estimator={quote(self.estimator)}, but a classifier with "
                "predict_proba was expected. Wrap a classifier without it in "
                "sklearn.calibration.CalibratedClassifierCV."
            )

    def _check_limits(self, y):
        if self.top_score is not None and self.aggregation != "upper":
            raise ValueError(
                f"Got top_score={self.top_score} with aggregation="
                f"{self.aggregation!r}, which uses no upper threshold. Pass "
                'aggregation="upper" too, or score_range=(low, high) to limit '
                "predictions."
            )
        if self.score_range is None:
            return
        low, high = _check_score_range(self.score_range)
        if y.min() < low or y.max() > high:
            raise ValueError(
                f"Got score_range={quote(self.score_range)}, but training scores reach "
                f"from {number(y.min())} to {number(y.max())}. Pass the lowest and the "
                "highest possible score, or None."
            )

    def _class_scores(self, y, bins, sample_weight):
        if self.aggregation == "mean":
            return bin_means(y, bins, sample_weight)
        if self.aggregation == "median":
            return bin_medians(y, bins, sample_weight)
        top = self.bin_edges_[-1] if self.top_score is None else float(self.top_score)
        if top < self.bin_edges_[-1]:
            raise ValueError(
                f"Got top_score={self.top_score}, but training scores reach "
                f"{number(self.bin_edges_[-1])}. Pass the highest possible score, or "
                "None."
            )
        return np.append(self.bin_edges_[1:-1], top)

    def _warn_of_lost_classes(self, y):
        found, possible = len(self.bin_edges_) - 1, len(np.unique(y))
        if found < min(self.n_classes, possible):
            value, count = _most_frequent(y)
            warn_caller(
                f"The scores give {found} classes instead of n_classes="
                f"{self.n_classes}, since equal scores share a class: {count} of "
                f"{len(y)} scores are {number(value)}.",
                UserWarning,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator).input_tags
        tags.input_tags.sparse = inner.sparse
        tags.input_tags.allow_nan = inner.allow_nan
        # Upper thresholds are above the scores of their ranges.
        tags.regressor_tags.poor_score = True
        return tags


def _check_score_range(score_range):
    """Check that there are two ends, low < high, and return them."""
    numbers = [end for end in score_range if isinstance(end, Real) and end == end]
    if len(score_range) != 2 or len(numbers) != 2 or numbers[0] >= numbers[1]:
        raise ValueError(
            f"Got score_range={quote(score_range)}, but two numbers (low, high) with "
            "low < high were expected."
        )
    return numbers


def _most_frequent(y):
    values, counts = np.unique(y, return_counts=True)
    return values[counts.argmax()], counts.max()
