"""Compare kinds of features, and their late fusion, on held-out photos."""

from collections import Counter
from numbers import Integral
from os import PathLike

import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_consistent_length

from .._sklearn_compat import (
    Interval,
    StrOptions,
    validate_params,
    with_array_outputs,
)
from ..images import find_photos
from ..models import StackedLateFusion, groups_of
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

    Each kind is scored with the regressor of its recipe. The late fusion is nested:
    within each training fold, a final ridge regression is fitted on predictions from
    inner folds.

    Parameters
    ----------
    photos : sequence of photos
        Paths, arrays, PIL images or encoded bytes. Photos that cannot be read are left
        out with one warning.
    y : array-like of shape (n_photos,)
        Scores of the photos.
    features : sequence of str, default=all
        Kinds of features: "color-statistics" and "hog-llc" (with ridge regression),
        "color-histogram", "gist", "lbp" and "color-names-llc" (with a kernel SVR).
        Two or more are also fused.
    groups : array-like of shape (n_photos,), default=None
        Group of each photo, such as its user, its theme or a set of copies. A group
        stays in one fold, both outer and inner. If None, photos are independent.
    cv : int, default=5
        Number of outer folds, 2 or more.
    n_repeats : int, default=3
        Number of repeats of the cross-validation with other folds, 1 or more.
    inner_cv : int, default=4
        Number of inner folds of the late fusion, 2 or more.
    dictionary : {"once", "per-fold"}, default="once"
        Whether to learn the words of codebook features once from all photos, or in each
        fold from its training photos, which repeats the extraction of their features.
        Neither uses scores.
    n_jobs : int, default=None
        Number of worker processes; None is 1, -1 one per core.
    cache : str or path, default=None
        File that caches features, see :class:`ImageTransformer`. If None, no cache.
    verbose : bool, default=False
        Whether to show progress bars of the extraction.

    Returns
    -------
    comparison : ModelComparison
        Its `scores` have a row per kind of feature, one for the late fusion and one for
        a constant, with an extra column n_features; `kept` are the readable photos.

    Raises
    ------
    ValueError
        If a feature is unknown or repeated, a group is missing, or there are fewer
        readable photos or groups than folds.

    Notes
    -----
    GIST, LBP and the codebook features are averaged over each photo and its mirror
    image.

    Each kind is a pipeline and the fusion is a :class:`StackedLateFusion`. To compare
    your own models, or models with other columns such as
    :func:`~sklearn_popularity.papers.recommended`, use :func:`compare_models`.

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
    check_consistent_length(photos, y)
    codes = groups_of(photos, None, groups)
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
            f"Got features={list(features)}, but each kind was expected once. Remove "
            f"the repetitions of {twice}."
        )


def _table_of(photos):
    found = find_photos(photos)
    items = list(photos if found is None else found)
    return pd.DataFrame({_PHOTO: pd.Series(items, dtype=object)})


def late_fusion(features, inner_cv=4, *, photo=_PHOTO, groups=None, **settings):
    """Unfitted late fusion of kinds of features.

    Parameters
    ----------
    features : sequence of str
        Kinds of features of the photos.
    inner_cv : int
        Number of inner folds.
    photo, groups : str
        Columns of photos, and of the groups of inner folds, if any.
    **settings
        Parameters of the image transformers.
    """
    branches = []
    for name in features:
        transformer, regressor = map(clone, FEATURES[name])
        transformer.set_params(**settings)
        branches.append((name, make_pipeline(transformer, regressor), photo))
    return StackedLateFusion(branches, cv=inner_cv, groups=groups)


def parts_of(fusion):
    """Each branch of a late fusion as a separate model."""
    return {
        name: make_pipeline(ColumnTransformer([(name, model[0], columns)]), model[1])
        for name, model, columns in fusion.branches
    }


def _count_features(study):
    """Number of features of each branch, and of all together."""
    fusion, X = study.described[FUSION]
    widths = {}
    for name, model, columns in fusion.branches:
        fitted = clone(model[0]).fit(X[columns], study.y)
        widths[name] = len(fitted.get_feature_names_out())
    return widths | {FUSION: sum(widths.values()), "constant": 0}
