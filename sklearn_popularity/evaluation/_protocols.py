"""Scores of a model and its baselines in four protocols."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from numpy.random import RandomState
from sklearn.utils import check_consistent_length, check_random_state

from .._columns import encode_labels, label_rows, resolve_columns
from .._numbers import check_numbers
from .._sklearn_compat import HasMethods, Interval, validate_params
from .._warnings import warn_caller
from ..context import read_order
from ._baselines import (
    BestColumn,
    baseline_models,
    column_correlations,
    fill_gaps,
    finite_medians,
    to_floats,
)
from ._held_out import predict_partitions
from ._protocol_folds import PROTOCOLS, CannotRunError, FoldSettings, Rows
from ._protocol_scores import summarise_pooled, summarise_users

_COLUMNS = ["protocol", "predictor", "spearman", "low", "high", "n_rows", "n_users"]


@validate_params(
    {
        "model": [HasMethods(["fit", "predict"])],
        "user": [str, Integral, callable],
        "time": [str, None],
        "groups": [str, "array-like", None],
        "columns": ["array-like", None],
        "reliability": [Interval(Real, 0, 1, closed="right"), None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "min_rows": [Interval(Integral, 4, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def evaluate_protocols(
    model,
    posts,
    y,
    *,
    user,
    time=None,
    groups=None,
    columns=None,
    reliability=None,
    cv=5,
    n_repeats=3,
    min_rows=10,
    n_jobs=None,
    random_state=None,
    confidence=0.95,
):
    """Score a model on new users, known users, single users and later posts.

    Each protocol answers a different question, and a model that does well in one may do
    badly in another. Baselines are scored in the same way.

    Parameters
    ----------
    model : estimator
        Regressor or ranker, to be fitted on rows of `posts`.
    posts : DataFrame of shape (n_posts, n_columns)
        Columns that the model needs, and the columns named below.
    y : array-like of shape (n_posts,)
        Scores, such as log views per day.
    user : str, int or callable
        Column of `posts` with the users, or a function of `posts` that returns them.
    time : str, default=None
        Column of numbers or times (datetimes, or ISO 8601 text) that orders the posts.
        If None, by-time is left out with a warning.
    groups : str or array-like of shape (n_posts,), default=None
        Group of each row, such as its theme, or the column of `posts` with it. A group
        stays in one fold of one-per-user and user-mix, and intervals, except of
        user-specific, are then for new groups instead of new users.
    columns : list of str, default=None
        Numeric columns to choose "best column" from. Name only those known before the
        post, which views and likes are not. If None, all numeric columns except `user`,
        `groups` and any that order the rows exactly as `y` does, or in reverse.
    reliability : float, default=None
        Reliability of `y`, above 0 and at most 1: the correlation of the scores with
        those that as many other raters would give the same posts, see
        :func:`human_consistency`. If None, there is no noise ceiling.
    cv : int, default=5
        Number of folds of one-per-user and user-mix, 2 or more; by-time tests the last
        ``1 / cv`` of the rows.
    n_repeats : int, default=3
        Number of repeats with other folds, or other halves in user-specific.
    min_rows : int, default=10
        Number of rows that a user needs for user-specific, 4 or more.
    n_jobs : int, default=None
        Number of worker processes for fitting folds; None is 1, -1 one per core.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    table : DataFrame
        One row per protocol and predictor, with the columns protocol, predictor,
        spearman, low and high (its interval), n_rows and n_users (tested in each
        repeat). The predictors are "model"; "constant"; "user mean", of the user's
        training rows; "best column" on the training rows; and "noise ceiling". The
        interval is NaN if there is only one user or group.

    Raises
    ------
    ValueError
        If a column is unknown, `y` has NaN, infinity or a single value, a user, group
        or time is missing, or a user's model cannot be fitted.

    Warns
    -----
    UserWarning
        If a protocol cannot be run, with the reason; its rows are left out.

    See Also
    --------
    compare_features : Compare kinds of features.
    human_consistency : Reliability of people's ratings.
    PerUserShuffleSplit : The halves of user-specific.

    Notes
    -----
    The first three protocols are from section 3.1 of [1]_:

    - one-per-user: one row per user, drawn again in each repeat, in `cv` folds. No user
      has two rows.
    - user-mix: all rows in `cv` folds. Users are on both sides.
    - user-specific: one model per user, trained on half of the user's rows and tested
      on the other half. The score is the mean over users of Spearman's correlation;
      users with constant test scores are left out.
    - by-time: trained on rows strictly earlier than the test rows.

    Other scores are as in :func:`held_out_predictions` (0 is chance), averaged over
    repeats, with intervals for the model trained again; by-time has a single training
    set, so its interval is for the given predictions. "user mean" predicts the median
    user's mean for new users, so it ranks nothing in one-per-user and user-specific. If
    users do not differ it scores below 0, because test rows are not in the means.

    No prediction can correlate with scores of reliability r by more than ``sqrt(r)`` on
    average, the noise ceiling (the correction for attenuation of [2]_, exact for
    Pearson's correlation). It holds for the posts that the reliability was found on; it
    is lower within a user, where scores differ less.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.
    .. [2] Spearman, "The proof and measurement of association between two things",
       American Journal of Psychology 15, 1904.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import evaluate_protocols
    >>> rng = np.random.default_rng(0)
    >>> posts = pd.DataFrame({"red": rng.normal(size=60), "user": np.arange(60) % 6})
    >>> y = posts["red"] + posts["user"]
    >>> columns = make_column_transformer(("passthrough", ["red"]))
    >>> model = make_pipeline(columns, Ridge())
    >>> table = evaluate_protocols(
    ...     model, posts, y, user="user", time="red", random_state=0
    ... )
    >>> scores = table.set_index(["protocol", "predictor"])["spearman"]
    >>> scores["user-specific"].round(2).to_dict()
    {'model': 1.0, 'constant': 0.0, 'user mean': 0.0, 'best column': 1.0}
    """
    rows = _check_rows(posts, y, user, time, groups, columns)
    predictors = _predictors(model, rows, user)
    seeds = check_random_state(random_state).randint(2**31 - 1, size=len(PROTOCOLS))
    settings = FoldSettings(cv, n_repeats, min_rows)
    table: list[dict] = []
    for (name, make_partitions), seed in zip(PROTOCOLS.items(), seeds, strict=True):
        per_user = name == "user-specific"
        try:
            partitions = make_partitions(rows, settings, RandomState(seed))
            held_out = _predict(predictors, posts, rows, partitions, per_user, n_jobs)
            summarise = summarise_users if per_user else summarise_pooled
            scores, sizes = summarise(rows, held_out, confidence)
        except CannotRunError as reason:
            warn_caller(f"{name} is left out: {reason}.")
            continue
        if reliability is not None:
            scores["noise ceiling"] = (float(np.sqrt(reliability)), np.nan, np.nan)
        table.extend(
            dict(zip(_COLUMNS, (name, predictor, *score, *sizes), strict=True))
            for predictor, score in scores.items()
        )
    return pd.DataFrame(table, columns=_COLUMNS)


def _check_rows(posts, y, user, time, groups, columns):
    if not isinstance(posts, pd.DataFrame):
        raise ValueError(
            f"Got posts of type {type(posts).__name__}, but a pandas DataFrame was "
            "expected. Pass pd.DataFrame(posts), or posts.to_pandas()."
        )
    y = check_numbers(y, "y")
    check_consistent_length(posts, y)
    if np.ptp(y) == 0:
        raise ValueError(
            f"All {len(y)} score(s) in y are {y[0]}, but scores that differ were "
            "expected."
        )
    users = encode_labels(label_rows(posts, user, "user"), "user")
    labels = [list(posts)[user] if isinstance(user, Integral) else user]
    if isinstance(groups, str):
        labels.append(groups)
        groups = label_rows(posts, groups, "groups")
    elif groups is not None:
        check_consistent_length(posts, groups)
    return Rows(
        y=y,
        users=users,
        groups=None if groups is None else encode_labels(groups, "groups"),
        times=None if time is None else _check_times(posts, time),
        columns=_numeric_columns(posts, y, columns, labels),
    )


def _check_times(posts, time):
    """Ranks of numbers or times of any kind."""
    order = read_order(posts, time, "time").values
    return np.unique(order, return_inverse=True)[1].astype(np.float64)


def _numeric_columns(posts, y, columns, labels):
    """Numeric columns to choose the best from."""
    if columns is not None:
        columns = np.asarray(columns, dtype=object).tolist()
        resolve_columns(posts, columns, "parameter columns")
        to_floats(posts[columns])
        return columns
    numeric = posts.select_dtypes(["number", "bool"], exclude=["timedelta"])
    numeric = numeric.drop(columns=labels, errors="ignore")
    values = to_floats(numeric)
    scores = column_correlations(y, fill_gaps(values, finite_medians(values)))
    return list(numeric.columns[np.abs(scores) < 1 - 1e-9])


def _predictors(model, rows, user):
    """The model and its baselines."""
    predictors = {"model": model, **baseline_models(user=user)}
    if rows.columns:
        predictors["best column"] = BestColumn(rows.columns)
    return predictors


def _predict(predictors, posts, rows, partitions, per_user, n_jobs):
    """Held-out predictions of each predictor."""
    try:
        return {
            name: predict_partitions(
                predictor, posts, rows.y, partitions, n_jobs=n_jobs
            )
            for name, predictor in predictors.items()
        }
    except ValueError as error:
        if not per_user:
            raise
        raise ValueError(
            f"The model of one user cannot be fitted: {error} Pass a larger min_rows, "
            "or a model that fits few rows."
        ) from error
