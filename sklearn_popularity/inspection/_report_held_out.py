"""Held-out predictions for the report: of the model, and of each of its branches."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.parallel import Parallel, delayed

from .._columns import column_names, resolve_columns, select_columns
from .._sklearn_compat import _safe_indexing
from ..features import ImageTransformer
from ..models import StackedLateFusion
from ._branches import output_columns, predict_permuted
from ._settings import with_settings

_N_PERMUTATIONS = 5
_MODEL = "model"


class Described(NamedTuple):
    """A model whose photos have been described.

    Attributes
    ----------
    learner : estimator
        What is left to fit.
    table : DataFrame or ndarray
        What it is fitted on.
    complete : callable
        From the fitted learner to the fitted model of posts.
    """

    learner: Any
    table: Any
    complete: Callable


class HeldOut(NamedTuple):
    """Predictions of rows by models that did not see them.

    Attributes
    ----------
    predictions : ndarray of shape (n_samples,)
        Of the model.
    branches : dict of str to ndarray of shape (n_samples,)
        Of each branch of a late fusion that predicts; empty for other models.
    permuted : dict of str to ndarray of shape (n_samples, n_permutations)
        Of the late fusion when a branch says what it says of other rows of the fold.
    """

    predictions: NDArray
    branches: dict[str, NDArray]
    permuted: dict[str, NDArray]


def describe_once(model, posts, photo) -> Described:
    """Fit what describes photos, which sees no scores, on all posts.

    Parameters
    ----------
    model : estimator
        A pipeline that begins with image transformers, or a late fusion of such
        branches; other models are left whole.
    posts : DataFrame
        Posts.
    photo : str
        Column of photos, which alone a pipeline of image transformers is given.

    Returns
    -------
    described : Described
    """
    if isinstance(model, StackedLateFusion):
        return _describe_branches(model, posts)
    if isinstance(model, Pipeline) and describes_photos(model[0]):
        head, table = _describe(model[0], input_of(model, posts, photo))
        name = model.steps[0][0]
        return Described(
            clone(model[1:]),
            table,
            lambda fitted: Pipeline([(name, head), *fitted.steps]),
        )
    return Described(clone(model), posts, lambda fitted: fitted)


def input_of(model, posts, photo):
    """The photos for a pipeline that begins with photos alone, otherwise the posts."""
    first = model[0] if isinstance(model, Pipeline) else model
    alone = describes_photos(first) and not isinstance(first, ColumnTransformer)
    return posts[photo] if alone else posts


def describes_photos(step) -> bool:
    """Whether a step is made of nothing but image transformers."""
    if isinstance(step, FeatureUnion):
        return all(describes_photos(each) for _, each in step.transformer_list)
    if isinstance(step, ColumnTransformer):
        parts = [each for _, each, _ in step.transformers]
        return step.remainder == "drop" and all(map(describes_photos, parts))
    return isinstance(step, ImageTransformer)


def _describe(head, X):
    """A fitted copy of the head, to be used photo by photo, and its features."""
    head = clone(head)
    rows = head.fit_transform(X)
    return with_settings(head, n_jobs=None, verbose=False), rows


def _describe_branches(fusion, posts):
    """The fusion on a table with one more column for each branch of photos."""
    columns: dict[str, list] = {}
    branches, heads = [], {}
    for name, estimator, which in fusion.branches:
        if isinstance(estimator, Pipeline) and describes_photos(estimator[0]):
            which = resolve_columns(posts, which, f"branch {name!r}")
            head, rows = _describe(estimator[0], select_columns(posts, which))
            # A row of numbers per cell; learners see what they would behind the head.
            key = f"described {name}"
            columns[key] = list(np.asarray(rows))
            heads[name] = (estimator.steps[0][0], head, which)
            tail = [clone(step) for _, step in estimator.steps[1:]]
            estimator = make_pipeline(_stacker(rows), *tail)
            which = key
        elif not isinstance(estimator, str) or estimator != "drop":
            which = resolve_columns(posts, which, f"branch {name!r}")
        branches.append((name, estimator, which))
    learner = clone(fusion).set_params(branches=branches)
    table = posts.assign(**columns)
    return Described(learner, table, lambda fitted: _with_heads(fusion, fitted, heads))


def _stacker(rows):
    """What makes rows of a column of them: an array, or a frame if these are one."""
    kind = type(rows).__module__.partition(".")[0]
    names = column_names(rows)
    return FunctionTransformer(
        _stack, feature_names_out=None if names is None else partial(_names, names)
    ).set_output(transform="default" if names is None else kind)


def _stack(column):
    return np.stack(list(column))


def _names(names, transformer, input_features):
    return names


def _with_heads(fusion, fitted, heads):
    """A fitted fusion of posts from the one of the table."""
    whole = clone(fusion)
    whole.final_estimator_ = fitted.final_estimator_
    whole.branch_scores_ = fitted.branch_scores_
    n_added = len(heads)
    whole.n_features_in_ = fitted.n_features_in_ - n_added
    names = fitted.feature_names_in_
    whole.feature_names_in_ = names[: len(names) - n_added]
    whole.branches_ = []
    for name, estimator, which in fitted.branches_:
        if name in heads:
            step, head, which = heads[name]
            estimator = Pipeline([(step, head), *estimator.steps[1:]])
        whole.branches_.append((name, estimator, which))
    return whole


def fit_learner(learner, table, y, groups):
    """Fit a copy of a learner, which is told the groups if it is a late fusion."""
    learner, told = clone(learner), {}
    fusion = fusion_of(learner)
    if groups is not None and fusion is not None:
        routed = get_config()["enable_metadata_routing"]
        if routed:
            fusion.set_fit_request(groups=True)
        piped = isinstance(learner, Pipeline) and not routed
        told = {f"{learner.steps[-1][0]}__groups" if piped else "groups": groups}
    return learner.fit(table, y, **told)


def fusion_of(model):
    """The late fusion that a model is or ends in, or None."""
    last = model[-1] if isinstance(model, Pipeline) else model
    return last if isinstance(last, StackedLateFusion) else None


def predict_held_out(
    learner, table, y, folds, *, groups, n_jobs, random_state
) -> HeldOut:
    """Predict each row by a model that did not see it.

    Parameters
    ----------
    learner : estimator
        Not fitted.
    table : DataFrame or ndarray
        What it is fitted on.
    y : ndarray of shape (n_samples,)
        Scores.
    folds : list of (train, test)
        Test folds that together hold each row once.
    groups : ndarray of shape (n_samples,) or None
        Rows that stay together in the inner folds of a late fusion.
    n_jobs : int or None
        Number of worker processes.
    random_state : RandomState
        Of the permutations.

    Returns
    -------
    held_out : HeldOut
    """
    seeds = random_state.randint(2**31 - 1, size=len(folds))
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_predict_fold)(learner, table, y, train, test, groups, seed)
        for (train, test), seed in zip(folds, seeds, strict=True)
    )
    rows = np.argsort(np.concatenate([test for _, test in folds]))
    own, branches, permuted = (
        {
            name: np.concatenate([part[i][name] for part in parts])[rows]
            for name in parts[0][i]
        }
        for i in range(3)
    )
    return HeldOut(own[_MODEL], branches, permuted)


def _predict_fold(learner, table, y, train, test, groups, seed):
    """Predictions of the model, its branches, and with each of them permuted."""
    groups = None if groups is None else groups[train]
    fitted = fit_learner(learner, _safe_indexing(table, train), y[train], groups)
    rows = _safe_indexing(table, test)
    own = {_MODEL: fitted.predict(rows)}
    fusion = fusion_of(fitted)
    if fusion is None:
        return own, {}, {}
    if isinstance(fitted, Pipeline) and len(fitted) > 1:
        rows = fitted[:-1].transform(rows)
    outputs = fusion.branch_predictions(rows)
    columns = output_columns(fusion)
    orders = _permutations(len(test), seed)
    permuted = {
        name: predict_permuted(fusion, outputs, chosen, orders)
        for name, chosen in columns.items()
    }
    branches = {name: outputs[:, columns[name][0]] for name in fusion.branch_scores_}
    return own, branches, permuted


def _permutations(n, seed):
    random_state = np.random.RandomState(seed)
    return [random_state.permutation(n) for _ in range(_N_PERMUTATIONS)]
