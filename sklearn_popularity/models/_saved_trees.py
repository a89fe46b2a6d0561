"""Convert trees of scikit-learn to arrays, and validate them on the way back.

The compiled code of scikit-learn does not check the indices of nodes and features, so
invalid ones from a file would crash the process that predicts.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._sklearn_compat import compiled_trees

_LEAF = -1  # of `left_child`


class SavedTree(NamedTuple):
    """A decision tree.

    Parameters
    ----------
    n_features : int
        Number of features.
    n_classes : ndarray of shape (n_outputs,), intp
        Number of classes of each output, 1 for regression.
    nodes : ndarray of shape (n_nodes,), structured
        Nodes, parents before their children.
    values : ndarray of shape (n_nodes, n_outputs, max(n_classes))
        Predictions of the nodes.
    """

    n_features: int
    n_classes: NDArray
    nodes: NDArray
    values: NDArray


class SavedPredictor(NamedTuple):
    """A tree of histogram-based gradient boosting, without categorical splits.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,), structured
        Nodes, parents before their children.
    """

    nodes: NDArray


def save_trees(estimator, state: dict[str, Any]) -> dict[str, Any]:
    """Replace the trees in the state of an estimator by arrays.

    Trees that could not be validated on loading are a ValueError.
    """
    kinds = compiled_trees()
    if isinstance(estimator, kinds.BaseDecisionTree) and "tree_" in state:
        return state | {"tree_": _arrays_of(state["tree_"])}
    if isinstance(estimator, kinds.BaseHistGradientBoosting) and "_predictors" in state:
        if state["_preprocessor"] is not None:
            raise ValueError("trees that split on categories; encode these as numbers")
        saved = [[SavedPredictor(t.nodes) for t in s] for s in state["_predictors"]]
        return state | {"_predictors": saved}
    if isinstance(estimator, kinds.NeighborsBase):
        return state if state.get("_tree") is None else state | {"_tree": None}
    _refuse_unchecked(estimator, state, kinds)
    return state


def load_trees(estimator, state: dict[str, Any]) -> dict[str, Any]:
    """Restore the trees that `save_trees` replaced by arrays.

    Arrays that are no trees, or use features that the estimator does not have, are a
    ValueError.
    """
    kinds = compiled_trees()
    if isinstance(estimator, kinds.BaseDecisionTree) and "tree_" in state:
        return state | {"tree_": _tree_of(state["tree_"], _width(state), kinds)}
    if isinstance(estimator, kinds.BaseHistGradientBoosting) and "_predictors" in state:
        width = _width(state)
        if state["_preprocessor"] is not None:
            raise ValueError("Got trees that split on categories.")
        trees = [
            [_predictor_of(t, width, kinds) for t in stage]
            for stage in state["_predictors"]
        ]
        return state | {"_predictors": trees}
    if isinstance(estimator, kinds.NeighborsBase):
        return state | _search_tree(state)
    if isinstance(estimator, kinds.BaseForest):
        for tree in state.get("estimators_", []):
            if not isinstance(tree, kinds.BaseDecisionTree):
                raise ValueError(f"Got a forest with a {type(tree).__name__}.")
            _check_features(np.array(tree.tree_.n_features - 1), _width(state))
    _refuse_unchecked(estimator, state, kinds)
    return state


def _refuse_unchecked(estimator, state, kinds):
    # Their compiled code relies on more than the nodes of each tree.
    unchecked = (kinds.BaseGradientBoosting, kinds.IsolationForest)
    if isinstance(estimator, unchecked) and "estimators_" in state:
        raise ValueError(
            f"a fitted {type(estimator).__name__}, whose trees cannot be validated on "
            "loading; those of HistGradientBoosting and of forests can"
        )


def _arrays_of(tree):
    _, (n_features, n_classes, _), state = tree.__reduce__()
    return SavedTree(n_features, n_classes, state["nodes"], state["values"])


def _tree_of(saved: SavedTree, width, kinds):
    n_nodes, n_outputs, n_values = saved.values.shape
    nodes = np.array(saved.nodes, dtype=kinds.NODE_DTYPE)
    n_classes = np.array(saved.n_classes, dtype=np.intp)
    if (
        nodes.shape != (n_nodes,)
        or n_classes.shape != (n_outputs,)
        or n_outputs < 1
        or n_classes.min() < 1
        or n_classes.max() != n_values
    ):
        raise ValueError("Got a tree whose arrays have inconsistent shapes.")
    inner = nodes["left_child"] != _LEAF
    depth = _check_nodes(nodes["left_child"], nodes["right_child"], inner)
    n_features = int(saved.n_features)
    _check_features(nodes["feature"][inner], n_features)
    _check_features(np.array(n_features - 1), width)
    tree = kinds.Tree(n_features, n_classes, n_outputs)
    tree.__setstate__(
        {
            "max_depth": depth,
            "node_count": n_nodes,
            "nodes": nodes,
            "values": np.ascontiguousarray(saved.values, dtype=np.float64),
        }
    )
    return tree


def _predictor_of(saved: SavedPredictor, width, kinds):
    nodes = np.array(saved.nodes, dtype=kinds.PREDICTOR_RECORD_DTYPE)
    inner = nodes["is_leaf"] == 0
    _check_nodes(nodes["left"].astype(np.intp), nodes["right"].astype(np.intp), inner)
    _check_features(nodes["feature_idx"][inner], width)
    if nodes["is_categorical"].any():
        raise ValueError("Got trees that split on categories.")
    no_categories = np.zeros((0, 8), dtype=np.uint32)
    return kinds.TreePredictor(nodes, no_categories, no_categories)


def _check_nodes(left, right, inner):
    """Check that nodes form a tree, and return its depth."""
    rows = np.flatnonzero(inner)
    children = np.concatenate([left[rows], right[rows]])
    once = np.array_equal(np.sort(children), np.arange(1, len(left)))
    if len(left) == 0 or not once or (children <= np.tile(rows, 2)).any():
        raise ValueError("Got nodes that do not form a tree.")
    depth, level = 0, rows[rows == 0]
    while len(level):
        depth += 1
        below = np.concatenate([left[level], right[level]])
        level = below[inner[below]]
    return depth


def _check_features(features, width):
    if features.size and not (0 <= features.min() and features.max() < width):
        raise ValueError(
            f"Got a tree that splits on the features {features.min()} to "
            f"{features.max()}, but the estimator sees {width}."
        )


def _width(state):
    """Number of features that an estimator accepts."""
    width = state.get("n_features_in_")
    if not isinstance(width, int) or width < 1:
        raise ValueError("Got trees in an estimator without n_features_in_.")
    return width


def _search_tree(state):
    """Rebuild the tree that finds neighbours from the training rows in the model."""
    from sklearn.neighbors import BallTree, KDTree

    kind = {"kd_tree": KDTree, "ball_tree": BallTree}.get(state.get("_fit_method"))
    if kind is None:
        return {}
    tree = kind(
        state["_fit_X"],
        state["leaf_size"],
        metric=state["effective_metric_"],
        **state["effective_metric_params_"],
    )
    return {"_tree": tree}
