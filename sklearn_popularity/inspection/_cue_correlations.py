"""Correlations of cues with the score."""

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from .._columns import column_names, encode_labels, select_columns
from .._messages import quote
from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from ..metrics import spearman_interval
from ._plotting import draw_intervals, new_axes, shorten

_FEWEST = 3  # rows of a correlation


@validate_params(
    {
        "y": ["array-like"],
        "groups": ["array-like", None],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def cue_correlations(frame, y, *, groups=None, confidence=0.95):
    """Correlation of each column with the score, with confidence intervals.

    Parameters
    ----------
    frame : DataFrame of shape (n_posts, n_cues)
        Numeric or boolean columns of cues, such as counts of photos, contacts and
        groups, or simple measures of the photo.
    y : array-like of shape (n_posts,)
        Scores.
    groups : array-like of shape (n_posts,), default=None
        Groups of dependent posts, such as users; None treats posts as independent.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    table : DataFrame
        A row per cue, the highest correlation first, with the columns cue, n_rows
        (number of posts with a value), spearman with the ends low and high of its
        confidence interval, and pearson (correlation without ranks or logarithms). For
        a constant cue, spearman is 0 and pearson NaN.

    Raises
    ------
    ValueError
        If `frame` has no column names, a column holds values that are not numbers or
        fewer than three numbers, or lengths differ.

    See Also
    --------
    plot_cue_correlations : Plot the table as in figure 3 of [1]_.
    sklearn_popularity.evaluation.baseline_models : Predictions from a single cue.

    Notes
    -----
    Figure 3 and section 3.2 of [1]_. Missing values are left out, cue by cue. If
    Pearson's correlation is far below Spearman's, a few posts with very high numbers
    dominate it, or the relation is not linear; the paper takes logarithms of counts.
    A cue that correlates with the score need not cause it.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_popularity.inspection import cue_correlations
    >>> posts = pd.DataFrame({"contacts": [1, 5, 9, 1000], "has_tag": [1, 0, 1, 0]})
    >>> table = cue_correlations(posts, [0.1, 0.2, 0.3, 0.4])
    >>> table[["cue", "spearman", "pearson"]].round(1).values.tolist()
    [['contacts', 1.0, 0.8], ['has_tag', -0.4, -0.4]]
    """
    names = column_names(frame)
    if not names:
        raise ValueError(
            f"Got frame={quote(type(frame).__name__)} without named columns, but a "
            "table with a column per cue was expected."
        )
    y = check_numbers(y, "y")
    check_consistent_length(frame, y, groups)
    groups = None if groups is None else encode_labels(groups, "groups")
    rows = [
        {"cue": name} | _correlate(_numbers(frame, name), y, groups, confidence)
        for name in names
    ]
    table = pd.DataFrame(rows)
    return table.sort_values(
        "spearman", ascending=False, kind="stable", ignore_index=True
    )


def _numbers(frame, name):
    given = pd.Series(np.asarray(select_columns(frame, name), dtype=object))
    read = pd.to_numeric(given, errors="coerce")
    numbers = read.to_numpy(np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(numbers) & given.notna().to_numpy())
    if len(wrong):
        raise ValueError(
            f"Got {quote(given.iloc[wrong[0]])} in row {wrong[0]} of the cue {name!r}, "
            "but finite numbers were expected. Leave the column out, or convert it by "
            "SocialFeatures first."
        )
    if np.isfinite(numbers).sum() < _FEWEST:
        raise ValueError(
            f"Got {np.isfinite(numbers).sum()} numbers in the cue {name!r}, but "
            f"{_FEWEST} or more were expected. Leave the column out."
        )
    return numbers


def _correlate(values, y, groups, confidence):
    known = np.isfinite(values)
    values, y = values[known], y[known]
    found = spearman_interval(
        y,
        values,
        groups=None if groups is None else groups[known],
        confidence=confidence,
    )
    varies = np.ptp(values) > 0 and np.ptp(y) > 0
    return {
        "n_rows": len(y),
        "spearman": found.score,
        "low": found.low,
        "high": found.high,
        "pearson": float(np.corrcoef(values, y)[0, 1]) if varies else np.nan,
    }


def plot_cue_correlations(table, *, ax=None):
    """Plot the rank correlation of each cue with its interval, and Pearson's as a tick.

    Parameters
    ----------
    table : DataFrame
        From :func:`cue_correlations`.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
    """
    ax = new_axes(ax, (6.0, 1.0 + 0.3 * len(table)))
    labels = [shorten(str(cue)) for cue in table["cue"]]
    draw_intervals(ax, table, ("spearman", "low", "high"), labels)
    places = np.arange(len(table))
    ax.plot(table["pearson"], places, "|", color="black", markersize=9, label="Pearson")
    ax.set_xlabel("Spearman's correlation with the score")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return ax
