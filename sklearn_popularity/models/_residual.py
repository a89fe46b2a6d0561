"""Regression on what the context of a post leaves unexplained of its score."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.parallel import Parallel

from .._columns import check_table
from .._kept_parameters import check_ready
from .._numbers import check_target
from .._sklearn_compat import HasMethods, _fit_context
from ..metrics import spearman_score
from ._branches import inner_folds, out_of_fold_outputs
from ._delegation import check_weights, fit_clone, groups_of
from ._ranking import RankScoreMixin
from ._routing import GroupsRequest


class ResidualRegressor(
    GroupsRequest, RankScoreMixin, MetaEstimatorMixin, BaseEstimator
):
    r"""Predict the part of a score that the context of a post does not explain.

    One model predicts the score from the context, such as the uploader, the hour or the
    number of followers, in inner folds; another learns the residuals from the photo and
    predicts how far a post is above or below what its context predicts.

    Parameters
    ----------
    estimator : regressor
        Model of the residuals, such as a pipeline that selects the column of photos.
    context : regressor
        Model of the score, such as a pipeline that selects the columns of the context,
        with a :class:`~sklearn_popularity.UserHistoryEncoder` or
        :class:`~sklearn_popularity.SocialFeatures`.
    cv : int or cross-validation splitter, default=5
        Inner folds of `context`. An int is the number of folds, shuffled with a fixed
        seed; a splitter is given `groups`.
    groups : str, int or callable, default=None
        Column of X with the group of each row, or a function that returns the groups of
        X; a group stays in one inner fold. Do not pass users if `context` uses them.
    n_jobs : int, default=None
        Number of worker processes for the inner folds; -1 uses all processors.

    Attributes
    ----------
    estimator_ : regressor
        The fitted model of the residuals.
    context_score_ : float
        Spearman's correlation of the out-of-fold predictions of `context` with y.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a DataFrame.

    See Also
    --------
    LatentRankSVM : Its `within` compares posts of the same user only.
    sklearn_popularity.evaluation.variance_shares : How much there is to explain.

    Notes
    -----
    This is the partly linear model of [1]_ with the cross-fitting of [2]_, except that
    the context is not removed from the features: where photos of popular users look
    alike, part of the effect of the photo is attributed to the context, and the
    predicted effect is too small. The context must not include anything that the photo
    causes, such as the number of comments on the post.

    From the held-out predictions of a fold, the mean prediction on (at most 1,000 of)
    its training rows is subtracted, since it differs between folds.

    Use this if the context is numeric, such as followers or the hour. If it is the user
    alone, ``LatentRankSVM(within=...)`` is better in simulations: its correlation with
    the true effect is higher by .03 to .22 where popular users post photos that look
    alike, and the same where they do not (``benchmarks/planted.py within``).

    `score` is Spearman's correlation of the predictions with the scores themselves,
    which is lower than for a model that also uses the context.

    References
    ----------
    .. [1] Robinson, "Root-N-consistent semiparametric regression", Econometrica 56,
       1988.
    .. [2] Chernozhukov et al., "Double/debiased machine learning for treatment and
       structural parameters", The Econometrics Journal 21, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import ResidualRegressor, spearman_score
    >>> rng = np.random.default_rng(0)
    >>> followers = rng.normal(size=500)
    >>> saturation = 0.7 * followers + rng.normal(size=500)
    >>> X = np.column_stack([followers, saturation])
    >>> y = 3 * followers + saturation
    >>> def columns(which):
    ...     return make_column_transformer(("passthrough", which))
    >>> model = ResidualRegressor(
    ...     make_pipeline(columns([1]), Ridge()),
    ...     context=make_pipeline(columns([0]), Ridge()),
    ... )
    >>> model.fit(X, y).context_score_ > 0.9
    True
    """

    _ranks = True  # it predicts residuals, not y
    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "context": [HasMethods(["fit", "predict"])],
        "cv": ["cv_object"],
        "groups": [str, Integral, callable, None],
        "n_jobs": [Integral, None],
    }

    def __init__(self, estimator, *, context, cv=5, groups=None, n_jobs=None):
        self.estimator = estimator
        self.context = context
        self.cv = cv
        self.groups = groups
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, *, groups=None, sample_weight=None):
        """Predict the scores from the context, and fit the estimator to the residuals.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns of the photo and of the context.
        y : array-like of shape (n_samples,)
            Scores.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, instead of a column of X.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, which both models must accept.

        Returns
        -------
        self : ResidualRegressor
            The fitted model.

        Raises
        ------
        ValueError
            If X lacks a column, a model accepts no weights, or inner folds do not test
            each row once.
        """
        X = check_table(self, X, reset=True)
        y = check_target(X, y)
        weight = check_weights(y, sample_weight)
        groups = groups_of(X, self.groups, groups)
        folds = inner_folds(self.cv, X, y, groups)
        branch = ("context", self.context, slice(None))
        workers = Parallel(n_jobs=self.n_jobs)
        (explained,) = out_of_fold_outputs([branch], X, y, weight, folds, workers)
        explained = explained.ravel()
        self.context_score_ = spearman_score(y, explained, sample_weight=weight)
        self.estimator_ = fit_clone(
            self.estimator, X, y - explained, sample_weight=weight
        )
        return self

    def predict(self, X):
        """Predict how far each row is above what its context predicts.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        effects : ndarray of shape (n_samples,)
            In the unit of the scores, up to a constant.
        """
        check_ready(self)
        X = check_table(self, X, reset=False)
        return np.ravel(self.estimator_.predict(X))

    def _judged(self):
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = [get_tags(self.estimator), get_tags(self.context)]
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = all(t.input_tags.allow_nan for t in inner)
        return tags
