"""Models side by side, on the same folds: scores, and paired differences."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral, Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length

from .._messages import quote
from .._notebook import table
from .._sklearn_compat import Interval, StrOptions, validate_params
from ..metrics import spearman_difference, spearman_interval
from ._held_out import HeldOutPredictions
from ._partitions import Folds
from ._study import predict_study, prepare_study
from ._variance_shares import variance_shares


@dataclass(frozen=True)
class ModelComparison:
    """What :func:`compare_models` and its kin found.

    Parameters
    ----------
    scores : DataFrame
        A row per model, with the columns model, spearman (mean over partitions of the
        correlation of pooled held-out predictions, of which chance is 0), low and high
        (its interval), lowest and highest (over partitions), and within_folds (mean of
        the correlations within test folds).
    differences : DataFrame
        A row per comparison that was asked for, with the columns model, instead_of,
        difference, low and high (its interval, paired) and p_value (adjusted).
    held_out : dict of str to HeldOutPredictions
        Predictions of each model.
    kept : ndarray of shape (n_kept,)
        Rows of X that were compared.
    ceilings : DataFrame or None
        The highest correlations that predictions from `sources` can have, as those of
        :func:`variance_shares`; None without sources.
    """

    scores: pd.DataFrame
    differences: pd.DataFrame = field(repr=False)
    held_out: dict[str, HeldOutPredictions] = field(repr=False)
    kept: NDArray[np.intp] = field(repr=False)
    ceilings: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def partitions(self) -> list[Folds]:
        """Folds of each partition, which number the rows kept."""
        return next(iter(self.held_out.values())).partitions

    def _repr_html_(self):
        parts = [table(self.scores, "Scores of photos held out")]
        if len(self.differences):
            parts.append(table(self.differences, "Differences"))
        if self.ceilings is not None:
            parts.append(table(self.ceilings, "Ceilings"))
        return "".join(parts)


@validate_params(
    {
        "models": [Mapping],
        "groups": ["array-like", None],
        "reference": [str, None],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "photo": [str],
        "dictionary": [StrOptions({"once", "per-fold"})],
        "params": [dict, None],
        "sources": [dict, None],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": [Interval(Integral, 0, None, closed="left"), None],
        "verbose": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def compare_models(
    models,
    X,
    y,
    *,
    groups=None,
    reference=None,
    cv=5,
    n_repeats=3,
    photo="photo",
    dictionary="once",
    params=None,
    sources=None,
    confidence=0.95,
    n_jobs=None,
    random_state=None,
    verbose=False,
):
    """Score models by cross-validation on the same folds.

    Photos are described once by each image transformer, whatever the number of models
    and folds that learn from its features.

    Parameters
    ----------
    models : dict of str to estimator
        Regressors or rankers: compositions on the columns of X, or pipelines that begin
        with image transformers and see the photos alone. What needs no model stands in
        :func:`baseline_models`.
    X : DataFrame of shape (n_samples, n_columns), or sequence of photos
        Posts, or photos. Those that cannot be read are an error, or left out where the
        transformers have ``on_error="nan"``.
    y : array-like of shape (n_samples,)
        Scores.
    groups : array-like of shape (n_samples,), default=None
        Rows that stay together in all folds, those of late fusions too, and that are
        no independent evidence: those of a user, a theme, or copies of one another.
    reference : str, default=None
        Model from which the others' differences are found. Name it before looking at
        the scores; the best of several is better than a reference by luck alone.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter that tests no row twice.
    n_repeats : int, default=3
        Number of partitions into folds; only an int `cv` is repeated.
    photo : str, default="photo"
        Column of photos.
    dictionary : {"once", "per-fold"}, default="once"
        Whether what is learned from photos without their scores, such as the words of
        codebook features, is learned from all photos, or anew from the training photos
        of each fold, which costs a description of all photos per fold.
    params : dict, default=None
        Parameters of `fit`, such as weights; those with a value per row are split.
    sources : dict of str to array-like, default=None
        What repeats over rows: photo, user or time, as for :func:`variance_shares`,
        whose ceilings then stand beside the scores. Rows where one is missing say
        nothing of them.
    confidence : float, default=0.95
        Confidence of the intervals, 0 to 1.
    n_jobs : int, default=None
        Number of worker processes, which fit folds side by side.
    random_state : int, default=None
        Seed of the partitions, as of :func:`held_out_predictions`.
    verbose : bool, default=False
        Whether to show progress bars.

    Returns
    -------
    comparison : ModelComparison
        Its tables `scores` and `differences`; the latter is empty without `reference`.
        With sources, `ceilings` too.

    Raises
    ------
    ValueError
        If there is no model, `reference` is none of them, lengths differ, or there are
        too few rows or groups.

    See Also
    --------
    held_out_predictions : The predictions of one model.
    baseline_models : Predictors that need no model.
    variance_shares : What a score is made of, and how well it can be predicted.
    compare_features : Kinds of features of this library.
    sklearn_popularity.inspection.plot_comparison : Draw it.

    Notes
    -----
    Intervals are those of the model: of models that are trained anew on as many rows
    of new groups (:func:`~sklearn_popularity.spearman_interval` with `n_folds`).
    Differences are paired. Their p-values are adjusted by Holm's method [1]_ over all
    comparisons of the table, so that the chance of any false one is as low as of one.

    References
    ----------
    .. [1] Holm, "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sklearn_popularity.evaluation import baseline_models, compare_models
    >>> X = np.random.default_rng(0).normal(size=(150, 3))
    >>> y = X[:, 0] + np.random.default_rng(1).normal(size=150)
    >>> models = {"ridge": Ridge(), "neighbours": KNeighborsRegressor(1)}
    >>> comparison = compare_models(
    ...     models | baseline_models(), X, y, reference="neighbours"
    ... )
    >>> comparison.scores["spearman"].round(1).tolist()
    [0.8, 0.6, 0.0]
    >>> comparison.differences[["model", "difference"]].round(1).values.tolist()
    [['ridge', 0.2], ['constant', -0.6]]
    """
    check_models(models, reference)
    study = prepare_study(
        models,
        X,
        y,
        groups=groups,
        cv=cv,
        n_repeats=n_repeats,
        photo=photo,
        dictionary=dictionary,
        params=params,
        random_state=random_state,
    )
    check_consistent_length(y, *(sources or {}).values())
    found = compare_study(
        study,
        pairs=[(name, reference) for name in models if reference not in (None, name)],
        confidence=confidence,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    return replace(found, ceilings=_ceilings(study, sources, confidence))


def compare_study(
    study,
    *,
    pairs=(),
    units=None,
    confidence=0.95,
    n_jobs=None,
    verbose=False,
) -> ModelComparison:
    """Compare models whose photos have been described, on partitions that are made.

    Parameters
    ----------
    study : Study
        Models, rows and folds.
    pairs : sequence of (str, str), default=()
        Models, and those that they are compared with.
    units : ndarray of shape (n_samples,), default=None
        Rows that are no independent evidence, where these are not the groups.
    confidence, n_jobs, verbose
        As of :func:`compare_models`.
    """
    held_out = {
        name: predict_study(study, name, n_jobs=n_jobs, verbose=verbose)
        for name in study.described
    }
    settings = {
        "groups": study.groups if units is None else units,
        "confidence": confidence,
    }
    return ModelComparison(
        score_models(study.y, held_out, **settings),
        find_differences(study.y, held_out, pairs, **settings),
        held_out,
        study.kept,
    )


def _ceilings(study, sources, confidence):
    """Ceilings of what the rows that were compared are known to share."""
    if not sources:
        return None
    known = {name: np.asarray(each)[study.kept] for name, each in sources.items()}
    told = np.all([pd.notna(each) for each in known.values()], axis=0)
    labels = {name: each[told] for name, each in known.items()}
    return variance_shares(study.y[told], **labels, confidence=confidence).ceilings


def check_models(models, reference):
    """Refuse a comparison of nothing, or with what is not there."""
    if not models or not (reference is None or reference in models):
        raise ValueError(
            f"Got reference={reference!r} and the models {quote(list(models))}, but "
            "one or more models, and one of them or None as the reference, were "
            "expected."
        )


def score_models(y, held_out, *, groups, confidence=0.95) -> pd.DataFrame:
    """Table of the scores of models, see :class:`ModelComparison`.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Scores.
    held_out : dict of str to HeldOutPredictions
        Predictions of each model.
    groups : ndarray of shape (n_samples,) or None
        Rows that are no independent evidence.
    confidence : float, default=0.95
        Of the intervals.
    """
    return pd.DataFrame(
        {"model": name} | _score(y, each, groups, confidence)
        for name, each in held_out.items()
    )


def _score(y, held_out, groups, confidence):
    rows = tested_rows(held_out)
    score, low, high = spearman_interval(
        y[rows],
        held_out.shares[rows],
        groups=None if groups is None else groups[rows],
        confidence=confidence,
        n_folds=held_out.n_folds,
    )
    scores = held_out.scores(y)
    return {
        "spearman": score,
        "low": low,
        "high": high,
        "lowest": scores.min(),
        "highest": scores.max(),
        "within_folds": float(held_out.scores_within(y).mean()),
    }


def find_differences(y, held_out, pairs, *, groups, confidence=0.95) -> pd.DataFrame:
    """Table of paired differences, see :class:`ModelComparison`.

    Parameters
    ----------
    y, held_out, groups, confidence
        As of `score_models`.
    pairs : list of (str, str)
        Models, and those that they are compared with.
    """
    columns = ["model", "instead_of", "difference", "low", "high", "p_value"]
    table = pd.DataFrame(
        [
            (a, b, *_difference(y, held_out[a], held_out[b], groups, confidence))
            for a, b in pairs
        ],
        columns=columns,
    )
    return table.assign(p_value=adjust_p_values(table["p_value"]))


def _difference(y, held_out, baseline, groups, confidence):
    rows = tested_rows(held_out)
    found = spearman_difference(
        y[rows],
        held_out.shares[rows],
        baseline.shares[rows],
        groups=None if groups is None else groups[rows],
        confidence=confidence,
        n_folds=held_out.n_folds,
    )
    return found.score, found.low, found.high, found.p_value


def tested_rows(held_out) -> NDArray[np.bool_]:
    """Rows that are in a test fold of each partition."""
    return ~np.isnan(held_out.shares).any(axis=1)


def adjust_p_values(p_values) -> NDArray[np.float64]:
    """Holm's adjustment: the k-th smallest of m times m - k + 1, never below a smaller.

    Parameters
    ----------
    p_values : array-like of shape (m,)
        Of all comparisons that were asked for.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p_values, kind="stable")
    adjusted = p_values[order] * np.arange(len(order), 0, -1)
    result = np.empty(len(order))
    result[order] = np.maximum.accumulate(adjusted).clip(max=1.0)
    return result
