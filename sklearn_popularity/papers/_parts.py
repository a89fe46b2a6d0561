"""Parts that several papers share."""

from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.svm import LinearSVR

from ..metrics import spearman_scorer


def choose(options, name, what):
    """Look up an option by name; the error lists all options."""
    if name not in options:
        raise ValueError(
            f"Got the {what} {name!r}, but one of {', '.join(map(repr, options))} was "
            "expected."
        )
    return options[name]


def describe(transformer, column, settings):
    """Apply a transformer to one column of posts, with settings such as `n_jobs`."""
    return make_column_transformer((clone(transformer).set_params(**settings), column))


def linear_svr():
    """The regressor of Khosla et al.: a linear SVR, with C chosen in five inner folds.

    It has LIBLINEAR's defaults for regression: the squared loss in the primal, which
    always converges, and an epsilon of 0.1. The paper states neither the loss nor the
    criterion for C; here C maximises Spearman's correlation, which the paper reports.
    """
    regressor = LinearSVR(
        epsilon=0.1, loss="squared_epsilon_insensitive", dual=False, max_iter=10_000
    )
    return GridSearchCV(
        regressor,
        {"C": [0.01, 0.1, 1, 10, 100]},
        scoring=spearman_scorer,
        cv=KFold(5, shuffle=True, random_state=0),
    )


def input_branches(inputs):
    """Branches of a network for the columns ``<input>__<name>`` of a DataFrame."""
    return {name: make_column_selector(pattern=f"^{name}__") for name in inputs}
