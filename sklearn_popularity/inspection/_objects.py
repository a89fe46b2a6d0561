"""Weights of objects in a linear model, averaged over random splits."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.parallel import Parallel, delayed

from .._columns import encode_labels
from .._numbers import check_numbers
from .._sklearn_compat import HasMethods, Interval, validate_params
from ._linear import linear_parts
from ._plotting import INK, new_axes, shorten, style

IMPACTS = ["strong", "medium", "low", "negative"]


@validate_params(
    {
        "X": ["array-like"],
        "y": ["array-like"],
        "names": ["array-like", None],
        "estimator": [HasMethods(["fit", "predict"]), None],
        "groups": ["array-like", None],
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "train_size": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def object_importance(
    X,
    y,
    *,
    names=None,
    estimator=None,
    groups=None,
    n_splits=10,
    train_size=0.5,
    n_jobs=None,
    random_state=None,
):
    """Mean weights of objects over random splits, and their spread.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_photos, n_objects)
        Probability of each object, such as from ``CNNEmbedder(layer="probabilities")``;
        counts of tags per photo work too.
    y : array-like of shape (n_photos,)
        Scores.
    names : sequence of str of length n_objects, default=None
        Names of the objects; None takes the columns of a DataFrame, or "object0" etc.
    estimator : estimator, default=None
        Linear model, or a pipeline of scalers and one. None is
        :class:`~sklearn.linear_model.RidgeCV`.
    groups : array-like of shape (n_photos,), default=None
        Groups of photos, such as users, which splits keep together.
    n_splits : int, default=10
        Number of random splits (10 in section 4.3 of [1]_).
    train_size : float, default=0.5
        Share of the photos, or groups, to fit on, between 0 and 1.
    n_jobs : int, default=None
        Number of worker processes: None is one, -1 one per core.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits.

    Returns
    -------
    table : DataFrame
        A row per object, the highest mean weight first, with the columns object, weight
        (mean over the splits), std (over the splits), same_sign (share of the splits
        in which the weight has the sign of the mean), frequency (mean of the object's
        column) and impact ("strong", "medium", "low" or "negative"; see Notes).

    Raises
    ------
    ValueError
        If the model is not linear, values are not finite, two objects share a name,
        or lengths differ.

    See Also
    --------
    plot_object_importance : Plot the leading objects of each impact.

    Notes
    -----
    Section 4.3 of [1]_ sorts objects by the mean weight over ten splits, and lists some
    with strong, medium, low and negative impact, without giving thresholds. Here a mean
    weight below 0 is negative; a positive one is strong above two thirds of the
    largest, medium above one third and low otherwise. Random halves of one data set
    overlap, so `std` underestimates the variation between data sets.

    The paper's model is a support vector regression with C chosen by five-fold
    cross-validation:
    ``GridSearchCV(LinearSVR(), {"C": [0.01, 0.1, 1, 10, 100]})``.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import object_importance
    >>> X = np.random.default_rng(0).uniform(size=(80, 3))
    >>> y = X @ [0.5, 3, -1]
    >>> table = object_importance(X, y, names=["cup", "cat", "car"], random_state=0)
    >>> table[["object", "impact"]].values.tolist()
    [['cat', 'strong'], ['cup', 'low'], ['car', 'negative']]
    """
    columns = getattr(X, "columns", None)
    X = check_array(X, dtype=np.float64)
    y = check_numbers(y, "y")
    check_consistent_length(X, y, groups)
    names = _object_names(columns if names is None else names, X.shape[1])
    if estimator is None:
        estimator = RidgeCV(alphas=np.logspace(-3, 3, 13))
    split = ShuffleSplit if groups is None else GroupShuffleSplit
    splitter = split(n_splits, train_size=train_size, random_state=random_state)
    labels = None if groups is None else encode_labels(groups, "groups")
    weights = np.array(
        Parallel(n_jobs=n_jobs)(
            delayed(_fit_weights)(estimator, X[train], y[train])
            for train, _ in splitter.split(X, y, labels)
        )
    )
    mean = weights.mean(axis=0)
    table = pd.DataFrame(
        {
            "object": names,
            "weight": mean,
            "std": weights.std(axis=0),
            "same_sign": (np.sign(weights) == np.sign(mean)).mean(axis=0),
            "frequency": X.mean(axis=0),
            "impact": impact_groups(mean),
        }
    )
    return table.sort_values("weight", ascending=False, ignore_index=True)


def impact_groups(weights):
    """Impact of each mean weight: negative, or by thirds of the largest weight."""
    highest = weights.max()
    shares = weights / highest if highest > 0 else weights
    return [IMPACTS[i] for i in np.digitize(-shares, [-2 / 3, -1 / 3, 0], right=True)]


def _fit_weights(estimator, X, y):
    parts, _ = linear_parts(clone(estimator).fit(X, y))
    return parts[0].weights


def _object_names(names, n_objects):
    if names is None:
        return [f"object{i}" for i in range(n_objects)]
    if len(names) != n_objects:
        raise ValueError(
            f"Got {len(names)} names, but X has {n_objects} columns. Pass one for each."
        )
    twice = pd.Index(names)[pd.Index(names).duplicated()]
    if len(twice):
        raise ValueError(
            f"Got the name {twice[0]!r} for several objects, but unique names were "
            "expected."
        )
    return list(names)


def plot_object_importance(table, *, n_objects=6, ax=None):
    """Plot the leading objects of each impact with their spread over the splits.

    Parameters
    ----------
    table : DataFrame
        From :func:`object_importance`.
    n_objects : int, default=6
        Number of objects of each impact: those with the highest weights, or with the
        lowest for negative impact.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
        Each impact has its own marker; lines are one standard deviation to each side.
    """
    chosen = [
        _leading(table[table["impact"] == impact], impact, n_objects)
        for impact in IMPACTS
    ]
    ax = new_axes(ax, (7.0, 1.2 + 0.22 * sum(map(len, chosen))))
    labels: list[str] = []
    for i, (impact, rows) in enumerate(zip(IMPACTS, chosen, strict=True)):
        places = len(labels) + np.arange(len(rows))
        weight, std = rows["weight"], rows["std"]
        ax.hlines(places, weight - std, weight + std, color=INK)
        ax.plot(weight, places, linestyle="none", label=impact, **style(i))
        labels += [shorten(name) for name in rows["object"]]
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_xlabel("weight in the score")
    ax.locator_params(axis="x", nbins=5)
    ax.legend(title="impact", loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return ax


def _leading(rows, impact, n_objects):
    return rows.tail(n_objects) if impact == "negative" else rows.head(n_objects)
