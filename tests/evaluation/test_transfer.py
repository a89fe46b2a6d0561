"""transfer_table: trained on one data set, tested on another."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorStatistics, LatentRankSVM, make_popularity
from sklearn_popularity.evaluation import compare_models, transfer_table


@pytest.fixture(scope="module")
def datasets():
    rng = np.random.default_rng(0)
    found = {}
    for name, weights, n in (("a", [1, 0, 0], 90), ("b", [1, 1, 0], 120)):
        X = rng.normal(size=(n, 3))
        groups = np.arange(n) % 15
        found[name] = X, np.exp(X @ weights + rng.normal(size=n)), groups
    return found


def test_cells_are_those_of_models_fitted_by_hand(datasets):
    models = {"ridge": Ridge(), "ranker": LatentRankSVM(random_state=0, max_epochs=5)}
    table = transfer_table(models, datasets).set_index(
        ["model", "trained_on", "tested_on"]
    )
    assert len(table) == 8
    for name, model in models.items():
        for source, target in (("a", "b"), ("b", "a")):
            (X, y, groups), (X_new, y_new, _) = datasets[source], datasets[target]
            row = table.loc[(name, source, target)]
            expected = spearmanr(y_new, model.fit(X, y).predict(X_new)).statistic
            assert_allclose(row["spearman"], expected)
            assert (row["n_train"], row["n_test"]) == (len(y), len(y_new))
            own = compare_models({name: model}, X, y, groups=groups).scores.iloc[0]
            found = table.loc[(name, source, source)]
            for column in ("spearman", "low", "high"):
                assert_allclose(found[column], own[column])


def test_photos_of_tables_and_groups_that_are_not_there(datasets):
    posts, _ = make_popularity(40, image_size=(32, 40), random_state=0)
    others, _ = make_popularity(30, image_size=(32, 40), random_state=1)
    model = make_pipeline(ColorStatistics(), Ridge())
    table = transfer_table(
        {"colours": model},
        {"first": (posts, posts["score"]), "second": (others, others["score"], None)},
        n_repeats=1,
    )
    assert table["spearman"].notna().all()
    fitted = model.fit(posts["photo"], posts["score"])
    expected = spearmanr(others["score"], fitted.predict(others["photo"])).statistic
    assert_allclose(table["spearman"][1], expected, rtol=1e-6)


def test_other_scores_of_the_same_rows_are_of_held_out_predictions(datasets):
    X, y, groups = datasets["a"]
    order = np.random.default_rng(0).permutation(len(y))
    noise = np.random.default_rng(1).normal(size=len(y))
    rows = {
        "first": (X, noise, groups),
        "same": (X[order], noise[order], groups[order]),
        "some": (X[:50], noise[:50], groups[:50]),
    }
    # A model that learns its rows by heart.
    with pytest.warns(UserWarning, match="50 of the 90 rows of"):
        table = transfer_table({"near": KNeighborsRegressor(1)}, rows, n_repeats=1)
    found = table.set_index(["trained_on", "tested_on"])["spearman"]
    assert_allclose(found["first", "same"], found["first", "first"])
    assert found["first", "some"] < 0.6
    assert found["some", "first"] > found["some", "some"]  # which is warned of


@pytest.mark.parametrize(
    ("models", "change", "message"),
    [
        ({}, {}, "one model and two data sets"),
        ({"r": Ridge()}, {"b": None}, "one model and two data sets"),
        ({"r": Ridge()}, {"b": np.zeros((3, 2))}, "'ndarray' as the data set 'b'"),
        ({"r": Ridge()}, {"b": (np.zeros((3, 2)), [1.0])}, "inconsistent numbers"),
    ],
)
def test_wrong_input_is_one_error(datasets, models, change, message):
    given = {**datasets, **change}
    given = {name: data for name, data in given.items() if data is not None}
    with pytest.raises(ValueError, match=message):
        transfer_table(models, given)
