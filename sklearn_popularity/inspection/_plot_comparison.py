"""Plot of the scores of several models, and of their paired differences."""

from ._plotting import draw_intervals, several_axes


def plot_comparison(comparison, *, ax=None):
    """Plot scores and paired differences with their confidence intervals.

    Parameters
    ----------
    comparison : ModelComparison
        From :func:`compare_models`, :func:`compare_features` or :func:`ablation`.
    ax : sequence of 2 matplotlib axes, default=None
        Axes for the scores and for the differences; None makes a new figure.

    Returns
    -------
    ax : ndarray of matplotlib axes of shape (2,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity.evaluation import baseline_models, compare_models
    >>> from sklearn_popularity.inspection import plot_comparison
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> comparison = compare_models(
    ...     {"ridge": Ridge()} | baseline_models(), X, X[:, 0], reference="constant"
    ... )
    >>> plot_comparison(comparison).shape
    (2,)
    """
    ax = several_axes(ax, 2, (10.0, 3.2))
    scores, differences = comparison.scores, comparison.differences
    draw_intervals(ax[0], scores, ("spearman", "low", "high"), scores["model"])
    ax[0].set_xlabel("Spearman's correlation")
    labels = differences["model"] + "\ninstead of " + differences["instead_of"]
    names = ("difference", "low", "high")
    draw_intervals(ax[1], differences, names, labels, series=1)
    ax[1].set_xlabel("difference")
    return ax
