"""Content, social context, or both: what each predicts alone, on the same folds."""

from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Integral, Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from .._columns import encode_labels, label_rows, resolve_columns, select_columns
from .._scores import check_score
from .._sklearn_compat import Interval, _safe_indexing, validate_params
from ..evaluation import (
    FoldSettings,
    Rows,
    k_folds,
    predict_best_column,
    predict_user_mean,
)
from ..metrics import spearman_interval
from ..models import StackedLateFusion, out_of_fold
from ._plotting import draw_intervals, several_axes

CONTENT, SOCIAL, BOTH = "content", "social", "content + social"


@dataclass(frozen=True)
class AblationResult:
    """What :func:`ablation` found.

    Parameters
    ----------
    scores : DataFrame
        A row per predictor with the columns predictor, spearman, low and high.
    differences : DataFrame
        A row per pair with the columns predictor, instead_of, difference, low and high.
    predictions : dict of str to ndarray of shape (n_samples, n_partitions)
        Out-of-fold predictions of each predictor; NaN for rows in no test fold.
    """

    scores: pd.DataFrame
    differences: pd.DataFrame
    predictions: dict[str, NDArray] = field(repr=False)


@validate_params(
    {
        "fusion": [StackedLateFusion],
        "y": ["array-like"],
        "content": ["array-like"],
        "social": ["array-like"],
        "user": [str, Integral, callable, None],
        "groups": [str, Integral, callable, "array-like", None],
        "cues": ["array-like", None],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def ablation(
    fusion,
    X,
    y,
    *,
    content,
    social,
    user=None,
    groups=None,
    cues=None,
    cv=5,
    n_repeats=1,
    confidence=0.95,
    n_jobs=None,
    random_state=None,
):
    """Score content alone, social context alone, both, and what needs no model.

    Parameters
    ----------
    fusion : StackedLateFusion
        Late fusion of all branches; it is cloned, not fitted.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Columns that the branches see.
    y : array-like of shape (n_samples,)
        Scores.
    content, social : list of str
        Names of the branches that see the photo, and of those that see what surrounds
        it. Branches in neither are left out.
    user : str, int or callable, default=None
        Column of X that holds the user, or a function from X to the users, for the
        user's mean.
    groups : str, int, callable or array-like of shape (n_samples,), default=None
        Rows that stay together in all folds, outer and inner; the users to ask about
        new users.
    cues : list of columns, default=None
        Numeric columns of X among which the best single cue is looked for, fold by
        fold; None is the numeric columns that the social branches see.
    cv : int or cross-validation splitter, default=5
        Folds. An int deals rows of neighbouring scores, or groups, to different folds,
        as :func:`evaluate_protocols` does.
    n_repeats : int, default=1
        Partitions into folds; only with an int.
    confidence : float, default=0.95
        Confidence of the intervals, 0 to 1.
    n_jobs : int, default=None
        Number of worker processes.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds.

    Returns
    -------
    result : AblationResult
        Its `scores` and `differences` are tables of Spearman's correlation of pooled
        out-of-fold predictions with intervals. Predictors are "content", "social",
        "content + social", "constant", "user mean" (only with several users) and "best
        cue" (only with numeric cues).

    Raises
    ------
    ValueError
        If a branch is unknown or on both sides, a column is not in X, or there are too
        few rows or groups for the folds.

    See Also
    --------
    plot_ablation : Draw it.
    branch_importance : How much a fitted fusion relies on each branch.
    evaluate_protocols : One model in several settings.

    Notes
    -----
    Table 3 of [1]_, with all predictors on the same folds, so that differences are
    paired. Intervals hold for new groups; if none are given, for new users; if none are
    given either, for new rows. The user's mean is that of the
    training rows, counted from the mean of all, and 0 for new users.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity import StackedLateFusion, ablation
    >>> X = np.random.default_rng(0).normal(size=(120, 4))
    >>> y = X[:, 0] + 2 * X[:, 3]
    >>> fusion = StackedLateFusion(
    ...     [("gist", Ridge(), [0, 1]), ("tags", Ridge(), [2, 3])]
    ... )
    >>> result = ablation(
    ...     fusion, X, y, content=["gist"], social=["tags"], random_state=0
    ... )
    >>> result.scores[["predictor", "spearman"]].round(1).values.tolist()[:3]
    [['content', 0.3], ['social', 0.9], ['content + social', 1.0]]
    """
    y = check_score(y, "y")
    check_consistent_length(X, y)
    models = _models(fusion, list(content), list(social))
    groups = _group_codes(X, groups)
    users = label_rows(X, user, "user")
    codes = np.zeros(len(y), int) if users is None else encode_labels(users, "user")
    columns = _cue_values(fusion, X, list(social), cues)
    random_state = check_random_state(random_state)
    rows = Rows(y=y, users=codes, groups=groups, times=None, columns=columns)
    partitions = _partitions(X, rows, cv, n_repeats, random_state)
    predictions = _predict(models, X, rows, partitions, n_jobs)
    settings = {
        "groups": codes if groups is None and users is not None else groups,
        "confidence": confidence,
    }
    scores, differences = _summarise(y, predictions, settings)
    return AblationResult(scores, differences, predictions)


def _models(fusion, content, social):
    """The fusion with the branches of each side, and with those of both."""
    known = [name for name, _, _ in fusion.branches]
    for side, names in ((CONTENT, content), (SOCIAL, social)):
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(
                f"Got {side}={names}, but one or more of the branches {known} were "
                "expected."
            )
    shared = sorted(set(content) & set(social))
    if shared:
        raise ValueError(
            f"Got {shared} in content and in social, but each branch on one side was "
            "expected."
        )
    sides = {CONTENT: content, SOCIAL: social, BOTH: content + social}
    return {side: _with_branches(fusion, names) for side, names in sides.items()}


def _with_branches(fusion, names):
    branches = [branch for branch in fusion.branches if branch[0] in names]
    return clone(fusion).set_params(branches=clone(branches, safe=False))


def _group_codes(X, groups):
    if isinstance(groups, str | Integral) or callable(groups):
        groups = label_rows(X, groups, "groups")
    if groups is None:
        return None
    check_consistent_length(X, groups)
    return encode_labels(groups, "groups")


def _cue_values(fusion, X, social, cues):
    """Numeric columns among which the best cue is looked for."""
    chosen = [columns for name, _, columns in fusion.branches if name in social]
    if cues is not None:
        chosen = [list(cues)]
    tables = [
        pd.DataFrame(select_columns(X, resolve_columns(X, columns, "parameter cues")))
        for columns in chosen
    ]
    numeric = [
        table.select_dtypes(["number", "bool"], exclude=["timedelta"])
        for table in tables
    ]
    return np.hstack([t.to_numpy(np.float64, na_value=np.nan) for t in numeric])


def _partitions(X, rows, cv, n_repeats, random_state):
    if isinstance(cv, Integral):
        settings = FoldSettings(int(cv), n_repeats, 0)
        return k_folds(rows, np.arange(len(rows.y)), settings, random_state)
    return [list(check_cv(cv).split(X, rows.y, rows.groups))]


def _predict(models, X, rows, partitions, n_jobs):
    """Predictions of each predictor, a column per partition."""
    folds = [fold for partition in partitions for fold in partition]
    fitted = Parallel(n_jobs=n_jobs)(
        delayed(_fit_predict)(model, X, rows, train, test)
        for model in models.values()
        for train, test in folds
    )
    parts = {
        name: fitted[i * len(folds) : (i + 1) * len(folds)]
        for i, name in enumerate(models)
    }
    parts |= _predict_baselines(rows, folds)
    ends = np.cumsum([0, *(len(partition) for partition in partitions)])
    return {
        name: np.column_stack(
            [
                out_of_fold(part[start:end], folds[start:end], len(rows.y))
                for start, end in pairwise(ends)
            ]
        )
        for name, part in parts.items()
    }


def _fit_predict(model, X, rows, train, test):
    told = {} if rows.groups is None else {"groups": rows.groups[train]}
    fitted = clone(model).fit(_safe_indexing(X, train), rows.y[train], **told)
    return fitted.predict(_safe_indexing(X, test))


def _predict_baselines(rows, folds):
    y, users, columns = rows.y, rows.users, rows.columns
    parts = {"constant": [np.zeros(len(test)) for _, test in folds]}
    if users.max() > 0:
        parts["user mean"] = [
            predict_user_mean(y[train], users[train], users[test])
            for train, test in folds
        ]
    if columns.shape[1]:
        parts["best cue"] = [
            predict_best_column(y[train], columns[train], columns[test])
            for train, test in folds
        ]
    return parts


def _summarise(y, predictions, settings):
    """Scores of all predictors, and differences of those that are compared."""
    tested = np.isfinite(predictions["constant"]).all(axis=1)
    if settings["groups"] is not None:
        settings = settings | {"groups": settings["groups"][tested]}
    y = y[tested]
    scored = {name: predicted[tested] for name, predicted in predictions.items()}
    scores = [
        (name, *spearman_interval(y, predicted, **settings))
        for name, predicted in scored.items()
    ]
    pairs = [(BOTH, name) for name in scored if name != BOTH]
    pairs.append((SOCIAL, CONTENT))
    differences = [
        (a, b, *spearman_interval(y, scored[a], baseline=scored[b], **settings))
        for a, b in pairs
    ]
    ends = ["low", "high"]
    return (
        pd.DataFrame(scores, columns=["predictor", "spearman", *ends]),
        pd.DataFrame(
            differences, columns=["predictor", "instead_of", "difference", *ends]
        ),
    )


def plot_ablation(result, *, ax=None):
    """Draw scores and paired differences with their intervals.

    Parameters
    ----------
    result : AblationResult
        From :func:`ablation`.
    ax : sequence of 2 matplotlib axes, default=None
        For the scores and for the differences; None makes a figure.

    Returns
    -------
    ax : ndarray of matplotlib axes
    """
    ax = several_axes(ax, 2, (10.0, 3.2))
    scores, differences = result.scores, result.differences
    draw_intervals(
        ax[0],
        scores["predictor"],
        scores["spearman"],
        scores["low"],
        scores["high"],
        reference=0,
    )
    ax[0].set_xlabel("Spearman's correlation")
    labels = differences["predictor"] + "\ninstead of " + differences["instead_of"]
    draw_intervals(
        ax[1],
        labels,
        differences["difference"],
        differences["low"],
        differences["high"],
        reference=0,
        series=1,
    )
    ax[1].set_xlabel("difference")
    return ax
