"""Models on disk: what is written can be read; what could not be is not written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import Birch
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_transformer,
)
from sklearn.ensemble import (
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer, make_scorer, mean_squared_error
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import all_estimators

from sklearn_popularity import (
    CNNEmbedder,
    ColorHistogram,
    KClassAggregatingClassifier,
    LatentRankSVM,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    PerUserRegressor,
    PerUserShuffleSplit,
    Preprocessing,
    SocialFeatures,
    StackedLateFusion,
    TagEmbedder,
    UserHistoryEncoder,
    ZeroShotTagger,
    load_model,
    make_popularity,
    per_user_spearman_scorer,
    save_model,
    spearman_score,
    spearman_scorer,
)
from sklearn_popularity.models import _saved_trees as saved_trees
from sklearn_popularity.papers import (
    cappallo2015,
    dufour2015,
    khosla2014,
    lafin,
    memorability2018,
    recommended,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = X[:, 0] + np.abs(X[:, 1]) + 0.1 * RNG.normal(size=60) + 3
TINY = {"backbone": "squeezenet1_1", "weights": "random", "preprocessing__size": 32}


def saved(model, folder):
    save_model(model, folder / "model.skops")
    return load_model(folder / "model.skops")


def check_saved(model, folder, data):
    """A model, read back, says the same, but for the order in which sums are made."""
    loaded = saved(model, folder)
    assert loaded.get_params().keys() == model.get_params().keys()
    for method in ("predict", "predict_proba", "transform"):
        if hasattr(model, method):
            expected = getattr(model, method)(data)
            found = getattr(loaded, method)(data)
            if np.asarray(found).dtype.kind == "f":
                assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
            else:
                assert_array_equal(found, expected)
    return loaded


# --- scikit-learn's


COMMON = [
    DecisionTreeRegressor(max_depth=4),
    ExtraTreesRegressor(5, random_state=0),
    RandomForestRegressor(5, random_state=0),
    HistGradientBoostingRegressor(max_iter=5),
    BaggingRegressor(n_estimators=3, max_features=0.5, random_state=0),
    KNeighborsRegressor(),
    KNeighborsRegressor(algorithm="ball_tree", metric="minkowski", p=3, leaf_size=5),
    KNeighborsRegressor(algorithm="brute", weights="distance"),
    GaussianProcessRegressor(RBF() + WhiteKernel()),
    MLPRegressor(max_iter=2000, random_state=0),
    SVR(),
    make_pipeline(
        KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), Ridge()
    ),
    TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    StackingRegressor([("tree", DecisionTreeRegressor()), ("ridge", Ridge())]),
]


@pytest.mark.parametrize("model", COMMON, ids=repr)
def test_common_regressors_are_read_back(model, tmp_path):
    check_saved(model.fit(X, Y), tmp_path, X)


@pytest.mark.parametrize(
    "classifier",
    [
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingClassifier(max_iter=3),
        CalibratedClassifierCV(LogisticRegression(), ensemble=False),
    ],
    ids=repr,
)
def test_classifiers_of_k_classes_are_read_back(classifier, tmp_path):
    model = KClassAggregatingClassifier(classifier, n_classes=3, aggregation="mean")
    check_saved(model.fit(X, Y), tmp_path, X)


def _regressors():
    for _, regressor in all_estimators("regressor"):
        try:
            model = regressor()
            yield model.set_params(
                **{"n_estimators": 3} if hasattr(model, "n_estimators") else {}
            )
        except (TypeError, FutureWarning):  # it needs another, or will go
            continue


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", [*_regressors()], ids=repr)
def test_any_regressor_is_read_back_or_refused(model, tmp_path):
    try:
        model.fit(X, Y)
    except (ValueError, AttributeError) as error:
        pytest.skip(f"It does not learn from these data: {error}")
    try:
        loaded = saved(model, tmp_path)
    except ValueError as error:
        assert "The model cannot be saved, since load_model" in str(error)
        assert not [*tmp_path.iterdir()]
    else:
        assert_allclose(loaded.predict(X), model.predict(X), rtol=1e-9, atol=1e-12)


# --- ours


@pytest.fixture(scope="module")
def posts():
    posts = make_popularity(60, image_size=(32, 40), random_state=0)[0]
    return posts.assign(views=np.exp(posts["score"]))


@pytest.fixture(scope="module")
def vectors(posts):
    words = sorted({word for tags in posts["tags"] for word in tags.split()})
    return {word: np.full(3, float(i)) for i, word in enumerate(words)}


def _per_user():
    numbers = make_column_transformer(
        ("passthrough", ["views", "user"]), verbose_feature_names_out=False
    ).set_output(transform="pandas")
    per_user = PerUserRegressor(Ridge(), user="user", min_samples=3)
    return make_pipeline(numbers, per_user)


def _tags(vectors, *steps):
    return make_pipeline(
        make_column_transformer((TagEmbedder(vectors), "tags")), *steps
    )


SOCIAL = SocialFeatures(counts=["views"], texts=["title"], times=["uploaded"])
HISTORY = UserHistoryEncoder(user="user", mode="past", time="uploaded")
TAGGER = ZeroShotTagger({"a": [1.0, 0.0, 0.0], "b": [0.0, 1.0, 0.0]}, n_words=1)
THREE = ColumnTransformer([("3", "passthrough", slice(3))])
# Models of the columns of posts, given vectors of their tags.
OF_COLUMNS = {
    "cues": lambda vectors: make_pipeline(SOCIAL, SVR()),
    "past": lambda vectors: HISTORY,
    "out of fold": lambda vectors: UserHistoryEncoder(
        user="user", groups="theme", random_state=0
    ),
    "tags": lambda vectors: _tags(vectors, FunctionTransformer(np.abs), Ridge()),
    "tagger": lambda vectors: _tags(vectors, THREE, TAGGER),
    "per user": lambda vectors: _per_user(),
    "union": lambda vectors: FeatureUnion([("history", HISTORY), ("social", SOCIAL)]),
}


RANKER = LatentRankSVM(max_epochs=5, random_state=0)
PERCEPTRON = {"max_epochs": 2, "random_state": 0}
OF_ARRAYS = {
    "fusion": StackedLateFusion(
        [("svr", SVR(), [0, 1]), ("ranker", RANKER, slice(2, 4))], cv=KFold(3)
    ),
    "fusion by groups": StackedLateFusion(
        [("a", HistGradientBoostingRegressor(max_iter=3), slice(None))],
        cv=GroupKFold(3),
        groups=0,
    ),
    "users of two types": PerUserRegressor(Ridge(), user=0, min_samples=1),
    "MLP": MultiBranchMLPRegressor(**PERCEPTRON),
    "classes": KClassAggregatingClassifier(MultiBranchMLPClassifier(**PERCEPTRON)),
    "search": GridSearchCV(
        make_pipeline(StandardScaler(), RANKER),
        {"latentranksvm__alpha": [0.1, 1.0]},
        scoring=spearman_scorer,
        cv=KFold(3, shuffle=True, random_state=0),
    ),
    "search of users": GridSearchCV(
        Ridge(),
        {"alpha": [0.1, 1.0]},
        scoring=per_user_spearman_scorer(user=0),
        cv=PerUserShuffleSplit(2, random_state=0, user=0),
    ),
    "own score": GridSearchCV(
        Ridge(),
        {"alpha": [0.1, 1.0]},
        scoring={
            "rho": make_scorer(spearman_score),
            "mse": make_scorer(mean_squared_error, greater_is_better=False),
        },
        refit="rho",
    ),
    "target": TransformedTargetRegressor(
        make_pipeline(StandardScaler(), SVR()), transformer=StandardScaler()
    ),
}


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_models_of_arrays_are_read_back(name, tmp_path):
    if name in ("MLP", "classes"):
        pytest.importorskip("torch", reason="networks need torch")
    # The first column is a user, of which there are some with many rows.
    table = np.column_stack([np.arange(60) % 4, X[:, 1:]])
    check_saved(clone(OF_ARRAYS[name]).fit(table, Y), tmp_path, table)


@pytest.mark.parametrize("name", OF_COLUMNS)
def test_models_of_posts_are_read_back(name, posts, vectors, tmp_path):
    model = clone(OF_COLUMNS[name](vectors))
    check_saved(model.fit(posts, posts["score"]), tmp_path, posts)


def _recommended(posts, vectors):
    return recommended(
        posts,
        embeddings={"seen": ["seen0", "seen1"]},
        networks=[],
        photo=None,
        tags="tags",
        vectors=vectors,
        user="user",
        time="uploaded",
        cues=CUES,
        groups="theme",
    )[0]


NETWORK = CNNEmbedder(preprocessing=Preprocessing()).set_params(**TINY)
NETWORKS = {"cnn": NETWORK, "caption": NETWORK}
TUNED = {f"embedder__{name}": value for name, value in TINY.items()} | {"max_epochs": 1}
CUES = SocialFeatures(texts=["title"])
COLORS = "color_histogram"
# Models of the papers, given posts and vectors of their tags.
COMPOSITIONS = {
    "khosla2014.content_and_social": lambda *_: khosla2014.content_and_social(
        CUES, [COLORS]
    ),
    "cappallo2015.ranker": lambda *_: cappallo2015.ranker(
        n_senses=2, network=khosla2014.FEATURES[COLORS]
    ),
    "cappallo2015.regression": lambda *_: cappallo2015.regression(network=NETWORK),
    "memorability2018.k_class_mlp": lambda *_: memorability2018.k_class_mlp(
        ["cnn"], networks=NETWORKS, top_score=None
    ),
    "memorability2018.regression": lambda *_: memorability2018.regression(
        ["cnn"], networks=NETWORKS
    ),
    "lafin.interestingness": lambda posts, vectors: lafin.interestingness(
        ["cnn", "tags"], vectors=vectors, networks=NETWORKS
    ),
    "dufour2015.regression": lambda *_: dufour2015.regression(**TUNED),
    "dufour2015.binned": lambda *_: dufour2015.binned(**TUNED),
    "dufour2015.favorite": lambda *_: dufour2015.favorite(**TUNED),
    "recommended": _recommended,
}


@pytest.mark.filterwarnings("ignore:.*validation:UserWarning")
# Rankers of noise may have a sense that nothing wins by.
@pytest.mark.filterwarnings("ignore::sklearn_popularity.models.DeadSensesWarning")
@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions_of_papers_are_read_back(name, posts, vectors, tmp_path):
    pytest.importorskip("torch", reason="networks need torch")
    posts = posts.assign(seen0=RNG.normal(size=60), seen1=RNG.normal(size=60))
    model = COMPOSITIONS[name](posts, vectors)
    y = posts["score"]
    if name.endswith(("favorite", "interestingness")):
        y = y > y.median()
    data = posts["photo"] if name.startswith("dufour2015") else posts
    check_saved(model.fit(data, y), tmp_path, data)


# --- parts that change on the way


def test_users_keep_their_types(tmp_path):
    labels = np.array([1, "1", None, 2.5, (3, 4)], dtype=object)
    table = pd.DataFrame(X, columns=list("abcd")).assign(user=labels[np.arange(60) % 5])
    model = PerUserRegressor(Ridge(), user="user", min_samples=3).fit(table, Y)
    loaded = check_saved(model, tmp_path, table)
    assert list(loaded.estimators_) == list(model.estimators_) == [1, "1", 2.5, (3, 4)]
    assert [*map(type, loaded.estimators_)] == [*map(type, model.estimators_)]


def test_paths_become_text(tmp_path):
    cache = tmp_path / "rows.sqlite"
    model = make_pipeline(ColorHistogram(cache=cache), Ridge())
    search = GridSearchCV(model, {"colorhistogram__cache": [cache, None]})
    loaded = saved(search, tmp_path)
    assert loaded.estimator[0].cache == str(cache)
    assert loaded.param_grid == {"colorhistogram__cache": [str(cache), None]}
    assert model[0].cache is cache  # what was given stays as it is


@pytest.mark.parametrize(
    ("step", "scoring"),
    [
        (Ridge(), None),
        (make_pipeline(StandardScaler(), Ridge()), None),
        (Ridge(), "r2"),
        (Ridge(), ["r2"]),
        (make_pipeline(StandardScaler(), Ridge()), get_scorer("r2")),
    ],
)
def test_models_fitted_with_routing_are_read_back(step, scoring, tmp_path):
    grid = {name: [0.1, 9.0] for name in step.get_params() if name.endswith("alpha")}
    search = GridSearchCV(step, grid, scoring=scoring, refit="r2", cv=2)
    path = tmp_path / "model.skops"
    with config_context(enable_metadata_routing=True):
        branch = Ridge().set_fit_request(sample_weight=True)
        model = StackedLateFusion([("a", search, [0]), ("b", branch, [1])], cv=2)
        model.fit(X, Y, sample_weight=np.arange(1.0, 61))
        for _ in range(2):  # what was read back can be saved again
            save_model(model, path)
            found = load_model(path)
            assert_array_equal(found.predict(X), model.predict(X))
            routing = found.branches[1][1].get_metadata_routing()
            assert routing.consumes("fit", ["sample_weight"]) == {"sample_weight"}
            model = found


def test_parts_that_are_shared_stay_shared(tmp_path):
    tree = DecisionTreeRegressor().fit(X, Y)
    model = StackedLateFusion([("a", tree, slice(None)), ("b", tree, slice(None))])
    loaded = saved(model, tmp_path)
    assert_array_equal(loaded.branches[0][1].predict(X), tree.predict(X))
    assert_array_equal(loaded.branches[1][1].predict(X), tree.predict(X))


# --- what is refused


class Centre(TransformerMixin, BaseEstimator):
    """Not a public estimator of anybody."""

    def __init__(self, callback=None):
        self.callback = callback

    def fit(self, X, y=None):
        return self


HERE = Centre.__module__


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (FunctionTransformer(lambda X: X), "union__part__func: a lambda"),
        (FunctionTransformer(saved), rf"union__part__func: {HERE}\.saved"),
        (Centre(), rf"union__part: {HERE}\.Centre"),
        (make_pipeline(Centre()), rf"union__part__centre: {HERE}\.Centre"),
        (
            GridSearchCV(Ridge(), {}, scoring=make_scorer(lambda y, z: 0.0)),
            "union__part__scoring: a lambda",
        ),
        (
            GridSearchCV(Centre(), {"callback": [None, print]}),
            r"union__part__param_grid\['callback'\]\[1\]: builtins\.print",
        ),
        (
            FunctionTransformer(kw_args={"key": Path}),
            r"union__part__kw_args\['key'\]: pathlib\.(_local\.)?Path",
        ),
        (Birch().fit(X), "Objects of type Birch are not supported"),
        (IsolationForest(n_estimators=2).fit(X), "union__part: a fitted IsolationF"),
        (
            GradientBoostingRegressor(n_estimators=2).fit(X, Y),
            "union__part: a fitted GradientBoostingRegressor, whose trees cannot",
        ),
        (
            HistGradientBoostingRegressor(
                max_iter=1, categorical_features=[0], min_samples_leaf=1
            ).fit(np.column_stack([np.arange(60) % 3, X]), Y),
            "union__part: trees that split on categories; encode these as numbers",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
def test_parts_that_cannot_be_read_are_named_when_saving(part, message, tmp_path):
    model = make_pipeline(FeatureUnion([("part", part)]), Ridge())
    model.steps[0] = ("union", model.steps[0][1])
    path = tmp_path / "model.skops"
    with pytest.raises(ValueError, match=rf"cannot be saved, .*{message}"):
        save_model(model, path)
    assert not path.exists()


# --- trees that a stranger wrote


def _forged(model, folder, monkeypatch, forge):
    """A file that says of trees what `forge` makes of them."""
    monkeypatch.setattr(
        "sklearn_popularity.models._packed_model.unpack_model", lambda *a: 0
    )
    arrays, predictor = saved_trees._arrays_of, saved_trees.SavedPredictor
    monkeypatch.setattr(saved_trees, "_arrays_of", lambda tree: forge(arrays(tree)))
    save = saved_trees.save_trees

    def forged(estimator, state):
        state = save(estimator, state)
        if "_predictors" in state:
            state["_predictors"] = [
                [forge(predictor(t.nodes))] for [t] in state["_predictors"]
            ]
        return state

    monkeypatch.setattr("sklearn_popularity.models._saved_parts.save_trees", forged)
    save_model(model, folder / "model.skops")
    monkeypatch.undo()


def _change(field, row, value):
    def forge(saved):
        nodes = saved.nodes.copy()
        nodes[field][row] = value
        return saved._replace(nodes=nodes)

    return forge


FORGED_TREES = {
    "child out of range": _change("left_child", 0, 10**6),
    "child before": _change("right_child", 2, 0),
    "child of two": _change("left_child", 0, 2),
    "below leaf": _change("left_child", 0, -2),
    "feature": _change("feature", 0, 4),
    "negative feature": _change("feature", 0, -3),
    "wide": lambda saved: saved._replace(n_features=5),
    "no classes": lambda saved: saved._replace(n_classes=np.zeros(1, dtype=np.intp)),
    "classes": lambda saved: saved._replace(n_classes=np.full(9, 1)),
    "values": lambda saved: saved._replace(values=saved.values[:-1]),
    "nodes": lambda saved: saved._replace(nodes=np.zeros(3)),
    "no nodes": lambda s: s._replace(nodes=s.nodes[:0], values=s.values[:0]),
}
FORGED_PREDICTORS = {
    "child out of range": _change("left", 0, 2**31),
    "child before": _change("right", 0, 0),
    "feature": _change("feature_idx", 0, 4),
    "negative feature": _change("feature_idx", 0, -3),
    "category": _change("is_categorical", 0, 1),
    "no leaf": _change("is_leaf", -1, 0),
    "nodes": lambda saved: saved._replace(nodes=np.zeros(3)),
}


@pytest.mark.parametrize("forge", FORGED_TREES.values(), ids=FORGED_TREES)
@pytest.mark.parametrize(
    "model", [DecisionTreeRegressor(max_depth=3), RandomForestRegressor(2)], ids=repr
)
def test_forged_trees_are_refused(model, forge, tmp_path, monkeypatch):
    _forged(model.fit(X, Y), tmp_path, monkeypatch, forge)
    with pytest.raises(ValueError, match=r"cannot be loaded \("):
        load_model(tmp_path / "model.skops")


@pytest.mark.parametrize("forge", FORGED_PREDICTORS.values(), ids=FORGED_PREDICTORS)
def test_forged_trees_of_boosting_are_refused(forge, tmp_path, monkeypatch):
    model = HistGradientBoostingRegressor(max_iter=2).fit(X, Y)
    _forged(model, tmp_path, monkeypatch, forge)
    with pytest.raises(ValueError, match=r"cannot be loaded \("):
        load_model(tmp_path / "model.skops")


@pytest.mark.parametrize("width", [3, None])
def test_trees_wider_than_their_owner_are_refused(width, tmp_path, monkeypatch):
    model = RandomForestRegressor(2).fit(X, Y)
    model.n_features_in_ = width
    monkeypatch.setattr(
        "sklearn_popularity.models._packed_model.unpack_model", lambda *a: 0
    )
    save_model(model, tmp_path / "model.skops")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"sees 3\.|without n_features_in_"):
        load_model(tmp_path / "model.skops")


@pytest.mark.parametrize("seed", range(5))
def test_forged_numbers_crash_nobody(seed, tmp_path, monkeypatch):
    """Whatever the nodes say, they are refused, or those of some tree."""
    rng = np.random.default_rng(seed)
    model = DecisionTreeRegressor(max_depth=3).fit(X, Y)

    def forge(saved):
        nodes = saved.nodes.copy()
        for field in ("left_child", "right_child", "feature"):
            row = rng.integers(len(nodes))
            nodes[field][row] = rng.integers(-2, len(nodes) + 1)
        return saved._replace(nodes=nodes)

    _forged(model, tmp_path, monkeypatch, forge)
    try:
        loaded = load_model(tmp_path / "model.skops")
    except ValueError as error:
        assert "cannot be loaded" in str(error)
    else:
        assert np.isfinite(loaded.predict(X)).all()
        assert loaded.decision_path(X).shape[0] == 60
