"""Weights of colours in a linear model."""

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
        Fitted linear model of the shares of a :class:`ColorHistogram`: a pipeline,
        which may have other features too, or a late fusion with such a branch.

    Returns
    -------
    table : DataFrame
        A row per colour, the highest weight first, with the columns color (its mean as
        "#rrggbb", sRGB) and weight (change of the score from a photo without this
        colour to one entirely in it).

    Raises
    ------
    ValueError
        If the model is not linear in the shares of a colour histogram.

    See Also
    --------
    plot_color_importance : Plot the table as in figure 4 of [1]_.
    object_importance : The same for objects, with the spread over splits.

    Notes
    -----
    Section 4.1 of [1]_: the weights of a linear model of the histogram. As the shares
    of all colours sum to 1, adding a constant to all weights only shifts the score, so
    only differences between weights are meaningful. If columns are scaled, weights are
    divided by the scale; the weight of a rare colour is then uncertain and may be
    large. The paper does not scale.

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
        raise _no_histogram("it has no linear model of a ColorHistogram")
    weights = pd.concat([_weight_of_color(part) for part in found])
    weights = weights.groupby(level="color").sum().sort_values(ascending=False)
    return weights.rename("weight").reset_index()


def _weight_of_color(part):
    names = part.source.get_feature_names_out()
    colors = ["#" + re.sub(r"^color\d+_", "", name) for name in names]
    return pd.Series(part.weights, pd.Index(colors, name="color"))


def _no_histogram(reason):
    return ValueError(
        f"The model has no weights of colours: {reason}. Pass a fitted "
        "make_pipeline(ColorHistogram(), Ridge()), or a fusion with such a branch."
    )


def plot_color_importance(table, *, ax=None):
    """Plot the weights as bars in their colours.

    Parameters
    ----------
    table : DataFrame
        From :func:`color_importance`.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
        As figure 4 of Khosla et al.: the highest weights on the left, each colour
        labelled with its sRGB value.
    """
    ax = new_axes(ax, (9.0, 3.5))
    ax.bar(table["color"], table["weight"], color=table["color"], edgecolor=INK, lw=0.5)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.margins(x=0.01)
    ax.tick_params(axis="x", rotation=90, labelsize=8)
    ax.set_xlabel("colour")
    ax.set_ylabel("weight in the score")
    return ax
