"""Compare kinds of features, and their late fusion, on photos held out."""

from dataclasses import replace
from numbers import Integral
from os import PathLike

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_consistent_length

from .._columns import encode_labels
from .._scores import check_score
from .._sklearn_compat import (
    Interval,
    StrOptions,
    validate_params,
    with_array_outputs,
)
from ..images import find_photos
from ..models import StackedLateFusion
from ._baselines import baseline_models
from ._compare_models import compare_described
from ._describe_once import Described, PhotoTable
from ._partitions import make_partitions
from ._recipes import FEATURES

FUSION = "late-fusion"
_PHOTO = "photo"


@validate_params(
    {
        "features": ["array-like"],
        "context": [dict, None],
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
    context=None,
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
    context : dict of str to ContextFeature, default=None
        Further kinds of features by name, made from tables with a row per photo: what
        `social_cues`, `upload_time`, `tag_words` and `user_history` of
        :mod:`sklearn_popularity.evaluation` return. They are fitted within training
        folds. With some, `features` may be empty, and then no photo is read.
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
        If a feature is unknown, a group is missing, or fewer groups or photos than
        folds can be read.

    Notes
    -----
    GIST, LBP and the codebook features are averaged over each photo and its mirror
    image.

    Each kind is a pipeline as :func:`compare_models` takes it, and the fusion is a
    :class:`StackedLateFusion` of these; compositions of your own are compared there.

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
    context = {} if context is None else context
    y, groups = check_scores_of(photos, y, features, groups, context)
    folds = {"cv": cv, "n_repeats": n_repeats, "inner_cv": inner_cv}
    make_partitions(len(y), groups=groups, **folds)  # fails before the work
    X = _join(photos, context)
    table = PhotoTable(X, _PHOTO, per_fold=dictionary == "per-fold")
    seen = {name: (each, _columns_of(name, each)) for name, each in context.items()}
    settings = {"n_jobs": n_jobs, "cache": cache, "on_error": "nan", "verbose": verbose}
    fusion = late_fusion(features, seen, inner_cv, **settings)
    fusion = table.describe(fusion).learner
    kept = np.flatnonzero(table.readable)
    X, y = table.X.iloc[kept], y[kept]
    groups = None if groups is None else groups[kept]
    comparison = compare_described(
        {name: Described(model, X) for name, model in _models(fusion).items()},
        y,
        make_partitions(len(y), groups=groups, **folds),
        groups=groups,
        n_jobs=n_jobs,
    )
    widths = _count_features(fusion, X, y)
    n_features = [widths[name] for name in comparison.scores["model"]]
    comparison.scores.insert(1, "n_features", n_features)
    return replace(comparison, kept=kept)


def check_scores_of(photos, y, features, groups, context=()):
    """Scores and numbers of groups, one per photo; checks that all features exist."""
    unknown = [name for name in features if name not in FEATURES]
    if unknown or len(features) + len(context) == 0:
        raise ValueError(
            f"Got features={list(features)}, but one or more of {list(FEATURES)} were "
            "expected."
        )
    taken = sorted(set(context) & {*FEATURES, FUSION})
    if taken:
        raise ValueError(
            f"Got context with the name(s) {taken}, which other features have. Choose "
            "others."
        )
    y = check_score(y, "y")
    tables = [context[name].table for name in context]
    check_consistent_length(photos, y, groups, *tables)
    return y, None if groups is None else encode_labels(groups, "groups")


def recipe_of(name, **settings):
    """Transformer and regressor of a kind of feature, with settings of the former."""
    transformer, regressor = FEATURES[name]
    return clone(transformer).set_params(**settings), clone(regressor)


def _join(photos, context):
    """A table of the photos and of all columns of the context."""
    found = find_photos(photos)
    items = list(photos if found is None else found)
    parts = [pd.Series(items, dtype=object, name=_PHOTO)]
    for name, feature in context.items():
        part = feature.table.reset_index(drop=True)
        parts.append(part.set_axis(_columns_of(name, feature), axis=1))
    return pd.concat(parts, axis=1)


def _columns_of(name, feature):
    return [f"{name}: {column}" for column in feature.table.columns]


def late_fusion(features, context, inner_cv, **settings):
    """The late fusion of kinds of features, not fitted.

    Parameters
    ----------
    features : sequence of str
        Kinds of features of the column "photo".
    context : dict of str to (ContextFeature, list of str)
        Further features, and the columns that they see.
    inner_cv : int
        Inner folds.
    **settings
        Of the transformers of photos.
    """
    branches = [
        (name, make_pipeline(*recipe_of(name, **settings)), _PHOTO) for name in features
    ]
    for name, (feature, columns) in context.items():
        model = make_pipeline(clone(feature.transformer), clone(feature.regressor))
        branches.append((name, model, columns))
    return StackedLateFusion(branches, cv=inner_cv)


def _models(fusion):
    """Each branch by itself, the fusion if there are several, and a constant."""
    models = {
        name: make_pipeline(ColumnTransformer([(name, model[0], columns)]), model[1])
        for name, model, columns in fusion.branches
    }
    if len(models) > 1:
        models[FUSION] = fusion
    return models | baseline_models()


def _count_features(fusion, X, y):
    """Width of the features of each branch, and of all together."""
    widths = {}
    for name, model, columns in fusion.branches:
        fitted = clone(model[0]).fit(X[columns], y)
        widths[name] = len(fitted.get_feature_names_out())
    return widths | {FUSION: sum(widths.values()), "constant": 0}
