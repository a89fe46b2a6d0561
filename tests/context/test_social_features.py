"""SocialFeatures: each cue by its formula, gaps by the policy, errors with the row."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_popularity import SocialFeatures

CUES = {
    "counts": ["contacts"],
    "flags": ["pro"],
    "texts": ["title"],
    "tags": ["tags"],
    "times": ["posted"],
    "durations": {"membership": ("joined", "posted")},
}
NAMES = [
    "contacts_log1p",
    "pro",
    "title_length_log1p",
    "tags_count_log1p",
    "posted_hour_sin",
    "posted_hour_cos",
    "posted_weekday_sin",
    "posted_weekday_cos",
    "membership_days_log1p",
]


@pytest.fixture
def posts():
    return pd.DataFrame(
        {
            "contacts": [0, 9, 250],
            "pro": [True, False, True],
            "title": ["", "Beach", "A dog in the sun"],
            "tags": ["", "dog", "dog, sun,, beach"],
            # A Monday, a Wednesday and a Sunday.
            "posted": pd.to_datetime(
                ["2025-07-07 00:00", "2025-07-09 06:00", "2025-07-13 18:00"]
            ),
            "joined": pd.to_datetime(["2025-07-07", "2024-07-09", "2020-01-01"]),
        }
    )


def _expected():
    contacts, lengths, tags = np.log1p([[0, 9, 250], [0, 5, 16], [0, 1, 3]])
    hour = 2 * np.pi * np.array([0, 6, 18]) / 24
    week = 2 * np.pi * np.array([0, 2 * 24 + 6, 6 * 24 + 18]) / (7 * 24)
    posted = [datetime(2025, 7, 7), datetime(2025, 7, 9, 6), datetime(2025, 7, 13, 18)]
    joined = [datetime(2025, 7, 7), datetime(2024, 7, 9), datetime(2020, 1, 1)]
    days = [
        (p - j).total_seconds() / 86400 for p, j in zip(posted, joined, strict=True)
    ]
    circles = [np.sin(hour), np.cos(hour), np.sin(week), np.cos(week)]
    columns = [contacts, [1, 0, 1], lengths, tags, *circles, np.log1p(days)]
    return np.column_stack(columns)


def test_cues_follow_their_formulas(posts):
    cues = SocialFeatures(**CUES).fit(posts)
    assert_allclose(cues.transform(posts), _expected(), atol=1e-12)
    assert cues.get_feature_names_out().tolist() == NAMES
    for i in range(len(posts)):
        assert_allclose(cues.transform(posts[i : i + 1])[0], _expected()[i], atol=1e-12)


FORMS = {
    "index": lambda X: X.set_index(pd.Index([7, 7, 0])),
    "text times": lambda X: X.assign(posted=X["posted"].astype(str)),
    "objects": lambda X: X.astype(object),
    "numbers for flags": lambda X: X.assign(pro=[1, 0, 1.0]),
    "words for flags": lambda X: X.assign(pro=["yes", "No", "TRUE"]),
    "lists of tags": lambda X: X.assign(tags=[[], ["dog"], ("a", "b", "c")]),
    "no text": lambda X: X.assign(title=[None, *X["title"][1:]]),
    "no tags": lambda X: X.assign(tags=[np.nan, *X["tags"][1:]]),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_x_agree(posts, form):
    found = SocialFeatures(**CUES).fit_transform(FORMS[form](posts))
    assert_allclose(found, _expected(), atol=1e-12)


@pytest.mark.parametrize("as_lists", [False, True])
def test_polars_agrees(posts, as_lists):
    polars = pytest.importorskip("polars", reason="This frame needs polars.")
    columns = posts.to_dict("list")
    if as_lists:
        columns["tags"] = [[], ["dog"], ["dog", "sun", "beach"]]
    frame = polars.DataFrame(columns)
    found = SocialFeatures(**CUES).set_output(transform="polars").fit_transform(frame)
    assert found.columns == NAMES
    assert_allclose(found.to_numpy(), _expected(), atol=1e-12)


def test_array_is_named_by_position(posts):
    X = posts[["contacts", "title", "posted"]].to_numpy(dtype=object)
    cues = SocialFeatures(counts=[0], texts=[1], times=[-1]).fit(X)
    assert_allclose(cues.transform(X), _expected()[:, [0, 2, 4, 5, 6, 7]], atol=1e-12)
    assert cues.get_feature_names_out()[:2].tolist() == ["x0_log1p", "x1_length_log1p"]


def test_kinds_are_found_where_none_is_named(posts):
    posts["born"] = ["2001-02-03", None, "1999-01-01"]
    posts["words"] = [["a"], [], ["b"]]
    posts["flag"] = [True, None, False]
    posts["empty"] = np.nan
    posts["spelled"] = ["1", "20", None]
    cues = SocialFeatures(missing="nan").fit(posts)
    assert cues.kinds_ == {
        "contacts": "counts",
        "pro": "flags",
        "title": "texts",
        "tags": "texts",
        "posted": "times",
        "joined": "times",
        "born": "times",
        "words": "tags",
        "flag": "flags",
        "empty": "counts",
        "spelled": "counts",
    }
    with pytest.raises(ValueError, match="'spelled' holds 'many' in row 2"):
        SocialFeatures(missing="nan").fit(posts.assign(spelled=["1", "20", "many"]))
    with pytest.raises(ValueError, match="'born' holds 'unknown' in row 0"):
        born = ["unknown", "2001-02-03", "1999-01-01"]
        SocialFeatures(missing="nan").fit(posts.assign(born=born))
    named = SocialFeatures(counts="contacts").fit(posts)
    assert list(named.kinds_) == ["contacts"]


def test_times_of_a_zone_are_those_of_utc(posts):
    tokyo = posts["posted"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    found = SocialFeatures(times=["posted"]).fit_transform(posts.assign(posted=tokyo))
    assert_allclose(found, _expected()[:, 4:8], atol=1e-12)


def test_day_and_week_close(posts):
    times = ["2025-07-13T23:59:59", "2025-07-14T00:00:01"]  # Sunday, Monday
    found = SocialFeatures().fit_transform(pd.DataFrame({"posted": times}))
    assert_allclose(found[0], found[1], atol=1e-3)


@pytest.fixture
def gaps(posts):
    """The same posts, and one that lacks everything."""
    return posts.reindex(range(4))


def test_missing_values_stay_nan_where_asked(gaps):
    found = SocialFeatures(**CUES, missing="nan").fit_transform(gaps)
    assert_allclose(found[:3], _expected(), atol=1e-12)
    assert_array_equal(np.isnan(found[3]), [1, 1, 0, 0, 1, 1, 1, 1, 1])
    assert_array_equal(found[3, 2:4], [0, 0])


def test_missing_values_get_median_and_indicator(gaps):
    cues = SocialFeatures(**CUES, missing="indicator").fit(gaps)
    found = cues.transform(gaps)
    medians = np.median(_expected(), axis=0)
    expected = np.where([1, 1, 0, 0, 1, 1, 1, 1, 1], medians, 0)
    assert_allclose(found[3, :9], expected, atol=1e-12)
    assert_array_equal(found[:3, 9:], np.zeros((3, 6)))
    assert_array_equal(found[3, 9:], [1, 1, 0, 0, 1, 1])
    names = cues.get_feature_names_out()[9:].tolist()
    assert names[0] == "contacts_missing" and names[-1] == "membership_missing"
    # New rows are filled with what `fit` saw.
    assert_allclose(cues.transform(gaps[3:]), found[3:])


@pytest.mark.parametrize("cue", ["counts", "flags", "times", "durations"])
def test_missing_values_are_refused_by_default(gaps, cue):
    name = "membership" if cue == "durations" else CUES[cue][0]
    with pytest.raises(ValueError, match=rf"'{name}' holds nan in row 3.*indicator"):
        SocialFeatures(**{cue: CUES[cue]}).fit(gaps)


def test_constant_and_empty_columns_have_a_result(posts):
    posts = posts.assign(contacts=5, views=np.nan)
    cues = {"counts": ["contacts", "views"]}
    found = SocialFeatures(**cues, missing="indicator").fit_transform(posts)
    assert_allclose(found, [[np.log(6), 0, 0, 1]] * 3)
    found = SocialFeatures(**cues, missing="nan").fit_transform(posts)
    assert_allclose(found, [[np.log(6), np.nan]] * 3)
    with pytest.raises(ValueError, match=r"'views' holds nan in row 0 \(3 such"):
        SocialFeatures(**cues).fit(posts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"contacts": [1, -1, -2]},
            r"Negative values .*'contacts' holds -1.0 in row 1",
        ),
        ({"contacts": [1, np.inf, 2]}, "'contacts' holds inf in row 1"),
        ({"contacts": ["1", "2", "many"]}, "'contacts' holds 'many' in row 2"),
        ({"pro": [0, 2, 1]}, "'pro' holds 2.0 in row 1.*true or false"),
        ({"pro": ["yes", "no", "maybe"]}, "'pro' holds 'maybe' in row 2"),
        ({"title": ["a", 7, "b"]}, "'title' holds 7 in row 1.*astype"),
        ({"tags": ["a", ["b", 7], "c"]}, "'tags' holds .* in row 1"),
        ({"posted": ["2025-07-07", "soon", "x"]}, "'posted' holds 'soon' in row 1"),
        (
            {"posted": ["2025-07-07T00:00Z", "2025-07-07T00:00", None]},
            "'posted' mixes times with a time zone",
        ),
        (
            {"posted": ["2025-07-07T00:00Z"] * 3},
            "'posted' has a time zone and 'joined'",
        ),
        (
            {"joined": ["2025-07-07", "2026-01-01", "2020-01-01"]},
            "'posted' .* in row 1",
        ),
    ],
)
def test_error_names_column_and_row(posts, change, message):
    posts = posts.assign(**{name: list(value) for name, value in change.items()})
    with pytest.raises(ValueError, match=message):
        SocialFeatures(**CUES, missing="nan").fit(posts)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"counts": ["views"]}, "'views' of the parameter counts"),
        (
            {"durations": {"age": ("born", "posted")}},
            "'born' of the parameter durations",
        ),
        ({"counts": ["contacts", "contacts"]}, "name 'contacts_log1p'"),
        ({"missing": "drop"}, "'missing' parameter"),
        ({"durations": ["joined"]}, "'durations' parameter"),
    ],
)
def test_fit_rejects_parameters(posts, parameters, message):
    with pytest.raises(ValueError, match=message):
        SocialFeatures(**parameters).fit(posts)


@parametrize_with_checks(
    [SocialFeatures(missing="indicator"), SocialFeatures(missing="nan")]
)
def test_passes_sklearn_checks_with_gaps(estimator, check):
    check(estimator)
