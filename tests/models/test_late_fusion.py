"""Late fusion: equals stacking by hand, keeps groups together, tunes its branches."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, StackingRegressor
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from sklearn_popularity import (
    ColorStatistics,
    LatentRankSVM,
    StackedLateFusion,
    make_popularity,
    spearman_interval,
    spearman_score,
    spearman_scorer,
)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6))
    y = X[:, 0] + 2 * X[:, 4] + 0.5 * rng.normal(size=80)
    return X, y


def _propagated(seen):
    """A callback that scikit-learn hands on to models within."""

    class Seen:
        max_propagation_depth = 1

        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context):
            merged = context.source_task_name
            seen.append((context.estimator_name, merged or context.task_name))

        def on_fit_task_end(self, estimator, context): ...

    return Seen()


def test_callbacks_reach_branches_that_know_of_them(data):
    """Those of Ridge are told of by the fusion, without scikit-learn's warning."""
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks.")
    seen = []
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=0, max_epochs=2)
    branches = [("rank", ranker, [0, 4]), ("plain", Ridge(), [1, 2])]
    model = StackedLateFusion(branches, cv=2).set_callbacks(_propagated(seen))
    model.fit(*data)
    fits = [name for name, task in seen if task != "epoch"]
    assert fits == [
        "StackedLateFusion",  # all of it
        "LatentRankSVM",
        "StackedLateFusion",
        *["LatentRankSVM"] * 2,
        *["StackedLateFusion"] * 2,
        "StackedLateFusion",  # the last model
    ]
    assert seen.count(("LatentRankSVM", "epoch")) == 6
    assert not hasattr(model.branches_[0][1], "_skl_callbacks")


def _branches():
    return [("left", Ridge(), slice(0, 3)), ("right", Ridge(alpha=5), [3, 4, 5])]


def _fold_means_off(model, X, y, folds):
    """Out-of-fold predictions, each less its model's mean training prediction."""
    output = cross_val_predict(model, X, y, cv=folds)
    for train, test in folds.split(X, y):
        output[test] -= clone(model).fit(X[train], y[train]).predict(X[train]).mean()
    return output


def test_models_of_training_rows_equal_sklearn_stacking(data):
    X, y = data
    models = [("a", Ridge()), ("b", DecisionTreeRegressor(random_state=0))]
    fitted = [(name, clone(model).fit(X, y)) for name, model in models]
    stacking = StackingRegressor(fitted, LinearRegression(), cv="prefit").fit(X, y)
    fusion = StackedLateFusion(
        [(name, model, slice(None)) for name, model in models],
        final_estimator=LinearRegression(),
        cv="train",
    ).fit(X, y)
    assert_allclose(fusion.predict(X), stacking.predict(X))


@pytest.mark.parametrize("cv", [5, KFold(4)])
def test_last_model_learns_from_centred_rows_held_out(data, cv):
    X, y = data
    fusion = StackedLateFusion(_branches(), final_estimator=LinearRegression(), cv=cv)
    fusion.fit(X, y)
    folds = KFold(5, shuffle=True, random_state=0) if cv == 5 else cv
    parts = [(Ridge(), X[:, :3]), (Ridge(alpha=5), X[:, 3:])]
    outputs = [_fold_means_off(model, part, y, folds) for model, part in parts]
    last = LinearRegression().fit(np.column_stack(outputs), y)
    predicted = [model.fit(part, y).predict(part) for model, part in parts]
    predictions = np.column_stack([each - each.mean() for each in predicted])
    assert_allclose(fusion.branch_predictions(X), predictions, atol=1e-12)
    assert_allclose(fusion.predict(X), last.predict(predictions))
    means = [each.mean() for each in predicted]
    assert_allclose(list(fusion.branch_means_.values()), means)
    for name, output in zip(("left", "right"), outputs, strict=True):
        found = fusion.branch_scores_[name]
        assert found[:3] == pytest.approx(
            spearman_interval(y, output, n_folds=folds.n_splits), abs=1e-9
        )
        assert_allclose(found.score, spearman_score(y, output))


def test_train_trusts_a_branch_that_memorises(data):
    X, y = data
    noise = np.random.default_rng(1).normal(size=(80, 3))
    X = np.hstack([X, noise])
    branches = [
        ("signal", Ridge(), slice(0, 6)),
        ("noise", DecisionTreeRegressor(random_state=0), slice(6, 9)),
    ]
    honest = StackedLateFusion(branches, final_estimator=LinearRegression())
    trained = clone(honest).set_params(cv="train")
    assert trained.fit(X, y).final_estimator_.coef_[1] > 0.9
    assert abs(honest.fit(X, y).final_estimator_.coef_[1]) < 0.3


class _SeenGroups(RegressorMixin, BaseEstimator):
    """Predicts 1 for a row whose group (first column) was in training, else 0."""

    def fit(self, X, y):
        self.seen_ = set(np.asarray(X)[:, 0])
        return self

    def predict(self, X):
        return np.array([row[0] in self.seen_ for row in np.asarray(X)], dtype=float)


class _Keep(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.outputs_ = np.array(X)
        return self

    def predict(self, X):
        return np.zeros(len(X))


@pytest.mark.parametrize("how", ["column name", "index", "callable", "array"])
def test_groups_stay_together_in_inner_folds(how):
    groups = np.repeat(np.arange(12), 4)
    order = np.random.default_rng(0).permutation(48)
    frame = pd.DataFrame({"user": groups[order], "x": np.arange(48.0)})
    y = np.arange(48.0)
    X, which = frame, None
    if how == "column name":
        which = "user"
    elif how == "index":
        X, which = frame.to_numpy(), 0
    elif how == "callable":
        which = _user_of
    columns = [0] if how == "index" else ["user"]
    fusion = StackedLateFusion(
        [("seen", _SeenGroups(), columns)],
        final_estimator=_Keep(),
        groups=which,
        cv=4,
    )
    fusion.fit(X, y, groups=frame["user"] if how == "array" else None)
    # Less the mean for training rows, whose groups were all seen.
    assert (fusion.final_estimator_.outputs_ == -1).all()
    ungrouped = clone(fusion).set_params(groups=None).fit(X, y)
    assert (ungrouped.final_estimator_.outputs_ == 0).any()


def _user_of(X):
    return X["user"]


def test_splitter_receives_groups(data):
    X, y = data
    groups = np.arange(80) % 7
    shuffled = np.random.default_rng(0).permutation(7)[groups]
    by_splitter = StackedLateFusion(_branches(), cv=GroupKFold(5))
    by_splitter.fit(X, y, groups=shuffled)
    by_number = StackedLateFusion(_branches(), cv=5).fit(X, y, groups=groups)
    assert_allclose(by_splitter.predict(X), by_number.predict(X))


def test_branches_of_photos_and_numbers():
    posts, _ = make_popularity(100, image_size=(32, 40), random_state=0)
    posts["length"] = posts["title"].str.len()
    fusion = StackedLateFusion(
        [
            ("content", make_pipeline(ColorStatistics(), Ridge()), "photo"),
            ("social", make_pipeline(StandardScaler(), Ridge()), ["length"]),
        ],
        groups="user",
        cv=2,
    )
    y = posts["score"]
    scores = cross_val_score(fusion, posts, y, cv=2, scoring=spearman_scorer)
    assert scores.mean() > 0.2


def test_set_params_replaces_a_branch():
    fusion = StackedLateFusion(_branches())
    fusion.set_params(left=LinearRegression(), right__alpha=7)
    assert isinstance(fusion.get_params()["left"], LinearRegression)
    assert fusion.branches[1][1].alpha == 7
    assert fusion.branches[0][2] == slice(0, 3)


def test_workers_change_nothing_and_keep_the_configuration(data):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcdef"))
    scaled = make_pipeline(
        StandardScaler(), make_column_transformer(("passthrough", ["a"])), Ridge()
    )
    fusion = StackedLateFusion([("named", scaled, ["a", "b"])])
    with config_context(transform_output="pandas"):
        expected = fusion.fit(frame, y).predict(frame)
        found = fusion.set_params(n_jobs=2).fit(frame, y).predict(frame)
    assert (found == expected).all()


def test_branches_may_take_missing_values(data):
    X, y = data
    X[::7, 0] = np.nan
    forest = HistGradientBoostingRegressor(max_iter=5)
    fusion = StackedLateFusion([("trees", forest, slice(None))]).fit(X, y)
    assert np.isfinite(fusion.predict(X)).all()
    with pytest.raises(ValueError, match="contains NaN"):
        StackedLateFusion(_branches()).fit(X, y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"branches": []}, "at least one branch"),
        ({"branches": [("a", Ridge())]}, "name, estimator, columns"),
        ({"branches": [("a__b", Ridge(), [0])]}, "__"),
        ({"branches": [("a", Ridge(), [0]), ("a", Ridge(), [1])]}, "not unique"),
        ({"cv": ShuffleSplit(3, random_state=0)}, "test each row once"),
        ({"cv": RepeatedKFold(n_splits=3)}, "test each row once"),
        ({"cv": 500}, "n_samples = 80"),
        ({"branches": [("a", StandardScaler(), [0])]}, "'a' ends in StandardScaler"),
        ({"branches": [("a", Ridge(), [99])]}, r"columns \[99\] of the branch 'a'"),
        ({"groups": 99}, "columns 99 of the parameter groups"),
        ({"groups": lambda X: [*range(79), None]}, "None in row 79 of groups"),
        ({"groups": lambda X: [1, 2]}, "inconsistent numbers of samples"),
        ({"left": "drop", "right": "drop"}, "at least one branch"),
        ({"left": "pass"}, "Got 'pass' for the branch 'left'.*'passthrough'"),
        ({"left": None}, "branch 'left' ends in NoneType"),
    ],
)
def test_fit_rejects_bad_parameters(data, change, message):
    X, y = data
    with pytest.raises(ValueError, match=message):
        StackedLateFusion(_branches()).set_params(**change).fit(X, y)


# --- what chance does to branches


def _table(n, worth, seed):
    """Ten columns for each branch, of which four say as much as it is worth."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 10 * len(worth)))
    parts = X.reshape(n, len(worth), 10)[:, :, :4].sum(axis=2)
    noise = np.sqrt(1 - np.square(worth).sum()) * rng.normal(size=n)
    return X, parts @ np.array(worth) / 2 + noise


def _ridges(n_branches):
    ridge = RidgeCV(np.logspace(0, 4, 5))
    return [
        (f"branch{i}", ridge, slice(10 * i, 10 * (i + 1))) for i in range(n_branches)
    ]


@pytest.fixture(scope="module")
def simulated():
    """Scores on fresh rows: of branches, of the fusion, and of it from sorted rows."""
    worth, runs = (0.5, 0.2, 0, 0, 0), []
    for seed in range(6):
        X, y = _table(1150, worth, seed)
        fresh, scores = slice(150, None), []
        for rows in (np.arange(150), np.argsort(y[:150])):
            fusion = StackedLateFusion(_ridges(5)).fit(X[rows], y[rows])
            scores.append(spearman_score(y[fresh], fusion.predict(X[fresh])))
        outputs = fusion.branch_predictions(X[fresh]).T
        alone = [spearman_score(y[fresh], output) for output in outputs]
        runs.append([*scores, *alone])
    return np.mean(runs, axis=0)


def test_order_of_rows_does_not_matter(simulated):
    assert_allclose(simulated[0], simulated[1], atol=0.01)


def test_fusion_is_not_behind_its_best_branch(simulated):
    assert simulated[2:].max() > 0.4
    assert simulated[:2].min() > simulated[2:].max() - 0.02


@pytest.mark.parametrize("grouped", [False, True])
def test_branches_of_sorted_rows_are_not_reversed(grouped):
    X, y = _table(300, (0.5, 0), 0)
    rows = np.argsort(y)
    groups = np.arange(300) // 5 if grouped else None
    branches = [*_ridges(2), ("constant", DummyRegressor(), [0])]
    fusion = StackedLateFusion(branches, final_estimator=_Keep())
    fusion.fit(X[rows], y[rows], groups=groups)
    scores = fusion.branch_scores_
    assert scores["branch0"].low > 0 and not scores["branch0"].at_chance
    assert scores["branch1"].at_chance and abs(scores["branch1"].score) < 0.3
    assert scores["constant"] == (0, 0, 0, True)
    assert (fusion.final_estimator_.outputs_[:, 2] == 0).all()


def test_branch_that_ranks_backwards_is_left_out():
    X, y = _table(200, (0.6,), 0)
    backwards = _Backwards(Ridge())
    branches = [("good", Ridge(), slice(0, 5)), ("bad", backwards, slice(5, 10))]
    X[:, 5:] = y[:, np.newaxis] + X[:, 5:]
    fusion = StackedLateFusion(branches).fit(X, y)
    assert fusion.branch_scores_["bad"].high < 0
    assert fusion.branch_scores_["bad"].at_chance
    good, bad = fusion.final_estimator_.coef_
    assert good > 0 == bad


class _Backwards(RegressorMixin, BaseEstimator):
    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.fitted_ = clone(self.estimator).fit(X, y)
        return self

    def predict(self, X):
        return -self.fitted_.predict(X)


def test_columns_passed_through_keep_their_sign(data):
    X, y = data
    branches = [("left", Ridge(), slice(0, 3)), ("raw", "passthrough", [4])]
    fusion = StackedLateFusion(branches).fit(X, -y)
    left, raw = fusion.final_estimator_.coef_
    assert left > 0 > raw
    assert fusion.score(X, -y) > 0.8


def test_one_group_says_nothing_about_others(data):
    X, y = data
    folds = list(PredefinedSplit(np.arange(80) % 4).split())
    fusion = StackedLateFusion(_branches(), cv=folds).fit(X, y, groups=np.zeros(80))
    assert fusion.branch_scores_["right"][1:] == (-1, 1, True)


def test_means_of_many_rows_are_those_of_a_thousand():
    X, y = _table(3000, (0.5,), 0)
    fusion = StackedLateFusion(_ridges(1), cv="train").fit(X, y)
    mean = fusion.branches_[0][1].predict(X).mean()
    assert_allclose(fusion.branch_means_["branch0"], mean, atol=0.05)
    again = StackedLateFusion(_ridges(1), cv="train").fit(X, y)
    assert fusion.branch_means_ == again.branch_means_


# --- weights


def _weighted_and_repeated(data, cv, last):
    """The same fusion fitted with weights, and on rows repeated as often."""
    X, y = data
    weight = np.random.default_rng(1).integers(0, 4, size=80)
    folds = np.arange(80) % 4
    weighted = StackedLateFusion(
        _branches(),
        final_estimator=last,
        cv="train" if cv == "train" else PredefinedSplit(folds),
    )
    repeated = clone(weighted)
    if cv != "train":
        repeated.set_params(cv=PredefinedSplit(folds.repeat(weight)))
    weighted.fit(X, y, sample_weight=weight)
    return weighted, repeated.fit(X.repeat(weight, axis=0), y.repeat(weight))


@pytest.mark.parametrize("last", [None, Ridge()])
@pytest.mark.parametrize("cv", ["train", "folds"])
def test_weights_equal_repetitions(data, cv, last):
    weighted, repeated = _weighted_and_repeated(data, cv, last)
    X = data[0]
    assert_allclose(weighted.branch_predictions(X), repeated.branch_predictions(X))
    assert_allclose(weighted.predict(X), repeated.predict(X))
    scores = [
        [branch.score for branch in fusion.branch_scores_.values()]
        for fusion in (weighted, repeated)
    ]
    assert_allclose(*scores)


def test_weights_reach_pipelines_and_default_model(data):
    X, y = data
    weight = np.where(X[:, 0] > 0, 1.0, 1e-9)
    branches = [("all", make_pipeline(StandardScaler(), Ridge()), slice(None))]
    y = np.where(X[:, 0] > 0, y, -y)
    fusion = StackedLateFusion(branches).fit(X, y, sample_weight=weight)
    assert fusion.score(X, y, sample_weight=weight) > 0.8 > fusion.score(X, y)


def test_frame_of_weights_needs_no_order(data):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcdef"), index=np.arange(80)[::-1])
    weight = np.arange(80) % 3 + 1.0
    by_name = [("left", Ridge(), list("abc")), ("right", Ridge(alpha=5), list("def"))]
    expected = StackedLateFusion(_branches()).fit(X, y, sample_weight=weight)
    fusion = StackedLateFusion(by_name)
    fusion.fit(frame, y, sample_weight=pd.Series(weight, index=frame.index))
    assert_allclose(fusion.predict(frame), expected.predict(X))
    assert list(fusion.feature_names_in_) == list("abcdef")


@pytest.mark.parametrize("cv", [3, "train"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"right": KNeighborsRegressor()}, "branch 'right' is KNeighborsRegressor"),
        (
            {"left": make_pipeline(StandardScaler(), KNeighborsRegressor())},
            "branch 'left' is KNeighborsRegressor, whose fit takes none",
        ),
        (
            {"final_estimator": KNeighborsRegressor()},
            "final_estimator is KNeighborsRegressor",
        ),
    ],
)
def test_fit_rejects_weights_that_nobody_takes(data, change, message, cv):
    X, y = data
    fusion = StackedLateFusion(_branches(), cv=cv).set_params(**change)
    assert np.isfinite(fusion.fit(X, y).predict(X)).all()
    with pytest.raises(ValueError, match=message):
        fusion.fit(X, y, sample_weight=np.ones(80))


# --- branches that are words


def test_dropped_branch_equals_left_out(data):
    X, y = data
    left_out = StackedLateFusion(_branches()[:1]).fit(X, y)
    dropped = StackedLateFusion(_branches()).set_params(right="drop").fit(X, y)
    assert_allclose(dropped.predict(X), left_out.predict(X))
    assert dropped.branch_predictions(X).shape == (80, 1)
    assert dropped.branch_scores_ == left_out.branch_scores_
    assert [name for name, _, _ in dropped.branches_] == ["left"]


def test_dropped_branch_may_name_missing_columns(data):
    X, y = data
    branches = [*_branches(), ("later", "drop", [99])]
    assert StackedLateFusion(branches).fit(X, y).predict(X).shape == (80,)


@pytest.mark.parametrize("cv", [4, "train"])
def test_passthrough_equals_stacking_by_hand(data, cv):
    X, y = data
    branches = [("raw", "passthrough", [4, 5]), ("left", Ridge(), slice(0, 3))]
    fusion = StackedLateFusion(branches, final_estimator=LinearRegression(), cv=cv)
    fusion.fit(X, y)
    left = Ridge().fit(X[:, :3], y)
    output = left.predict(X[:, :3]) - left.predict(X[:, :3]).mean()
    learnt_from = output
    if cv != "train":
        folds = KFold(cv, shuffle=True, random_state=0)
        learnt_from = _fold_means_off(Ridge(), X[:, :3], y, folds)
    last = LinearRegression().fit(np.column_stack([X[:, 4:], learnt_from]), y)
    outputs = np.column_stack([X[:, 4:], output])
    assert_allclose(fusion.branch_predictions(X), outputs)
    assert_allclose(fusion.predict(X), last.predict(outputs))
    assert list(fusion.branch_scores_) == ["left"]


@pytest.mark.parametrize("columns", ["e", slice(4, 5), lambda X: ["e"]])
@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_passthrough_takes_columns_of_frames(data, columns, package):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcdef"))
    frame["path"] = "photo.jpg"
    if package == "polars":
        frames = pytest.importorskip("polars", reason="This frame needs polars.")
        frame = frames.DataFrame(frame.to_dict("list"))
    fusion = StackedLateFusion(
        [("raw", "passthrough", columns)], final_estimator=LinearRegression()
    ).fit(frame, y)
    expected = LinearRegression().fit(X[:, [4]], y).predict(X[:, [4]])
    assert_allclose(fusion.predict(frame), expected)


def test_passthrough_may_hold_missing_values(data):
    X, y = data
    X[::7, 4] = np.nan
    fusion = StackedLateFusion(
        [("raw", "passthrough", [4]), ("left", Ridge(), slice(0, 3))],
        final_estimator=HistGradientBoostingRegressor(max_iter=5),
    )
    assert np.isfinite(fusion.fit(X, y).predict(X)).all()


@pytest.mark.parametrize(
    "values", ["photo.jpg", pd.Timestamp(2014, 4, 7)], ids=["words", "times"]
)
@pytest.mark.parametrize("columns", [["new"], ["new", "a"]])
def test_passthrough_rejects_what_is_no_number(data, values, columns):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcdef")).assign(new=values)
    fusion = StackedLateFusion(
        [("left", Ridge(), ["a"]), ("raw", "passthrough", columns)]
    )
    with pytest.raises(ValueError, match=r"branch 'raw' passes the columns \['new'"):
        fusion.fit(frame, y)


def test_words_are_tuned_like_estimators(data):
    X, y = data
    fusion = StackedLateFusion(_branches(), final_estimator=LinearRegression(), cv=3)
    values = {"right": ["drop", "passthrough", Ridge()], "left__alpha": [1.0, 9.0]}
    grid = GridSearchCV(fusion, values, cv=2, error_score="raise").fit(X, y)
    assert set(grid.cv_results_["rank_test_score"][[0, 3]]) == {5, 6}
    assert grid.best_params_["right"] != "drop"


def test_word_has_no_parameters():
    fusion = StackedLateFusion(_branches()).set_params(left="passthrough")
    parameters = fusion.get_params()
    assert parameters["left"] == "passthrough"
    assert not [name for name in parameters if name.startswith("left__")]
    assert clone(fusion).branches[0] == ("left", "passthrough", slice(0, 3))
    assert fusion.set_params(left=Ridge(), left__alpha=3).branches[0][1].alpha == 3


def test_columns_of_no_branch_are_not_asked_for():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=[*"abc"])
    y, groups = X["a"] + X["b"], np.arange(40) // 4
    branches = [("a", Ridge(), ["a"]), ("b", Ridge(), ["b"])]
    table = X.assign(group=groups)
    fusion = StackedLateFusion(branches, groups="group").fit(table, y)
    expected = fusion.predict(table)
    for seen in (X[["a", "b"]], X[["b", "a"]], table.assign(other="text")):
        assert_array_equal(fusion.predict(seen), expected)
    with pytest.raises(ValueError, match=r"lacks the columns \['b'\].*it has \['a'"):
        fusion.predict(X[["a", "c"]])


@pytest.mark.parametrize("names", [tuple, np.array, pd.Index, pd.Series, list])
def test_names_count_in_whatever_holds_them(names):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=[*"ab"])
    fusion = StackedLateFusion([("all", Ridge(), names(["a", "b"]))]).fit(X, X["a"])
    expected = fusion.predict(X)
    assert_array_equal(fusion.predict(X.assign(c="text")), expected)
    assert_array_equal(fusion.predict(X[["b", "a"]]), expected)


def test_names_that_occur_twice_are_refused():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=[*"abc"])
    fusion = StackedLateFusion([("a", Ridge(), ["a"])]).fit(X, X["a"])
    twice = pd.concat([X, X[["a"]]], axis=1)
    expected = r"^X has more than one column of the names \['a'\], but .* others\.$"
    for act in (fusion.predict, lambda X: clone(fusion).fit(X, X["b"])):
        with pytest.raises(ValueError, match=expected):
            act(twice)
    unseen = pd.concat([X, X[["c"]]], axis=1)
    assert_array_equal(fusion.predict(unseen), fusion.predict(X))
