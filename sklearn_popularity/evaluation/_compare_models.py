"""Compare models on the same folds: scores and paired differences."""

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
from ._held_out import HeldOutPredictions
from ._held_out_scores import held_out_difference, held_out_interval
from ._partitions import Folds
from ._study import predict_study, prepare_study
from ._variance_shares import variance_shares

_ADJUSTED = "p-values are adjusted for the number of comparisons, intervals are not"


@dataclass(frozen=True)
class ModelComparison:
    """Result of :func:`compare_models` and :func:`compare_features`.

    Parameters
    ----------
    scores : DataFrame
        One row per model, with the columns model, spearman (rank correlation of pooled
        held-out predictions, averaged over repeats; 0 is chance), low and high (its
        interval), lowest and highest (over repeats) and within_folds (mean correlation
        within test folds).
    differences : DataFrame
        One row per comparison, with the columns model, instead_of, difference, low and
        high (its paired interval, of this comparison alone) and p_value (adjusted for
        the number of comparisons by Holm's method); empty without a reference. Judge by
        p_value: an interval may exclude 0 although p_value is above 0.05.
    held_out : dict of str to HeldOutPredictions
        Held-out predictions of each model.
    kept : ndarray of shape (n_kept,)
        Rows of X that were scored, those with readable photos.
    ceilings : DataFrame or None
        Highest correlations that predictions from `sources` can reach, as in
        :func:`variance_shares`; None without sources.
    """

    scores: pd.DataFrame
    differences: pd.DataFrame = field(repr=False)
    held_out: dict[str, HeldOutPredictions] = field(repr=False)
    kept: NDArray[np.intp] = field(repr=False)
    ceilings: pd.DataFrame | None = field(default=None, repr=False)

    def __str__(self):
        parts = [self.scores.round(3).to_string(index=False)]
        if len(self.differences):
            parts += [self.differences.round(3).to_string(index=False), _ADJUSTED]
        if self.ceilings is not None:
            parts.append(self.ceilings.round(3).to_string(index=False))
        return "\n\n".join(parts)

    @property
    def partitions(self) -> list[Folds]:
        """Folds of each repeat, as positions in the rows kept."""
        return next(iter(self.held_out.values())).partitions

    def _repr_html_(self):
        parts = [table(self.scores, "Scores on held-out photos")]
        if len(self.differences):
            parts.append(table(self.differences, f"Differences; {_ADJUSTED}"))
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

    Each image transformer extracts the features of each photo only once, for all
    models and folds.

    Parameters
    ----------
    models : dict of str to estimator
        Regressors or rankers, which either take all columns of X or begin with image
        transformers and take only the photos. For baselines, see
        :func:`baseline_models`.
    X : DataFrame of shape (n_samples, n_columns), or sequence of photos
        Posts or photos. A photo that cannot be read raises an error; with transformers
        that have ``on_error="nan"``, its row is left out.
    y : array-like of shape (n_samples,)
        Scores.
    groups : array-like of shape (n_samples,), default=None
        Group of each row, such as its user, its theme or a set of copies. A group stays
        in one fold, also in inner folds of late fusions, and its rows are not
        independent in intervals. If None, rows are independent.
    reference : str, default=None
        Model that the others are compared with. Choose it before looking at the scores:
        the best of several models is better by chance alone. If None, `differences` is
        empty.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter whose test folds do not overlap.
    n_repeats : int, default=3
        Number of repeats with other folds, 1 or more; above 1 only with an int `cv`.
    photo : str, default="photo"
        Name of the column of photos in a frame.
    dictionary : {"once", "per-fold"}, default="once"
        Whether to learn from photos without scores, for example the words of codebook
        features, once from all photos, or in each fold from its training photos, which
        repeats the extraction of their features.
    params : dict, default=None
        Parameters of `fit`, such as weights; those with one value per row are split.
    sources : dict of str to array-like, default=None
        Labels "photo", "user" or "time" of each row, from which
        :func:`variance_shares` finds the `ceilings`; rows with a missing label are left
        out there. If None, there are no ceilings.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.
    n_jobs : int, default=None
        Number of worker processes for fitting folds; None is 1, -1 one per core.
    random_state : int, default=None
        Seed of the folds, as in :func:`held_out_predictions`.
    verbose : bool, default=False
        Whether to show progress bars.

    Returns
    -------
    comparison : ModelComparison
        Tables `scores`, `differences` and `ceilings`, and the held-out predictions.

    Raises
    ------
    ValueError
        If there is no model, `reference` is not the name of one, lengths differ, or
        there are too few rows or groups.

    See Also
    --------
    held_out_predictions : Predictions of a single model.
    baseline_models : Baselines to compare with.
    variance_shares : How well a score can be predicted at all.
    compare_features : Compare kinds of features of this library.
    sklearn_popularity.inspection.plot_comparison : Plot the result.

    Notes
    -----
    Intervals are for the model, trained again on as many rows of new groups
    (:func:`~sklearn_popularity.spearman_interval` with `n_folds`). Differences are
    paired. Their p-values are adjusted by Holm's method [1]_ over all comparisons of
    the table, which controls the chance of any false finding. Their intervals are not
    adjusted: each has the given confidence for its own difference.

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
    if not models or not (reference is None or reference in models):
        raise ValueError(
            f"Got reference={reference!r} and the models {quote(list(models))}, but "
            "at least one model, and the name of a model or None as reference, were "
            "expected."
        )
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
    """Compare models of a prepared study.

    Parameters
    ----------
    study : Study
        Models, rows and folds.
    pairs : sequence of (str, str), default=()
        Each model and the one that it is compared with.
    units : ndarray of shape (n_samples,), default=None
        Groups for the intervals, if not the groups of the study.
    confidence, n_jobs, verbose
        As in :func:`compare_models`.
    """
    held_out = {
        name: predict_study(study, name, n_jobs=n_jobs, verbose=verbose)
        for name in study.described
    }
    settings = {
        "groups": study.groups if units is None else units,
        "confidence": confidence,
    }
    scores = pd.DataFrame(
        {"model": name} | _score(study.y, each, **settings)
        for name, each in held_out.items()
    )
    differences = _find_differences(study.y, held_out, pairs, **settings)
    return ModelComparison(scores, differences, held_out, study.kept)


def _ceilings(study, sources, confidence):
    """Ceilings from the sources of the rows that were scored."""
    if not sources:
        return None
    known = {name: np.asarray(each)[study.kept] for name, each in sources.items()}
    told = np.all([pd.notna(each) for each in known.values()], axis=0)
    labels = {name: each[told] for name, each in known.items()}
    return variance_shares(study.y[told], **labels, confidence=confidence).ceilings


def _score(y, held_out, groups, confidence) -> dict:
    """Row of a model in the table of scores."""
    score, low, high = held_out_interval(y, held_out, groups, confidence)
    scores = held_out.scores(y)
    return {
        "spearman": score,
        "low": low,
        "high": high,
        "lowest": scores.min(),
        "highest": scores.max(),
        "within_folds": float(held_out.scores_within(y).mean()),
    }


def _find_differences(y, held_out, pairs, groups, confidence) -> pd.DataFrame:
    """Table of the differences between the two models of each pair."""
    columns = ["model", "instead_of", "difference", "low", "high", "p_value"]
    rows = []
    for a, b in pairs:
        found = held_out_difference(y, held_out[a], held_out[b], groups, confidence)
        rows.append((a, b, found.score, found.low, found.high, found.p_value))
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_value=adjust_p_values(table["p_value"]))


def adjust_p_values(p_values) -> NDArray[np.float64]:
    """Adjust the p-values of all comparisons by Holm's method."""
    p_values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p_values, kind="stable")
    adjusted = p_values[order] * np.arange(len(order), 0, -1)
    result = np.empty(len(order))
    result[order] = np.maximum.accumulate(adjusted).clip(max=1.0)
    return result
