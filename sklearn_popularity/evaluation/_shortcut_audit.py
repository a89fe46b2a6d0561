"""Audit whether a model relies on the uploader, the file or a watermark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from .._sklearn_compat import HasMethods, Interval, validate_params
from ..metrics import (
    Estimate,
    mean_interval,
    number_groups,
    spearman_interval,
    spearman_score,
)
from ._compare_models import adjust_p_values
from ._describe_once import rows_described
from ._held_out import HeldOutPredictions
from ._held_out_scores import tested_rows
from ._partitions import columns_of_partitions, make_partitions
from ._shortcut_statistics import (
    compress,
    follow,
    predict_targets,
    tell_levels,
    tell_number,
)
from ._study import predict_study, prepare_study
from ._suspects import FEWEST_ROWS, collect_suspects, make_suspect, told_levels

_MODEL = "model"
_FOLDS = 5
_ALPHA = 0.05
_NOTHING = Estimate(np.nan, np.nan, 1.0)


@dataclass(frozen=True)
class ShortcutAudit:
    """Result of :func:`shortcut_audit`.

    Parameters
    ----------
    suspects : DataFrame
        One row per suspect, in the order given, with the columns suspect; measure
        ("AUC" for levels, "Spearman" for numbers), told (how well held-out features
        predict the suspect), told_low and told_high (its interval), chance (0.5 or 0);
        spearman (the model's held-out score), follows (the part of it that goes with
        the suspect), follows_low and follows_high (its interval), without (the rest);
        p_value (adjusted, for told and follows together); and verdict, a sentence, or
        empty if nothing is shown. NaN means that a value cannot be estimated: the
        suspect is the same in all rows, or each level is in only one group.
    groups : DataFrame
        One row per level of a suspect with 10 rows or more, worst first, with the
        columns suspect, level, n_rows, spearman (within the level), low and high, bias
        (mean predicted percentile less mean true percentile, in points), bias_low and
        bias_high.
    held_out : HeldOutPredictions
        Held-out predictions of the model.
    kept : ndarray of shape (n_kept,)
        Rows of X with readable photos.
    """

    suspects: pd.DataFrame
    groups: pd.DataFrame = field(repr=False)
    held_out: HeldOutPredictions = field(repr=False)
    kept: NDArray[np.intp] = field(repr=False)

    def __str__(self):
        columns = ["suspect", "measure", "told", "follows", "without", "p_value"]
        lines = [self.suspects[columns].round(3).to_string(index=False), ""]
        lines += [text for text in self.suspects["verdict"] if text]
        clear = self.suspects["suspect"][self.suspects["verdict"] == ""]
        if len(clear):
            lines.append(f"No evidence for: {', '.join(clear)}.")
        return "\n".join(lines)


@validate_params(
    {
        "model": [HasMethods(["fit", "predict"])],
        "suspects": [Mapping, None],
        "measures": [list, tuple],
        "groups": ["array-like", None],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "photo": [str],
        "params": [dict, None],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": [Interval(Integral, 0, None, closed="left"), None],
        "verbose": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def shortcut_audit(
    model,
    X,
    y,
    *,
    suspects=None,
    measures=(),
    groups=None,
    cv=5,
    n_repeats=3,
    photo="photo",
    params=None,
    confidence=0.95,
    n_jobs=None,
    random_state=None,
    verbose=False,
):
    """Audit whether a model's score comes from the uploader, the file or a watermark.

    For each suspect there are two questions: can the features of the model predict it,
    and does the held-out score go with it? Both are needed for a verdict.

    Parameters
    ----------
    model : estimator
        Regressor or ranker, which takes all columns of X, only photos or numbers.
    X : DataFrame of shape (n_samples, n_columns), sequence of photos, or array-like
        Posts, photos or numbers. A photo that cannot be read raises an error; with
        transformers that have ``on_error="nan"``, its row is left out.
    y : array-like of shape (n_samples,)
        Scores.
    suspects : dict of str to str, int, callable or array-like, default=None
        What the score should not come from, by name: a column of X, a function of X
        that returns one value per row, or these values. Numeric values with more than
        10 distinct ones are treated as numbers, all others as levels; so pass users as
        text.
    measures : list of str, default=()
        Suspects measured on the photos: "size" (number of pixels), "aspect" (width over
        height), "file_type", "camera" (make and model in the EXIF data), "border"
        (share of the photo) and "watermark" (similarity to a pattern that photos share
        at the same place).
    groups : array-like of shape (n_samples,), default=None
        Group of each row. A group stays in one fold, and its rows are not independent
        in intervals. If None, rows are independent.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter whose test folds do not overlap.
    n_repeats : int, default=3
        Number of repeats with other folds, 1 or more; above 1 only with an int `cv`.
    photo : str, default="photo"
        Name of the column of photos in a frame.
    params : dict, default=None
        Parameters of `fit`, such as weights; those with one value per row are split.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.
    n_jobs : int, default=None
        Number of worker processes for fitting folds; None is 1, -1 one per core.
    random_state : int, default=None
        Seed of the folds, as in :func:`held_out_predictions`.
    verbose : bool, default=False
        Whether to show a progress bar of the folds.

    Returns
    -------
    audit : ShortcutAudit
        Tables `suspects` and `groups`; ``print(audit)`` shows the verdicts.

    Raises
    ------
    ValueError
        If there is no suspect, a name is repeated, a value is missing, lengths differ,
        a measure is unknown, X has no photos to measure, or the features are not
        accessible because they do not come from image transformers or X.

    See Also
    --------
    variance_shares : How much of a score repeats with the uploader, without a model.
    baseline_models : Score of the uploader's mean, or of a single column.

    Notes
    -----
    *Told*: ridge regression predicts the suspect from the features of held-out rows.
    For levels, each with 10 rows or more (at most the 20 largest) is compared with all
    other rows, and the areas under the ROC curve are averaged; for numbers, ranks are
    predicted. Features are from the model's image transformers, or X for a model of
    numbers. Groups are kept apart, unless each level is in only one group, such as
    users if groups are users.

    *Follows*: Spearman's correlation of held-out predictions p with y is the covariance
    of their standardised ranks. The part between the levels of the suspect is

        follows = cov(E[p | level], E[y | level]),  without = spearman - follows

    It is estimated from pairs of rows of the same level and test fold but of different
    groups: the mean of p of one row times y of the other, less the same mean over pairs
    of any levels. No prediction was trained on either row, so chance alone gives 0.
    Levels in only one group do not contribute; numbers are binned into ten levels.

    Intervals are for models trained again on the same levels, as in
    :func:`compare_models`. The p-value is the larger one of the two questions [1]_,
    adjusted by Holm's method over the suspects. For follows it refers to the given
    predictions, since under the null hypothesis retraining does not matter; so it may
    be small although the interval contains 0. In simulations of clean data at most 1 %
    of the audits accuse a suspect (``benchmarks/planted.py shortcuts``), even if the
    features predict it well. The audit is conservative: a suspect shared by some of few
    users, who differ anyway, is seldom found. A watermark must be on more than a tenth
    of the photos to be measured, and text in photos is not measured: pass what you know
    of it as a suspect.

    A verdict is not a proof: if users who add watermarks also take better photos, the
    score goes with the watermark without coming from it. A shortcut that is not among
    the suspects cannot be found. If a suspect is part of the content, such as the
    theme, the model is meant to follow it.

    References
    ----------
    .. [1] Berger, "Multiparameter hypothesis testing and acceptance sampling",
       Technometrics 24, 1982.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity.evaluation import shortcut_audit
    >>> rng = np.random.default_rng(0)
    >>> mark = rng.integers(0, 2, 400)
    >>> X = rng.normal(size=(400, 5))
    >>> y = X[:, 0] + 2 * mark + rng.normal(size=400)
    >>> X[:, 1] += 3 * mark
    >>> audit = shortcut_audit(
    ...     Ridge(), X, y, suspects={"mark": mark, "weekday": rng.integers(0, 7, 400)}
    ... )
    >>> [text != "" for text in audit.suspects["verdict"]]
    [True, False]
    """
    values = collect_suspects(X, suspects, measures, photo)
    study = prepare_study(
        {_MODEL: model},
        X,
        y,
        groups=groups,
        cv=cv,
        n_repeats=n_repeats,
        photo=photo,
        params=params,
        random_state=random_state,
    )
    features = _features(study)
    held_out = predict_study(study, _MODEL, n_jobs=n_jobs, verbose=verbose)
    rows = tested_rows(held_out)
    judged = study.kept[rows]
    codes = None
    if study.groups is not None:
        codes = number_groups(study.groups[rows], len(judged))
    known = [make_suspect(name, each[judged], codes) for name, each in values.items()]
    sample = _Sample(held_out, study.y[rows], rows, codes, confidence)
    told = _tell(known, features[rows], sample)
    table = _judge(known, told, sample)
    return ShortcutAudit(table, _by_group(known, sample), held_out, study.kept)


class _Sample:
    """The audited rows with their predictions, folds and groups."""

    def __init__(self, held_out, y, rows, groups, confidence):
        self.y, self.groups, self.confidence = y, groups, confidence
        self.shares, self.n_folds = held_out.shares[rows], held_out.n_folds
        parts = [
            np.full(len(test), i)
            for folds in held_out.partitions
            for i, (_, test) in enumerate(folds)
        ]
        tests = columns_of_partitions(parts, held_out.partitions, len(rows))
        self.folds = tests[rows].astype(np.intp)

    def partition(self, *, nested):
        """Folds for predicting suspects; they split groups if `nested`."""
        if nested or self.n_folds is None:
            groups = None if nested else self.groups
            n = min(_FOLDS, len(self.y if groups is None else np.unique(groups)))
            return make_partitions(len(self.y), cv=n, n_repeats=1, groups=groups)[0]
        first = self.folds[:, 0]
        return [
            (np.flatnonzero(first != i), np.flatnonzero(first == i))
            for i in np.unique(first)
        ]


def _features(study) -> NDArray[np.float64]:
    """Features of the model for all rows."""
    learner, X = study.described[_MODEL]
    blocks = [rows[study.kept] for rows in rows_described(learner)]
    if blocks:
        return compress(blocks)
    try:
        rows = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The features of {type(study.described[_MODEL].learner).__name__} cannot "
            "be found. Pass a model that begins with image transformers, such as a "
            f"pipeline, or features as X ({error})."
        ) from error
    return compress([rows.reshape(len(rows), -1)])


def _tell(known, features, sample) -> dict[str, Estimate]:
    """How well the features predict each suspect, above chance."""
    found = {}
    for nested in (False, True):
        targets = {}
        for each in known:
            if each.nested == nested and each.numbers is None:
                chosen = told_levels(each, sample.groups)
                targets[each.name] = each.levels[:, np.newaxis] == chosen
            elif each.nested == nested:
                ranks = rankdata(each.numbers) / len(sample.y)
                targets[each.name] = ranks[:, np.newaxis]
        stacked = np.hstack([*targets.values(), np.empty((len(sample.y), 0))])
        if not stacked.shape[1]:
            continue
        folds = sample.partition(nested=nested)
        shares = predict_targets(features, stacked.astype(np.float64), folds)
        start = 0
        units = None if nested else sample.groups
        for name, target in targets.items():
            stop = start + target.shape[1]
            own, start = shares[:, start:stop], stop
            if target.dtype != bool:
                found[name] = tell_number(
                    target[:, 0], own[:, 0], units, sample.n_folds
                )
            elif target.shape[1]:
                found[name] = tell_levels(target, own, units, sample.n_folds)
    return found


def _judge(known, told, sample):
    """Table of the suspects; see :class:`ShortcutAudit`."""
    scores = [spearman_score(sample.y, column) for column in sample.shares.T]
    spearman = float(np.mean(scores))
    table = pd.DataFrame(
        [_test(each, told.get(each.name, _NOTHING), spearman, sample) for each in known]
    )
    # Suspects that cannot be tested do not count in the adjustment.
    tested = table["p_value"].notna()
    table.loc[tested, "p_value"] = adjust_p_values(table["p_value"][tested])
    return table.assign(verdict=[_verdict(row) for row in table.itertuples()])


def _test(suspect, tells, spearman, sample) -> dict:
    """Row of a suspect, with a p-value that is not yet adjusted."""
    levels, goes = suspect.levels, _NOTHING
    if len(suspect.labels) > 1:
        known = sample.shares, sample.y, levels, sample.folds, sample.groups
        goes = follow(*known, nested=suspect.nested)
    follows_low, follows_high = goes.of_model(sample.n_folds).ends(sample.confidence)
    chance = 0.5 if suspect.numbers is None else 0.0
    low, high = np.clip(tells.ends(sample.confidence), -1 + chance, 1 - chance)
    return {
        "suspect": suspect.name,
        "measure": "AUC" if suspect.numbers is None else "Spearman",
        "told": tells.value + chance,
        "told_low": low + chance,
        "told_high": high + chance,
        "chance": chance,
        "spearman": spearman,
        "follows": goes.value,
        "follows_low": follows_low,
        "follows_high": follows_high,
        "without": spearman - goes.value,
        "p_value": np.max([_p_value(tells), _p_value(goes)]),
    }


def _p_value(found):
    """P-value of an estimate above 0; 1 if it is below 0, NaN if it is NaN."""
    if not found.value > 0:
        return np.nan if np.isnan(found.value) else 1.0
    return found.p_value() if found.error > 0 else 0.0


def _verdict(row):
    if not row.p_value <= _ALPHA:
        return ""
    return (
        f"{row.suspect}: the features predict it ({row.measure} {row.told:.2f}, "
        f"{row.told_low:.2f} to {row.told_high:.2f}; chance {row.chance:g}), and "
        f"{row.follows:.2f} ({row.follows_low:.2f} to {row.follows_high:.2f}) of the "
        f"score's {row.spearman:.2f} goes with it."
    )


def _by_group(known, sample):
    """Table of the levels of the suspects; see :class:`ShortcutAudit`."""
    rows = []
    ranks = rankdata(sample.shares, axis=0).mean(axis=1) - rankdata(sample.y)
    excess = 100 * ranks / len(sample.y)
    for each in known:
        found = []
        for level in np.flatnonzero(np.bincount(each.levels) >= FEWEST_ROWS):
            inside = each.levels == level
            units = None if sample.groups is None else sample.groups[inside]
            if each.nested or (units is not None and np.ptp(units) == 0):
                units = None  # of a level in one group, rows count as independent
            options = {"groups": units, "confidence": sample.confidence}
            score = spearman_interval(
                sample.y[inside],
                sample.shares[inside],
                n_folds=sample.n_folds,
                **options,
            )
            bias = mean_interval(excess[inside], **options)
            found.append(
                (each.name, each.labels[level], int(inside.sum()), *score, *bias)
            )
        rows += sorted(found, key=lambda row: row[3])
    columns = ["suspect", "level", "n_rows", "spearman", "low", "high", "bias"]
    return pd.DataFrame(rows, columns=[*columns, "bias_low", "bias_high"])
