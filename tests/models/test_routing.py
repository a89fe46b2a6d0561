"""Weights and groups reach the same parts, whether metadata are routed or not."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVR
from sklearn.utils.fixes import parse_version

from sklearn_popularity import (
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    KClassAggregatingClassifier,
    LatentRankSVM,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    PerUserRegressor,
    StackedLateFusion,
    spearman_score,
    spearman_scorer,
)
from sklearn_popularity.evaluation._routing import prepare_fit

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 3)), columns=["a", "b", "c"])
Y = (X["a"] + X["b"].abs() + 0.3 * RNG.normal(size=60)).to_numpy()
X["user"] = np.arange(60) % 6
WEIGHT = RNG.integers(1, 4, 60).astype(float)
PHOTO = ["a", "b", "c"]


def _scaled(*columns):
    union = FeatureUnion([("a", StandardScaler()), ("b", FunctionTransformer())])
    return make_column_transformer((union, list(columns)))


INNER = {
    "plain": Ridge(),
    "pipeline": make_pipeline(StandardScaler(), Ridge()),
    "columns": make_pipeline(_scaled("a", "b"), StandardScaler(), Ridge()),
    "search": GridSearchCV(
        make_pipeline(
            StandardScaler(), LinearSVR(dual=False, loss="squared_epsilon_insensitive")
        ),
        {"linearsvr__C": [0.1, 1.0]},
        scoring=spearman_scorer,
        cv=3,
    ),
    "search of R squared": GridSearchCV(Ridge(), {"alpha": [0.1, 9.0]}, cv=3),
    "search of a pipeline": GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 9.0]}, cv=3
    ),
    "search by name": GridSearchCV(
        Ridge(), {"alpha": [0.1, 9.0]}, scoring="neg_mean_absolute_error", cv=3
    ),
    "search by names": RandomizedSearchCV(
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": [0.1, 9.0]},
        n_iter=2,
        random_state=0,
        scoring=["r2", "neg_mean_absolute_error"],
        refit="r2",
        cv=3,
    ),
    "search by a scorer": GridSearchCV(
        Ridge(), {"alpha": [0.1, 9.0]}, scoring={"r2": get_scorer("r2")}, refit="r2"
    ),
    "search that halves": HalvingGridSearchCV(
        Ridge(),
        {"alpha": [0.1, 9.0]},
        scoring="r2",
        min_resources=8,
        cv=2,
        random_state=0,
    ),
    "penalty by name": RidgeCV([0.1, 9.0], scoring="neg_mean_absolute_error"),
    "target": TransformedTargetRegressor(
        make_pipeline(StandardScaler(), Ridge()), transformer=StandardScaler()
    ),
    "fusion": StackedLateFusion([("x", Ridge(), PHOTO)], cv=3),
    "classes": KClassAggregatingClassifier(
        make_pipeline(StandardScaler(), LogisticRegression()), n_classes=3
    ),
    "ranker": make_pipeline(
        StandardScaler(),
        LatentRankSVM(n_senses=1, n_unpopular_senses=0, max_epochs=5, random_state=0),
    ),
}


def _outer(inner):
    branches = [("x", inner, PHOTO), ("y", Ridge(), ["a"])]
    return {
        "default last model": StackedLateFusion(branches, cv=3, groups="user"),
        "last model": StackedLateFusion(
            [("x", Ridge(), PHOTO)], final_estimator=_of_numbers(inner), cv=3
        ),
        "per user": PerUserRegressor(inner, user="user", min_samples=10),
    }


def _of_numbers(inner):
    return Ridge() if "Column" in str(inner) or "Fusion" in str(inner) else inner


WITHIN = [("default last model", inner) for inner in INNER] + [
    (outer, inner)
    for outer in ("last model", "per user")
    for inner in ("plain", "pipeline", "search", "search by name")
]


of_names = pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"),
    reason="Searches weight scores alike, routed or not, from scikit-learn 1.9.",
)
OF_NAMES = ("search by name", "search by a scorer", "penalty by name")


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        pytest.param(outer, inner, marks=[of_names] if inner in OF_NAMES else [])
        for outer, inner in WITHIN
    ],
)
def test_weights_reach_the_same_parts_with_routing(outer, inner):
    expected = _outer(INNER[inner])[outer].fit(X, Y, sample_weight=WEIGHT).predict(X)
    with config_context(enable_metadata_routing=True):
        model = _outer(INNER[inner])[outer]
        found = model.fit(X, Y, sample_weight=WEIGHT).predict(X)
    assert_allclose(found, expected)


def test_requests_that_are_set_are_kept():
    plain = StackedLateFusion([("x", Ridge(), PHOTO)], final_estimator=Ridge(), cv=3)
    with config_context(enable_metadata_routing=True):
        branch = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True),
            Ridge().set_fit_request(sample_weight=True),
        )
        piped = clone_with(plain, branch).fit(X, Y, sample_weight=WEIGHT)
        by_hand = clone_with(plain, branch).branches[0][1]
        by_hand.fit(X[PHOTO], Y, sample_weight=WEIGHT)
    found = piped.branch_predictions(X)[:, 0] + piped.branch_means_["x"]
    assert_allclose(found, by_hand.predict(X[PHOTO]))


def clone_with(fusion, branch):
    return StackedLateFusion([("x", branch, PHOTO)], final_estimator=Ridge(), cv=3)


def test_fits_leave_what_was_given_unset():
    with config_context(enable_metadata_routing=True):
        branch = make_pipeline(StandardScaler(), Ridge())
        model = StackedLateFusion([("x", branch, PHOTO)], cv=3)
        model.fit(X, Y, sample_weight=WEIGHT)
        with pytest.raises(UnsetMetadataPassedError):
            branch.fit(X[PHOTO], Y, sample_weight=WEIGHT)


def test_weights_are_still_asked_for_by_searches_outside():
    with config_context(enable_metadata_routing=True):
        model = StackedLateFusion([("x", Ridge(), PHOTO)], cv=3, groups="user")
        params = {"groups": X["user"], "sample_weight": WEIGHT}
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            cross_validate(model, X, Y, params=params, cv=GroupKFold(3))
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        scores = cross_validate(model, X, Y, params=params, cv=GroupKFold(3))
    assert np.isfinite(scores["test_score"]).all()


# --- groups


class Groups(GroupKFold):
    """Folds that tell which groups they were given."""

    seen: list = []  # noqa: RUF012

    def split(self, X, y=None, groups=None):
        self.seen.append(None if groups is None else np.unique(groups).tolist())
        return super().split(X, y, groups)


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline], ids=["", "pipe"])
@pytest.mark.parametrize("column", ["user", None])
def test_groups_work_with_and_without_routing(wrap, column):
    """Outer folds by halves; inner ones by users if X names them, else by halves."""
    halves = np.arange(60) % 6 // 2
    inner = Groups(2)
    Groups.seen = []
    model = StackedLateFusion([("x", Ridge(), PHOTO)], cv=inner, groups=column)
    settings = {"cv": GroupKFold(3)}
    with config_context(enable_metadata_routing=True):
        routed = cross_val_predict(
            wrap(model), X, Y, params={"groups": halves}, **settings
        )
    n_groups = [len(seen) for seen in Groups.seen]
    assert n_groups == ([4] * 3 if column else [2] * 3)
    if column:
        plain = cross_val_predict(wrap(model), X, Y, groups=halves, **settings)
        assert_allclose(routed, plain)
        with config_context(enable_metadata_routing=True):
            unrouted = cross_val_predict(wrap(model), X, Y, cv=3)
        assert np.isfinite(unrouted).all()


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline], ids=["", "pipe"])
@pytest.mark.parametrize("column", ["user", None])
@pytest.mark.parametrize("routed", [False, True])
def test_reports_tell_fusions_their_groups(wrap, column, routed):
    halves = np.arange(60) % 6 // 2
    model = StackedLateFusion([("x", Ridge(), PHOTO)], cv=Groups(2), groups=column)
    Groups.seen = []
    with config_context(enable_metadata_routing=routed):
        told, fit_params = prepare_fit(wrap(model), halves)
        told.fit(X, Y, **fit_params)
    assert Groups.seen == [[0, 1, 2]]


def test_groups_request_of_the_user_is_kept():
    halves = np.arange(60) % 6 // 2
    with config_context(enable_metadata_routing=True):
        model = StackedLateFusion([("x", Ridge(), PHOTO)], cv=Groups(2), groups="user")
        Groups.seen = []
        make_pipeline(model.set_fit_request(groups=True)).fit(X, Y, groups=halves)
    assert Groups.seen == [[0, 1, 2]]


TAKERS = [
    StackedLateFusion([("x", Ridge(), PHOTO)]),
    MultiBranchMLPRegressor(),
    MultiBranchMLPClassifier(),
    CNNFineTuneRegressor(),
    CNNFineTuneClassifier(),
]


@pytest.mark.parametrize("model", TAKERS, ids=lambda model: type(model).__name__)
def test_routed_groups_are_taken_where_no_column_is_named(model):
    model = clone(model)
    with config_context(enable_metadata_routing=True):
        assert model.get_metadata_routing().consumes("fit", ["groups"]) == {"groups"}
        model.set_params(groups="user")
        assert not model.get_metadata_routing().consumes("fit", ["groups"])
        model.set_fit_request(groups=True)
        assert model.get_metadata_routing().consumes("fit", ["groups"]) == {"groups"}


@pytest.mark.parametrize("model", TAKERS, ids=lambda model: type(model).__name__)
def test_weights_and_groups_are_named(model):
    with pytest.raises(TypeError, match="positional arguments"):
        model.fit(X, Y, WEIGHT)


# --- what score is


def _ranker():
    return LatentRankSVM(
        n_senses=1, n_unpopular_senses=0, max_epochs=20, random_state=0
    )


RANKERS = {
    "fusion": StackedLateFusion([("x", Ridge(), PHOTO)], final_estimator=_ranker()),
    "fusion by pipeline": StackedLateFusion(
        [("x", Ridge(), PHOTO)],
        final_estimator=make_pipeline(StandardScaler(), _ranker()),
    ),
    "fusion by search": StackedLateFusion(
        [("x", Ridge(), PHOTO)],
        final_estimator=GridSearchCV(_ranker(), {"alpha": [0.1, 1.0]}),
    ),
    "per user": PerUserRegressor(_ranker(), user="user"),
    "per user by pipeline": PerUserRegressor(
        make_pipeline(StandardScaler(), _ranker()), user="user"
    ),
    "per user of fusions": PerUserRegressor(
        StackedLateFusion([("x", Ridge(), PHOTO)], final_estimator=_ranker(), cv=2),
        user="user",
    ),
}
REGRESSORS = {
    "fusion": StackedLateFusion([("x", _ranker(), PHOTO)]),
    "per user": PerUserRegressor(Ridge(), user="user", fallback=_ranker()),
}


@pytest.mark.parametrize("name", RANKERS)
def test_score_of_rankers_is_the_rank_correlation(name):
    model = RANKERS[name].fit(X, Y)
    expected = spearman_score(Y, model.predict(X), sample_weight=WEIGHT)
    assert model.score(X, Y, sample_weight=WEIGHT) == expected
    assert make_pipeline(model).score(X, Y) == model.score(X, Y)


@pytest.mark.parametrize("name", REGRESSORS)
def test_score_of_regressors_is_r_squared(name):
    model = REGRESSORS[name].fit(X, Y)
    residual = np.sum((Y - model.predict(X)) ** 2)
    expected = 1 - residual / np.sum((Y - Y.mean()) ** 2)
    assert model.score(X, Y) == pytest.approx(expected)


def test_searches_without_scoring_choose_by_rank():
    model = StackedLateFusion([("x", Ridge(), PHOTO)], final_estimator=_ranker())
    search = GridSearchCV(model, {"final_estimator__alpha": [1e-3, 1.0]}, cv=3)
    search.fit(X, Y)
    by_rank = GridSearchCV(model, search.param_grid, cv=3, scoring=spearman_scorer).fit(
        X, Y
    )
    assert_allclose(
        search.cv_results_["mean_test_score"], by_rank.cv_results_["mean_test_score"]
    )


# --- searches and cross-validation around our models

HALVES = np.arange(60) % 6 // 2
SEARCHES = {
    "grid": GridSearchCV,
    "random": lambda *args, **settings: RandomizedSearchCV(
        *args, n_iter=2, random_state=0, **settings
    ),
    "halving": lambda *args, **settings: HalvingGridSearchCV(
        *args, min_resources=30, factor=2, random_state=0, **settings
    ),
}
SEARCHED = {
    "fusion": (
        StackedLateFusion([("x", Ridge(), PHOTO)], cv=3, groups="user"),
        "cv",
        [2, 3],
    ),
    "per user": (
        PerUserRegressor(Ridge(), user="user", min_samples=2),
        "estimator__alpha",
        [0.1, 9.0],
    ),
    "classes": (
        KClassAggregatingClassifier(LogisticRegression(), n_classes=3),
        "n_classes",
        [2, 3],
    ),
    "ranker": (
        LatentRankSVM(n_senses=1, n_unpopular_senses=0, max_epochs=5, random_state=0),
        "alpha",
        [0.1, 9.0],
    ),
}


def _search(kind, name, **settings):
    model, parameter, values = SEARCHED[name]
    return SEARCHES[kind](
        clone(model), {parameter: values}, cv=GroupKFold(3), **settings
    )


@pytest.mark.parametrize(
    ("kind", "scoring"),
    [
        ("grid", None),
        ("grid", "r2"),
        ("random", "neg_mean_absolute_error"),
        ("halving", "r2"),
    ],
)
@pytest.mark.parametrize("name", SEARCHED)
def test_searches_by_name_are_told_groups_with_and_without_routing(name, kind, scoring):
    expected = _search(kind, name, scoring=scoring).fit(X, Y, groups=HALVES)
    with config_context(enable_metadata_routing=True):
        found = _search(kind, name, scoring=scoring).fit(X, Y, groups=HALVES)
    assert found.best_params_ == expected.best_params_
    assert_allclose(found.best_score_, expected.best_score_)
    assert np.isfinite(found.best_score_)


@of_names
@pytest.mark.parametrize("kind", ["grid", "halving"])
@pytest.mark.parametrize("name", SEARCHED)
def test_searches_by_name_say_who_has_to_request_weights(name, kind):
    """A name cannot request weights; scikit-learn says so, and a scorer can."""
    metadata = {"groups": HALVES, "sample_weight": WEIGHT}
    plain = _search(kind, name, scoring="r2").fit(X, Y, **metadata)
    with config_context(enable_metadata_routing=True):
        search = _search(kind, name, scoring="r2")
        with pytest.raises(UnsetMetadataPassedError, match=r"sample_weight.*\.fit"):
            search.fit(X, Y, **metadata)
        search.estimator.set_fit_request(sample_weight=True)
        with pytest.raises(UnsetMetadataPassedError, match=r"sample_weight.*r2_score"):
            search.fit(X, Y, **metadata)
        scorer = get_scorer("r2").set_score_request(sample_weight=True)
        found = search.set_params(scoring=scorer).fit(X, Y, **metadata)
    assert_allclose(found.best_score_, plain.best_score_)


@of_names
@pytest.mark.parametrize("name", SEARCHED)
def test_cross_validation_by_name_is_told_groups_and_weights(name):
    settings = {"scoring": "r2", "cv": GroupKFold(3)}
    model = SEARCHED[name][0]
    expected = cross_val_score(
        model, X, Y, params={"sample_weight": WEIGHT}, groups=HALVES, **settings
    )
    with config_context(enable_metadata_routing=True):
        model = clone(model).set_fit_request(sample_weight=True)
        params = {"sample_weight": WEIGHT, "groups": HALVES}
        with pytest.raises(UnsetMetadataPassedError, match=r"sample_weight.*r2_score"):
            cross_val_score(model, X, Y, params=params, **settings)
        settings["scoring"] = get_scorer("r2").set_score_request(sample_weight=False)
        found = cross_val_score(model, X, Y, params=params, **settings)
    assert_allclose(found, expected)
