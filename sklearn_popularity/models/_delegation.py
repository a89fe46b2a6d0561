"""What meta-estimators share: checks of weights and groups, and weighted fits."""

from contextlib import nullcontext
from inspect import Parameter, signature

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length, indexable
from sklearn.utils.validation import has_fit_parameter

from .._columns import encode_labels, label_rows
from .._sklearn_compat import _check_sample_weight, _safe_indexing
from ._routing import inner_of, is_routed, request_weights


def check_weights(y, sample_weight):
    """Check that weights are neither negative nor all zero; None stays None.

    Raises
    ------
    ValueError
        If they are, or if there is not one for each element of `y`.
    """
    if sample_weight is None:
        return None
    weight = _check_sample_weight(
        sample_weight, y, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():  # scikit-learn says so itself from 1.9
        raise ValueError(
            "Got sample_weight with zeros only, but at least one non-zero weight was "
            "expected."
        )
    return weight


def groups_of(X, which, groups, owner="groups"):
    """Number of each row's group, given or from a column or function of X, or None.

    Parameters
    ----------
    X : DataFrame or sequence of length n_samples
        Rows.
    which : str, int, callable or None
        Parameter `groups` of an estimator.
    groups : array-like of shape (n_samples,) or None
        Groups given to its `fit`, which take precedence.
    owner : str, default="groups"
        What errors call the parameter.

    Raises
    ------
    ValueError
        If X has no such column, or there is not one group for each row.
    """
    if groups is None:
        groups = label_rows(X, which, owner)
    if groups is None:
        return None
    check_consistent_length(X, groups)
    return encode_labels(groups, owner)


def weight_parameter(estimator, owner):
    """Name under which the `fit` of an estimator takes weights.

    Parameters
    ----------
    estimator : estimator
        In a :class:`~sklearn.pipeline.Pipeline`, the last step gets the weights.
    owner : str
        What the error calls the estimator.

    Returns
    -------
    name : str
        Such as "sample_weight" or "ridge__sample_weight".

    Raises
    ------
    ValueError
        If its `fit` takes no weights.
    """
    if is_routed():  # then pipelines route it themselves
        return "sample_weight"
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        return f"{step}__{weight_parameter(last, owner)}"
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    kinds = [p.kind for p in signature(estimator.fit).parameters.values()]
    if Parameter.VAR_KEYWORD in kinds:
        # Searches and TransformedTargetRegressor pass all of it to the inner model.
        within = inner_of(estimator)
        return "sample_weight" if within is None else weight_parameter(within, owner)
    raise ValueError(
        f"Got sample_weight, but the {owner} is {type(estimator).__name__}, whose fit "
        "takes none. Use another estimator there, or fit without sample_weight."
    )


def take_rows(values, rows):
    """Select rows of `values`; all if `rows` is None, and None if `values` is."""
    return values if values is None or rows is None else _safe_indexing(values, rows)


def fit_clone(
    estimator, X, y, *, rows=None, sample_weight=None, owner="estimator", task=None
):
    """Fit a clone of an estimator on some rows, with weights.

    Parameters
    ----------
    estimator : estimator
        Left unfitted.
    X : DataFrame, ndarray or sparse matrix of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Target.
    rows : ndarray of int, default=None
        Rows to fit on; None is all.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights.
    owner : str, default="estimator"
        What the error of `weight_parameter` calls the estimator.
    task : ModelTask, default=None
        Reports the fit to callbacks.

    Returns
    -------
    fitted : estimator
    """
    fitted, weights = clone(estimator), {}
    if sample_weight is not None:
        weights[weight_parameter(estimator, owner)] = sample_weight
        if is_routed():
            request_weights(fitted)
    if rows is not None:
        X, y = _safe_indexing(indexable(X)[0], rows), y[rows]
        weights = {name: values[rows] for name, values in weights.items()}
    with nullcontext() if task is None else task.around(fitted):
        return fitted.fit(X, y, **weights)
