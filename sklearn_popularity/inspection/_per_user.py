"""Rank correlation of each feature within each user."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, check_random_state

from .._columns import encode_labels
from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from ..metrics import user_correlations
from ._plotting import PALE, new_axes, style


@validate_params(
    {
        "y": ["array-like"],
        "predictions": [Mapping],
        "users": ["array-like"],
        "n_users": [Interval(Integral, 1, None, closed="left"), None],
        "min_rows": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def spearman_by_user(
    y, predictions, *, users, n_users=None, min_rows=10, random_state=None
):
    """Spearman's correlation within each user, for each feature.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        True scores.
    predictions : dict of str to array-like of shape (n_samples,)
        Held-out predictions by name of the feature, such as from
        :func:`~sklearn.model_selection.cross_val_predict`.
    users : array-like of shape (n_samples,)
        User of each row.
    n_users : int, default=None
        Number of users drawn at random (20 in figure 5 of [1]_); None is all.
    min_rows : int, default=10
        Minimal number of rows of a user; other users are left out.
    random_state : int, RandomState instance or None, default=None
        Seed of the selection of users.

    Returns
    -------
    table : DataFrame
        A row per user and feature with the columns user, feature, spearman and n_rows.
        Users are sorted by their mean over features, the highest first; those with
        equal scores only are left out.

    Raises
    ------
    ValueError
        If no user has enough rows that differ, a user is missing, or lengths differ.

    See Also
    --------
    plot_spearman_by_user : Plot the table as in figure 5 of [1]_.
    per_user_spearman_score : The mean over users.

    Notes
    -----
    Figure 5 of [1]_ uses one model per user: compute such predictions with
    :class:`PerUserRegressor`, or with a model fitted for each user.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> from sklearn_popularity.inspection import spearman_by_user
    >>> table = spearman_by_user(
    ...     [1, 2, 3, 1, 2, 3],
    ...     {"gist": [1, 2, 3, 3, 2, 1]},
    ...     users=["ann"] * 3 + ["ben"] * 3,
    ...     min_rows=3,
    ... )
    >>> table[["user", "spearman"]].values.tolist()
    [['ann', 1.0], ['ben', -1.0]]
    """
    y = check_numbers(y, "y")
    check_consistent_length(y, users)
    codes = encode_labels(users, "users")
    names = pd.Series(np.asarray(users, dtype=object)).groupby(codes).first()
    counts = np.bincount(codes)
    scores = {}
    for feature, values in predictions.items():
        values = check_numbers(values, f"predictions[{feature!r}]")
        check_consistent_length(y, values)
        scores[feature] = user_correlations(y, values, codes)
    by_user = pd.DataFrame(scores, index=names)
    kept = np.flatnonzero((counts >= min_rows) & by_user.notna().all(axis=1))
    if not len(kept):
        raise ValueError(
            f"None of the {len(counts)} users has min_rows={min_rows} rows with scores "
            f"that differ; at most {counts.max()} rows. Pass a smaller min_rows."
        )
    if n_users is not None and n_users < len(kept):
        kept = check_random_state(random_state).permutation(kept)[:n_users]
    means = by_user.mean(axis=1).to_numpy()[kept]
    kept = kept[np.argsort(-means, kind="stable")]
    return pd.DataFrame(
        {
            "user": by_user.index[kept].repeat(len(scores)),
            "feature": list(scores) * len(kept),
            "spearman": by_user.to_numpy()[kept].ravel(),
            "n_rows": counts[kept].repeat(len(scores)),
        }
    )


def plot_spearman_by_user(table, *, ax=None):
    """Plot a marker per user and feature, with users from the best to the worst.

    Parameters
    ----------
    table : DataFrame
        From :func:`spearman_by_user`.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
    """
    users = list(table["user"].unique())
    ax = new_axes(ax, (min(12.0, 3.0 + 0.3 * len(users)), 4.0))
    places = table["user"].map({user: i for i, user in enumerate(users)})
    for i, (feature, rows) in enumerate(table.groupby("feature", sort=False)):
        ax.plot(
            places[rows.index],
            rows["spearman"],
            linestyle="none",
            markersize=5,
            label=feature,
            **style(i),
        )
    ax.axhline(0, color=PALE, zorder=0)
    if len(users) <= 40:
        ax.set_xticks(range(len(users)), [str(user) for user in users], rotation=90)
    ax.set_xlabel("user")
    ax.set_ylabel("Spearman's correlation")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return ax
