"""Intervals around predictions, which hold the score of a new group's row."""

from math import ceil
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin
from sklearn.utils import column_or_1d, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from .._columns import encode_labels
from .._kept_parameters import check_ready, keep_parameters
from .._scores import check_scores
from .._sklearn_compat import HasMethods, Interval, _fit_context
from ..models import GroupsRequest, groups_of, ranks
from ._held_out import predict_partitions
from ._partitions import find_partitions
from ._routing import prepare_fit

# Of sums of masses and of 0.9 / (1 - 0.9), which are inexact.
_ROUNDING = 1e-9


def conformal_half_width(residuals, groups, coverage) -> float:
    """Quantile of absolute residuals in which groups, and infinity, weigh alike.

    Parameters
    ----------
    residuals : ndarray of shape (n_samples,)
        Residuals of rows held out.
    groups : ndarray of shape (n_samples,)
        Group of each.
    coverage : float
        At most n_groups / (n_groups + 1), beyond which the quantile is infinite.

    Returns
    -------
    half_width : float
    """
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    masses = 1 / ((len(sizes) + 1) * sizes[codes])
    distances = np.abs(residuals)
    order = np.argsort(distances)
    reached = np.cumsum(masses[order])
    return float(distances[order][np.searchsorted(reached, coverage - _ROUNDING)])


def percentiles_among(values, labels) -> NDArray[np.float64]:
    """Share of sorted labels below each value, of equal ones half, in per cent."""
    below = np.searchsorted(labels, values, side="left")
    not_above = np.searchsorted(labels, values, side="right")
    return 50.0 * (below + not_above) / len(labels)


def _check_enough(n, coverage, unit):
    """Refuse fewer groups than an interval of finite width needs."""
    needed = ceil(coverage / (1 - coverage) - _ROUNDING)
    if n < needed:
        raise ValueError(
            f"Got {unit} = {n}, but coverage={coverage} needs at least {needed}: with "
            "fewer the interval is infinite. Pass more, or a coverage of at most "
            f"{n}/{n + 1}."
        )


class IntervalRegressor(
    GroupsRequest, MetaEstimatorMixin, RegressorMixin, BaseEstimator
):
    """Predict a score with an interval that holds it for posts of new groups.

    The interval is as wide as the errors of models that had not seen the group (the
    user, the theme) of the rows they predicted, so it tells how far off the model may
    be for an account that comes up for the first time.

    Parameters
    ----------
    estimator : estimator
        Regressor in the unit of the label.
    coverage : float, default=0.9
        Share of rows whose score their interval is to hold, 0 to 1, where each new
        group has one row or all groups weigh alike.
    groups : str, int or callable, default=None
        Column of X that holds the group of each row, or a function from X to the
        groups; the estimator is given this column too. None takes each row by itself,
        which is right only if rows are independent.
    cv : int or cross-validation splitter, default=5
        Folds whose test rows the errors are taken from. A splitter is given the groups;
        rows that it does not test say nothing about the width.
    n_jobs : int, default=None
        Number of worker processes, which fit folds side by side.

    Attributes
    ----------
    estimator_ : estimator
        Fitted on all rows.
    half_width_ : float
        Half of the width of the intervals, in the unit of the label.
    n_groups_ : int
        Number of groups, or of rows without groups, that the width is taken from.
    labels_ : ndarray of shape (n_samples,)
        The labels of `fit` in ascending order, for percentiles.
    n_features_in_ : int
        Number of columns of X; only if `estimator_` knows it.
    feature_names_in_ : ndarray of str
        Names of the columns; only if `estimator_` knows them.

    See Also
    --------
    held_out_predictions : The predictions that errors are taken from.
    sklearn.ensemble.HistGradientBoostingRegressor : With ``loss="quantile"``, bounds
        that differ in distance from photo to photo, without a promise.

    Notes
    -----
    The interval is ``predict(X) - q`` to ``predict(X) + q``. The distances of the
    labels from the predictions of models that did not see the group, of a group with n
    rows each, have the mass 1 / ((G + 1) n) where there are G groups, infinity has 1 /
    (G + 1), and q is the smallest distance up to which the mass is at least `coverage`
    [1]_. With groups of one row this is the quantile of the CV residuals of [2]_, put
    around the prediction of one model fitted on all rows.

    For a model that was fitted on other rows, [1]_ proves that the mean coverage of
    a row of a new group is at least `coverage`, whatever the model, the distribution
    and the sizes of groups. Folds stand in for other rows here, which keeps this
    closely, not by proof: in ``benchmarks/simulations.py intervals`` 90 to 92 % are
    covered from 50 groups up, more with fewer groups (93 % of 20, up to 99 % of 9), and
    88 % where five coefficients are learned from nine rows. It is a mean over groups
    and fits, and may be less for unusual rows or a given user. Groups of the future are
    not drawn as those of the past were, so nothing is promised forward in time; the
    user guide shows
    how to measure it.

    All intervals have one width. Where errors grow with the score, as those of views
    do, fit the logarithm, and take the ends of the intervals back: they hold as much.

    Rows weigh alike within a group, whatever weights the estimator is given. `score` is
    R squared, as of other regressors.

    References
    ----------
    .. [1] Lee, Barber and Willett, "Distribution-free inference with hierarchical
       data", 2023, arXiv:2306.06342.
    .. [2] Barber, Candès, Ramdas and Tibshirani, "Predictive inference with the
       jackknife+", The Annals of Statistics 49, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity import IntervalRegressor
    >>> rng = np.random.default_rng(0)
    >>> X, users = rng.normal(size=(400, 3)), np.repeat(np.arange(80), 5)
    >>> y = X[:, 0] + rng.normal(size=80)[users]
    >>> model = IntervalRegressor(Ridge()).fit(X[:200], y[:200], groups=users[:200])
    >>> low, high = model.predict_interval(X[200:]).T
    >>> bool(0.85 < np.mean((low <= y[200:]) & (y[200:] <= high)) < 0.99)
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "coverage": [Interval(Real, 0, 1, closed="neither")],
        "groups": [str, Integral, callable, None],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
    }

    def __init__(self, estimator, *, coverage=0.9, groups=None, cv=5, n_jobs=None):
        self.estimator = estimator
        self.coverage = coverage
        self.groups = groups
        self.cv = cv
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, *, groups=None, **params):
        """Fit the estimator, and find the width of its intervals.

        Parameters
        ----------
        X : DataFrame or array-like of length n_samples
            Posts, photos or features.
        y : array-like of shape (n_samples,)
            Scores.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, instead of a column of X. What keeps groups together in
            its own `fit`, such as a late fusion, is told them too.
        **params : dict
            Parameters of the estimator's `fit`, such as weights; those with a value per
            row are split. With metadata routing they reach whoever requests them.

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        ValueError
            If there are too few groups for `coverage` (below 9 for 0.9) or for the
            folds, a group is missing, a row is tested twice, or the estimator ranks and
            so predicts in no unit.
        """
        self._check_unit()
        keep_parameters(self, "coverage")
        y = check_scores(X, y)
        groups = groups_of(X, self.groups, groups)
        codes = None if groups is None else encode_labels(groups, "groups")
        units = np.arange(len(y)) if codes is None else codes
        unit = "n_samples" if codes is None else "number of groups"
        _check_enough(len(np.unique(units)), self.coverage, unit)
        partitions = find_partitions(
            X, y, codes, cv=self.cv, n_repeats=1, random_state=None
        )
        tested = np.sort(np.concatenate([test for _, test in partitions[0]]))
        self.n_groups_ = len(np.unique(units[tested]))
        _check_enough(self.n_groups_, self.coverage, f"{unit} in test folds")
        X = indexable(X)[0]
        model, fit_params = prepare_fit(self.estimator, codes, params)
        held_out = predict_partitions(
            model, X, y, partitions, fit_params=fit_params, n_jobs=self.n_jobs
        )
        residuals = (y - held_out.raw[:, 0])[tested]
        self.half_width_ = conformal_half_width(residuals, units[tested], self.coverage)
        self.labels_ = np.sort(y)
        self.estimator_ = model.fit(X, y, **fit_params)
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)  # of a fit before
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        return self

    def predict(self, X):
        """Predict the score of each row.

        Parameters
        ----------
        X : DataFrame or array-like of length n_samples
            As in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted scores, the middle of the intervals.
        """
        check_ready(self)
        return column_or_1d(self.estimator_.predict(X))

    def predict_interval(self, X, *, percentiles=False):
        """Predict the interval that is to hold the score of each row.

        Parameters
        ----------
        X : DataFrame or array-like of length n_samples
            As in `fit`.
        percentiles : bool, default=False
            Whether to say the ends as percentiles among the labels of `fit`, 0 to 100:
            the share of them below, of equal ones half. They hold the percentile of the
            score as often as the ends hold the score.

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2), float64
            Lower and upper end, in the unit of the label or as percentiles.
        """
        ends = self.predict(X)[:, np.newaxis] + [-self.half_width_, self.half_width_]
        return percentiles_among(ends, self.labels_) if percentiles else ends

    def get_metadata_routing(self):
        """Get what metadata the methods of this estimator request, and its parts.

        Returns
        -------
        routing : MetadataRouter
        """
        return (
            MetadataRouter(owner=type(self).__name__)
            .add_self_request(super().get_metadata_routing())
            .add(
                estimator=self.estimator,
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
        )

    def _check_unit(self):
        if ranks(self.estimator):
            raise ValueError(
                f"Got estimator={type(self.estimator).__name__}, which ranks rows, but "
                "a regressor was expected that predicts in the unit of y. Bring it to "
                'that unit: StackedLateFusion([("all", ranker, slice(None))]).'
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        if inner.regressor_tags is not None:
            tags.regressor_tags.poor_score = inner.regressor_tags.poor_score
        return tags
