"""Colours, objects and branches: weights and falls against exact computations."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import (
    ColorHistogram,
    ColorStatistics,
    LatentRankSVM,
    StackedLateFusion,
    color_importance,
    object_importance,
    spearman_score,
)
from sklearn_popularity.inspection import branch_importance
from sklearn_popularity.inspection._linear import NotLinearError, linear_parts
from sklearn_popularity.inspection._objects import impact_groups

PALETTE = [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]


@pytest.fixture(scope="module")
def photos():
    """Photos of four colours in random shares."""
    rng = np.random.default_rng(0)
    return np.array(PALETTE, np.uint8)[rng.integers(0, 4, (30, 6, 8))]


def shares(photos):
    return ColorHistogram(palette=PALETTE).fit_transform(photos).astype(np.float64)


@pytest.mark.parametrize("scaled", [False, True])
def test_color_weight_is_the_change_of_the_score(scaled, photos):
    steps = [StandardScaler()] if scaled else []
    model = make_pipeline(ColorHistogram(palette=PALETTE), *steps, Ridge())
    model.fit(photos, shares(photos) @ [0, 3, -2, 1])
    table = color_importance(model)
    assert table["weight"].is_monotonic_decreasing
    names = ["#" + n[-6:] for n in model[0].get_feature_names_out()]
    weights = table.set_index("color").loc[names, "weight"].to_numpy()
    # Between two photos of one colour each, the score changes by the weights.
    plain = np.array(PALETTE, np.uint8)[:, np.newaxis, np.newaxis]
    scores = model.predict(np.broadcast_to(plain, (4, 6, 8, 3)))
    assert_allclose(scores - scores[0], weights - weights[0], atol=1e-5)
    assert names[1] == table["color"][0]


def test_colors_are_found_in_a_fusion(photos):
    X = pd.DataFrame({"photo": list(photos)})
    colors = make_pipeline(ColorHistogram(palette=PALETTE), Ridge())
    fusion = StackedLateFusion(
        [
            ("colors", colors, "photo"),
            ("other", make_pipeline(ColorStatistics(), SVR()), "photo"),
        ],
        final_estimator=Ridge(),
        cv=3,
    ).fit(X, shares(photos) @ [0, 3, -2, 1])
    table = color_importance(fusion)
    alone = color_importance(fusion.branches_[0][1])
    factor = fusion.final_estimator_.coef_[0]
    assert_allclose(table["weight"], factor * alone["weight"])


@pytest.mark.parametrize("other", [PALETTE, PALETTE[:2]])
def test_weights_of_several_histograms_are_summed_by_color(other, photos):
    union = make_union(ColorHistogram(palette=PALETTE), ColorHistogram(palette=other))
    model = make_pipeline(union, Ridge()).fit(photos, shares(photos) @ [0, 3, -2, 1])
    expected: dict[str, float] = {}
    for name, weight in zip(
        union.get_feature_names_out(), model[-1].coef_, strict=True
    ):
        color = "#" + name[-6:]
        expected[color] = expected.get(color, 0) + weight
    table = color_importance(model)
    assert dict(zip(table["color"], table["weight"], strict=True)) == pytest.approx(
        expected
    )
    assert table["weight"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (make_pipeline(ColorHistogram(palette=PALETTE), SVR()), "SVR has no weight"),
        (make_pipeline(ColorStatistics(), Ridge()), "no linear model of a Color"),
    ],
)
def test_colors_of_other_models_are_refused(model, reason, photos):
    model.fit(photos, shares(photos) @ [0, 3, -2, 1])
    with pytest.raises(ValueError, match=reason):
        color_importance(model)


def test_senses_have_no_weights_without_a_row():
    X = np.random.default_rng(0).normal(size=(40, 2))
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=1, random_state=0)
    ranker.fit(X, X[:, 0])
    with pytest.raises(NotLinearError, match="different weights in each sense"):
        linear_parts(ranker)


def planted_objects():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(400, 5))
    return X, X @ [3.0, 1.5, 0.4, 0.0, -2.0] + rng.normal(scale=0.2, size=400)


def test_object_weights_are_means_over_splits():
    X, y = planted_objects()
    names = ["cat", "flower", "ball", "kite", "sign"]
    table = object_importance(
        X, y, names=names, estimator=Ridge(), n_splits=4, random_state=3
    )
    assert table["object"].tolist() == names
    assert table["impact"][[0, 1, 4]].tolist() == ["strong", "medium", "negative"]
    assert_allclose(table["weight"], [3, 1.5, 0.4, 0, -2], atol=0.25)
    assert (table["std"] > 0).all()
    assert table["same_sign"][[0, 1, 4]].tolist() == [1, 1, 1]
    assert_allclose(table["frequency"], X.mean(axis=0))
    folds = ShuffleSplit(4, train_size=0.5, random_state=3).split(X)
    weights = [Ridge().fit(X[train], y[train]).coef_ for train, _ in folds]
    assert_allclose(table["weight"], np.mean(weights, axis=0))
    assert_allclose(table["std"], np.std(weights, axis=0))


def test_objects_keep_groups_together_and_name_columns():
    X, y = planted_objects()
    X, y = np.repeat(X[:20], 4, axis=0), np.repeat(y[:20], 4)
    frame = pd.DataFrame(X, columns=list("abcde"))
    groups = np.repeat(np.arange(20), 4)
    table = object_importance(frame, y, groups=groups, random_state=0)
    assert set(table["object"]) == set("abcde")
    # A split of rows would have each group on both sides, and all weights alike.
    rows = object_importance(frame, y, random_state=0)
    assert table["std"].sum() > 1.5 * rows["std"].sum()


def test_impact_is_by_thirds_of_the_largest_weight():
    weights = np.array([9.0, 6.1, 5.9, 3.1, 2.9, 0.0, -0.1, -9.0])
    assert impact_groups(weights) == [
        *["strong"] * 2,
        *["medium"] * 2,
        *["low"] * 2,
        *["negative"] * 2,
    ]
    assert impact_groups(np.array([-1.0, -200.0])) == ["negative"] * 2
    assert impact_groups(np.zeros(2)) == ["low"] * 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"names": ["a", "b"]}, "Got 2 names, but X has 5 columns"),
        ({"names": [*"abca", "crane"]}, "Got the name 'a' for several objects"),
        ({"estimator": SVR(), "n_splits": 2}, "SVR has no weight"),
    ],
)
def test_object_errors_name_what_was_given(settings, message):
    with pytest.raises(ValueError, match=message):
        object_importance(*planted_objects(), **settings)


@pytest.fixture(scope="module")
def fused():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 5)), columns=list("abcde"))
    y = 2 * X["a"] + X["c"] + 0.5 * X["d"] + 0.1 * rng.normal(size=200)
    fusion = StackedLateFusion(
        [
            ("strong", Ridge(), ["a", "b"]),
            ("passed", "passthrough", ["c", "d"]),
            ("noise", Ridge(), ["e"]),
        ]
    )
    return fusion.fit(X[:100], y[:100]), X[100:], y[100:]


def test_branch_importance_is_the_fall_when_columns_are_permuted(fused):
    fusion, X, y = fused
    table = branch_importance(fusion, X, y, n_repeats=3, random_state=0)
    assert table["branch"].tolist() == ["strong", "passed", "noise"]
    rng = np.random.RandomState(0)
    orders = [rng.permutation(len(y)) for _ in range(3)]
    as_is = spearman_score(y, fusion.predict(X))
    for name, columns in {"strong": ["a", "b"], "passed": ["c", "d"]}.items():
        falls = []
        for order in orders:
            permuted = X.copy()
            permuted[columns] = X[columns].to_numpy()[order]
            falls.append(as_is - spearman_score(y, fusion.predict(permuted)))
        row = table.set_index("branch").loc[name]
        assert_allclose(row["importance"], np.mean(falls))
        assert_allclose(row["std"], np.std(falls))
        assert 0 < row["low"] < row["importance"] < row["high"]
    assert abs(table["importance"][2]) < 0.02
    assert np.isnan(table.set_index("branch").loc["passed", "alone"])
    assert table["alone"][0] == pytest.approx(
        spearman_score(y, fusion.branch_predictions(X)[:, 0])
    )


def test_members_of_a_mean_are_permuted(fused):
    _, X, y = fused
    columns = {
        name: ColumnTransformer([("x", "passthrough", [column])])
        for name, column in {"strong": "a", "noise": "e"}.items()
    }
    members = [(name, make_pipeline(x, Ridge())) for name, x in columns.items()]
    mean = VotingRegressor([*members, ("out", "drop")], weights=[1, 2, 4])
    mean.fit(X[:50], y[:50])
    table = branch_importance(mean, X[50:], y[50:], random_state=0)
    assert table["branch"].tolist() == ["strong", "noise"]
    outputs = mean.transform(X[50:])
    assert_allclose(outputs @ [1 / 3, 2 / 3], mean.predict(X[50:]))
    assert table["alone"][0] == pytest.approx(spearman_score(y[50:], outputs[:, 0]))


def test_sets_of_branches_are_permuted_together(fused):
    fusion, X, y = fused
    sets = {"all": ["strong", "passed", "noise"], "noise": ["noise"]}
    table = branch_importance(fusion, X, y, sets=sets, random_state=0)
    assert table["branch"].tolist() == ["all", "noise"]
    # Nothing is left, so all of the correlation is lost, but for chance.
    left = spearman_score(y, fusion.predict(X)) - table["importance"][0]
    assert abs(left) < 0.1
    with pytest.raises(ValueError, match="for the set 'x'"):
        branch_importance(fusion, X, y, sets={"x": ["strange"]})


def test_branch_intervals_resample_groups(fused):
    fusion, X, y = fused
    rows = branch_importance(fusion, X, y, random_state=0)
    groups = branch_importance(
        fusion, X, y, groups=np.arange(100) // 20, random_state=0
    )
    assert_allclose(rows["importance"], groups["importance"])
    assert (rows["low"] != groups["low"]).all()
