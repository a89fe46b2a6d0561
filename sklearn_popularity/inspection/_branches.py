"""Permutation importance of the branches of a late fusion."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import VotingRegressor
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from .._numbers import check_numbers
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
    """Fall of Spearman's correlation when the outputs of a branch are permuted.

    Parameters
    ----------
    fusion : StackedLateFusion or VotingRegressor
        Fitted on other rows than those of X.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Held-out rows, with the columns of the fit.
    y : array-like of shape (n_samples,)
        Scores.
    sets : dict of str to list of str, default=None
        Branches that are permuted together, such as ``{"content": ["gist", "hog"],
        "social": ["user", "tags"]}``; None permutes each branch alone.
    groups : array-like of shape (n_samples,), default=None
        Groups of dependent rows, such as users; None treats rows as independent.
    n_repeats : int, default=10
        Number of random permutations.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.
    random_state : int, RandomState instance or None, default=None
        Seed of the permutations.

    Returns
    -------
    table : DataFrame
        A row per branch or set, the most important first, with the columns branch,
        importance (mean fall over the permutations), low and high (ends of the paired
        confidence interval for new rows or groups), std (over the permutations) and
        alone (Spearman's correlation of the branch's own prediction; NaN for sets and
        for branches that pass columns through).

    Raises
    ------
    ValueError
        If a set names an unknown branch, or y has NaN or infinity.

    See Also
    --------
    ablation : Scores of models that are fitted without some branches.
    plot_branch_importance : Plot the table.
    sklearn.inspection.permutation_importance : Importance of single columns.

    Notes
    -----
    All outputs of a branch are permuted together among rows. This equals permuting the
    columns that the branch uses, but also works for branches that share a column of
    photos. Redundant branches share their importance: permuting one leaves the other.

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
    y = check_numbers(y, "y")
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
    """Predictions with some outputs permuted, with a column per permutation."""
    columns = []
    for order in orders:
        permuted = outputs.copy()
        permuted[:, chosen] = outputs[np.ix_(order, chosen)]
        columns.append(members.combine(permuted))
    return np.column_stack(columns)


def plot_branch_importance(table, *, ax=None):
    """Plot the importance of each branch with its confidence interval.

    Parameters
    ----------
    table : DataFrame
        From :func:`branch_importance`.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
    """
    ax = new_axes(ax, (6.0, 1.0 + 0.35 * len(table)))
    draw_intervals(ax, table, ("importance", "low", "high"), table["branch"])
    ax.set_xlabel("fall of Spearman's correlation when permuted")
    return ax
