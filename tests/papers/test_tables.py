"""The papers' tables: quick runs, and the numerics that they share."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from sklearn.svm import LinearSVR

from sklearn_popularity import make_popularity

PAPERS = ["khosla", "cappallo", "memorability", "lafin", "dufour"]
#: Lines of each paper that made-up posts and one network allow.
MEASURED = {
    "khosla": {"Combined", "Both", "Mean Views", "Deep learning"},
    "cappallo": {"fixed margin", "soft margin", "Spearman", "accuracy"},
    "memorability": {"SVR", "MLP, 4 classes"},
    "lafin": {"train", "validation", "test"},
    "dufour": {"mean", "half squared error", "half squared error in bins"},
}


def run(benchmark, folder, *arguments):
    benchmark("papers").main([*arguments, "-o", str(folder / "tables.md")])
    return pd.read_csv(folder / "tables.csv", keep_default_na=True)


@pytest.mark.parametrize("paper", PAPERS)
def test_quick_run_measures_what_it_can(benchmark, tmp_path, capsys, paper):
    pytest.importorskip("torch", reason="The tables need a network.")
    table = run(benchmark, tmp_path, paper, "--quick")
    measured = table[table["reproduced"].notna()]
    assert MEASURED[paper] <= set(measured["column"])
    has_interval = measured["low"].notna()
    assert (measured["low"] <= measured["high"])[has_interval].all()
    without = table[table["reproduced"].isna() & table["published"].isna()]
    assert without["note"].str.startswith("not testable: ").all()
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert text in capsys.readouterr().out
    assert all(heading in text for heading in table["table"].unique())


def test_tables_need_no_torch(benchmark, folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    options = ["--data", str(folder), "--label", "score", "--column", "comments=views"]
    table = run(benchmark, tmp_path, "cappallo", "--quick", *options)
    told = table[table["row"].isin(["popular", "both", "this paper", "combined"])]
    assert told["note"].str.startswith("not testable: no network").all()


@pytest.fixture
def folder(tmp_path):
    """Photos with a score and a theme, and what a network saw; no users, no tags."""
    folder = tmp_path / "photos"
    make_popularity(48, folder=folder, image_size=(32, 32), random_state=0)
    posts = pd.read_csv(folder / "labels.csv")
    posts["album"] = np.arange(48) // 2
    posts[["path", "score", "views", "album"]].to_csv(folder / "labels.csv")
    embeddings = np.random.default_rng(0).normal(size=(48, 6)).astype("f4")
    np.save(folder / "embeddings.npy", embeddings)
    return folder


FOLDER = ["--label", "score", "--features", "embeddings.npy", "--quick"]


def test_missing_columns_are_told(benchmark, folder, tmp_path):
    arguments = ["khosla", "--data", str(folder), *FOLDER, "--group", "album"]
    table = run(benchmark, tmp_path, *arguments)
    notes = table.set_index(["row", "column"])["note"]
    assert notes["one-per-user", "Tags"] == "not testable: no column of tags"
    assert notes["user-mix", "Gist"] == "not testable: no column of users"
    assert notes["one-per-user", "Both"] == "not testable: no social cues"
    assert notes["one-per-user", "Combined"] == (
        "48 photos, no users: each photo is of another, halves by album"
    )


def test_other_photos_are_tested_on(benchmark, folder, tmp_path):
    pytest.importorskip("torch", reason="The perceptron needs it.")
    also = ["--also", f"{folder}:views", "--other-label", "views"]
    arguments = ["memorability", "--data", str(folder), *FOLDER, *also]
    table = run(benchmark, tmp_path, *arguments).set_index(["row", "column"])
    assert np.isfinite(table["reproduced"]["photos, views", "other photos"])
    assert np.isfinite(table["reproduced"]["views", "same photos"])


def test_features_of_another_table_are_refused(benchmark, folder):
    np.save(folder / "embeddings.npy", np.zeros((47, 6), "f4"))
    with pytest.raises(ValueError, match="Got 47 rows of features 'cnn', but one for"):
        benchmark("papers").main(["cappallo", "--data", str(folder), *FOLDER])


@pytest.mark.filterwarnings("ignore::sklearn_popularity.datasets.MissingPhotosWarning")
def test_features_of_missing_photos_are_refused(benchmark, folder):
    (folder / "images/00003.jpg").unlink()
    with pytest.raises(ValueError, match=r"1 photos of 'photos' are not there, the"):
        benchmark("papers").main(["cappallo", "--data", str(folder), *FOLDER])


def test_posts_without_a_score_leave_features_aligned(benchmark, folder):
    data = benchmark("paper_tables._data")
    posts = pd.read_csv(folder / "labels.csv")
    posts.loc[[0, 5], "score"] = np.nan
    posts.to_csv(folder / "labels.csv")
    loaded = data.from_folder(folder, "score")
    given = np.arange(48.0)[:, None]
    photos = data.Photos(loaded, given={"cnn": given})
    kept = np.delete(np.arange(48), [0, 5])
    np.testing.assert_array_equal(photos.network("cnn", None)[:, 0], kept)


def test_over_splits_interval_equals_formula(benchmark):
    scores, splits = np.array([0.2, 0.5, 0.3, 0.4]), [(range(6), range(3))] * 4
    figure = benchmark("paper_tables._scores").over_splits(scores, splits)
    half = t.ppf(0.975, 3) * np.sqrt((1 / 4 + 3 / 6) * scores.var(ddof=1))
    np.testing.assert_allclose(figure[:3], [0.35, 0.35 - half, 0.35 + half])


def test_two_splits_have_no_interval(benchmark):
    figure = benchmark("paper_tables._scores").over_splits([0.2, 0.4], [([0], [1])] * 2)
    assert figure.score == pytest.approx(0.3)
    assert np.isnan(figure.low)


def test_mean_of_test_rows_resamples_groups(benchmark):
    mean = benchmark("paper_tables._scores").mean_on_test_rows
    values, split = np.tile([0.0, 1.0], 50), [(np.arange(100), np.arange(100))]
    by_row = mean([values], split)
    by_pair = mean([values], split, np.arange(100) // 2)
    assert by_row.low < 0.45 and by_row.high > 0.55
    np.testing.assert_allclose(by_pair[:3], 0.5)  # each pair has the same mean


def test_rotation_leaves_linear_models_alone(benchmark):
    rng = np.random.default_rng(0)
    block, y = rng.normal(size=(30, 80)), rng.normal(size=30)
    rotated = benchmark("paper_tables.khosla").rotate(block)
    assert rotated.shape == (30, 30)
    np.testing.assert_allclose(rotated @ rotated.T, block @ block.T, atol=1e-3)
    svr = LinearSVR(loss="squared_epsilon_insensitive", dual=False, tol=1e-8)
    predictions = [svr.fit(X[:20], y[:20]).predict(X[20:]) for X in (block, rotated)]
    np.testing.assert_allclose(*predictions, atol=1e-4)


def test_mean_views_know_no_test_scores(benchmark):
    data, social = (benchmark(f"paper_tables.{name}") for name in ("_data", "_social"))
    made_up = data.made_up(80, "score", image_size=(32, 32))
    test = np.arange(0, 80, 3)
    before = social.mean_views(made_up, test)
    made_up.posts.loc[test, "score"] += 100
    np.testing.assert_array_equal(social.mean_views(made_up, test), before)
    made_up.posts.loc[np.arange(1, 80, 3), "score"] += 100
    assert (social.mean_views(made_up, test) != before).any()


def test_settings_share_out_the_users(benchmark):
    data, social = (benchmark(f"paper_tables.{name}") for name in ("_data", "_social"))
    made_up = data.made_up(200, "score", image_size=(32, 32))
    users = made_up.posts["user"].to_numpy()
    samples = {name: social.samples_of(made_up, name)[0] for name in social.SETTINGS}
    (few,), (many,) = samples["one-per-user"], samples["user-mix"]
    assert sorted([*few, *many]) == list(range(200))
    assert pd.Series(users[few]).value_counts().max() < social.MIN_PHOTOS
    assert all(len(set(users[rows])) == 1 for rows in samples["user-specific"])
    assert sorted(np.concatenate(samples["user-specific"])) == list(many)


def test_splits_keep_groups_on_one_side(benchmark):
    groups = np.arange(60) // 3
    for train, test in benchmark("paper_tables._scores").splits_of(60, 0.5, 5, groups):
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(60))


def test_random_vectors_belong_to_words(benchmark):
    vectors = benchmark("paper_tables.lafin").random_vectors(["dog", "cat", "dog"])
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert (vectors[0] != vectors[1]).all()


def test_ten_equal_bins_cost_what_the_paper_says(benchmark):
    dufour, y = benchmark("paper_tables.dufour"), np.arange(1000.0)
    assert dufour._mean_bin_loss(y, y).mean() == pytest.approx(4.125)
    assert dufour.PUBLISHED["5.3"]["constant"] == 4.125


def test_diverging_network_leaves_the_constant(benchmark, tmp_path):
    pytest.importorskip("torch", reason="The network needs it.")
    table = run(benchmark, tmp_path, "dufour", "--quick", "--learning-rate", "1e30")
    told = table[table["table"].str.startswith("Experiment 3")].set_index("row")
    assert told["reproduced"]["constant"] > 0
    assert told["note"]["network"].startswith("not testable: Got learning_rate=")
