"""Held-out predictions that can be pooled over folds."""

from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import column_or_1d, indexable
from sklearn.utils.parallel import Parallel, delayed

from .._numbers import check_numbers
from .._progress import progress
from .._sklearn_compat import (
    HasMethods,
    Interval,
    _check_method_params,
    _safe_split,
    validate_params,
)
from ..metrics import spearman_score
from ..models import groups_of, seen_rows
from ._partitions import Folds, columns_of_partitions, find_partitions
from ._routing import prepare_fit
from ._shares import shares_below


@dataclass(frozen=True)
class HeldOutPredictions:
    """Predictions of rows by models that were not fitted on them.

    Parameters
    ----------
    raw : ndarray of shape (n_samples, n_repeats), float64
        Predictions by the model of each row's fold, one column per repeat; NaN for rows
        in no test fold.
    shares : ndarray of shape (n_samples, n_repeats), float64
        Share (about 0 to 1) of the same model's predictions for its training rows that
        are below each prediction. Unlike `raw`, shares can be pooled over folds: `raw`
        depends on the mean score of the training rows, which is high if the mean of the
        test rows is low.
    partitions : list of list of (train, test)
        Row numbers of the folds of each repeat.
    estimators : list of list of estimator, or None
        The models of the folds, or results from them, if requested.
    """

    raw: NDArray[np.float64] = field(repr=False)
    shares: NDArray[np.float64] = field(repr=False)
    partitions: list[Folds] = field(repr=False)
    estimators: list[list[Any]] | None = field(default=None, repr=False)

    @property
    def n_folds(self) -> int | None:
        """Number of folds; None if rows are split only once into train and test."""
        n = len(self.partitions[0])
        return n if n > 1 else None

    def scores(self, y: ArrayLike) -> NDArray[np.float64]:
        """Spearman's correlation of the shares, pooled over folds, with y.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            True scores.

        Returns
        -------
        scores : ndarray of shape (n_repeats,)
            One score per repeat; 0 is chance.
        """
        y = check_numbers(y, "y")
        tested = ~np.isnan(self.shares)
        return np.array(
            [
                spearman_score(y[rows], column[rows])
                for column, rows in zip(self.shares.T, tested.T, strict=True)
            ]
        )

    def scores_within(self, y: ArrayLike) -> NDArray[np.float64]:
        """Spearman's correlation within each test fold.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            True scores.

        Returns
        -------
        scores : ndarray of shape (n_folds,)
            One score per fold, repeat after repeat.
        """
        y = check_numbers(y, "y")
        return np.array(
            [
                spearman_score(y[test], column[test])
                for column, folds in zip(self.shares.T, self.partitions, strict=True)
                for _, test in folds
            ]
        )


@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"])],
        "groups": ["array-like", None],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "params": [dict, None],
        "n_jobs": [Integral, None],
        "random_state": [Interval(Integral, 0, None, closed="left"), None],
        "return_estimator": ["boolean"],
        "verbose": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def held_out_predictions(
    estimator,
    X,
    y,
    *,
    groups=None,
    cv=5,
    n_repeats=1,
    params=None,
    n_jobs=None,
    random_state=None,
    return_estimator=False,
    verbose=False,
):
    """Make held-out predictions that are comparable over folds.

    Parameters
    ----------
    estimator : estimator
        Regressor or ranker.
    X : array-like or DataFrame of length n_samples
        Photos, posts or features.
    y : array-like of shape (n_samples,)
        Scores.
    groups : array-like of shape (n_samples,), default=None
        Group of each row, such as its user, its theme or a set of copies. A group stays
        in one fold. Groups are also passed to an estimator whose `fit` takes them, such
        as a late fusion, and to a search whose `cv` uses them.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter or iterable of folds whose test rows do not
        overlap.
    n_repeats : int, default=1
        Number of repeats with other folds, 1 or more; above 1 only with an int `cv`.
        Average the scores of repeats, not their predictions: averaged predictions would
        be an ensemble, a different model.
    params : dict, default=None
        Parameters of `fit`, such as weights; those with one value per row are split.
        With metadata routing, each goes to the estimators that request it.
    n_jobs : int, default=None
        Number of worker processes for fitting folds; None is 1, -1 one per core.
    random_state : int, default=None
        Seed of the folds of an int `cv`. None gives the same folds in every call: rows
        are shuffled with the seeds 0, 1 and so on; with groups, the first repeat has
        the balanced folds of :class:`~sklearn.model_selection.GroupKFold`.
    return_estimator : bool, default=False
        Whether to keep the models of the folds.
    verbose : bool, default=False
        Whether to show a progress bar of the folds.

    Returns
    -------
    held_out : HeldOutPredictions
        The predictions, with the method ``held_out.scores(y)``.

    Raises
    ------
    ValueError
        If lengths differ, there are too few rows or groups, or test folds overlap.

    See Also
    --------
    compare_models : Scores of several models, with intervals and differences.
    sklearn.model_selection.cross_val_predict : Only the raw predictions.

    Notes
    -----
    Raw predictions of different folds must not be pooled: they depend on the training
    mean, which is high if the mean of the test rows is low [1]_. The pooled
    correlation of a constant is then negative, and regressors are at a disadvantage to
    rankers, which do not predict the mean. Each test prediction is therefore replaced
    by the share of the same model's predictions for (at most 1,000 of) its training
    rows that are below it, and these shares are pooled. The order within a fold is kept
    exactly. A constant has 0.5 everywhere and a correlation of 0.

    References
    ----------
    .. [1] Parker, Guenter and Bedo, "Stratification bias in low signal microarray
       studies", BMC Bioinformatics 8, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity.evaluation import held_out_predictions
    >>> X = np.random.default_rng(0).normal(size=(90, 3))
    >>> y = X[:, 0] + np.random.default_rng(1).normal(size=90)
    >>> held_out = held_out_predictions(Ridge(), X, y, n_repeats=2)
    >>> held_out.raw.shape
    (90, 2)
    >>> bool(held_out.scores(y).mean() > 0.5)
    True
    """
    y_checked = check_numbers(y, "y")
    groups = groups_of(X, None, groups)
    partitions = find_partitions(
        X, y_checked, groups, cv=cv, n_repeats=n_repeats, random_state=random_state
    )
    X, y = indexable(X, y)
    model, fit_params = prepare_fit(estimator, groups, params)
    return predict_partitions(
        model,
        X,
        y,
        partitions,
        fit_params=fit_params,
        n_jobs=n_jobs,
        look=_keep if return_estimator else None,
        verbose=verbose,
    )


def predict_partitions(
    estimator,
    X,
    y,
    partitions,
    *,
    fit_params=None,
    n_jobs=None,
    look=None,
    verbose=False,
) -> HeldOutPredictions:
    """Make held-out predictions on given partitions.

    Parameters
    ----------
    estimator, X, y, n_jobs, verbose
        As in :func:`held_out_predictions`.
    partitions : list of list of (train, test)
        Folds of each repeat, equally many in each.
    fit_params : dict, default=None
        Parameters from `prepare_fit`.
    look : callable, default=None
        Function called in the worker with the model of a fold, X and the fold; its
        results are kept. Returning whole models would send back all features.
    """
    fit_params = fit_params or {}
    folds = [fold for folds in partitions for fold in folds]
    parts = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_fit_and_predict)(clone(estimator), X, y, fold, fit_params, look)
        for fold in folds
    )
    with progress("folds", len(folds), "fold", verbose=verbose) as bar:
        found = []
        for part in parts:
            found.append(part)
            bar.update(1)
    raw, shares, fitted = zip(*found, strict=True)
    n = len(partitions[0])
    models = [list(fitted[i : i + n]) for i in range(0, len(fitted), n)]
    return HeldOutPredictions(
        columns_of_partitions(raw, partitions, len(y)),
        columns_of_partitions(shares, partitions, len(y)),
        partitions,
        models if look else None,
    )


def _fit_and_predict(estimator, X, y, fold, fit_params, look):
    """Predictions of a fold's model for its test rows, raw and as shares."""
    train, test = fold
    params = _check_method_params(X, params=fit_params, indices=train)
    estimator.fit(*_safe_split(estimator, X, y, train), **params)
    seen = seen_rows(train)
    raw, known = (
        _check_predictions(estimator.predict(_safe_split(estimator, X, y, r, train)[0]))
        for r in (test, seen)
    )
    return raw, shares_below(known, raw), look and look(estimator, X, fold)


def _keep(estimator, X, fold):
    return estimator


def _check_predictions(values):
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(
            "The model of a fold predicts NaN or infinity for some rows, but finite "
            "numbers were expected. Fill in missing values, or scale the features."
        )
    return column_or_1d(values)
