"""Fit what `compare_features` compares, to rank new photos with."""

from dataclasses import dataclass, field
from numbers import Integral
from os import PathLike

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from .._sklearn_compat import Interval, validate_params, with_array_outputs
from ..models import StackedLateFusion
from ._compare import check_scores_of, recipe_of
from ._describe_once import RUN_DEFAULTS, PhotoTable, with_photos
from ._held_out import HeldOutPredictions, predict_partitions
from ._partitions import make_partitions
from ._recipes import FEATURES
from ._routing import prepare_fit


@dataclass(frozen=True)
class FittedFeatures:
    """What :func:`fit_features` learned.

    Parameters
    ----------
    model : Pipeline
        From photos to scores: a :class:`~sklearn.pipeline.FeatureUnion` of the
        transformers, and what learned from their features.
    held_out : HeldOutPredictions
        Predictions of the photos kept by models like it that had not seen them.
    kept : ndarray of shape (n_kept,)
        Rows of the photos that could be read, in the order of the predictions.
    """

    model: Pipeline
    held_out: HeldOutPredictions = field(repr=False)
    kept: NDArray = field(repr=False)


@validate_params(
    {
        "features": ["array-like"],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "inner_cv": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "cache": [str, PathLike, None],
        "look": [callable, None],
        "verbose": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
@with_array_outputs
def fit_features(
    photos,
    y,
    *,
    features=tuple(FEATURES),
    groups=None,
    cv=5,
    n_repeats=1,
    inner_cv=4,
    n_jobs=None,
    cache=None,
    look=None,
    verbose=False,
):
    """Fit the late fusion of kinds of features, or the model of a single kind.

    Parameters
    ----------
    photos : sequence of photos
        Paths, arrays, PIL images or encoded bytes. Those that cannot be read are left
        out, with one warning.
    y : array-like of shape (n_photos,)
        Scores of the photos.
    features : sequence of str, default=all
        Kinds of features, as of :func:`compare_features`.
    groups : array-like of shape (n_photos,), default=None
        Photos that stay together in all folds.
    cv : int, default=5
        Number of folds of the out-of-fold predictions.
    n_repeats : int, default=1
        Number of partitions into folds; with 3 their score is that of
        :func:`compare_features`.
    inner_cv : int, default=4
        Number of inner folds of the late fusion.
    n_jobs : int, default=None
        Number of worker processes.
    cache : str or path, default=None
        File that keeps rows of features, see :class:`ImageTransformer`. The model does
        not go on using it.
    look : callable, default=None
        From the model of a fold, what it predicts from (numbers of photos in their
        place) and its (train, test) to what ``held_out.estimators`` is to keep of it.
    verbose : bool, default=False
        Whether to show progress bars of the extraction.

    Returns
    -------
    fitted : FittedFeatures
        Its model takes photos in any form and raises an
        :class:`~sklearn_popularity.ImageError` for one that cannot be read.

    Raises
    ------
    ValueError
        If a feature is unknown, a group is missing, or fewer groups or photos than
        folds can be read.

    See Also
    --------
    compare_features : How well each kind of feature ranks photos held out.

    Notes
    -----
    Features are computed once, for the folds and for the model. The words of codebook
    features are therefore learned from all photos, without their scores.

    Examples
    --------
    >>> from sklearn_popularity import make_popularity
    >>> from sklearn_popularity.evaluation import fit_features
    >>> posts, truth = make_popularity(60, random_state=0)
    >>> fitted = fit_features(
    ...     posts["photo"], posts["score"], features=["color-statistics"]
    ... )
    >>> fitted.model.predict(posts["photo"][:3]).shape
    (3,)
    """
    y, groups = check_scores_of(photos, y, features, groups)
    folds = {"cv": cv, "n_repeats": n_repeats, "inner_cv": inner_cv}
    make_partitions(len(y), groups=groups, **folds)  # fails before the work
    settings = {"n_jobs": n_jobs, "cache": cache, "on_error": "nan", "verbose": verbose}
    recipes = {name: recipe_of(name, **settings) for name in features}
    table = PhotoTable(photos, "")
    union = FeatureUnion([(name, recipe[0]) for name, recipe in recipes.items()])
    union = table.describe(union).learner
    kept = np.flatnonzero(table.readable)
    X, y = table.X[kept], y[kept]
    groups = None if groups is None else groups[kept]
    learner = _learner(union, [recipe[1] for recipe in recipes.values()], inner_cv)
    model = make_pipeline(union.set_output(transform="default"), learner)
    model, fit_params = prepare_fit(model, groups)
    partitions = make_partitions(len(y), groups=groups, **folds)
    held_out = predict_partitions(
        model,
        X,
        y,
        partitions,
        fit_params=fit_params,
        n_jobs=n_jobs,
        look=look,
    )
    with parallel_config(n_jobs=n_jobs):
        model.fit(X, y, **fit_params)
    model = with_photos(model)
    for _, transformer in model[0].transformer_list:
        transformer.set_params(**RUN_DEFAULTS)
    return FittedFeatures(model, held_out, kept)


def _learner(union, regressors, inner_cv):
    """What learns from the features: the regressor of the only kind, or a fusion."""
    if len(regressors) == 1:
        return regressors[0]
    widths = [leaf.rows.shape[1] for _, leaf in union.transformer_list]
    stops = np.cumsum(widths).tolist()
    branches = [
        (name, regressor, slice(stop - width, stop))
        for (name, _), regressor, width, stop in zip(
            union.transformer_list, regressors, widths, stops, strict=True
        )
    ]
    return StackedLateFusion(branches, cv=inner_cv)
