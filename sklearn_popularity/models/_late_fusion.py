"""Late fusion: one model per kind of feature, and a final one on their predictions."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.base import MetaEstimatorMixin
from sklearn.utils.parallel import Parallel

from .._columns import check_columns_seen, check_table
from .._kept_parameters import check_ready
from .._numbers import check_target
from .._sklearn_compat import (
    CallbackSupportMixin,
    HasMethods,
    StrOptions,
    _BaseComposition,
    _fit_context,
)
from ._branch_ridge import choose_ridge
from ._branch_scores import score_branches
from ._branches import (
    branch_outputs,
    check_branches,
    columns_passed,
    fit_branches,
    inner_folds,
    out_of_fold_outputs,
    predicting_branches,
    resolve_branches,
)
from ._delegation import check_weights, fit_clone, groups_of
from ._fit_tasks import FitTasks
from ._ranking import RankScoreMixin
from ._routing import GroupsRequest


class StackedLateFusion(
    GroupsRequest,
    CallbackSupportMixin,
    MetaEstimatorMixin,
    RankScoreMixin,
    _BaseComposition,
):
    """Train one model per kind of feature and a final one on their predictions.

    The final estimator is fitted on out-of-fold predictions, so that it does not trust
    a branch for memorising its training rows. With `groups`, the rows of a user or
    theme stay in one inner fold.

    Parameters
    ----------
    branches : list of (name, estimator, columns)
        Columns are given as in :class:`~sklearn.compose.ColumnTransformer`: names,
        positions, a slice, a boolean mask, a callable, or a scalar for a single column
        as a 1-D X (such as paths of photos). The estimator is a regressor, "drop" to
        leave the branch out, or "passthrough" to pass its columns, which must be
        numeric, to the final estimator. Parameters are ``name__parameter``.
    final_estimator : estimator, default=None
        Regressor on the outputs of the branches. None is a ridge regression in which no
        branch has a negative weight, see Notes.
    cv : int, cross-validation splitter or "train", default=5
        Inner folds for the predictions that the final estimator is fitted on. An int is
        the number of folds, shuffled with a fixed seed; a splitter is given `groups`.
        "train" uses predictions on the training rows, without inner folds.
    groups : str, int or callable, default=None
        Column of X with the group of each row, or a function that returns the groups of
        X. With an int `cv`, the rows of a group stay in one fold.
    n_jobs : int, default=None
        Number of worker processes that fit the branches; -1 uses all processors.

    Attributes
    ----------
    branches_ : list of (name, estimator, columns)
        The branches fitted on all rows, without those that are "drop".
    final_estimator_ : estimator
        The fitted final estimator.
    branch_means_ : dict of str to float
        Mean prediction of each branch on its training rows, or on 1,000 of them, which
        is subtracted from its predictions.
    branch_scores_ : dict of str to BranchScore
        Spearman's correlation of the predictions that the final estimator was fitted
        on: named tuples (score, low, high, at_chance) with the 95 % confidence interval
        of the branch. `at_chance` is True if `low` is not above 0. Branches with
        "passthrough" have none.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a DataFrame.

    See Also
    --------
    sklearn.ensemble.StackingRegressor : Stacking on the same columns, without groups.

    Notes
    -----
    Section 6 of [1]_ trains an SVR on the outputs of the SVRs of the basic features,
    without saying on which rows. ``cv="train"`` takes the training rows. Inner folds
    are the default, since outputs on training rows say little about new ones.

    From the predictions of a branch, its mean prediction on its training rows is
    subtracted, in the inner folds and in `predict`. Predictions carry the mean score of
    the training rows, which is high in folds whose held-out rows score low; left in, it
    makes good branches look reversed [2]_, above all in sorted tables. Each fitted
    branch therefore predicts up to 1,000 of its training rows; with a `cache`, their
    photos are not described again.

    The default final estimator is ``Ridge(positive=True)``: a branch that ranks the
    wrong way is noise, not evidence against a photo. Only columns passed through may
    have negative weights. Each output is first scaled so that its standard deviation is
    its correlation with y (at least 0.05), so branches near chance shrink most. The
    penalty is the one of eleven with the least squared error in the inner folds, or the
    smallest with ``cv="train"``. In simulations with 150 rows or more, the fusion
    scores above its best branch or at most 0.02 below (0.03 with 150 rows in 15 groups,
    and more if that branch is at chance too): ``benchmarks/planted.py fusion``.

    Weights are passed to the branches (in a pipeline to the last step) and to the final
    estimator, and weigh `branch_scores_`. A weight acts as a repetition if the
    estimators treat it so and the inner folds are the same. Intervals ignore weights.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.
    .. [2] Parker, Guenter and Bedo, "Stratification bias in low signal microarray
       studies", BMC Bioinformatics 8, 2007.

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
        """Pairs (name, estimator), from which nested parameters are read."""
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
        """Get parameters, including those of the branches as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the branches and the final estimator.

        Returns
        -------
        params : dict
        """
        return self._get_params("_named_branches", deep=deep)

    def set_params(self, **params):
        """Set parameters, including those of the branches as ``name__parameter``.

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
    def fit(self, X, y, *, groups=None, sample_weight=None):
        """Fit the branches, and the final estimator on their predictions.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Features, or columns such as paths that the branches turn into features.
        y : array-like of shape (n_samples,)
            Scores.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, instead of a column of X.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, which all branches and the final estimator must accept.

        Returns
        -------
        self : object
            The fitted fusion.

        Raises
        ------
        ValueError
            If a branch is not a regressor, its columns are not in X or cannot be passed
            through, an estimator accepts no weights, or inner folds do not test each
            row once.
        """
        check_branches(self.branches)
        self._validate_names([name for name, _, _ in self.branches])
        X = check_table(self, X, reset=True)
        y = check_target(X, y)
        weight = check_weights(y, sample_weight)
        groups = groups_of(X, self.groups, groups)
        branches = resolve_branches(self.branches, X)
        folds = None if self.cv == "train" else inner_folds(self.cv, X, y, groups)
        n_fits = len(predicting_branches(branches)) * (1 + len(folds or ())) + 1
        tasks = FitTasks(self, X, y, sample_weight, n_fits)
        workers = Parallel(n_jobs=self.n_jobs)
        self.branches_, self.branch_means_ = fit_branches(
            branches, X, y, weight, workers, tasks
        )
        if folds is None:
            outputs = branch_outputs(self.branches_, self.branch_means_, X)
        else:
            outputs = out_of_fold_outputs(branches, X, y, weight, folds, workers, tasks)
        self.branch_scores_ = score_branches(
            branches, outputs, y, weight, groups=groups, folds=folds
        )
        last, free = self.final_estimator, columns_passed(branches, outputs)
        outputs = np.hstack(outputs)
        if last is None:
            last = choose_ridge(outputs, y, weight, folds=folds, free=free)
        self.final_estimator_ = fit_clone(
            last,
            outputs,
            y,
            sample_weight=weight,
            owner="final_estimator",
            task=tasks.of_model("final_estimator"),
        )
        tasks.end()
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
        check_ready(self)
        return self.final_estimator_.predict(self.branch_predictions(X))

    def branch_predictions(self, X):
        """Predict the score of each row by each branch, less the branch's mean.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        predictions : ndarray of shape (n_samples, n_outputs)
            Input of the final estimator, in the order of `branches`: the predictions of
            a branch minus its mean in `branch_means_`, the columns of a branch that is
            "passthrough", and none for "drop".
        """
        check_ready(self)
        seen = [columns for *_, columns in self.branches_]
        X = check_columns_seen(self, X, seen)
        return np.hstack(branch_outputs(self.branches_, self.branch_means_, X))

    def _judged(self):
        return self.final_estimator_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags
