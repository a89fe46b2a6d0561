"""Compare kinds of features, and their late fusion, on photos held out."""

from dataclasses import dataclass, field
from numbers import Integral
from os import PathLike
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_consistent_length
from sklearn.utils.parallel import Parallel, delayed

from .._columns import encode_labels
from .._scores import check_score
from .._sklearn_compat import (
    Interval,
    _safe_indexing,
    validate_params,
    with_array_outputs,
)
from ..metrics import spearman_interval, spearman_score
from ..models import StackedLateFusion
from ._partitions import Folds, columns_of_partitions, make_partitions
from ._recipes import FEATURES

FUSION = "late-fusion"


@dataclass(frozen=True)
class FeatureComparison:
    """What :func:`compare_features` found.

    Parameters
    ----------
    table : DataFrame
        A row per kind of feature and one for their late fusion.
    predictions : dict of str to ndarray of shape (n_kept, n_repeats)
        Out-of-fold predictions of each, a column per partition.
    kept : ndarray of shape (n_kept,)
        Rows of X that could be read, in the order of the predictions.
    partitions : list of list of (train, test)
        The folds of each partition; they number the rows kept.
    """

    table: pd.DataFrame
    predictions: dict[str, NDArray] = field(repr=False)
    kept: NDArray = field(repr=False)
    partitions: list[Folds] = field(repr=False)


@validate_params(
    {
        "features": ["array-like"],
        "context": [dict, None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "inner_cv": [Interval(Integral, 2, None, closed="left")],
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
    n_jobs : int, default=None
        Number of worker processes.
    cache : str or path, default=None
        File that keeps rows of features, see :class:`ImageTransformer`.
    verbose : bool, default=False
        Whether to show progress bars of the extraction.

    Returns
    -------
    comparison : FeatureComparison
        Its `table` has the columns feature, n_features, spearman (mean over partitions
        of the correlation of pooled out-of-fold predictions), low and high (its 95 %
        interval, that of new groups where given), lowest and highest (over
        partitions), and within_folds (mean of the correlations within test folds).

    Raises
    ------
    ValueError
        If a feature is unknown, a group is missing, or fewer groups or photos than
        folds can be read.

    Notes
    -----
    GIST, LBP and the codebook features are averaged over each photo and its mirror
    image.

    The words of the codebook features (``color-names-llc``, ``hog-llc``) are learned
    once, from all photos but without their scores. Scores are learned from training
    folds alone.

    A training set whose mean score is high leaves a test fold whose mean is low. Where
    folds differ much, with few groups or many small folds, this sets pooled
    predictions of a weak feature against the scores: `spearman` then lies far below
    `within_folds`, and may be negative. Prefer more groups or fewer folds.

    Examples
    --------
    >>> from sklearn_popularity import compare_features, make_popularity
    >>> posts, truth = make_popularity(60, random_state=0)
    >>> comparison = compare_features(
    ...     posts["photo"], posts["score"], features=["color-statistics"], n_repeats=1
    ... )
    >>> comparison.table["feature"].tolist()
    ['color-statistics']
    """
    context = {} if context is None else context
    y, groups = check_scores_of(photos, y, features, groups, context)
    transformers = transformers_of(features, n_jobs, verbose, cache)
    settings = {"cv": cv, "n_repeats": n_repeats, "inner_cv": inner_cv}
    blocks, kept, y, groups, partitions = describe_and_split(
        photos, y, groups, transformers, settings
    )
    models = {name: FEATURES[name].regressor for name in features}
    widths = {name: block.shape[1] for name, block in blocks.items()}
    for name, feature in context.items():
        blocks[name], models[name], widths[name] = _of_context(feature, kept, y)
    predictions = {
        name: predict_held_out(model, blocks[name], y, partitions, n_jobs)
        for name, model in models.items()
    }
    if len(blocks) > 1:
        fusion, X = late_fusion(blocks, inner_cv, groups is not None, models)
        fit_params = {} if groups is None else {"groups": groups}
        predictions[FUSION] = predict_held_out(
            fusion, X, y, partitions, n_jobs, **fit_params
        )
        widths[FUSION] = sum(widths.values())
    rows = [
        {"feature": name, "n_features": widths[name]}
        | _summarise(y, predicted, groups, partitions)
        for name, predicted in predictions.items()
    ]
    return FeatureComparison(pd.DataFrame(rows), predictions, kept, partitions)


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


def transformers_of(features, n_jobs, verbose, cache=None):
    """A transformer for each kind of feature, which skips unreadable photos."""
    settings = {"n_jobs": n_jobs, "cache": cache, "on_error": "nan", "verbose": verbose}
    return {
        name: clone(FEATURES[name].transformer).set_params(**settings)
        for name in features
    }


class Described(NamedTuple):
    """Features of the photos that could be read, their scores, groups and folds."""

    blocks: dict[str, NDArray]
    kept: NDArray
    y: NDArray
    groups: NDArray | None
    partitions: list[Folds]


def describe_and_split(photos, y, groups, transformers, settings) -> Described:
    """Describe photos, and split those that can be read; fits the transformers.

    Parameters
    ----------
    photos : sequence of photos
        Photos.
    y, groups : ndarray of shape (n_photos,)
        From `check_scores_of`.
    transformers : dict of str to transformer
        From `transformers_of`.
    settings : dict
        Of `make_partitions`, which fails before the work if there are too few photos.
    """
    partitions = make_partitions(len(y), groups=groups, **settings)
    blocks, kept = _describe(photos, transformers)
    if len(kept) < len(y):
        y, groups = y[kept], None if groups is None else groups[kept]
        partitions = make_partitions(len(y), groups=groups, **settings)
    return Described(blocks, kept, y, groups, partitions)


def _describe(photos, transformers):
    """Features of the photos that can be read, and which those are."""
    kept = np.arange(len(photos))
    blocks: dict[str, NDArray] = {}
    for name, transformer in transformers.items():
        block = transformer.fit_transform(_safe_indexing(photos, kept))
        readable = ~np.isnan(block).any(axis=1)
        kept = kept[readable]
        if len(kept) == 0:
            raise ValueError(
                f"None of the {len(photos)} photos could be read; the warning above "
                "says why."
            )
        blocks = {other: rows[readable] for other, rows in blocks.items()}
        blocks[name] = block[readable]
    return blocks, kept


def _of_context(feature, kept, y):
    """Table, model and number of features of a kind that is made from a table."""
    table = feature.table.iloc[kept].reset_index(drop=True)
    fitted = clone(feature.transformer).fit(table, y)
    model = make_pipeline(feature.transformer, feature.regressor)
    return table, model, len(fitted.get_feature_names_out())


def late_fusion(blocks, inner_cv, by_group, models=None):
    """The fusion of all features, and the table of which each branch sees a slice."""
    if models is None:
        models = {name: FEATURES[name].regressor for name in blocks}
    stops = np.cumsum([block.shape[1] for block in blocks.values()]).tolist()
    branches = [
        (name, models[name], slice(stop - block.shape[1], stop))
        for (name, block), stop in zip(blocks.items(), stops, strict=True)
    ]
    cv = inner_cv if by_group else KFold(inner_cv, shuffle=True, random_state=0)
    return StackedLateFusion(branches, cv=cv), _side_by_side(list(blocks.values()))


def _side_by_side(blocks):
    """All blocks as one array, or as a frame if any of them is one."""
    if not any(isinstance(block, pd.DataFrame) for block in blocks):
        return np.hstack(blocks)
    table = pd.concat([pd.DataFrame(block) for block in blocks], axis=1)
    return table.set_axis([f"column{i}" for i in range(table.shape[1])], axis=1)


def predict_held_out(model, X, y, partitions, n_jobs, **fit_params):
    """Out-of-fold predictions, a column per partition."""
    folds = [fold for folds in partitions for fold in folds]
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_fit_predict)(model, X, y, train, test, fit_params)
        for train, test in folds
    )
    return columns_of_partitions(parts, partitions, len(y))


def _fit_predict(model, X, y, train, test, fit_params):
    fit_params = {name: values[train] for name, values in fit_params.items()}
    fitted = clone(model).fit(_safe_indexing(X, train), y[train], **fit_params)
    return fitted.predict(_safe_indexing(X, test))


def _summarise(y, predicted, groups, partitions):
    interval = spearman_interval(y, predicted, groups=groups)
    scores = [spearman_score(y, column) for column in predicted.T]
    within = [
        spearman_score(y[test], column[test])
        for column, folds in zip(predicted.T, partitions, strict=True)
        for _, test in folds
    ]
    return {
        "spearman": interval.score,
        "low": interval.low,
        "high": interval.high,
        "lowest": min(scores),
        "highest": max(scores),
        "within_folds": float(np.mean(within)),
    }
