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
HALVES = np.arange(60) % 6 // 2


def _scaled(*columns):
    union = FeatureUnion([("a", StandardScaler()), ("b", FunctionTransformer())])
    return make_column_transformer((union, list(columns)))


INNER = {
    "pipeline": make_pipeline(StandardScaler(), Ridge()),
    "columns": make_pipeline(_scaled("a", "b"), StandardScaler(), Ridge()),
    "search": GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": [0.1, 9.0]},
        scoring=spearman_scorer,
        cv=2,
    ),
    "search of R squared": GridSearchCV(Ridge(), {"alpha": [0.1, 9.0]}, cv=2),
    "search of a pipeline": GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 9.0]}, cv=2
    ),
    "search by name": GridSearchCV(
        Ridge(), {"alpha": [0.1, 9.0]}, scoring="neg_mean_absolute_error", cv=2
    ),
    "search by names": RandomizedSearchCV(
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": [0.1, 9.0]},
        n_iter=2,
        random_state=0,
        scoring=["r2", "neg_mean_absolute_error"],
        refit="r2",
        cv=2,
    ),
    "search by a scorer": GridSearchCV(
        Ridge(),
        {"alpha": [0.1, 9.0]},
        scoring={"r2": get_scorer("r2")},
        refit="r2",
        cv=2,
    ),
    "penalty by name": RidgeCV([0.1, 9.0], scoring="neg_mean_absolute_error"),
    "target": TransformedTargetRegressor(
        make_pipeline(StandardScaler(), Ridge()), transformer=StandardScaler()
    ),
    "fusion": StackedLateFusion([("x", Ridge(), PHOTO)], cv=2),
    "classes": KClassAggregatingClassifier(
        make_pipeline(StandardScaler(), LogisticRegression()), n_classes=3
    ),
    "ranker": make_pipeline(
        StandardScaler(),
        LatentRankSVM(n_senses=1, n_unpopular_senses=0, max_epochs=5, random_state=0),
    ),
}


def _around(outer, inner):
    branches = [("x", inner, PHOTO)]
    return {
        "default last model": lambda: StackedLateFusion(branches, cv=2, groups="user"),
        "last model": lambda: StackedLateFusion(
            [("x", Ridge(), PHOTO)], final_estimator=inner, cv=2
        ),
        "per user": lambda: PerUserRegressor(inner, user=_halves, min_samples=10),
    }[outer]()


def _halves(X):
    return X["user"] % 2


WITHIN = [("default last model", inner) for inner in INNER] + [
    (outer, inner)
    for outer in ("last model", "per user")
    for inner in ("pipeline", "search")
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
    model = _around(outer, INNER[inner])
    expected = model.fit(X, Y, sample_weight=WEIGHT).predict(X)
    with config_context(enable_metadata_routing=True):
        model = _around(outer, INNER[inner])
        found = model.fit(X, Y, sample_weight=WEIGHT).predict(X)
    assert_allclose(found, expected)


def test_requests_that_are_set_are_kept():
    with config_context(enable_metadata_routing=True):
        branch = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True),
            Ridge().set_fit_request(sample_weight=True),
        )
        fusion = StackedLateFusion([("x", branch, PHOTO)], cv=3)
        fusion.fit(X, Y, sample_weight=WEIGHT)
        branch.fit(X[PHOTO], Y, sample_weight=WEIGHT)
    found = fusion.branch_predictions(X)[:, 0] + fusion.branch_means_["x"]
    assert_allclose(found, branch.predict(X[PHOTO]))


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
    Groups.seen = []
    model = StackedLateFusion([("x", Ridge(), PHOTO)], cv=Groups(2), groups=column)
    settings = {"cv": GroupKFold(3)}
    with config_context(enable_metadata_routing=True):
        routed = cross_val_predict(
            wrap(model), X, Y, params={"groups": HALVES}, **settings
        )
    n_groups = [len(seen) for seen in Groups.seen]
    assert n_groups == ([4] * 3 if column else [2] * 3)
    if column:
        plain = cross_val_predict(wrap(model), X, Y, groups=HALVES, **settings)
        assert_allclose(routed, plain)
        with config_context(enable_metadata_routing=True):
            unrouted = cross_val_predict(wrap(model), X, Y, cv=3)
        assert np.isfinite(unrouted).all()


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline], ids=["", "pipe"])
@pytest.mark.parametrize("column", ["user", None])
@pytest.mark.parametrize("routed", [False, True])
def test_reports_tell_fusions_their_groups(wrap, column, routed):
    model = StackedLateFusion([("x", Ridge(), PHOTO)], cv=Groups(2), groups=column)
    Groups.seen = []
    with config_context(enable_metadata_routing=routed):
        told, fit_params = prepare_fit(wrap(model), HALVES)
        told.fit(X, Y, **fit_params)
    assert Groups.seen == [[0, 1, 2]]


def test_groups_request_of_the_user_is_kept():
    with config_context(enable_metadata_routing=True):
        model = StackedLateFusion([("x", Ridge(), PHOTO)], cv=Groups(2), groups="user")
        Groups.seen = []
        make_pipeline(model.set_fit_request(groups=True)).fit(X, Y, groups=HALVES)
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
    return LatentRankSVM(n_senses=1, n_unpopular_senses=0, max_epochs=5, random_state=0)


def _fusion(last):
    return StackedLateFusion([("x", Ridge(), PHOTO)], final_estimator=last, cv=2)


def _per_user(model):
    return PerUserRegressor(model, user=_halves)


RANKERS = {
    "fusion": _fusion(_ranker()),
    "fusion by search": _fusion(GridSearchCV(_ranker(), {"alpha": [0.1, 1.0]}, cv=2)),
    "per user by pipeline": _per_user(make_pipeline(StandardScaler(), _ranker())),
    "per user of fusions": _per_user(_fusion(_ranker())),
}
REGRESSORS = {
    "fusion": StackedLateFusion([("x", _ranker(), PHOTO)], cv=2),
    "per user": _per_user(Ridge()).set_params(fallback=_ranker()),
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
    grid = {"final_estimator__alpha": [1e-3, 1.0]}
    scores = [
        GridSearchCV(_fusion(_ranker()), grid, cv=2, scoring=scoring)
        .fit(X, Y)
        .cv_results_["mean_test_score"]
        for scoring in (None, spearman_scorer)
    ]
    assert_allclose(*scores)


# --- searches and cross-validation around our models

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
        StackedLateFusion([("x", Ridge(), PHOTO)], cv=2, groups="user"),
        "x__alpha",
        [0.1, 9.0],
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
    ("name", "kind", "scoring"),
    [
        ("fusion", "grid", None),
        ("fusion", "halving", "r2"),
        ("per user", "grid", "r2"),
        ("per user", "random", None),
        ("classes", "random", "neg_mean_absolute_error"),
        ("ranker", "grid", None),
        ("ranker", "halving", "r2"),
    ],
)
def test_searches_by_name_are_told_groups_with_and_without_routing(name, kind, scoring):
    expected = _search(kind, name, scoring=scoring).fit(X, Y, groups=HALVES)
    with config_context(enable_metadata_routing=True):
        found = _search(kind, name, scoring=scoring).fit(X, Y, groups=HALVES)
    assert found.best_params_ == expected.best_params_
    assert_allclose(found.best_score_, expected.best_score_)
    assert np.isfinite(found.best_score_)


@of_names
@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, "grid") for name in SEARCHED), ("classes", "halving")],
)
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
