"""UserHistoryEncoder: equal to a slow count, and blind to each row's own score."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_popularity import UserHistoryEncoder, spearman_score, spearman_scorer

PAST = {"mode": "past", "time": "day"}
SEEN = {**PAST, "observed": "seen"}
GROUPED = {"groups": "album"}


@pytest.fixture
def posts():
    """Eighty posts of nine users in no order, some without a user, some at one time."""
    rng = np.random.default_rng(0)
    posts = pd.DataFrame({"user": rng.choice(list("abcdefghi"), 80).astype(object)})
    posts["day"] = rng.integers(0, 30, 80)
    posts["seen"] = posts["day"] + rng.integers(0, 9, 80)
    posts["album"] = rng.integers(0, 20, 80)
    posts.loc[::13, "user"] = None
    return posts


@pytest.fixture
def scores():
    return np.random.default_rng(1).normal(5, 2, size=80)


def _encoder(**parameters):
    return UserHistoryEncoder(**{"user": "user", "random_state": 0, **parameters})


def _describe(own, everybody, smoothing):
    """The features of one row, from lists of scores."""
    n, total = len(own), len(own) + smoothing
    prior_mean = np.mean(everybody) if len(everybody) else 0.0
    prior_variance = np.var(everybody) if len(everybody) else 0.0
    if total == 0:
        return [prior_mean, 0, np.sqrt(prior_variance)]
    squares = sum((score - np.mean(own)) ** 2 for score in own)
    return [
        (sum(own) + smoothing * prior_mean) / total,
        n,
        np.sqrt((squares + smoothing * prior_variance) / total),
    ]


def _slowly(rows, posts, scores, may_see, smoothing):
    features, users = [], posts["user"].tolist()
    for row in rows.to_dict("records"):
        seen = [j for j in range(len(users)) if may_see(row, j)]
        own = [scores[j] for j in seen if row["user"] == users[j] is not None]
        features.append(_describe(own, [scores[j] for j in seen], smoothing))
    return np.array(features)


@pytest.mark.parametrize("smoothing", [0, 1, 7.5])
@pytest.mark.parametrize("observed", [None, "seen"])
def test_past_equals_slow_count(posts, scores, smoothing, observed):
    encoder = _encoder(**PAST, observed=observed, smoothing=smoothing)
    known_at = posts[observed or "day"].tolist()
    new = posts.assign(day=posts["day"] + 3, user=posts["user"].replace("a", "new"))

    def may_see(row, j):
        return known_at[j] < row["day"]

    for rows in (posts, new):
        expected = _slowly(rows, posts, scores, may_see, smoothing)
        found = encoder.fit(posts, scores).transform(rows)
        assert_allclose(found, expected, atol=1e-10)
    assert_array_equal(encoder.fit_transform(posts, scores), encoder.transform(posts))


@pytest.mark.parametrize("smoothing", [0, 7.5])
@pytest.mark.parametrize("groups", [None, "album"])
def test_out_of_fold_equals_slow_count(posts, scores, smoothing, groups):
    encoder = _encoder(groups=groups, smoothing=smoothing, cv=4)
    splitter = KFold if groups is None else GroupKFold
    splitter = splitter(4, shuffle=True, random_state=0)
    folds = splitter.split(posts, groups=groups and posts["album"])
    found = encoder.fit_transform(posts, scores)
    for train, test in folds:
        expected = _slowly(
            posts.iloc[test],
            posts.iloc[train],
            scores[train],
            lambda *_: True,
            smoothing,
        )
        assert_allclose(found[test], expected, atol=1e-10)
    expected = _slowly(posts, posts, scores, lambda *_: True, smoothing)
    assert_allclose(encoder.transform(posts), expected, atol=1e-10)


SETTINGS = {
    "out of fold": {},
    "groups": GROUPED,
    "past": PAST,
    "observed": SEEN,
    "prior": {**PAST, "prior": 5.0},
    "no smoothing": {**PAST, "smoothing": 0},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_no_row_sees_its_own_score(posts, scores, settings):
    before = _encoder(**settings).fit_transform(posts, scores)
    reached = 0
    for i in range(0, len(posts), 5):
        changed = scores.copy()
        changed[i] += 1e9
        after = _encoder(**settings).fit_transform(posts, changed)
        blind = np.arange(len(posts)) == i
        if "groups" in settings:
            blind |= (posts["album"] == posts["album"][i]).to_numpy()
        if "time" in settings:
            known_at = posts[settings.get("observed", "day")][i]
            blind |= (posts["day"] <= known_at).to_numpy()
        assert_array_equal(after[blind], before[blind])
        reached += (after[~blind] != before[~blind]).sum()
    assert reached > 100


def test_leaky_fit_then_transform_sees_its_own_score(posts, scores):
    changed = scores.copy()
    changed[0] += 1
    before = _encoder().fit(posts, scores).transform(posts)
    after = _encoder().fit(posts, changed).transform(posts)
    assert before[0, 0] != after[0, 0]
    assert (_encoder().fit_transform(posts, scores) != before).any()


def test_leak_would_score_high_where_users_explain_nothing():
    rng = np.random.default_rng(0)
    posts = pd.DataFrame({"user": rng.integers(0, 200, 600), "day": np.arange(600)})
    noise = rng.normal(size=600)
    leaky = _encoder().fit(posts, noise).transform(posts)[:, 0]
    assert spearman_score(noise, leaky) > 0.4
    for settings in ({}, PAST):
        honest = _encoder(**settings).fit_transform(posts, noise)[:, 0]
        assert abs(spearman_score(noise, honest)) < 0.15


def test_history_pays_where_users_explain_much():
    rng = np.random.default_rng(0)
    posts = pd.DataFrame({"user": rng.integers(0, 40, 600), "day": np.arange(600)})
    scores = rng.normal(size=40)[posts["user"]] + 0.5 * rng.normal(size=600)
    for settings in ({}, PAST):
        model = make_pipeline(_encoder(**settings), LinearRegression())
        folds = KFold(5, shuffle=True, random_state=0)
        found = cross_val_score(model, posts, scores, scoring=spearman_scorer, cv=folds)
        assert found.mean() > 0.6


def _failures(estimator):
    reason = (
        "The check puts NaN where X tells the time, without which there is no past."
    )
    return {"check_estimators_pickle": reason}


# Numbers count for times, so that X of the checks can be in order by its last column.
@parametrize_with_checks(
    [UserHistoryEncoder(mode="past", time=-1)],
    expected_failed_checks=_failures,
    xfail_strict=True,
)
def test_past_passes_sklearn_check(estimator, check):
    check(estimator)


def test_unseen_and_missing_users_get_the_prior(posts, scores):
    encoder = _encoder().fit(posts, scores)
    new = posts.iloc[:3].assign(user=["nobody", None, np.nan])
    found = encoder.transform(new)
    assert_allclose(found, [[scores.mean(), 0, scores.std()]] * 3)
    given = _encoder(prior=2.5).fit(posts, scores).transform(new)
    assert_allclose(given, [[2.5, 0, scores.std()]] * 3)
    first = _encoder(**PAST).fit(posts, scores).transform(new.assign(day=-1))
    assert_array_equal(first, np.zeros((3, 3)))
    first = _encoder(**PAST, prior=2.5).fit(posts, scores).transform(new.assign(day=-1))
    assert_array_equal(first, [[2.5, 0, 0]] * 3)


def test_all_users_missing_is_the_prior(scores):
    posts = pd.DataFrame({"user": [None] * 80, "day": np.arange(80)})
    for settings in ({}, PAST):
        found = _encoder(**settings).fit_transform(posts, scores)
        assert np.isfinite(found).all()
        assert not found[:, 1].any()


def test_groups_of_users_leave_the_prior(posts, scores):
    posts["user"] = posts["user"].fillna("z")
    found = _encoder(groups="user").fit_transform(posts, scores)
    assert not found[:, 1].any()


START = pd.Timestamp("2025-07-04")


@pytest.mark.parametrize("form", ["times", "zoned", "text", "polars", "array"])
def test_forms_of_x_agree(posts, scores, form):
    expected = _encoder(**SEEN).fit_transform(posts, scores)
    settings = SEEN
    if form != "array":
        for name in ("day", "seen"):
            posts[name] = START + pd.to_timedelta(posts[name], unit="D")
    if form == "zoned":
        posts["day"] = posts["day"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
        posts["seen"] = posts["seen"].dt.tz_localize("UTC")
    if form == "text":
        posts["day"] = posts["day"].dt.strftime("%Y-%m-%d")
    if form == "polars":
        polars = pytest.importorskip("polars", reason="This frame needs polars.")
        users = [user if isinstance(user, str) else None for user in posts["user"]]
        posts = polars.DataFrame({**posts.to_dict("list"), "user": users})
    if form == "array":
        posts = posts.to_numpy(dtype=object)
        settings = {**SEEN, "user": 0, "time": 1, "observed": -2}
    found = _encoder(**settings).fit_transform(posts, scores)
    assert_allclose(found, expected)


def test_names_say_user_and_statistic(posts, scores):
    encoder = _encoder().set_output(transform="pandas")
    frame = encoder.fit_transform(posts, scores)
    assert list(frame) == ["user_mean", "user_count", "user_spread"]
    assert list(_encoder(user=0).fit(posts, scores).get_feature_names_out()) == list(
        frame
    )
    called = _encoder(user=lambda X: X["album"]).fit(posts, scores)
    assert called.get_feature_names_out()[0] == "user_mean"
    array = _encoder(user=-1).fit(np.c_[np.arange(80), np.arange(80) % 7], scores)
    assert array.get_feature_names_out()[0] == "x1_mean"


def test_column_transformer_fits_without_leaking(posts, scores):
    columns = make_column_transformer((_encoder(**PAST), ["user", "day"]))
    expected = _encoder(**PAST).fit_transform(posts, scores)
    assert_array_equal(columns.fit_transform(posts, scores), expected)


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({}, {"mode": "past"}, "time=None"),
        ({}, {"mode": "future"}, "'mode' parameter"),
        ({}, {"smoothing": -1}, "'smoothing' parameter"),
        ({}, {"user": "owner"}, "'owner' of the parameter user"),
        ({}, {**PAST, "time": "hour"}, "'hour' of the parameter time"),
        ({}, {**PAST, "observed": "hour"}, "'hour' of the parameter observed"),
        ({"day": np.nan}, PAST, "'day' holds nan in row 7"),
        ({"day": np.inf}, PAST, "'day' holds inf in row 7"),
        ({"seen": -1.0}, SEEN, r"'seen' holds -1.0 in row 7 .*no earlier value"),
        ({"album": None}, GROUPED, "row 7 of groups"),
    ],
)
def test_fit_rejects(posts, scores, change, settings, message):
    for name, value in change.items():
        posts[name] = posts[name].astype(object if value is None else float)
        posts.loc[7, name] = value
    with pytest.raises(ValueError, match=message):
        _encoder(**settings).fit_transform(posts, scores)


def test_kinds_of_time_must_agree(posts, scores):
    times = posts.assign(day=START + pd.to_timedelta(posts["day"], unit="D"))
    encoder = _encoder(**PAST).fit(times, scores)
    with pytest.raises(ValueError, match=r"held times without .* holds numbers now"):
        encoder.transform(posts)
    with pytest.raises(ValueError, match=r"'day' holds times .*'seen' holds numbers"):
        _encoder(**SEEN).fit(times, scores)
    times["day"] = times["day"].astype(object)
    times.loc[3, "day"] = None
    with pytest.raises(ValueError, match="'day' holds NaT in row 3"):
        _encoder(**PAST).fit(times, scores)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y"),
        ([1.0], "inconsistent numbers of samples"),
        (np.full(80, np.nan), "y contains NaN"),
    ],
)
def test_fit_rejects_scores(posts, y, message):
    with pytest.raises(ValueError, match=message):
        _encoder().fit(posts, y)
