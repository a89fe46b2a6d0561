"""Cross-validate content, social context and both on the same folds."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.base import clone
from sklearn.utils import check_consistent_length, check_random_state

from .._columns import (
    column_names,
    encode_labels,
    label_rows,
    resolve_columns,
    select_columns,
)
from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from ..evaluation import (
    BestColumn,
    baseline_models,
    compare_study,
    prepare_study,
)
from ..models import StackedLateFusion

CONTENT, SOCIAL, BOTH = "content", "social", "content + social"


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
    """Cross-validate content, social context, both, and baselines.

    Parameters
    ----------
    fusion : StackedLateFusion
        Late fusion of all branches; it is cloned, not fitted.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Columns that the branches use.
    y : array-like of shape (n_samples,)
        Scores.
    content, social : list of str
        Names of the branches that use the photo, and of those that use its context.
        Branches in neither list are left out.
    user : str, int or callable, default=None
        Column of X that holds the user, or a function from X to the users, for the
        baseline "user mean"; None leaves this baseline out.
    groups : str, int, callable or array-like of shape (n_samples,), default=None
        Rows that stay together in all outer and inner folds: a column of X, a function
        from X to labels, or labels. Pass the users to evaluate on new users.
    cues : list of columns, default=None
        Numeric columns of X from which each fold selects the best cue; None takes the
        numeric columns of the social branches.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter, as in :func:`compare_models`.
    n_repeats : int, default=1
        Number of partitions into folds, if `cv` is an int.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.
    n_jobs : int, default=None
        Number of worker processes: None is one, -1 one per core.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds.

    Returns
    -------
    comparison : ModelComparison
        Its models are "content", "social", "content + social", "constant", "user mean"
        (only with `user`) and "best cue" (only with numeric cues). Its differences
        compare "content + social" with each other model, and "social" with "content".

    Raises
    ------
    ValueError
        If a branch is unknown or in both lists, a column is not in X, or there are too
        few rows or groups for the folds.

    See Also
    --------
    compare_models : The comparison of any models that this function calls.
    plot_comparison : Plot the scores and differences.
    branch_importance : How much a fitted fusion relies on each branch.
    evaluate_protocols : One model in several settings.

    Notes
    -----
    As in table 3 of [1]_. All models are evaluated on the same folds, so differences
    are paired. Intervals hold for new groups; without `groups`, for new users; without
    either, for new rows.

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
    >>> result.scores[["model", "spearman"]].round(1).values.tolist()[:3]
    [['content', 0.3], ['social', 0.9], ['content + social', 1.0]]
    """
    y = check_numbers(y, "y")
    check_consistent_length(X, y)
    models = _models(fusion, list(content), list(social))
    codes = _group_codes(X, groups)
    users = label_rows(X, user, "user")
    models |= baseline_models(user=user)
    numeric = _numeric_cues(fusion, X, list(social), cues)
    if numeric:
        models["best cue"] = BestColumn(numeric)
    seed = check_random_state(random_state).randint(2**31 - 1)
    pairs = [(BOTH, name) for name in models if name != BOTH]
    study = prepare_study(
        models,
        X,
        y,
        groups=codes,
        cv=cv,
        n_repeats=n_repeats,
        photo="photo",
        random_state=seed,
    )
    return compare_study(
        study,
        pairs=[*pairs, (SOCIAL, CONTENT)],
        units=None
        if users is None or codes is not None
        else encode_labels(users, "user")[study.kept],
        confidence=confidence,
        n_jobs=n_jobs,
    )


def _models(fusion, content, social):
    """The fusion with the branches of each list, and with those of both."""
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
            f"Got {shared} in both content and social. Name each branch in one of them."
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


def _numeric_cues(fusion, X, social, cues):
    """Positions of the numeric columns from which the best cue is selected."""
    chosen = [columns for name, _, columns in fusion.branches if name in social]
    if cues is not None:
        chosen = [list(cues)]
    places = pd.DataFrame([range(X.shape[1])], columns=column_names(X))
    numeric = pd.DataFrame(X).dtypes.map(is_numeric_dtype).tolist()
    found = []
    for columns in chosen:
        columns = resolve_columns(X, columns, "parameter cues")
        found += np.ravel(select_columns(places, columns)).tolist()
    return [place for place in dict.fromkeys(found) if numeric[place]]
