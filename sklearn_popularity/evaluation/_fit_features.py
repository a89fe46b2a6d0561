"""Fit what `compare_features` compares, to rank new photos with."""

from dataclasses import dataclass, field
from numbers import Integral
from os import PathLike

from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from .._sklearn_compat import Interval, validate_params, with_array_outputs
from ._compare import (
    check_scores_of,
    describe_and_split,
    late_fusion,
    predict_held_out,
    transformers_of,
)
from ._recipes import FEATURES

# Settings of the run, which are none of the model.
_RUN_DEFAULTS = {"n_jobs": None, "cache": None, "on_error": "raise", "verbose": False}


@dataclass(frozen=True)
class FittedFeatures:
    """What :func:`fit_features` learned.

    Parameters
    ----------
    model : Pipeline
        From photos to scores: a :class:`~sklearn.pipeline.FeatureUnion` of the
        transformers, and what learned from their features.
    predictions : ndarray of shape (n_kept,)
        Out-of-fold predictions of models like it.
    kept : ndarray of shape (n_kept,)
        Rows of the photos that could be read, in the order of the predictions.
    """

    model: Pipeline
    predictions: NDArray = field(repr=False)
    kept: NDArray = field(repr=False)


@validate_params(
    {
        "features": ["array-like"],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "inner_cv": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "cache": [str, PathLike, None],
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
    inner_cv=4,
    n_jobs=None,
    cache=None,
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
    inner_cv : int, default=4
        Number of inner folds of the late fusion.
    n_jobs : int, default=None
        Number of worker processes.
    cache : str or path, default=None
        File that keeps rows of features, see :class:`ImageTransformer`. The model does
        not go on using it.
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
    transformers = transformers_of(features, n_jobs, verbose, cache)
    settings = {"cv": cv, "n_repeats": 1, "inner_cv": inner_cv}
    blocks, kept, y, groups, partitions = describe_and_split(
        photos, y, groups, transformers, settings
    )
    regressor, X, fit_params = _learner(blocks, inner_cv, groups)
    predictions = predict_held_out(regressor, X, y, partitions, n_jobs, **fit_params)
    with parallel_config(n_jobs=n_jobs):
        regressor.fit(X, y, **fit_params)
    for transformer in transformers.values():
        transformer.set_params(**_RUN_DEFAULTS)
    union = FeatureUnion(list(transformers.items())).set_output(transform="default")
    model = make_pipeline(union, regressor)
    return FittedFeatures(model, predictions[:, 0], kept)


def _learner(blocks, inner_cv, groups):
    """What learns from the features, which table, and which groups it is told."""
    if len(blocks) == 1:
        [(name, X)] = blocks.items()
        return clone(FEATURES[name].regressor), X, {}
    fusion, X = late_fusion(blocks, inner_cv, groups is not None)
    return fusion, X, {} if groups is None else {"groups": groups}
