"""Prediction intervals for rows of new groups."""

from math import ceil
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin
from sklearn.utils import column_or_1d, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from .._kept_parameters import check_ready, keep_parameters
from .._numbers import check_target
from .._sklearn_compat import HasMethods, Interval, _fit_context
from ..models import GroupsRequest, groups_of, ranks
from ._held_out import predict_partitions
from ._partitions import find_partitions
from ._routing import prepare_fit

# Sums of masses, and 0.9 / (1 - 0.9), are inexact in floats.
_ROUNDING = 1e-9


def conformal_half_width(residuals, groups, coverage) -> float:
    """Quantile of absolute residuals, with equal weights of each group and infinity.

    Parameters
    ----------
    residuals : ndarray of shape (n_samples,)
        Residuals of held-out rows.
    groups : ndarray of shape (n_samples,)
        Group of each row.
    coverage : float
        Level, at most n_groups / (n_groups + 1); above, the quantile is infinite.

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
    """Percentage of sorted labels below each value, counting half of equal ones."""
    below = np.searchsorted(labels, values, side="left")
    not_above = np.searchsorted(labels, values, side="right")
    return 50.0 * (below + not_above) / len(labels)


def _check_enough(n, coverage, unit):
    """Check that there are enough groups for a finite interval."""
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
    """Predict scores with intervals that cover rows of new groups.

    The width is taken from the errors of models on held-out groups (users, themes), so
    it tells how far off the model may be for an account seen for the first time.

    Parameters
    ----------
    estimator : estimator
        Regressor that predicts in the unit of y.
    coverage : float, default=0.9
        Share of rows of new groups whose score lies in the interval, between 0 and 1;
        each group weighs the same.
    groups : str, int or callable, default=None
        Column of X with the group of each row, or a function of X that returns the
        groups. The estimator sees this column too. If None, each row is its own group,
        which is valid only if rows are independent.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter, for the held-out errors. Groups are passed to a
        splitter; rows that it does not test do not affect the width.
    n_jobs : int, default=None
        Number of worker processes for fitting folds; None is 1, -1 one per core.

    Attributes
    ----------
    estimator_ : estimator
        Estimator fitted on all rows.
    half_width_ : float
        Half of the width of the intervals, in the unit of y.
    n_groups_ : int
        Number of groups (rows if there are no groups) behind the width.
    labels_ : ndarray of shape (n_samples,)
        Training scores in ascending order, for percentiles.
    n_features_in_ : int
        Number of columns of X; only if `estimator_` has this attribute.
    feature_names_in_ : ndarray of str
        Names of the columns; only if `estimator_` has this attribute.

    See Also
    --------
    held_out_predictions : The predictions that errors are taken from.
    sklearn.ensemble.HistGradientBoostingRegressor : With ``loss="quantile"``, intervals
        of varying width, without a guarantee of coverage.

    Notes
    -----
    The interval is ``predict(X) - q`` to ``predict(X) + q``. Each absolute error of a
    held-out prediction has the mass 1 / ((G + 1) n), with G groups and n rows in the
    row's group; infinity has the mass 1 / (G + 1). q is the smallest error up to which
    the mass is at least `coverage` [1]_. With groups of one row this is the quantile of
    the CV residuals of [2]_, around the prediction of one model fitted on all rows.

    For a model fitted on other rows, [1]_ proves that the mean coverage of a row of a
    new group is at least `coverage`, for any model, distribution and group sizes. Here
    cross-validation replaces the other rows, so coverage is close but not proven: in
    ``benchmarks/simulations.py intervals`` it is 90 to 92 % from 50 groups up, more
    with fewer groups (93 % with 20, up to 99 % with 9), and 88 % where five
    coefficients are fitted on nine rows. Coverage is a mean over groups and fits, and
    may be lower for unusual rows or a given user. Future groups are not drawn like past
    ones, so there is no guarantee forward in time; the user guide shows how to measure
    the coverage.

    All intervals have the same width. If errors grow with the score, as for views, fit
    the logarithm and transform the ends back: the coverage is the same.

    Rows of a group have equal weights, regardless of the estimator's sample weights.
    `score` is R squared, as for other regressors.

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
        """Fit the estimator, and determine the width of the intervals.

        Parameters
        ----------
        X : DataFrame or array-like of length n_samples
            Posts, photos or features.
        y : array-like of shape (n_samples,)
            Scores.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, instead of a column of X. They are also passed to an
            estimator whose `fit` takes groups, such as a late fusion.
        **params : dict
            Parameters of the estimator's `fit`, such as weights; those with one value
            per row are split. With metadata routing, each goes where it is requested.

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        ValueError
            If there are too few groups for `coverage` (fewer than 9 for 0.9) or for the
            folds, a group is missing, test folds overlap, or the estimator is a ranker,
            which does not predict in the unit of y.
        """
        self._check_unit()
        keep_parameters(self, "coverage")
        y = check_target(X, y)
        codes = groups_of(X, self.groups, groups)
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
            self.__dict__.pop(name, None)  # from an earlier fit
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
        """Predict an interval for the score of each row.

        Parameters
        ----------
        X : DataFrame or array-like of length n_samples
            As in `fit`.
        percentiles : bool, default=False
            Whether to return the ends as percentiles among the training scores, 0 to
            100, instead of scores. The coverage is the same.

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2), float64
            Lower and upper end, in the unit of y or as percentiles.
        """
        ends = self.predict(X)[:, np.newaxis] + [-self.half_width_, self.half_width_]
        return percentiles_among(ends, self.labels_) if percentiles else ends

    def get_metadata_routing(self):
        """Get the metadata routing of this estimator.

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
                "a regressor was expected that predicts in the unit of y. Calibrate it "
                'by StackedLateFusion([("all", ranker, slice(None))]).'
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        if inner.regressor_tags is not None:
            tags.regressor_tags.poor_score = inner.regressor_tags.poor_score
        return tags
