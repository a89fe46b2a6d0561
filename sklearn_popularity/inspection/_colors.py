"""Which colours a linear model takes for popular."""

import re

import pandas as pd

from ..features import ColorHistogram
from ._linear import NotLinearError, linear_parts
from ._plotting import INK, new_axes


def color_importance(model):
    """Weights of the colours in a linear model of a colour histogram.

    Parameters
    ----------
    model : estimator, or (transformer, estimator)
        Fitted, with a :class:`ColorHistogram` whose shares it weighs: a pipeline, also
        with other features beside, or a late fusion with a linear branch of it.

    Returns
    -------
    table : DataFrame
        A row per colour, the most important first, with the columns color (its mean as
        "#rrggbb", sRGB) and weight: by how much the score would rise if the whole photo
        had this colour rather than none of it.

    Raises
    ------
    ValueError
        If the model has no colour histogram that it weighs.

    See Also
    --------
    plot_color_importance : Figure 4 of [1]_.
    object_importance : The same for objects, with the spread over splits.

    Notes
    -----
    Section 4.1 of [1]_: the weights of a linear model of the histogram, whose numbers
    sum to 1. Only differences between colours mean something, as a constant added to
    all weights is one added to the score. Weights of scaled columns are divided by the
    scale. That of a colour which hardly occurs is then uncertain and may be large; the
    paper does not scale.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import ColorHistogram, color_importance
    >>> photos = np.zeros((4, 40, 60, 3), np.uint8)
    >>> photos[:2, ..., 0] = 255
    >>> histogram = ColorHistogram(palette=[[0, 0, 0], [255, 0, 0]])
    >>> model = make_pipeline(histogram, Ridge()).fit(photos, [2, 2, 1, 1])
    >>> color_importance(model).round(2).values.tolist()
    [['#d96c4a', 0.33], ['#6b848c', -0.33]]
    """
    try:
        parts, _ = linear_parts(model)
    except NotLinearError as reason:
        raise _no_histogram(str(reason)) from reason
    found = [part for part in parts if isinstance(part.source, ColorHistogram)]
    if not found:
        raise _no_histogram("no weighted sum in it is of a ColorHistogram's numbers")
    weights = pd.concat([_weight_of_color(part) for part in found])
    weights = weights.groupby(level="color").sum().sort_values(ascending=False)
    return weights.rename("weight").reset_index()


def _weight_of_color(part):
    names = part.source.get_feature_names_out()
    colors = ["#" + re.sub(r"^color\d+_", "", name) for name in names]
    return pd.Series(part.weights, pd.Index(colors, name="color"))


def _no_histogram(reason):
    return ValueError(
        f"The model does not tell the importance of colours: {reason}. Pass a fitted "
        "make_pipeline(ColorHistogram(), Ridge()), or a fusion with such a branch."
    )


def plot_color_importance(table, *, ax=None):
    """Draw a bar per colour, in this colour and as long as its weight.

    Parameters
    ----------
    table : DataFrame
        From :func:`color_importance`.
    ax : matplotlib axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib axes
        Figure 4 of Khosla et al.: the most important colours on the left, each named
        by its sRGB value.
    """
    ax = new_axes(ax, (9.0, 3.5))
    ax.bar(table["color"], table["weight"], color=table["color"], edgecolor=INK, lw=0.5)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.margins(x=0.01)
    ax.tick_params(axis="x", rotation=90, labelsize=8)
    ax.set_xlabel("colour")
    ax.set_ylabel("weight in the score")
    return ax
