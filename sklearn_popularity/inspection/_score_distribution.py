"""How true and predicted scores are distributed."""

from numbers import Integral

import numpy as np
import pandas as pd

from .._scores import check_score
from .._sklearn_compat import Interval, validate_params
from ._plotting import COLORS, INK, new_axes


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def score_distribution(y_true, y_pred, *, n_bins=30):
    """Histograms of true and of predicted scores, in the same bins.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True scores.
    y_pred : array-like of shape (n_predicted,)
        Predicted scores, on the scale of the true ones.
    n_bins : int, default=30
        Bins over the range of both, equally wide.

    Returns
    -------
    table : DataFrame
        A row per bin and kind with the columns scores ("true" or "predicted"), left
        and right (ends of the bin), count, mean and std (of all scores of the kind).

    Raises
    ------
    ValueError
        If a score is NaN or infinite.

    See Also
    --------
    plot_score_distribution : Draw it.

    Examples
    --------
    >>> from sklearn_popularity.inspection import score_distribution
    >>> table = score_distribution([0, 0, 4], [1, 2, 2], n_bins=2)
    >>> table["count"].tolist()
    [2, 1, 1, 2]
    """
    kinds = {
        "true": check_score(y_true, "y_true"),
        "predicted": check_score(y_pred, "y_pred"),
    }
    edges = np.histogram_bin_edges(np.concatenate(list(kinds.values())), n_bins)
    tables = [
        pd.DataFrame(
            {
                "scores": name,
                "left": edges[:-1],
                "right": edges[1:],
                "count": np.histogram(values, edges)[0],
                "mean": values.mean(),
                "std": values.std(),
            }
        )
        for name, values in kinds.items()
    ]
    return pd.concat(tables, ignore_index=True)


def plot_score_distribution(table, *, ax=None):
    """Draw the histograms of true and of predicted scores over each other.

    Parameters
    ----------
    table : DataFrame
        From :func:`score_distribution`.
    ax : matplotlib axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib axes
        True scores filled, predicted ones hatched.
    """
    ax = new_axes(ax)
    looks = ({"facecolor": COLORS[4]}, {"facecolor": "none", "hatch": "///"})
    kinds = table.groupby("scores", sort=False)
    for look, (name, rows) in zip(looks, kinds, strict=True):
        edges = [*rows["left"], rows["right"].iloc[-1]]
        ax.stairs(rows["count"], edges, fill=True, edgecolor=INK, label=name, **look)
    ax.set_xlabel("score")
    ax.set_ylabel("photos")
    ax.legend(title="scores")
    return ax
