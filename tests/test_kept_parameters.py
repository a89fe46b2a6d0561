"""Parameters set after fit: the model goes on by what it learned, or says why not."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

import sklearn_popularity
from sklearn_popularity import (
    HOGLLC,
    CNNEmbedder,
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    ImageTransformer,
    IntervalRegressor,
    KClassAggregatingClassifier,
    LatentRankSVM,
    LBPPyramid,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    NeighborPopularity,
    PairwiseRanker,
    PerUserRegressor,
    Preprocessing,
    ResidualRegressor,
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
PHOTOS = RNG.integers(0, 256, (40, 24, 26, 3), np.uint8)
SMALL = {"dictionary": 8, "random_state": 0}
EMBEDDER = CNNEmbedder(
    backbone="squeezenet1_1", weights="random", preprocessing=Preprocessing(size=32)
)
BRANCHES = [("x", Ridge(), ["a", "b"]), ("y", Ridge(), ["c"])]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A cache that is set is written to the current folder."""
    monkeypatch.chdir(tmp_path)


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
            "aggregation": ["upper"],
            "top_score": [99.0],
            "score_range": [(2.0, 3.0), (3.0, 2.0)],
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
    "votes": (
        PairwiseRanker(left="a", right="b"),
        X,
        {
            "transformer": [StandardScaler()],
            "left": ["c", 7, ["a"]],
            "right": ["nowhere"],
            "C": [99.0],
        },
    ),
    "residuals": (
        ResidualRegressor(Ridge(), context=Ridge(), cv=3),
        X,
        {
            "estimator": [LinearRegression()],
            "context": [LatentRankSVM()],
            "cv": [2],
            "groups": ["nowhere"],
            "n_jobs": [2],
        },
    ),
    "intervals": (
        IntervalRegressor(Ridge()),
        X,
        {
            "estimator": [LatentRankSVM()],
            "coverage": [0.5],
            "groups": ["a", "nowhere"],
            "cv": [3],
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
            "within": ["a", "nowhere", len],
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
    "neighbors": (
        NeighborPopularity(n_neighbors=5, time="day", groups="user"),
        POSTS[["a", "b", "user", "day"]],
        {
            "n_neighbors": [1, 100],
            "time": [None, "a"],
            "observed": ["day"],
            "groups": [None, "a", "nowhere"],
            "tolerance": [0.5],
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
    "network": (
        EMBEDDER,
        PHOTOS,
        {
            "backbone": ["resnet18", "nonsense"],
            "weights": ["nowhere.npz"],
            "layer": ["probabilities", "nonsense", ["features.3", "penultimate"]],
            "pooling": [("mean", "std"), "max"],
            "preprocessing__flip": [True],
            "preprocessing": [None, Preprocessing(size=40)],
            "preprocessing__size": [40],
            "device": ["nowhere"],
            "random_state": [1],
        },
    ),
    "tuned network": (
        CNNFineTuneRegressor(embedder=EMBEDDER, max_epochs=1, random_state=0),
        PHOTOS,
        {
            "embedder": [None, clone(EMBEDDER).set_params(layer="probabilities")],
            "embedder__backbone": ["resnet18"],
            "embedder__weights": ["nowhere.npz"],
            "embedder__preprocessing__flip": [True],
            "embedder__preprocessing": [None],
            "embedder__device": ["nowhere"],
            "embedder__max_size": [20],
            "embedder__n_jobs": [2],
            "n_bins": [3],
            "loss": ["raw_squared_error", "log_loss"],
            "trainable": ["head"],
            "dropout": [0.1],
            "batch_size": [7],
            "checkpoint": ["nowhere/state"],
            "groups": [len],
        },
    ),
    "tuned network of bins": (
        CNNFineTuneRegressor(embedder=EMBEDDER, max_epochs=1, n_bins=4, random_state=0),
        PHOTOS,
        {"n_bins": [None, 3]},
    ),
    "tuned network of classes": (
        CNNFineTuneClassifier(embedder=EMBEDDER, max_epochs=1, random_state=0),
        PHOTOS,
        {"embedder__backbone": ["resnet18"], "class_weight": ["balanced"]},
    ),
    "hog": (
        HOGLLC(**SMALL),
        PHOTOS,
        {
            "blocks": [("3x3",)],
            "spacing": [6],
            "n_levels": [2],
            "n_neighbors": [50],
            "dictionary": [5, "nowhere.npy"],
            "flip": [True],
        },
    ),
    "color names": (
        ColorNamesLLC(**SMALL),
        PHOTOS,
        {"palette": ["discriminative", "nowhere"], "patch_sizes": [(4,), (0,)]},
    ),
    "colors": (ColorHistogram(), PHOTOS, {"palette": ["nowhere"], "max_size": [9]}),
    "statistics": (ColorStatistics(), PHOTOS, {"cache": ["nowhere/rows"]}),
    "gist": (
        GistTransformer(image_size=32),
        PHOTOS,
        {"image_size": [48], "n_blocks": [2], "orientations_per_scale": [(4, 4), ()]},
    ),
    "patterns": (LBPPyramid(), PHOTOS, {"flip": [True]}),
}
METHODS = [
    "predict",
    "predict_interval",
    "predict_proba",
    "predict_class_proba",
    "predict_bins",
    "predict_sense",
    "branch_predictions",
    "transform",
    "score",
]


def _call(model, method, data):
    if method != "score":
        return np.asarray(getattr(model, method)(data))
    return np.asarray(model.score(data, Y > 0 if is_classifier(model) else Y))


def _check_width(model, method, result):
    """Rows and their names belong together."""
    if method == "transform" and hasattr(model, "get_feature_names_out"):
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
        if case.startswith("perceptron") or "network" in case:
            pytest.importorskip("torch", reason="Networks need torch.")
            pytest.importorskip("torchvision", reason="Networks need torchvision.")
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
    before = model.get_params()[name]
    model.set_params(**{name: value})
    try:
        for method in METHODS:
            if hasattr(model, method):
                _check_width(model, method, _call(model, method, data))
    except (ValueError, FileNotFoundError) as error:
        assert name.rpartition("__")[2] in str(error)
        assert "\n" not in str(error)
    finally:
        model.set_params(**{name: before})


@pytest.mark.parametrize(
    ("case", "name", "value"),
    [
        ("per user", "user", "a"),
        ("per user", "user", None),
        ("intervals", "coverage", 0.5),
        ("neighbors", "groups", None),
        ("neighbors", "time", "a"),
        ("history", "user", "day"),
        ("history", "mode", "past"),
        ("past", "mode", "out_of_fold"),
        ("past", "time", "a"),
        ("tuned network", "n_bins", 3),
        ("tuned network of bins", "n_bins", None),
        ("hog", "blocks", ("3x3",)),
    ],
)
def test_what_was_learned_by_another_column_is_an_error(fitted, case, name, value):
    model, data = fitted(case), CASES[case][1]
    before = getattr(model, name)
    method = "predict" if hasattr(model, "predict") else "transform"
    expected = _call(model, method, data)
    model.set_params(**{name: value})
    with pytest.raises(
        ValueError, match=f"Got {name}=.*, but it was {re.escape(repr(before))} in fit"
    ):
        _call(model, method, data)
    model.set_params(**{name: before})
    np.testing.assert_array_equal(_call(model, method, data), expected)


class Wrong:
    """A value that no parameter takes."""

    def __repr__(self):
        return "Wrong()"


WRONG = [
    (case, name)
    for case, (model, _, _) in CASES.items()
    for name, kinds in model._parameter_constraints.items()
    if kinds != "no_validation"
]


@pytest.mark.parametrize(("case", "name"), WRONG)
def test_a_value_of_a_wrong_kind_is_one_clear_error(fitted, case, name):
    model, data = fitted(case), CASES[case][1]
    before = getattr(model, name)
    model.set_params(**{name: Wrong()})
    try:
        for method in METHODS:
            if hasattr(model, method) and method != "score":
                with pytest.raises(ValueError, match=f"{name}.*Wrong") as caught:
                    _call(model, method, data)
                assert "\n" not in str(caught.value)
    finally:
        setattr(model, name, before)


def test_every_estimator_is_tried():
    estimators = {
        name
        for name in sklearn_popularity.__all__
        if isinstance(getattr(sklearn_popularity, name), type)
        and issubclass(getattr(sklearn_popularity, name), BaseEstimator)
    }
    tried = {type(model).__name__ for model, _, _ in CASES.values()}
    not_fitted = {ImageTransformer.__name__, Preprocessing.__name__}
    assert tried == estimators - not_fitted


def test_checks_are_left_out_where_scikit_learn_is_told_to(fitted):
    model = fitted("statistics")
    with config_context(skip_parameter_validation=True):
        model.set_params(verbose=0).transform(PHOTOS)
    with pytest.raises(ValueError, match="verbose"):
        model.transform(PHOTOS)
    model.set_params(verbose=False)
