"""How much a late fusion relies on each branch: permutation importance."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import VotingRegressor
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from .._scores import check_score
from .._sklearn_compat import Interval, validate_params
from ..metrics import spearman_interval, spearman_score
from ..models import StackedLateFusion
from ._members import members_of
from ._plotting import draw_intervals, new_axes


@validate_params(
    {
        "fusion": [StackedLateFusion, VotingRegressor],
        "y": ["array-like"],
        "sets": [Mapping, None],
        "groups": ["array-like", None],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def branch_importance(
    fusion,
    X,
    y,
    *,
    sets=None,
    groups=None,
    n_repeats=10,
    confidence=0.95,
    random_state=None,
):
    """How much Spearman's correlation falls when a branch says what it says of others.

    Parameters
    ----------
    fusion : StackedLateFusion or VotingRegressor
        Fitted, on other rows than those of X.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Columns as in the fit.
    y : array-like of shape (n_samples,)
        Scores.
    sets : dict of str to list of str, default=None
        Branches that are permuted together, such as ``{"content": ["gist", "hog"],
        "social": ["user", "tags"]}``; None takes each branch by itself.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together, such as those of a user, for the interval.
    n_repeats : int, default=10
        Random permutations.
    confidence : float, default=0.95
        Confidence of the intervals, 0 to 1.
    random_state : int, RandomState instance or None, default=None
        Seed of the permutations.

    Returns
    -------
    table : DataFrame
        A row per branch or set, the most important first, with the columns branch,
        importance (mean fall over the permutations), low and high (the ends of its
        interval on new rows or groups, paired), std (over the permutations) and alone
        (Spearman's correlation of the branch's own prediction; NaN for sets and columns
        passed through).

    Raises
    ------
    ValueError
        If a set names an unknown branch, or y has NaN or infinity.

    See Also
    --------
    ablation : What is lost without branches if the model is fitted anew.
    plot_branch_importance : Draw it.
    sklearn.inspection.permutation_importance : For single columns.

    Notes
    -----
    The outputs of a branch are permuted among rows, all columns together, which is the
    same as permuting all columns that it sees, also where branches see the same column
    of photos. Branches that say the same share their importance: permuting one leaves
    the other.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity import StackedLateFusion
    >>> from sklearn_popularity.inspection import branch_importance
    >>> X = np.random.default_rng(0).normal(size=(100, 4))
    >>> y = X[:, 0] + X[:, 1]
    >>> fusion = StackedLateFusion(
    ...     [("content", Ridge(), [0, 1]), ("noise", Ridge(), [2, 3])]
    ... ).fit(X[:50], y[:50])
    >>> table = branch_importance(fusion, X[50:], y[50:], random_state=0)
    >>> table["branch"].tolist(), bool(table["low"][0] > 0.5)
    (['content', 'noise'], True)
    """
    check_is_fitted(fusion)
    y = check_score(y, "y")
    check_consistent_length(X, y, groups)
    random_state = check_random_state(random_state)
    whole: Any = members_of(fusion)
    outputs, columns = whole.outputs(X), whole.columns
    as_is = whole.combine(outputs)
    orders = [random_state.permutation(len(y)) for _ in range(n_repeats)]
    rows = []
    for name, members in _check_sets(sets, columns).items():
        chosen = np.concatenate([columns[member] for member in members])
        permuted = predict_permuted(whole, outputs, chosen, orders)
        interval = spearman_interval(
            y, as_is, baseline=permuted, groups=groups, confidence=confidence
        )
        alone = sets is None and name in whole.predicting
        rows.append(
            {
                "branch": name,
                "importance": interval.score,
                "low": interval.low,
                "high": interval.high,
                "std": np.std([spearman_score(y, column) for column in permuted.T]),
                "alone": spearman_score(y, outputs[:, chosen[0]]) if alone else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values("importance", ascending=False, ignore_index=True)


def _check_sets(sets, columns):
    if sets is None:
        return {name: [name] for name in columns}
    for name, members in sets.items():
        unknown = [member for member in members if member not in columns]
        if unknown or not len(members) or isinstance(members, str):
            raise ValueError(
                f"Got {members!r} for the set {name!r}, but a list of branches among "
                f"{list(columns)} was expected."
            )
    return sets


def predict_permuted(members, outputs, chosen, orders):
    """Predictions with some of the outputs in other orders, a column per order."""
    columns = []
    for order in orders:
        permuted = outputs.copy()
        permuted[:, chosen] = outputs[np.ix_(order, chosen)]
        columns.append(members.combine(permuted))
    return np.column_stack(columns)


def plot_branch_importance(table, *, ax=None):
    """Draw the importance of each branch with its interval.

    Parameters
    ----------
    table : DataFrame
        From :func:`branch_importance`.
    ax : matplotlib axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib axes
    """
    ax = new_axes(ax, (6.0, 1.0 + 0.35 * len(table)))
    draw_intervals(
        ax,
        table["branch"],
        table["importance"],
        table["low"],
        table["high"],
        reference=0,
    )
    ax.set_xlabel("fall of Spearman's correlation when permuted")
    return ax
