"""Parameters set after fit: the model goes on by what it learned, or says why not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from sklearn_popularity import (
    KClassAggregatingClassifier,
    LatentRankSVM,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    PerUserRegressor,
    SocialFeatures,
    StackedLateFusion,
    TagEmbedder,
    UserHistoryEncoder,
    ZeroShotTagger,
)

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(40, 3)), columns=["a", "b", "c"])
Y = (X["a"] + 0.1 * RNG.normal(size=40)).to_numpy()
POSTS = X.assign(user=np.arange(40) % 4, day=np.arange(40.0), text="a b", tags="a, b")
VECTORS = {"a": [1.0, 0.0, 0.0], "b": [0.0, 1.0, 0.0], "c": [0.0, 0.0, 1.0]}
BRANCHES = [("x", Ridge(), ["a", "b"]), ("y", Ridge(), ["c"])]

# Estimators, their input, and other values of each parameter.
CASES = {
    "fusion": (
        StackedLateFusion(BRANCHES, cv=3),
        POSTS,
        {
            "branches": [BRANCHES[:1], [("z", "drop", ["a"]), BRANCHES[1]]],
            "final_estimator": [LatentRankSVM()],
            "cv": ["train"],
            "groups": ["user", "nowhere"],
            "n_jobs": [2],
        },
    ),
    "classes": (
        KClassAggregatingClassifier(LogisticRegression()),
        X,
        {
            "estimator": [Ridge()],
            "n_classes": [2],
            "aggregation": ["mean"],
            "top_score": [99.0],
        },
    ),
    "per user": (
        PerUserRegressor(Ridge(), user="user", min_samples=3),
        POSTS[["a", "b", "user"]],
        {
            "estimator": [LatentRankSVM()],
            "user": [None, "a", 99, "nowhere", len],
            "min_samples": [1000],
            "fallback": [LinearRegression()],
            "n_jobs": [2],
        },
    ),
    "ranker": (
        LatentRankSVM(n_senses=2, n_unpopular_senses=1, random_state=0),
        X,
        {
            "n_senses": [1, 5],
            "n_unpopular_senses": [0, 3],
            "margin": ["soft"],
            "init": ["random"],
            "batch_size": [5],
            "early_stopping": [True],
            "warm_start": [True],
        },
    ),
    "social": (
        SocialFeatures(counts=["day"], texts=["text"]),
        POSTS,
        {
            "counts": [["user"], None],
            "tags": [["tags"]],
            "durations": [{"d": ("day", "day")}],
            "separator": [" "],
            "missing": ["indicator", "nan"],
        },
    ),
    "history": (
        UserHistoryEncoder(user="user"),
        POSTS,
        {
            "user": ["day", "nowhere"],
            "mode": ["past"],
            "time": ["day"],
            "groups": ["text"],
            "smoothing": [0],
            "prior": [1.0],
            "cv": [3],
        },
    ),
    "past": (
        UserHistoryEncoder(user="user", mode="past", time="day"),
        POSTS,
        {
            "user": ["a"],
            "mode": ["out_of_fold"],
            "time": [None, "a", "text"],
            "observed": ["day"],
            "prior": [1.0],
        },
    ),
    "tags": (
        TagEmbedder({word: VECTORS[word] for word in "ab"}),
        POSTS["tags"],
        {"vectors": [VECTORS, {"a": [1.0]}, None], "separator": [None]},
    ),
    "tagger": (
        ZeroShotTagger(VECTORS, n_words=2),
        X.to_numpy(),
        {"vocabulary": [{"q": [1.0, 0.0, 0.0]}, None], "n_words": [1, 3, 9]},
    ),
    "perceptron": (
        MultiBranchMLPRegressor(max_epochs=2),
        X,
        {
            "branches": [{"p": ["a"]}],
            "branch_layers": [(3,)],
            "activation": ["tanh"],
            "dropout": [0.9],
            "batch_size": [7],
            "groups": [0],
        },
    ),
    "perceptron of classes": (
        MultiBranchMLPClassifier(max_epochs=2),
        X,
        {"branches": [{"p": ["a"]}], "joint_layers": [(3,)], "optimizer": ["sgd"]},
    ),
}
METHODS = [
    "predict",
    "predict_proba",
    "predict_class_proba",
    "predict_sense",
    "branch_predictions",
    "transform",
    "score",
]


def _call(model, method, data):
    if method != "score":
        return np.asarray(getattr(model, method)(data))
    return np.asarray(model.score(data, Y > 0 if is_classifier(model) else Y))


def _check_width(model, result):
    """Rows and their names belong together."""
    if hasattr(model, "get_feature_names_out"):
        assert result.shape == (40, len(model.get_feature_names_out()))
    elif result.ndim:
        assert len(result) == 40


CHANGES = [
    (case, name, value)
    for case, (_, _, changes) in CASES.items()
    for name, values in changes.items()
    for value in values
]


@pytest.fixture(scope="module")
def fitted():
    """A function that fits each model once."""
    kept = {}

    def fit(case):
        if case.startswith("perceptron"):
            pytest.importorskip("torch", reason="networks need torch")
        if case not in kept:
            model, data, _ = CASES[case]
            y = Y > 0 if is_classifier(model) else Y
            kept[case] = clone(model).fit(data, y)
        return kept[case]

    return fit


@pytest.mark.parametrize(
    ("case", "name", "value"), CHANGES, ids=lambda value: str(value)[:30]
)
def test_a_parameter_set_after_fit_works_or_is_one_clear_error(
    fitted, case, name, value
):
    model, data = fitted(case), CASES[case][1]
    before = getattr(model, name)
    model.set_params(**{name: value})
    try:
        for method in METHODS:
            if hasattr(model, method):
                _check_width(model, _call(model, method, data))
    except ValueError as error:
        assert name in str(error)
        assert "\n" not in str(error)
    finally:
        setattr(model, name, before)


@pytest.mark.parametrize(
    ("case", "name", "value"),
    [
        ("per user", "user", "a"),
        ("per user", "user", None),
        ("history", "user", "day"),
        ("history", "mode", "past"),
        ("past", "mode", "out_of_fold"),
        ("past", "time", "a"),
    ],
)
def test_what_was_learned_by_another_column_is_an_error(fitted, case, name, value):
    model, data = fitted(case), CASES[case][1]
    before = getattr(model, name)
    method = "predict" if hasattr(model, "predict") else "transform"
    expected = _call(model, method, data)
    model.set_params(**{name: value})
    with pytest.raises(
        ValueError, match=f"Got {name}=.*, but it was {before!r} in fit"
    ):
        _call(model, method, data)
    model.set_params(**{name: before})
    np.testing.assert_array_equal(_call(model, method, data), expected)
