"""NeighborPopularity: equal to a slow count, and blind to what gives a score away."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from sklearn_popularity import (
    NeighborPopularity,
    load_model,
    save_model,
    spearman_score,
)
from sklearn_popularity.context import _neighbor_popularity

PLACE = ["a", "b"]
SETTINGS = {
    "all": {},
    "groups": {"groups": "album"},
    "past": {"time": "day"},
    "observed": {"time": "day", "observed": "seen"},
    "past and groups": {"time": "day", "groups": "album"},
    "near copies": {"tolerance": 0.3},
}


@pytest.fixture
def posts():
    """Sixty posts on a grid, with copies, equal distances and equal times."""
    rng = np.random.default_rng(0)
    posts = pd.DataFrame(rng.integers(0, 6, (60, 2)), columns=PLACE).astype(float)
    posts["day"] = rng.integers(0, 30, 60)
    posts["seen"] = posts["day"] + rng.integers(0, 9, 60)
    posts["album"] = rng.choice(list("abcdefghijkl"), 60)
    return posts


@pytest.fixture
def scores():
    return np.random.default_rng(1).normal(5, 2, size=60)


def of(posts, settings, **others):
    """A transformer, and the columns that it is to be given."""
    named = [settings[n] for n in ("time", "observed", "groups") if n in settings]
    return NeighborPopularity(**settings, **others), posts[PLACE + named]


def slowly(rows, posts, scores, settings, n_neighbors):
    """The feature of each row by a loop; equally far rows share the places left."""
    known = posts[PLACE].to_numpy()
    between = ((known[:, np.newaxis] - known) ** 2).sum(axis=2)
    copies = settings.get("tolerance", 1e-5) * np.sqrt(between.mean())
    features, others = [], posts.to_dict("records")
    for row in rows.to_dict("records"):
        seen = []
        for other, score in zip(others, scores, strict=True):
            far = np.hypot(row["a"] - other["a"], row["b"] - other["b"])
            early = True
            if "time" in settings:
                early = other[settings.get("observed", "day")] < row["day"]
            mine = "groups" in settings and row["album"] == other["album"]
            if far > copies and early and not mine:
                seen.append((round(far, 9), score))
        taken, left = 0.0, min(n_neighbors, len(seen))
        n_taken = left
        for far in sorted({far for far, _ in seen}):
            ring = [score for other, score in seen if other == far]
            taken += np.mean(ring) * min(left, len(ring))
            left -= min(left, len(ring))
        everybody = np.mean([score for _, score in seen]) if seen else 0.0
        features.append(taken / n_taken - everybody if n_taken else 0.0)
    return np.array(features)[:, np.newaxis]


@pytest.mark.parametrize("n_neighbors", [1, 4, 1000])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_feature_equals_slow_count(posts, scores, settings, n_neighbors):
    neighbors, X = of(posts, settings, n_neighbors=n_neighbors)
    new = posts.assign(a=posts["a"] + 0.5, day=posts["day"] + 3)
    new["album"] = new["album"].replace("a", "new")
    expected = slowly(posts, posts, scores, settings, n_neighbors)
    assert_allclose(neighbors.fit_transform(X, scores), expected, atol=1e-12)
    expected = slowly(new, posts, scores, settings, n_neighbors)
    assert_allclose(neighbors.transform(new[X.columns]), expected, atol=1e-12)


# --- What no row may see


def hidden_from(i, posts, settings):
    """Rows that row i may not see: itself, copies, its group, and what came later."""
    place = posts[PLACE].to_numpy()
    hidden = (place == place[i]).all(axis=1)
    if "groups" in settings:
        hidden |= (posts["album"] == posts["album"][i]).to_numpy()
    if "time" in settings:
        known_at = posts[settings.get("observed", "day")]
        hidden |= (known_at >= posts["day"][i]).to_numpy()
    return hidden


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_no_row_sees_what_gives_it_away(posts, scores, settings):
    neighbors, X = of(posts, settings, n_neighbors=4)
    before = neighbors.fit_transform(X, scores)
    reached = 0
    for i in range(0, len(posts), 5):
        hidden = hidden_from(i, posts, settings)
        assert hidden[i]
        changed = np.where(hidden, scores + 1e6, scores)
        after = neighbors.fit(X, changed).transform(X)
        assert after[i] == pytest.approx(before[i], abs=1e-8)
        reached += np.abs(after - before).max() > 1
    assert reached > 5  # others do see them


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_no_row_far_away_sees_itself(scale):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 50)) * scale + 1e3 * scale
    X[::10] *= np.logspace(0, 8, 30)[:, np.newaxis]
    for tolerance in (0.0, 1e-5):
        neighbors = NeighborPopularity(n_neighbors=1, tolerance=tolerance)
        expected = neighbors.fit(X, np.zeros(300)).transform(X)
        for i in range(0, 300, 30):
            found = neighbors.fit(X, np.eye(300)[i]).transform(X)
            assert found[i] == expected[i] == 0


def test_tolerance_is_a_share_of_the_typical_distance():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(400, 3)), np.zeros((1, 3))])
    neighbors = NeighborPopularity(n_neighbors=1, tolerance=0.1).fit(X, np.eye(401)[0])
    between = ((X[:, np.newaxis] - X) ** 2).sum(axis=2)
    assert neighbors.spread_ == pytest.approx(np.sqrt(between.mean()))
    step = np.array([0.6, 0.8, 0.0])
    for share, sees in ((0.099, False), (0.101, True)):
        probe = X[:1] + share * neighbors.spread_ * step
        others = np.delete(X, 0, axis=0)
        assert np.linalg.norm(others - probe, axis=1).min() > 0.12 * neighbors.spread_
        assert (neighbors.transform(probe)[0, 0] > 0.9) == sees


# --- Noise and signal


def draw_noise(kind, rng):
    """Features, noise as scores, and the group of each row."""
    groups = rng.integers(0, 15, 150)
    X, y = rng.normal(size=(150, 4)), rng.normal(size=150)
    if kind == "rows":
        groups = np.arange(150)
    elif kind == "copies":
        groups = np.arange(150) % 100
        X, y = X[groups], y[groups]
    else:
        y += 2 * rng.normal(size=15)[groups]
    return X, y, groups


def held_out(kind, n_neighbors, seed):
    """Correlations of noise with predictions by a line and by a tree."""
    X, y, groups = draw_noise(kind, np.random.default_rng(seed))
    neighbors = NeighborPopularity(n_neighbors=n_neighbors)
    if kind != "copies":  # which are known by their features
        neighbors.set_params(groups=4)
        X = np.column_stack([X, groups])
    together = np.arange(150) if kind == "known groups" else groups
    folds = GroupKFold(5, shuffle=True, random_state=seed).split(X, groups=together)
    scores = []
    for train, test in folds:
        feature = neighbors.fit_transform(X[train], y[train])
        new = neighbors.transform(X[test])
        tree = DecisionTreeRegressor(min_samples_leaf=5, random_state=0)
        scores.append(
            [
                spearman_score(y[test], model.fit(feature, y[train]).predict(new))
                for model in (LinearRegression(), tree)
            ]
        )
    return np.mean(scores, axis=0)


@pytest.mark.parametrize(
    ("kind", "n_neighbors"),
    [("rows", 60), ("groups", 5), ("known groups", 60), ("copies", 5)],
)
def test_noise_stays_noise(kind, n_neighbors):
    found = [held_out(kind, n_neighbors, seed) for seed in range(12)]
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0)) < 3 * error).all()
    assert (error < 0.05).all()


@pytest.mark.parametrize("settings", [{}, {"groups": 3}, {"time": 3}])
def test_signal_is_found(settings):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(600, 3)), rng.integers(0, 60, 600)])
    y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.5 * rng.normal(size=600)
    model = make_pipeline(NeighborPopularity(**settings), Ridge())
    folds = GroupKFold(5).split(X, groups=X[:, 3])
    predicted = cross_val_predict(model, X, y, cv=list(folds))
    assert spearman_score(y, predicted) > (0.3 if not settings else 0.6)


# --- Values and tables


@pytest.mark.parametrize("n_neighbors", [3, 1000])
def test_equal_scores_and_equal_rows_tell_nothing(n_neighbors):
    X = np.random.default_rng(0).normal(size=(40, 3))
    neighbors = NeighborPopularity(n_neighbors=n_neighbors)
    assert not neighbors.fit_transform(X, np.full(40, 0.1)).any()
    assert not neighbors.fit_transform(np.ones((40, 3)), X[:, 0]).any()
    assert neighbors.fit_transform(X, X[:, 0]).any() == (n_neighbors == 3)


def test_unit_and_order_are_those_of_the_scores(posts, scores):
    neighbors, X = of(posts, SETTINGS["past and groups"], n_neighbors=4)
    expected = neighbors.fit_transform(X, scores)
    assert_allclose(neighbors.fit_transform(X, 3 * scores - 7), 3 * expected)
    order = np.random.default_rng(0).permutation(60)
    shuffled = X.iloc[order].set_axis(order // 2)
    found = neighbors.fit_transform(shuffled, pd.Series(scores[order], order))
    assert_allclose(found, expected[order], atol=1e-12)


@pytest.mark.parametrize("form", ["numpy", "polars", "pyarrow"])
def test_tables_of_all_packages_give_the_same(posts, scores, form):
    X = posts[[*PLACE, "album", "day"]]
    neighbors = NeighborPopularity(n_neighbors=4, groups=2, time=-1)
    expected = neighbors.fit_transform(X, scores)
    named = NeighborPopularity(n_neighbors=4, groups="album", time="day")
    assert_array_equal(named.fit_transform(X, scores), expected)
    given = X.to_numpy()
    if form != "numpy":
        package = pytest.importorskip(form, reason=f"This form needs {form}.")
        make = package.table if form == "pyarrow" else package.DataFrame
        given = make(X.to_dict("list"))
    assert_allclose(neighbors.fit_transform(given, scores), expected, atol=1e-12)
    assert_allclose(neighbors.transform(given), expected, atol=1e-12)


def test_groups_may_be_a_function(posts, scores):
    expected = of(posts, {"groups": "album"})[0].fit_transform(
        posts[[*PLACE, "album"]], scores
    )
    numbers = pd.factorize(posts["album"])[0]
    neighbors = NeighborPopularity(groups=lambda X: numbers)
    assert_allclose(neighbors.fit_transform(posts[PLACE], scores), expected)


def test_rows_do_not_depend_on_the_batch(posts, scores, monkeypatch):
    neighbors, X = of(posts, SETTINGS["past and groups"], n_neighbors=4)
    expected = neighbors.fit_transform(X, scores)
    monkeypatch.setattr(_neighbor_popularity, "_MEGABYTES", 0.005)
    assert_allclose(neighbors.transform(X), expected, atol=1e-12)
    alone = [neighbors.transform(X[i : i + 1])[0] for i in range(60)]
    assert_allclose(alone, expected, atol=1e-12)


def test_times_and_groups_are_read_back(posts, scores, tmp_path):
    neighbors, X = of(posts, SETTINGS["past and groups"], n_neighbors=4)
    X = X.assign(day=pd.Timestamp("2020-01-01") + pd.to_timedelta(X["day"], "D"))
    expected = neighbors.fit_transform(X, scores)
    assert neighbors.get_feature_names_out().tolist() == ["neighbor_popularity"]
    save_model(neighbors, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert_array_equal(loaded.transform(X), expected)


# --- What is refused


@pytest.mark.parametrize(
    ("settings", "change", "message"),
    [
        ({"observed": "seen"}, {}, "observed='seen' with time=None"),
        (
            {"time": "day", "observed": "seen"},
            {"seen": -1},
            "'seen' holds -1.* in row 0",
        ),
        ({"time": "day"}, {"day": None}, "'day' holds"),
        ({"groups": "album"}, {"album": None}, "row 0 of groups"),
        ({"groups": "nowhere"}, {}, "parameter groups cannot be taken from X"),
        ({}, {"a": np.nan}, "Input X contains NaN"),
        ({}, {"a": "red"}, "could not convert string to float"),
        ({"tolerance": 1.0}, {}, "'tolerance' parameter"),
        ({"n_neighbors": 0}, {}, "'n_neighbors' parameter"),
    ],
)
def test_wrong_use_is_one_error(posts, scores, settings, change, message):
    named = [name for name in settings.values() if name in posts]
    X = posts.assign(**change)[PLACE + named]
    with pytest.raises(ValueError, match=message):
        NeighborPopularity(**settings).fit(X, scores)


def test_columns_of_another_kind_are_refused(posts, scores):
    neighbors, X = of(posts, SETTINGS["past and groups"])
    neighbors.fit(X, scores)
    times = pd.Timestamp("2020-01-01") + pd.to_timedelta(X["day"], "D")
    with pytest.raises(ValueError, match="'day' held numbers in fit and holds times"):
        neighbors.transform(X.assign(day=times))
    with pytest.raises(ValueError, match="labels of groups were of type str in fit"):
        neighbors.transform(X.assign(album=7))
    with pytest.raises(ValueError, match="at least one more column, of an embedding"):
        NeighborPopularity(groups=0).fit(X[["day"]], scores)
    with pytest.raises(ValueError, match="Got time=None, but it was 'day' in fit"):
        neighbors.set_params(time=None).transform(X)
