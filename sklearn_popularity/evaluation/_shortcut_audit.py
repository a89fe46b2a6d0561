"""Audit whether a model relies on the uploader, the file or a watermark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._sklearn_compat import HasMethods, Interval, validate_params
from ..metrics import number_groups
from ._describe_once import rows_described
from ._held_out import HeldOutPredictions
from ._held_out_scores import tested_rows
from ._shortcut_statistics import compress
from ._shortcut_tables import Sample, judge_suspects, score_levels, tell
from ._study import predict_study, prepare_study
from ._suspects import collect_suspects, make_suspect

_MODEL = "model"


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
    sample = Sample(held_out, study.y, rows, codes, confidence)
    told = tell(known, features[rows], sample)
    table = judge_suspects(known, told, sample)
    return ShortcutAudit(table, score_levels(known, sample), held_out, study.kept)


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
