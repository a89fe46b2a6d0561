"""Compare kinds of features, and their late fusion, on photos held out."""

from collections import Counter
from numbers import Integral
from os import PathLike

import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_consistent_length

from .._columns import encode_labels
from .._sklearn_compat import (
    Interval,
    StrOptions,
    validate_params,
    with_array_outputs,
)
from ..images import find_photos
from ..models import StackedLateFusion
from ._baselines import baseline_models
from ._compare_models import compare_study
from ._partitions import make_partitions
from ._recipes import FEATURES
from ._study import prepare_study

FUSION = "late-fusion"
_PHOTO = "photo"


@validate_params(
    {
        "features": ["array-like"],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "inner_cv": [Interval(Integral, 2, None, closed="left")],
        "dictionary": [StrOptions({"once", "per-fold"})],
        "n_jobs": [Integral, None],
        "cache": [str, PathLike, None],
        "verbose": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
@with_array_outputs
def compare_features(
    photos,
    y,
    *,
    features=tuple(FEATURES),
    groups=None,
    cv=5,
    n_repeats=3,
    inner_cv=4,
    dictionary="once",
    n_jobs=None,
    cache=None,
    verbose=False,
):
    """Score kinds of features, and their late fusion, by cross-validation.

    Each feature is learned from by the regressor of its recipe; the late fusion is
    nested: within each training fold a last ridge regression learns from predictions
    of inner folds.

    Parameters
    ----------
    photos : sequence of photos
        Paths, arrays, PIL images or encoded bytes. Those that cannot be read are left
        out, with one warning.
    y : array-like of shape (n_photos,)
        Scores of the photos.
    features : sequence of str, default=all
        Kinds of features: "color-statistics" and "hog-llc", which ridge regression
        learns from, "color-histogram", "gist", "lbp" and "color-names-llc", which a
        kernel SVR does. Several are fused as well.
    groups : array-like of shape (n_photos,), default=None
        Photos that stay together in all folds, outer and inner: those of a user, a
        theme, or copies of one another.
    cv : int, default=5
        Number of outer folds.
    n_repeats : int, default=3
        Number of partitions into folds.
    inner_cv : int, default=4
        Number of inner folds of the late fusion.
    dictionary : {"once", "per-fold"}, default="once"
        Whether the words of codebook features are learned from all photos, or anew from
        the training photos of each fold, which costs a description of all photos per
        fold; without scores either way.
    n_jobs : int, default=None
        Number of worker processes.
    cache : str or path, default=None
        File that keeps rows of features, see :class:`ImageTransformer`.
    verbose : bool, default=False
        Whether to show progress bars of the extraction.

    Returns
    -------
    comparison : ModelComparison
        Its `scores` have a row per kind of feature, one for their late fusion, and one
        for a constant, with `n_features`; `kept` are the rows of photos that could be
        read.

    Raises
    ------
    ValueError
        If a feature is unknown or named twice, a group is missing, or fewer groups or
        photos than folds can be read.

    Notes
    -----
    GIST, LBP and the codebook features are averaged over each photo and its mirror
    image.

    Each kind is a pipeline as :func:`compare_models` takes it, and the fusion is a
    :class:`StackedLateFusion` of these. Compositions of your own are compared there,
    and those with columns beside the photos, such as that of
    :func:`~sklearn_popularity.papers.recommended`.

    Examples
    --------
    >>> from sklearn_popularity import compare_features, make_popularity
    >>> posts, truth = make_popularity(60, random_state=0)
    >>> comparison = compare_features(
    ...     posts["photo"], posts["score"], features=["color-statistics"], n_repeats=1
    ... )
    >>> comparison.scores["model"].tolist()
    ['color-statistics', 'constant']
    """
    _check_features(features)
    folds = {"cv": cv, "n_repeats": n_repeats}
    check_consistent_length(photos, y, groups)
    codes = None if groups is None else encode_labels(groups, "groups")
    make_partitions(len(y), groups=codes, inner_cv=inner_cv, **folds)  # fails early
    settings = {"n_jobs": n_jobs, "cache": cache, "on_error": "nan", "verbose": verbose}
    fusion = late_fusion(features, inner_cv, **settings)
    study = prepare_study(
        parts_of(fusion) | {FUSION: fusion} | baseline_models(),
        _table_of(photos),
        y,
        groups=groups,
        photo=_PHOTO,
        dictionary=dictionary,
        **folds,
    )
    widths = _count_features(study)
    if len(fusion.branches) == 1:
        del study.described[FUSION]
    comparison = compare_study(study, n_jobs=n_jobs)
    n_features = [widths[name] for name in comparison.scores["model"]]
    comparison.scores.insert(1, "n_features", n_features)
    return comparison


def _check_features(features):
    unknown = [name for name in features if name not in FEATURES]
    if unknown or len(features) == 0:
        raise ValueError(
            f"Got features={list(features)}, but one or more of {list(FEATURES)} were "
            "expected."
        )
    twice = [name for name, n in Counter(features).items() if n > 1]
    if twice:
        raise ValueError(
            f"Got features={list(features)}, but each kind was expected once. Leave "
            f"out what repeats {twice}."
        )


def _table_of(photos):
    found = find_photos(photos)
    items = list(photos if found is None else found)
    return pd.DataFrame({_PHOTO: pd.Series(items, dtype=object)})


def late_fusion(features, inner_cv=4, *, photo=_PHOTO, groups=None, **settings):
    """The late fusion of kinds of features, not fitted.

    Parameters
    ----------
    features : sequence of str
        Kinds of features of the photos.
    inner_cv : int
        Inner folds.
    photo, groups : str
        Columns of photos, and of rows that stay together in inner folds, if any.
    **settings
        Of the transformers of photos.
    """
    branches = []
    for name in features:
        transformer, regressor = map(clone, FEATURES[name])
        transformer.set_params(**settings)
        branches.append((name, make_pipeline(transformer, regressor), photo))
    return StackedLateFusion(branches, cv=inner_cv, groups=groups)


def parts_of(fusion):
    """Each branch of a late fusion, from features to scores, as a model by itself."""
    return {
        name: make_pipeline(ColumnTransformer([(name, model[0], columns)]), model[1])
        for name, model, columns in fusion.branches
    }


def _count_features(study):
    """Width of the features of each branch, and of all together."""
    fusion, X = study.described[FUSION]
    widths = {}
    for name, model, columns in fusion.branches:
        fitted = clone(model[0]).fit(X[columns], study.y)
        widths[name] = len(fitted.get_feature_names_out())
    return widths | {FUSION: sum(widths.values()), "constant": 0}
