"""compare_models: the same folds for all, paired differences, photos described once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_transformer,
)
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_popularity import (
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    PerUserRegressor,
    StackedLateFusion,
    UnreadablePhotosWarning,
    make_popularity,
    spearman_interval,
)
from sklearn_popularity.evaluation import (
    PhotoTable,
    baseline_models,
    compare_models,
    held_out_predictions,
    variance_shares,
    with_photos,
)
from sklearn_popularity.evaluation._compare_models import adjust_p_values


@pytest.fixture(scope="module")
def posts():
    posts = make_popularity(40, image_size=(32, 40), random_state=0)[0]
    return posts[["photo", "user", "views"]], posts["score"].to_numpy()


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    groups = np.arange(120) % 12
    X = rng.normal(size=(120, 3)) + rng.normal(size=(12, 3))[groups]
    return X, X[:, 0] + rng.normal(size=120), groups


def test_scores_are_those_of_each_model_alone(data):
    X, y, groups = data
    models = {"ridge": Ridge(), "neighbours": KNeighborsRegressor(3)}
    comparison = compare_models(models, X, y, groups=groups, reference="neighbours")
    for name, model in models.items():
        alone = held_out_predictions(model, X, y, groups=groups, n_repeats=3)
        assert_allclose(comparison.held_out[name].raw, alone.raw)
        row = comparison.scores.set_index("model").loc[name]
        interval = spearman_interval(y, alone.shares, groups=groups, n_folds=5)
        assert_allclose(row[["spearman", "low", "high"]].astype(float), interval)
        assert row["within_folds"] == alone.scores_within(y).mean()
    [gain] = comparison.differences.to_dict("records")
    paired = spearman_interval(
        y,
        comparison.held_out["ridge"].shares,
        baseline=comparison.held_out["neighbours"].shares,
        groups=groups,
        n_folds=5,
    )
    assert (gain["model"], gain["instead_of"]) == ("ridge", "neighbours")
    assert_allclose([gain["difference"], gain["low"], gain["high"]], paired)


def test_a_model_does_not_differ_from_itself(data):
    X, y, groups = data
    models = {"one": Ridge(), "same": Ridge()}
    gain = compare_models(models, X, y, groups=groups, reference="one").differences
    assert gain[["difference", "low", "high", "p_value"]].values.tolist() == [
        [0, 0, 0, 1]
    ]


def test_without_reference_nothing_is_compared(data):
    X, y, _ = data
    comparison = compare_models({"ridge": Ridge()}, X, y)
    assert comparison.differences.empty
    assert len(comparison.partitions) == 3


def test_p_values_are_adjusted_by_holm():
    found = adjust_p_values([0.01, 0.04, 0.03, 0.005])
    assert_allclose(found, [0.03, 0.06, 0.06, 0.02])
    assert_allclose(adjust_p_values([0.6, 0.7]), [1, 1])
    assert adjust_p_values([]).tolist() == []


def test_order_of_rows_does_not_matter_for_groups(data):
    X, y, groups = data
    order = np.random.default_rng(1).permutation(len(y))
    settings = {"n_repeats": 1}
    models = {"ridge": Ridge()} | baseline_models()
    one = compare_models(models, X, y, groups=groups, **settings)
    other = compare_models(models, X[order], y[order], groups=groups[order], **settings)
    assert_allclose(one.scores.iloc[:, 1:], other.scores.iloc[:, 1:])


def test_baselines_are_what_they_say():
    users = np.repeat([f"user{i}" for i in range(6)], 20)
    level = np.repeat([3.0, 1, 2, 6, 5, 4], 20)
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"user": users, "cost": -level + rng.normal(size=120)})
    y = level + 0.1 * rng.normal(size=120)
    scores = compare_models(
        baseline_models(columns=["cost"], user="user"), X, y, n_repeats=1
    ).scores.set_index("model")["spearman"]
    assert scores["constant"] == 0
    assert scores["user mean"] > 0.9
    assert scores["cost"] > 0.7


def test_printed_form_says_what_is_adjusted(data):
    X, y, _ = data
    models = {"ridge": Ridge(), "constant": DummyRegressor()}
    alone, found = (
        compare_models(models, X, y, n_repeats=1, reference=reference)
        for reference in (None, "constant")
    )
    for printed in (str(found), found._repr_html_()):
        assert "intervals are not" in printed
        assert "instead_of" in printed
    assert "intervals" not in str(alone)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": {}}, "at least one model"),
        ({"reference": "rigde"}, "reference='rigde'.*'ridge'"),
        ({"groups": [0, 1]}, "inconsistent numbers"),
        ({"dictionary": "fold"}, "dictionary"),
        ({"cv": 500}, "500"),
        (
            {"y": np.full((60, 2), np.nan)},
            r"y of shape \(60, 2\).*one column at a time",
        ),
    ],
)
def test_wrong_arguments_are_refused(data, change, message):
    X, y, _ = data
    with pytest.raises(ValueError, match=message):
        compare_models(**({"models": {"ridge": Ridge()}, "X": X, "y": y} | change))


class Counting(ColorStatistics):
    """Counts the photos that it describes."""

    n_described = 0

    def transform(self, X):
        Counting.n_described += len(X)
        return super().transform(X)


def _fusion_by_name(transformer):
    """A branch whose model needs the names that its transformer gives."""
    if transformer is not None:
        transformer = clone(transformer).set_output(transform="pandas")
    chosen = make_column_transformer((StandardScaler(), ["mean_saturation"]))
    branch = make_pipeline(transformer, chosen, Ridge())
    return StackedLateFusion([("photo", branch, "photo")], cv=2)


def compositions(transformer):
    """Models of the column "photo" that scikit-learn's users write."""
    column = ColumnTransformer([("photo", transformer, "photo")])
    frame = ColumnTransformer(
        [("photo", transformer, ["photo"]), ("cues", "passthrough", ["views"])]
    )
    branches = [("photo", make_pipeline(transformer, Ridge()), "photo")]
    return {
        "photos alone": make_pipeline(transformer, StandardScaler(), Ridge()),
        "union": make_pipeline(FeatureUnion([("photo", transformer)]), Ridge()),
        "column": make_pipeline(column, Ridge()),
        "columns": make_pipeline(frame, Ridge()),
        "fusion": StackedLateFusion([*branches, ("cues", Ridge(), ["views"])], cv=2),
        "named": _fusion_by_name(transformer),
        "target": TransformedTargetRegressor(make_pipeline(column, Ridge())),
    }


@pytest.mark.parametrize("name", compositions(None))
def test_photos_are_described_once(posts, name):
    X, y = posts
    Counting.n_described = 0
    model = compositions(Counting())[name]
    how = {"cv": 3, "n_repeats": 1}
    comparison = compare_models({"one": model, "two": model}, X, y, **how)
    assert Counting.n_described == len(y)
    photos = X["photo"] if name in ("photos alone", "union") else X
    model = compositions(ColorStatistics())[name]
    expected = held_out_predictions(model, photos, y, **how)
    assert_allclose(comparison.held_out["two"].raw, expected.raw, atol=1e-6)


@pytest.mark.parametrize("name", compositions(None))
def test_learners_become_models_of_photos(posts, name):
    X, y = posts
    model = compositions(ColorStatistics())[name]
    learner, table = PhotoTable(X, "photo").describe(model)
    fitted = with_photos(learner.fit(table, y))
    photos = X["photo"] if name in ("photos alone", "union") else X
    expected = compositions(ColorStatistics())[name].fit(photos, y).predict(photos)
    assert_allclose(fitted.predict(photos), expected, atol=1e-6)
    assert "DescribedPhotos" not in repr(fitted)


def test_models_that_need_the_photos_are_given_them(posts):
    X, y = posts
    bright = FunctionTransformer(lambda photos: np.array([[p.mean()] for p in photos]))
    model = make_pipeline(ColumnTransformer([("b", bright, "photo")]), Ridge())
    search = GridSearchCV(
        compositions(ColorStatistics())["column"], {"ridge__alpha": [1]}
    )
    comparison = compare_models({"a": model, "b": search}, X, y, cv=2, n_repeats=1)
    for name, each in (("a", model), ("b", search)):
        expected = held_out_predictions(each, X, y, cv=2)
        assert_allclose(comparison.held_out[name].raw, expected.raw)


@pytest.fixture(scope="module")
def files(write_photos):
    """Posts with files in place of arrays, the eighth of which is none."""
    posts = make_popularity(40, image_size=(32, 40), random_state=0)[0]
    paths = write_photos(posts["photo"])
    Path(paths[7]).write_bytes(b"no photo")
    return posts[["user", "views"]].assign(photo=paths), posts["score"].to_numpy()


OF_ARROW = ["photos alone", "union", "column", "target"]  # others fit no such table


@pytest.mark.parametrize(
    ("package", "name"),
    [("polars", name) for name in compositions(None)]
    + [("pyarrow", name) for name in OF_ARROW],
)
def test_tables_of_all_packages_are_described_once(files, package, name):
    frames = pytest.importorskip(package, reason=f"This table needs {package}.")
    make = frames.table if package == "pyarrow" else frames.DataFrame
    X, y = files
    model = compositions(Counting(on_error="nan"))[name]
    found = []
    for table in (X, make(X.to_dict("list"))):
        Counting.n_described = 0
        with pytest.warns(UnreadablePhotosWarning, match="1 of 40") as warned:
            found.append(compare_models({"model": model}, table, y, cv=2, n_repeats=1))
        assert (len(warned), Counting.n_described) == (1, 40)
    assert_allclose(found[1].kept, np.delete(np.arange(40), 7))
    assert_allclose(*(each.held_out["model"].raw for each in found))


def _red(X):
    """Two groups, by what the photos look like."""
    return np.array([photo[..., 0].mean() > 120 for photo in X["photo"]])


def test_functions_of_the_table_see_the_photos(posts):
    X, y = posts
    branch = compositions(ColorStatistics())["column"]
    models = {
        "fusion": StackedLateFusion([("b", branch, ["photo"])], cv=2, groups=_red),
        "users": PerUserRegressor(branch, user=_red),
    }
    comparison = compare_models(models, X, y, cv=2, n_repeats=1)
    for name, each in models.items():
        expected = held_out_predictions(each, X, y, cv=2)
        assert_allclose(comparison.held_out[name].raw, expected.raw)


def test_functions_of_other_columns_hinder_nothing(posts):
    X, y = posts
    Counting.n_described = 0
    cues = StackedLateFusion(
        [("c", Ridge(), ["views"])], cv=2, groups=lambda X: X["views"] % 7
    )
    photos = make_pipeline(Counting(), Ridge())
    both = StackedLateFusion([("cues", cues, ["views"]), ("photos", photos, "photo")])
    compare_models({"both": both}, X, y, cv=2, n_repeats=1)
    assert Counting.n_described == len(y)


def test_a_sequence_of_photos_needs_no_frame(posts):
    X, y = posts
    model = make_pipeline(ColorHistogram(), Ridge())
    of_list = compare_models({"a": model}, list(X["photo"]), y, n_repeats=1)
    of_frame = compare_models({"a": model}, X, y, n_repeats=1)
    assert of_list.scores.equals(of_frame.scores)


def test_dictionaries_are_learned_per_fold_on_request(posts):
    X, y = posts
    words = ColorNamesLLC(dictionary=8, n_levels=1, random_state=0)
    model = make_pipeline(words, Ridge())
    how = {"cv": 2, "n_repeats": 1}
    by_fold = compare_models({"a": model}, X, y, dictionary="per-fold", **how)
    expected = held_out_predictions(model, X["photo"], y, **how)
    assert_allclose(by_fold.held_out["a"].raw, expected.raw, atol=1e-6)
    once = compare_models({"a": model}, X, y, **how)
    assert not np.allclose(once.held_out["a"].raw, expected.raw, atol=1e-3)


def test_settings_of_a_run_describe_nothing_anew(posts):
    X, y = posts
    Counting.n_described = 0
    models = {
        "a": make_pipeline(Counting(), Ridge()),
        "b": make_pipeline(Counting(on_error="nan", batch_size=7), Ridge()),
        "c": make_pipeline(Counting(max_size=16), Ridge()),
        "constant": DummyRegressor(),
    }
    compare_models(models, X, y, n_repeats=1)
    assert Counting.n_described == 2 * len(y)


def test_ceilings_stand_beside_the_scores_where_sources_are_told(data):
    X, y, groups = data
    sources = {"user": pd.Series(groups, index=groups)}
    found = compare_models({"ridge": Ridge()}, X, y, groups=groups, sources=sources)
    expected = variance_shares(y, user=groups).ceilings
    pd.testing.assert_frame_equal(found.ceilings, expected)
    assert compare_models({"ridge": Ridge()}, X, y, groups=groups).ceilings is None
    users = np.array(groups, dtype=object)
    users[:4] = None
    found = compare_models({"ridge": Ridge()}, X, y, sources={"user": users})
    expected = variance_shares(y[4:], user=groups[4:]).ceilings
    pd.testing.assert_frame_equal(found.ceilings, expected)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        compare_models({"ridge": Ridge()}, X, y, sources={"user": users[1:]})
