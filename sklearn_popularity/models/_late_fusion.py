"""Late fusion: one model per kind of feature, and a last one on their predictions."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.base import (
    MetaEstimatorMixin,
    RegressorMixin,
    clone,
)
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, check_cv
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import (
    check_array,
    check_consistent_length,
    column_or_1d,
)
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, validate_data

from .._columns import label_rows, resolve_columns, select_columns
from .._sklearn_compat import (
    HasMethods,
    StrOptions,
    _BaseComposition,
    _fit_context,
    _safe_indexing,
)
from ..metrics import spearman_score


def out_of_fold(predictions, folds, n_samples):
    """Put the predictions of each test fold back into the order of the rows.

    Parameters
    ----------
    predictions : sequence of ndarray
        One per fold.
    folds : sequence of (train, test)
        Row numbers.
    n_samples : int
        Number of rows.

    Returns
    -------
    ordered : ndarray of shape (n_samples,), float64
        NaN for rows in no test fold.
    """
    ordered = np.full(n_samples, np.nan)
    for (_, test), values in zip(folds, predictions, strict=True):
        ordered[test] = np.ravel(values)
    return ordered


def _fit(estimator, X, y, rows):
    estimator = clone(estimator)
    return estimator.fit(_safe_indexing(X, rows), y[rows])


def _fit_predict(estimator, X, y, train, test):
    return _fit(estimator, X, y, train).predict(_safe_indexing(X, test))


class StackedLateFusion(MetaEstimatorMixin, RegressorMixin, _BaseComposition):
    """Train one model per kind of feature and a last one on their predictions.

    The last model learns from predictions for rows that the branches did not see, so
    that a branch which memorises its training rows is not trusted for it. With
    `groups`, rows of a user or theme stay together in these inner folds.

    Parameters
    ----------
    branches : list of (name, estimator, columns)
        The estimator of a branch sees the columns given as in
        :class:`~sklearn.compose.ColumnTransformer`: names, positions, a slice, a
        boolean mask, a callable, or a scalar for a single column as a 1-D X (such as
        paths of photos). Its parameters are ``name__parameter``.
    final_estimator : estimator, default=None
        Regressor on the predictions of the branches. None is
        :class:`~sklearn.linear_model.RidgeCV` on standardised predictions.
    cv : int, cross-validation splitter or "train", default=5
        Inner folds for the predictions that the last model learns from; the splitter
        is given `groups`. "train" uses the branches' predictions on their own training
        rows, without inner folds.
    groups : str, int or callable, default=None
        Column of X that holds the group of each row, or a function from X to the
        groups. With an int `cv`, :class:`~sklearn.model_selection.GroupKFold` is used.
    n_jobs : int, default=None
        Number of worker processes to fit the branches with.

    Attributes
    ----------
    branches_ : list of (name, estimator, columns)
        The branches fitted on all rows.
    final_estimator_ : estimator
        The fitted last model.
    branch_scores_ : dict of str to float
        Spearman's correlation of the predictions that the last model learnt from.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a frame.

    See Also
    --------
    sklearn.ensemble.StackingRegressor : Stacking on the same columns, without groups.

    Notes
    -----
    Section 6 of [1]_ trains an SVR on the outputs of the basic features' SVRs; it does
    not say on which rows. ``cv="train"`` is that reading; inner folds are the default
    since the branches' outputs on their own training rows say little about new ones.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity import StackedLateFusion
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> y = X[:, 0] + X[:, 4]
    >>> fusion = StackedLateFusion(
    ...     [("content", Ridge(), slice(0, 3)), ("social", Ridge(), slice(3, 5))]
    ... )
    >>> fusion.fit(X, y).score(X, y) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "branches": [list],
        "final_estimator": [HasMethods(["fit", "predict"]), None],
        "cv": ["cv_object", StrOptions({"train"})],
        "groups": [str, Integral, callable, None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self, branches, *, final_estimator=None, cv=5, groups=None, n_jobs=None
    ):
        self.branches = branches
        self.final_estimator = final_estimator
        self.cv = cv
        self.groups = groups
        self.n_jobs = n_jobs

    @property
    def _named_branches(self):
        """Pairs (name, estimator), which nested parameters are read from."""
        try:
            return [(name, estimator) for name, estimator, _ in self.branches]
        except (TypeError, ValueError):
            return self.branches

    @_named_branches.setter
    def _named_branches(self, pairs):
        self.branches = [
            (name, estimator, columns)
            for (name, estimator), (_, _, columns) in zip(
                pairs, self.branches, strict=True
            )
        ]

    def get_params(self, deep=True):
        """Get parameters, those of the branches as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of branches and last model.

        Returns
        -------
        params : dict
        """
        return self._get_params("_named_branches", deep=deep)

    def set_params(self, **params):
        """Set parameters, those of the branches as ``name__parameter``.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : object
        """
        self._set_params("_named_branches", **params)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None):
        """Fit the branches, and the last model on their predictions.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Features, or columns such as paths that the branches turn into features.
        y : array-like of shape (n_samples,)
            Scores.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, instead of a column of X.

        Returns
        -------
        self : object
            The fitted fusion.
        """
        self._check_branches()
        X = self._check_X(X, reset=True)
        y = self._check_y(X, y)
        groups = self._groups_of(X, groups)
        columns = [
            resolve_columns(X, which, f"branch {name!r}")
            for name, _, which in self.branches
        ]
        estimators = [estimator for _, estimator, _ in self.branches]
        everything = np.arange(len(y))
        workers = Parallel(n_jobs=self.n_jobs)
        fitted = workers(
            delayed(_fit)(estimator, select_columns(X, which), y, everything)
            for estimator, which in zip(estimators, columns, strict=True)
        )
        self.branches_ = [
            (name, estimator, which)
            for (name, _, _), estimator, which in zip(
                self.branches, fitted, columns, strict=True
            )
        ]
        outputs = (
            self._outputs(X)
            if self.cv == "train"
            else self._out_of_fold_outputs(X, y, groups, estimators, columns, workers)
        )
        self.branch_scores_ = {
            name: spearman_score(y, output)
            for (name, _, _), output in zip(self.branches, outputs.T, strict=True)
        }
        self.final_estimator_ = clone(self._final_estimator()).fit(outputs, y)
        return self

    def predict(self, X):
        """Predict the score of each row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted scores.
        """
        check_is_fitted(self)
        return self.final_estimator_.predict(self.branch_predictions(X))

    def branch_predictions(self, X):
        """Predict the score of each row by each branch alone.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        predictions : ndarray of shape (n_samples, n_branches)
            In the order of `branches`.
        """
        check_is_fitted(self)
        return self._outputs(self._check_X(X, reset=False))

    def _outputs(self, X):
        return np.column_stack(
            [
                branch.predict(select_columns(X, which))
                for _, branch, which in self.branches_
            ]
        )

    def _out_of_fold_outputs(self, X, y, groups, estimators, columns, workers):
        folds = self._folds(X, y, groups)
        parts = workers(
            delayed(_fit_predict)(estimator, select_columns(X, which), y, train, test)
            for estimator, which in zip(estimators, columns, strict=True)
            for train, test in folds
        )
        n = len(folds)
        outputs = np.column_stack(
            [
                out_of_fold(parts[i * n : (i + 1) * n], folds, len(y))
                for i in range(len(estimators))
            ]
        )
        return outputs

    def _folds(self, X, y, groups):
        if isinstance(self.cv, Integral) and groups is not None:
            cv = GroupKFold(self.cv)
        else:
            cv = check_cv(self.cv)
        n_folds = cv.get_n_splits(X, y, groups)
        if len(y) < n_folds:
            raise ValueError(
                f"Got n_samples = {len(y)}, but cv={self.cv!r} needs at least one row "
                f"per inner fold ({n_folds}). Pass more rows or a smaller cv."
            )
        folds = list(cv.split(X, y, groups))
        n_tested = np.bincount(np.concatenate([test for _, test in folds]))
        if len(n_tested) < len(y) or (n_tested != 1).any():
            raise ValueError(
                f"Got cv={self.cv!r}, which does not test each row once, but the last "
                "model needs one prediction for each row. Pass a partition such as "
                "KFold or GroupKFold."
            )
        return folds

    def _final_estimator(self):
        if self.final_estimator is not None:
            return self.final_estimator
        return make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-3, 4, 15)))

    def _check_branches(self):
        for branch in self.branches:
            if not (isinstance(branch, tuple) and len(branch) == 3):
                raise ValueError(
                    f"Got {branch!r} in branches, but (name, estimator, columns) was "
                    "expected."
                )
            name, estimator, _ = branch
            if not hasattr(estimator, "predict"):
                raise ValueError(
                    f"The branch {name!r} ends in {type(estimator).__name__}, which "
                    "predicts nothing, but a regressor was expected: "
                    f"make_pipeline({type(estimator).__name__}(), regressor)."
                )
        if not self.branches:
            raise ValueError("Got branches=[], but at least one branch was expected.")
        self._validate_names([name for name, _, _ in self.branches])

    def _check_X(self, X, *, reset):
        if hasattr(X, "columns"):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        # What values are fit is for the branches to say.
        return validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)

    def _check_y(self, X, y):
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        return y

    def _groups_of(self, X, groups):
        if groups is None:
            return label_rows(X, self.groups, "groups")
        check_consistent_length(X, groups)
        return np.asarray(groups)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags
