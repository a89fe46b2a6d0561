"""IntervalRegressor: its quantile, its coverage of new groups, and what it refuses."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from sklearn_popularity import (
    ColorStatistics,
    IntervalRegressor,
    LatentRankSVM,
    StackedLateFusion,
    load_model,
    make_popularity,
    save_model,
)
from sklearn_popularity.evaluation._interval_regressor import conformal_half_width
from sklearn_popularity.inspection import score_percentile


def draw(n_users, sizes, rng):
    """Posts whose users differ in level: a frame, and scores."""
    counts = np.full(n_users, 3)
    if sizes == "uneven":
        counts = np.minimum(1 + rng.pareto(0.8, n_users), 100).astype(int)
    users = np.repeat(np.arange(n_users), counts)
    X = pd.DataFrame(rng.normal(size=(len(users), 2)), columns=["a", "b"])
    y = X["a"] + rng.normal(size=n_users)[users] + rng.normal(size=len(users))
    return X.assign(user=users), y.to_numpy()


@pytest.fixture
def posts():
    return draw(30, "uneven", np.random.default_rng(0))


def features(model=None):
    """A model that sees the columns a and b alone."""
    columns = make_column_transformer(("passthrough", ["a", "b"]))
    return make_pipeline(columns, Ridge() if model is None else model)


# --- The quantile


def slow_half_width(residuals, groups, coverage):
    """The smallest distance within which groups, weighing alike, have enough mass."""
    distances, groups = np.abs(residuals), np.asarray(groups)
    for distance in np.sort(distances):
        within = [np.mean(distances[groups == g] <= distance) for g in set(groups)]
        if sum(within) / (len(within) + 1) >= coverage - 1e-12:
            return distance
    return np.inf


@pytest.mark.parametrize("coverage", [0.05, 0.5, 0.9, 10 / 11])
def test_half_width_is_that_counted_slowly(coverage):
    rng = np.random.default_rng(0)
    for _ in range(20):
        groups = np.append(np.arange(10), rng.integers(0, 10, 30) ** 2 // 9)
        residuals = rng.normal(size=40).round(1)  # with ties
        found = conformal_half_width(residuals, groups, coverage)
        assert found == slow_half_width(residuals, groups, coverage)


def test_width_is_that_of_held_out_residuals(posts):
    X, y = posts
    model = IntervalRegressor(features(), groups="user", cv=GroupKFold(4)).fit(X, y)
    predicted = cross_val_predict(features(), X, y, cv=GroupKFold(4), groups=X["user"])
    expected = slow_half_width(y - predicted, X["user"], 0.9)
    assert model.half_width_ == pytest.approx(expected)
    assert model.n_groups_ == 30
    center = features().fit(X, y).predict(X)
    assert_allclose(model.predict(X), center)
    interval = model.predict_interval(X)
    assert interval.shape == (len(y), 2)
    assert_allclose(interval, np.column_stack([center - expected, center + expected]))
    assert model.score(X, y) == pytest.approx(r2_score(y, center))


# --- Coverage


def cover(estimator, n_users, sizes, seed):
    """Coverage of 300 new users, who weigh alike."""
    rng = np.random.default_rng(seed)
    X, y = draw(n_users, sizes, rng)
    model = IntervalRegressor(estimator).fit(X[["a", "b"]], y, groups=X["user"])
    X, y = draw(300, sizes, rng)
    low, high = model.predict_interval(X[["a", "b"]]).T
    inside = pd.Series((low <= y) & (y <= high))
    return inside.groupby(X["user"]).mean().mean()


@pytest.mark.parametrize("sizes", ["even", "uneven"])
@pytest.mark.parametrize(
    ("estimator", "n_users", "n_runs"),
    [
        (LinearRegression(), 50, 20),
        (DecisionTreeRegressor(min_samples_leaf=5, random_state=0), 50, 20),
        (Ridge(), 200, 5),
    ],
    ids=["least squares", "tree", "many users"],
)
def test_new_users_are_covered(sizes, estimator, n_users, n_runs):
    covered = [cover(estimator, n_users, sizes, seed) for seed in range(n_runs)]
    assert 0.88 < np.mean(covered) < 0.93


def test_nine_users_are_covered_at_a_price():
    covered = [cover(Ridge(), 9, "even", seed) for seed in range(30)]
    assert 0.9 < np.mean(covered) < 1


def test_percentiles_hold_as_often(posts):
    X, y = posts
    model = IntervalRegressor(features(), groups="user", coverage=0.5).fit(X, y)
    new, scores = draw(200, "even", np.random.default_rng(1))
    ends = model.predict_interval(new, percentiles=True)
    for column, values in zip(ends.T, model.predict_interval(new).T, strict=True):
        assert_allclose(column, score_percentile(values, reference=y))
    low, high = model.predict_interval(new).T
    inside = (low <= scores) & (scores <= high)
    truth = score_percentile(scores, reference=y)
    assert (ends[inside, 0] <= truth[inside]).all()
    assert (truth[inside] <= ends[inside, 1]).all()
    assert ends.min() >= 0 and ends.max() <= 100


# --- Groups and folds


@pytest.mark.parametrize("routing", [False, True])
def test_groups_come_as_column_function_or_metadata(posts, routing):
    X, y = posts
    with config_context(enable_metadata_routing=routing):
        expected = IntervalRegressor(features(), groups="user").fit(X, y)
        others = [
            IntervalRegressor(features(), groups=2).fit(X, y),
            IntervalRegressor(features(), groups=lambda X: X["user"]).fit(X, y),
            IntervalRegressor(features()).fit(X, y, groups=X["user"].astype(str)),
        ]
        pipeline = make_pipeline(StandardScaler(), IntervalRegressor(Ridge()))
        name = "groups" if routing else "intervalregressor__groups"
        pipeline.fit(X[["a", "b"]], y, **{name: X["user"]})
    for other in others:
        assert other.n_groups_ == 30
        assert_allclose(other.half_width_, expected.half_width_, rtol=0.05)
    assert others[0].half_width_ == others[1].half_width_ == expected.half_width_
    assert pipeline[-1].n_groups_ == 30
    assert IntervalRegressor(features()).fit(X, y).n_groups_ == len(y)


@pytest.mark.parametrize("routing", [False, True])
def test_parameters_of_fit_reach_the_estimator(posts, routing):
    X, y = posts
    weight = np.random.default_rng(0).integers(1, 9, len(y)).astype(float)
    with config_context(enable_metadata_routing=routing):
        inner = LinearRegression()
        if routing:
            inner.set_fit_request(sample_weight=True)
        fusion = StackedLateFusion([("all", LinearRegression(), ["a", "b"])], cv=3)
        model = IntervalRegressor(inner).fit(
            X[["a", "b"]], y, groups=X["user"], sample_weight=weight
        )
        told = IntervalRegressor(fusion, groups="user").fit(X, y)
    expected = LinearRegression().fit(X[["a", "b"]], y, sample_weight=weight)
    assert_allclose(model.estimator_.coef_, expected.coef_)
    expected = StackedLateFusion(fusion.branches, cv=3, groups="user").fit(X, y)
    assert_allclose(told.predict(X), expected.predict(X))


def test_rows_in_no_test_fold_say_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    y[:10] += 1e6  # trained on, never tested
    model = IntervalRegressor(Ridge(), cv=TimeSeriesSplit(5)).fit(X, y)
    assert model.n_groups_ == 50
    residuals = [
        y[test] - Ridge().fit(X[train], y[train]).predict(X[test])
        for train, test in TimeSeriesSplit(5).split(X)
    ]
    residuals = np.concatenate(residuals)
    expected = slow_half_width(residuals, range(50), 0.9)
    assert model.half_width_ == pytest.approx(expected)


def test_order_of_rows_and_index_change_nothing(posts):
    X, y = posts
    cv = LeaveOneGroupOut()
    expected = IntervalRegressor(features(), groups="user", cv=cv).fit(X, y)
    order = np.random.default_rng(0).permutation(len(y))
    shuffled = X.iloc[order].set_axis(order // 2)
    found = IntervalRegressor(features(), groups="user", cv=cv)
    found.fit(shuffled, pd.Series(y[order], index=order))
    assert_allclose(found.half_width_, expected.half_width_)
    assert_allclose(found.predict_interval(X), expected.predict_interval(X))
    assert_array_equal(found.labels_, np.sort(y))


# --- As scikit-learn uses it


def test_copies_predict_the_same(posts, tmp_path):
    X, y = posts
    model = IntervalRegressor(features(), groups="user").fit(X, y)
    save_model(model, tmp_path / "model.skops")
    for copy in (
        pickle.loads(pickle.dumps(model)),
        clone(model).fit(X, y),
        load_model(tmp_path / "model.skops"),
    ):
        assert_array_equal(copy.predict_interval(X), model.predict_interval(X))


def test_searches_reach_the_estimator(posts):
    X, y = posts
    model = IntervalRegressor(features(), groups="user")
    grid = {"estimator__ridge__alpha": [0.1, 1e6], "coverage": [0.8]}
    search = GridSearchCV(model, grid, cv=GroupKFold(3))
    search.fit(X, y, groups=X["user"])
    assert search.best_params_["estimator__ridge__alpha"] == 0.1
    assert search.best_estimator_.predict_interval(X).shape == (len(y), 2)
    scores = cross_val_score(model, X, y, cv=GroupKFold(3), groups=X["user"])
    assert np.isfinite(scores).all()


def test_photos_have_intervals():
    posts, _ = make_popularity(30, image_size=(32, 40), random_state=0)
    estimator = make_pipeline(ColorStatistics(), StandardScaler(), Ridge())
    model = IntervalRegressor(estimator).fit(posts["photo"].tolist(), posts["score"])
    low, high = model.predict_interval(posts["photo"].tolist()).T
    assert_allclose(high - low, 2 * model.half_width_)


def test_new_fit_forgets_names(posts):
    X, y = posts
    model = IntervalRegressor(Ridge()).fit(X, y)
    assert model.feature_names_in_.tolist() == ["a", "b", "user"]
    assert model.fit(X.to_numpy(), y).n_features_in_ == 3
    assert not hasattr(model, "feature_names_in_")


# --- What is refused


@pytest.mark.parametrize(
    ("n_users", "coverage", "message"),
    [
        (8, 0.9, "groups = 8, but coverage=0.9 needs at least 9:.* at most 8/9"),
        (18, 0.95, "groups = 18, but coverage=0.95 needs at least 19"),
        (3, 0.9, "groups = 3, but coverage=0.9 needs at least 9"),
        (4, 0.8, None),
        (9, 0.9, None),
        (19, 0.95, None),
    ],
)
def test_too_few_groups_are_one_error(n_users, coverage, message):
    X, y = draw(n_users, "even", np.random.default_rng(0))
    model = IntervalRegressor(features(), groups="user", coverage=coverage, cv=3)
    if message is None:
        assert np.isfinite(model.fit(X, y).half_width_)
        return
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_wrong_use_is_one_error(posts):
    X, y = posts
    ranker = features(LatentRankSVM(n_senses=1, n_unpopular_senses=0, max_epochs=5))
    with pytest.raises(ValueError, match="predicts in the unit of y"):
        IntervalRegressor(ranker).fit(X, y)
    whole = StackedLateFusion([("all", ranker, slice(None))])
    assert IntervalRegressor(whole).fit(X, y).half_width_ < 2 * np.ptp(y)
    with pytest.raises(ValueError, match="missing in all"):
        IntervalRegressor(features()).fit(X, y, groups=[None, *X["user"][1:]])
    with pytest.raises(ValueError, match=r"coverage=0\.5, but it was 0\.9 in fit"):
        IntervalRegressor(Ridge()).fit(X, y).set_params(coverage=0.5).predict(X)
    tested = TimeSeriesSplit(2, test_size=4)
    with pytest.raises(ValueError, match="n_samples in test folds = 8"):
        IntervalRegressor(Ridge(), cv=tested).fit(X, y)
