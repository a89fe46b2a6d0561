"""Scores of models fitted on one data set and tested on another."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from numbers import Integral, Real

import joblib
import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, column_or_1d

from .._columns import column_names, select_columns
from .._messages import quote
from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from .._warnings import warn_caller
from ..metrics import spearman_interval
from ._describe_once import input_of
from ._fit_model import fit_model
from ._held_out_scores import held_out_interval


@validate_params(
    {
        "models": [Mapping],
        "datasets": [Mapping],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "photo": [str],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": [Interval(Integral, 0, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def transfer_table(
    models,
    datasets,
    *,
    cv=5,
    n_repeats=3,
    photo="photo",
    confidence=0.95,
    n_jobs=None,
    random_state=None,
):
    """Score models that are fitted on one data set and tested on another.

    Parameters
    ----------
    models : dict of str to estimator
        Regressors or rankers, as for :func:`compare_models`.
    datasets : dict of str to (X, y) or (X, y, groups)
        Posts, photos or features; their scores, in any unit; and the group of each row.
    cv : int, default=5
        Number of folds for the scores on the model's own data set, 2 or more.
    n_repeats : int, default=3
        Number of repeats with other folds, 1 or more.
    photo : str, default="photo"
        Name of the column of photos in a frame.
    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.
    n_jobs : int, default=None
        Number of worker processes for fitting folds; None is 1, -1 one per core.
    random_state : int, default=None
        Seed of the folds, as in :func:`held_out_predictions`.

    Returns
    -------
    table : DataFrame
        One row per model and pair of data sets, with the columns model, trained_on,
        tested_on, n_train, n_test, spearman, low and high (its interval). A model is
        scored by held-out predictions on its own data set, and on other scores of the
        same rows; on other rows by a fit on all its rows.

    Raises
    ------
    ValueError
        If there is no model, fewer than two data sets, or one is not such a tuple.

    Warns
    -----
    UserWarning
        If a data set has some rows of another one and some more.

    See Also
    --------
    compare_models : Compare models on one data set.

    Notes
    -----
    Tables 2 and 3 of [1]_ ask how well a model of memorability generalises. On its own
    data set, the interval is for the model trained again; on others, for the given
    predictions on new rows or groups. Features are extracted once for the folds of a
    data set, and again for models of other data sets: give transformers a `cache`.

    References
    ----------
    .. [1] Squalli-Houssaini, Duong, Gwenaelle and Demarty, "Deep learning for
       predicting image memorability", ICASSP 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity.evaluation import transfer_table
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 3))
    >>> datasets = {"likes": (X, X[:, 0]), "views": (X, X[:, 0] + X[:, 1])}
    >>> table = transfer_table({"ridge": Ridge()}, datasets)
    >>> table["trained_on"].tolist()
    ['likes', 'likes', 'views', 'views']
    >>> table["spearman"].round(1).tolist()
    [1.0, 0.8, 0.8, 1.0]
    """
    if not models or len(datasets) < 2:
        raise ValueError(
            f"Got the models {quote(list(models))} and the data sets "
            f"{quote(list(datasets))}, but at least one model and two data sets were "
            "expected."
        )
    datasets = {name: _check_dataset(name, given) for name, given in datasets.items()}
    places = _places_of_shared(datasets, photo)
    settings = {
        "cv": cv,
        "n_repeats": n_repeats,
        "photo": photo,
        "n_jobs": n_jobs,
        "random_state": random_state,
    }
    rows = []
    for name, model in models.items():
        for source, (X, y, groups) in datasets.items():
            fitted = fit_model(model, X, y, groups=groups, **settings)
            for target, (X_new, y_new, groups_new) in datasets.items():
                shared = places[source, target]
                if shared is not None:
                    score = _held_out(fitted, shared, y_new, groups_new, confidence)
                else:
                    predicted = fitted.model.predict(input_of(model, X_new, photo))
                    score = spearman_interval(
                        y_new,
                        column_or_1d(predicted),
                        groups=groups_new,
                        confidence=confidence,
                    )
                rows.append((name, source, target, len(y), len(y_new), *score))
    columns = ["model", "trained_on", "tested_on", "n_train", "n_test"]
    return pd.DataFrame(rows, columns=[*columns, "spearman", "low", "high"])


def _check_dataset(name, given):
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        raise ValueError(
            f"Got {quote(type(given).__name__)} as the data set {name!r}, but a tuple "
            "(X, y) or (X, y, groups) was expected."
        )
    X, y, groups = (*given, None)[:3]
    y = check_numbers(y, "y")
    groups = None if groups is None else np.asarray(groups)
    check_consistent_length(X, y, groups)
    return X, y, groups


def _places_of_shared(datasets, photo):
    """Rows of the first data set of each pair that are those of the second, or None."""
    keys = {name: _keys(X, photo) for name, (X, _, _) in datasets.items()}
    found = {}
    for source, target in product(keys, keys):
        known = {key: i for i, key in enumerate(keys[source])}
        places = np.array([known.get(key, -1) for key in keys[target]])
        if source == target:
            places = np.arange(len(places))  # of rows that are there twice, too
        n_shared = int((places >= 0).sum())
        if 0 < n_shared < len(places):
            warn_caller(
                f"{n_shared} of the {len(places)} rows of {target!r} are also in "
                f"{source!r}: a model of {source!r} has seen them. Leave them out, or "
                "pass other scores of the same rows"
            )
        found[source, target] = places if n_shared == len(places) else None
    return found


def _keys(X, photo):
    """A digest of each row, by its photo if there is one."""
    names = column_names(X)
    if names is None:
        return [joblib.hash(row) for row in X]
    names = [photo] if photo in names else names
    columns = [list(select_columns(X, name)) for name in names]
    return [joblib.hash(row) for row in zip(*columns, strict=True)]


def _held_out(fitted, places, y, groups, confidence):
    """Score of held-out rows, with the interval for the model trained again."""
    held_out = fitted.held_out
    n_rows = max(places.max(), fitted.kept.max()) + 1
    shares = np.full((n_rows, held_out.shares.shape[1]), np.nan)
    shares[fitted.kept] = held_out.shares
    held_out = replace(held_out, shares=shares[places])
    return held_out_interval(y, held_out, groups, confidence)
