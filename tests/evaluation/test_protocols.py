"""evaluate_protocols: planted truth, no leaks, hand computation, what is left out."""

import re
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_popularity import (
    evaluate_protocols,
    per_user_spearman_score,
    spearman_interval,
    spearman_score,
)
from sklearn_popularity.evaluation._baselines import (
    BestColumn,
    UserMean,
)
from sklearn_popularity.evaluation._held_out import predict_partitions
from sklearn_popularity.evaluation._shares import middle_of

PROTOCOLS = ["one-per-user", "user-mix", "user-specific", "by-time"]
BASELINES = ["constant", "user mean", "best column"]
FAST = {"n_repeats": 1, "random_state": 0}
# Leaves out the model of each user, which takes most of the time.
NO_USERS = {"min_rows": 99}
pytestmark = pytest.mark.filterwarnings(
    "ignore:user-specific is left out. no user has min_rows=99"
)


def _make_posts(n_users, n_rows=12):
    """Score = effect of the user + content, of the same size and both known."""
    rng = np.random.default_rng(0)
    n, user = n_users * n_rows, np.arange(n_users * n_rows) % n_users
    posts = pd.DataFrame({"red": rng.normal(size=n), "day": rng.permutation(n)})
    posts["user"] = [f"user{i}" for i in user]
    posts["theme"] = rng.integers(0, 12, n)
    return posts.assign(score=posts["red"] + rng.normal(size=n_users)[user])


@pytest.fixture
def posts():
    return _make_posts(20)


class Content(RegressorMixin, BaseEstimator):
    """Least squares on the content."""

    def fit(self, X, y):
        self.line_ = np.polyfit(X["red"], y, 1)
        return self

    def predict(self, X):
        return np.polyval(self.line_, X["red"])


def _evaluate(model, posts, y=None, **kwargs):
    y = posts["score"] if y is None else y
    posts = posts.drop(columns="score", errors="ignore")
    return evaluate_protocols(model, posts, y, **({"user": "user"} | FAST | kwargs))


@pytest.fixture(scope="module")
def _plain():
    return _evaluate(Content(), _make_posts(20), time="day")


@pytest.fixture
def plain(_plain):
    """The table of the posts with nothing done to them."""
    return _plain.copy()


def _without_users(table):
    kept = table[table["protocol"] != "user-specific"]
    return kept.reset_index(drop=True)


def _scores(table):
    return table.set_index(["protocol", "predictor"])["spearman"]


def _guess(X):
    return (X["red"] + np.sin(X["day"])).to_numpy()


class Spy(RegressorMixin, BaseEstimator):
    """Notes which rows it is trained and tested on, and predicts the content."""

    seen: ClassVar[list] = []

    def fit(self, X, y):
        self.train_ = X.assign(y=y)
        return self

    def predict(self, X):
        self.seen.append((self.train_, X))
        return _guess(X)


def _spy(posts, **settings):
    """Table, and training and test rows of each fold."""
    Spy.seen.clear()
    table = _evaluate(Spy(), posts, time="day", **settings)
    return table, Spy.seen[::2]  # training rows are predicted after those of the test


@pytest.fixture(scope="module")
def spied():
    """Training and test rows of each fold of two repeats."""
    tested = _spy(_make_posts(20), n_repeats=2)[1]
    assert len(tested) == 2 * 5 + 2 * 5 + 2 * 20 + 1
    return tested


def test_table_is_tidy(posts):
    table = _evaluate(Content(), posts, time="day", reliability=0.81)
    assert list(table) == [
        *("protocol", "predictor", "spearman", "low", "high", "n_rows", "n_users")
    ]
    predictors = ["model", *BASELINES, "noise ceiling"]
    index = pd.MultiIndex.from_product([PROTOCOLS, predictors])
    assert table[["protocol", "predictor"]].values.tolist() == [*map(list, index)]
    sizes = table.groupby("protocol", sort=False)[["n_rows", "n_users"]].first()
    assert sizes.loc["one-per-user"].tolist() == [20, 20]
    assert sizes.loc["user-mix"].tolist() == [240, 20]
    assert sizes.loc["by-time", "n_rows"] == 48
    assert sizes.loc["user-specific"].tolist() == [120, 20]
    scored = table[table["predictor"] != "noise ceiling"]
    assert (scored["low"] <= scored["spearman"]).all()
    assert (scored["spearman"] <= scored["high"]).all()
    ceiling = table[table["predictor"] == "noise ceiling"]
    assert ceiling["spearman"].tolist() == [0.9] * 4
    assert ceiling[["low", "high"]].isna().all(axis=None)


def test_settings_find_planted_truth():
    posts = _make_posts(60)
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer(("passthrough", ["red"]), (encoder, ["user"]))
    model = make_pipeline(columns, Ridge(0.1))
    scores = _scores(_evaluate(model, posts, time="day"))
    # Content is half of the variance: the correlation of normals with r = sqrt(1/2).
    content_alone = 6 / np.pi * np.arcsin(np.sqrt(0.5) / 2)
    assert_allclose(scores["one-per-user", "model"], content_alone, atol=0.15)
    assert scores["user-mix", "model"] > 0.97
    assert scores["by-time", "model"] > 0.97
    assert scores["user-specific", "model"] > 0.97
    assert_allclose(scores["user-mix", "user mean"], content_alone, atol=0.15)
    assert_allclose(scores["user-mix", "best column"], content_alone, atol=0.15)
    assert_allclose(scores["user-specific", "best column"], 1)


def test_baselines_that_rank_nothing_are_zero(plain):
    constant = plain[plain["predictor"] == "constant"]
    assert (constant[["spearman", "low", "high"]] == 0).all(axis=None)
    scores = _scores(plain)
    assert scores["one-per-user", "user mean"] == 0
    assert scores["user-specific", "user mean"] == 0


def test_folds_keep_what_their_setting_says(posts, spied):
    for train, test in spied:
        assert not set(train.index) & set(test.index)
        assert (train["y"] == posts["score"][train.index]).all()
    for train, test in spied[:10]:
        users = pd.concat([train, test])["user"]
        assert users.is_unique and len(users) == 20
    for train, test in spied[10:20]:
        assert set(test["user"]) <= set(train["user"])
    for train, test in spied[20:60]:
        assert train["user"].nunique() == 1
        assert set(train["user"]) == set(test["user"])
        assert len(train) == len(test) == 6
    train, test = spied[60]
    assert train["day"].max() < test["day"].min()


def test_one_per_user_draws_anew_in_each_repeat(posts):
    table, tested = _spy(posts, n_repeats=3, **NO_USERS)
    folds = [(train.index, test.index) for train, test in tested[:15]]
    partitions = [folds[i : i + 5] for i in (0, 5, 10)]
    rows = [{row for _, test in each for row in test} for each in partitions]
    assert all(len(drawn) == 20 for drawn in rows)
    assert len(rows[0] & rows[1]) < 10 and len(rows[1] & rows[2]) < 10
    held_out = predict_partitions(Spy(), posts, posts["score"].to_numpy(), partitions)
    expected = held_out.scores(posts["score"]).mean()
    assert_allclose(_scores(table)["one-per-user", "model"], expected)
    sizes = table.set_index("protocol").loc["one-per-user", ["n_rows", "n_users"]]
    assert (sizes == 20).all(axis=None)


def test_user_specific_equals_score_by_hand(posts):
    table, tested = _spy(posts)
    test = pd.concat([test for _, test in tested[10:30]])
    expected = per_user_spearman_score(
        posts["score"][test.index], _guess(test), users=test["user"]
    )
    assert_allclose(_scores(table)["user-specific", "model"], expected)


def test_by_time_equals_score_by_hand(posts):
    # New users in the later rows: they get the middle of the means.
    posts.loc[posts["day"] >= 220, "user"] = "new"
    table = _evaluate(Spy(), posts, time="day")
    train, test = posts[posts["day"] < 192], posts[posts["day"] >= 192]
    means = train.groupby("user")["score"].mean()
    by_hand = test["user"].map(means).fillna(middle_of(train["user"].map(means)))
    scores = _scores(table)["by-time"]
    assert_allclose(
        scores["user mean"], spearman_score(test["score"], by_hand), atol=1e-9
    )
    assert_allclose(
        scores["best column"], spearman_score(test["score"], test["red"]), atol=1e-9
    )
    expected = spearman_interval(test["score"], _guess(test), groups=test["user"])
    row = table.set_index(["protocol", "predictor"]).loc[("by-time", "model")]
    assert_allclose(row[["spearman", "low", "high"]].astype(float), expected, atol=1e-9)


@pytest.mark.filterwarnings("ignore:user-specific is left out")
def test_user_mean_does_not_see_test_rows(posts):
    # Noise, two rows per user: a mean that holds the test row correlates by 0.7.
    posts["user"] = np.arange(240) // 2
    posts["score"] = np.random.default_rng(1).normal(size=240)
    scores = _scores(_evaluate(Content(), posts, time="day"))
    assert scores["user-mix", "user mean"] < 0.1
    assert abs(scores["by-time", "user mean"]) < 0.2


def test_best_column_is_chosen_on_training_rows():
    rng = np.random.default_rng(0)
    posts = pd.DataFrame(rng.normal(size=(40, 200))).add_prefix("x")
    y = rng.normal(size=40)
    posts["user"] = np.arange(40) % 20
    chosen_on_all = max(abs(spearman_score(y, posts[f"x{i}"])) for i in range(200))
    with pytest.warns(UserWarning, match="is left out"):
        table = _evaluate(DummyRegressor(), posts, y)
    assert chosen_on_all > 0.4
    assert abs(_scores(table)["user-mix", "best column"]) < 0.3


@pytest.mark.filterwarnings("ignore:.*is left out")
def test_intervals_resample_groups(posts):
    # A theme decides: the posts of one tell nothing new.
    effect = np.random.default_rng(0).normal(size=12)
    posts["red"] = effect[posts["theme"]] + 0.5 * posts["red"]
    posts["score"] = effect[posts["theme"]] + 0.1 * np.arange(240) / 240
    posts["theme"] = posts["theme"].astype(str)
    by_user = _evaluate(Content(), posts, **NO_USERS)
    by_theme = _evaluate(Content(), posts, groups="theme", **NO_USERS)
    width = {}
    for name, table in {"user": by_user, "theme": by_theme}.items():
        row = table.set_index(["protocol", "predictor"]).loc[("user-mix", "model")]
        width[name] = row["high"] - row["low"]
    assert width["theme"] > 2 * width["user"]
    array = _evaluate(Content(), posts, groups=posts["theme"].to_numpy(), **NO_USERS)
    pd.testing.assert_frame_equal(array, by_theme)


def test_groups_stay_together_in_folds(posts):
    for train, test in _spy(posts, groups="theme", **NO_USERS)[1][:10]:
        assert not set(train["theme"]) & set(test["theme"])


def test_truth_scores_as_high_as_the_noise_ceiling():
    # Two measurements of the truth, each half noise; the model knows the truth.
    rng = np.random.default_rng(0)
    posts = pd.DataFrame({"red": rng.normal(size=4000), "day": np.arange(4000)})
    posts["user"] = posts["day"] % 40
    first, second = posts["red"].to_numpy() + rng.normal(size=(2, 4000))
    reliability = spearman_score(first, second)
    table = _evaluate(Content(), posts, first, time="day", reliability=reliability)
    scores = _scores(table)
    for protocol in ("user-mix", "user-specific", "by-time"):
        ceiling = scores[protocol, "noise ceiling"]
        assert_allclose(scores[protocol, "model"], ceiling, atol=0.05)


def test_table_is_seeded(posts, plain):
    twice = _evaluate(Content(), posts, time="day", n_jobs=2)
    pd.testing.assert_frame_equal(plain, twice)
    other = _evaluate(Content(), posts, time="day", random_state=1)
    assert not plain.equals(other)


def test_leaving_one_out_does_not_change_others(posts, plain):
    with pytest.warns(UserWarning, match="by-time is left out: no time") as record:
        rest = _evaluate(Content(), posts)
    assert record[0].filename.endswith("test_protocols.py")
    pd.testing.assert_frame_equal(plain[plain["protocol"] != "by-time"], rest)


@pytest.mark.parametrize(
    ("zone", "spelled"), [(None, False), ("UTC", False), ("UTC", True)]
)
def test_datetimes_equal_numbers(posts, plain, zone, spelled):
    start = pd.Timestamp("2020-01-01", tz=zone)
    dates = start + pd.to_timedelta(posts["day"], unit="D")
    if spelled:
        dates = dates.map(lambda date: date.isoformat())
    posts = posts.assign(date=dates)
    table = _evaluate(Content(), posts, time="date", **NO_USERS)
    pd.testing.assert_frame_equal(table, _without_users(plain))


def test_rows_of_one_instant_stay_together(posts):
    posts["day"] = posts["day"] // 80
    train, test = _spy(posts, **NO_USERS)[1][-1]
    assert set(train["day"]) == {0, 1}
    assert set(test["day"]) == {2}


@pytest.mark.parametrize("user", ["user", 2, lambda X: X["user"]])
def test_index_and_user_function_do_not_matter(posts, plain, user):
    moved = posts.set_index(posts.index[::-1] + 7)
    table = _evaluate(Content(), moved, time="day", user=user)
    pd.testing.assert_frame_equal(table, plain)


@pytest.mark.parametrize(
    ("changes", "kwargs", "messages"),
    [
        ({"user": "ann"}, {}, ["one-per-user.*1 row", "user-mix.*one user"]),
        (
            {"user": np.arange(240)},
            {},
            ["user-mix.*one row", "user-specific.*min_rows"],
        ),
        ({}, {"groups": "user"}, ["user-mix.*groups keep all rows of a user"]),
        ({}, {"cv": 21}, ["one-per-user.*20 row.*cv=21"]),
        ({"theme": 1}, {"groups": "theme"}, ["user-mix.*1 group", "one-per-user"]),
        ({}, {"min_rows": 13}, ["user-specific.*min_rows=13 rows; the most is 12"]),
        ({"day": 3}, {}, ["by-time.*no row is earlier"]),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_cannot_run_is_left_out(posts, changes, kwargs, messages):
    posts = posts.assign(**changes)
    with pytest.warns(UserWarning) as record:
        table = _evaluate(Content(), posts, time="day", **NO_USERS | kwargs)
    assert not table.empty
    texts = [str(warning.message) for warning in record]
    for message in messages:
        (text,) = [t for t in texts if re.search(message, t)]
        assert text.split()[0] not in set(table["protocol"])


@pytest.mark.filterwarnings("ignore:.*is left out")
def test_one_user_has_no_interval(posts):
    table = _evaluate(Content(), posts.assign(user="ann"), time="day")
    assert list(table["protocol"].unique()) == ["user-specific", "by-time"]
    model = table[table["predictor"] == "model"]
    assert model["low"].isna().all() and model["high"].isna().all()
    assert model["spearman"].notna().all()


@pytest.mark.filterwarnings("ignore:.*is left out")
def test_two_rows_give_an_empty_table():
    posts = pd.DataFrame({"red": [0.0, 1.0], "user": ["ann", "ben"]})
    table = _evaluate(Content(), posts, np.array([1.0, 2.0]))
    assert table.empty and "spearman" in table


@pytest.mark.filterwarnings("ignore:one-per-user")
def test_constant_is_chance_whatever_the_groups(posts):
    posts["score"] += 9 * posts["theme"]
    table = _evaluate(DummyRegressor(), posts, time="day", groups="theme")
    assert (table.loc[table["predictor"] == "model", "spearman"] == 0).all()


def test_users_without_order_are_left_out(posts):
    posts.loc[posts["user"] == "user3", "score"] = 1.0
    table = _evaluate(Content(), posts, time="day").set_index("protocol")
    assert (table.loc["user-specific", "n_users"] == 19).all()
    assert (table.loc["user-mix", "n_users"] == 20).all()


def test_column_of_the_score_is_no_baseline(posts, plain):
    leaky = posts.assign(views=np.exp(posts["score"]), filler=0.0)
    table = evaluate_protocols(
        Content(), leaky, leaky["score"], user="user", time="day", **FAST, **NO_USERS
    )
    pd.testing.assert_frame_equal(table, _without_users(plain))
    named = _evaluate(Content(), leaky, time="day", columns=["views"], **NO_USERS)
    assert_allclose(_scores(named)["by-time", "best column"], 1)


def test_labels_are_no_baselines(posts):
    # Numbers by which users and themes are called, and which follow the score.
    posts["user"] = posts.groupby("user")["score"].transform("mean").rank(method="min")
    posts["theme"] = (4 * posts["score"]).round().astype(int)
    settings = {"time": "day", "groups": "theme", **NO_USERS}
    named = _evaluate(Content(), posts, columns=["red", "day"], **settings)
    pd.testing.assert_frame_equal(_evaluate(Content(), posts, **settings), named)


def test_without_numbers_no_best_column(posts):
    posts["user"] = posts["user"].str[4:].astype(int)
    texts = posts[["user", "red"]].astype({"red": str})
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["user"])),
        Ridge(),
    )
    with pytest.warns(UserWarning, match="is left out"):
        table = _evaluate(model, texts, posts["score"])
    assert set(table["predictor"]) == {"model", "constant", "user mean"}


def test_best_column_keeps_the_sign_and_fills_gaps():
    nan = np.nan
    train = np.array([[5.0, 9, nan], [1, nan, nan], [4, 2, nan], [2, 1, nan]])
    test = np.array([[0.0, 7, 1], [10, 7, 1], [np.inf, nan, 1], [10.5, 7, 1]])
    best = BestColumn([0, 1, 2]).fit(train, -train[:, 0])
    assert_allclose(best.predict(test), [0, -10, -3, -10.5])
    assert not BestColumn([2]).fit(train, np.arange(4.0)).predict(test).any()


def test_user_mean_of_new_users_is_in_the_middle():
    users, y = np.array([[4], [4], [1], [1]]), np.array([1.0, 3.0, 5.0, 5.0])
    predicted = UserMean(0).fit(users, y).predict(np.array([[1], [4], [0], [9]]))
    assert_allclose(predicted, [5, 2, 3.5, 3.5])


GOOD = np.arange(240.0)


@pytest.mark.parametrize(
    ("y", "kwargs", "message"),
    [
        (np.full(240, 2.0), {}, r"All 240 score\(s\) in y are 2.0"),
        (np.full(240, np.nan), {}, "y contains NaN"),
        (np.full(240, np.inf), {}, "y contains infinity"),
        (GOOD[:239], {}, "inconsistent numbers of samples"),
        (GOOD, {"user": "uploader"}, "'uploader' of the parameter user"),
        (GOOD, {"time": "hour"}, "'hour' of the parameter time"),
        (GOOD, {"time": "user"}, r"'user' holds .* in row 0 .*ISO 8601.*to_datetime"),
        (GOOD, {"time": "gap"}, r"'gap' holds nan in row 3 .*finite number was expec"),
        (GOOD, {"user": "gap"}, r"in row 3 of user"),
        (GOOD, {"groups": "gap"}, r"in row 3 of groups"),
        (GOOD, {"groups": [1, 2]}, "inconsistent numbers of samples"),
        (GOOD, {"columns": ["blue"]}, "'blue'.*of the parameter columns"),
        (GOOD, {"columns": ["user"]}, r"columns=\['user'\], but numeric"),
        (GOOD, {"reliability": 0}, "reliability"),
        (GOOD, {"reliability": 1.1}, "reliability"),
        (GOOD, {"cv": 1}, "cv"),
        (GOOD, {"min_rows": 3}, "min_rows"),
        (GOOD, {"confidence": 1.0}, "confidence"),
    ],
)
def test_bad_input_is_rejected(posts, y, kwargs, message):
    posts["gap"] = np.where(np.arange(240) == 3, np.nan, 1.0)
    with pytest.raises(ValueError, match=message):
        _evaluate(Content(), posts, y, **kwargs)


def test_one_row_is_rejected():
    posts = pd.DataFrame({"red": [1.0], "user": ["ann"]})
    with pytest.raises(ValueError, match=r"All 1 score\(s\)"):
        _evaluate(Content(), posts, np.array([1.0]))


def test_arrays_are_rejected():
    with pytest.raises(ValueError, match=r"ndarray.*pd\.DataFrame\(posts\)"):
        evaluate_protocols(Content(), np.zeros((9, 2)), np.arange(9), user=1)


def test_model_of_one_user_that_fails_says_so(posts):
    class Picky(Spy):
        def fit(self, X, y):
            if len(X) < 10:
                raise ValueError("too few rows.")
            return super().fit(X, y)

    with pytest.raises(ValueError, match=r"fitted: too few rows\. Pass a larger min_r"):
        _evaluate(Picky(), posts, time="day")


def test_predictions_that_are_nan_are_rejected(posts):
    class Broken(Spy):
        def predict(self, X):
            return np.full(len(X), np.nan)

    with pytest.raises(ValueError, match="predicts NaN or infinity"):
        _evaluate(Broken(), posts, time="day")
