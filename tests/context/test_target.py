"""The target: by the formula, whatever spells the times; viral photos by the rule."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import skew

from sklearn_popularity import (
    count_from_popularity,
    drop_viral,
    log_normalized_popularity,
    make_popularity,
)

COUNTS = np.array([0, 3, 100, 7])
DAYS = np.array([1.0, 0.5, 40.0, 3.25])
OBSERVED = datetime(2025, 7, 16, 12)
UPLOADED = [OBSERVED - timedelta(days=float(days)) for days in DAYS]


def _polars(values):
    return pytest.importorskip("polars", reason="This form needs polars.").Series(
        values
    )


@pytest.mark.parametrize("base", [2, 10])
def test_popularity_follows_the_formula(base):
    expected = np.log(COUNTS / DAYS + 1) / np.log(base)
    found = log_normalized_popularity(COUNTS, 0 * DAYS, DAYS, base=base)
    assert_allclose(found, expected)


@pytest.mark.parametrize("base", [2, 10])
def test_one_may_be_added_to_the_count(base):
    expected = np.log((COUNTS + 1) / DAYS) / np.log(base)
    settings = {"base": base, "form": "count_plus_one"}
    found = log_normalized_popularity(COUNTS, 0 * DAYS, DAYS, **settings)
    assert_allclose(found, expected)
    assert_allclose(
        count_from_popularity(found, 0 * DAYS, DAYS, **settings), COUNTS, atol=1e-9
    )
    lower = count_from_popularity(found - 9, 0 * DAYS, DAYS, **settings)
    assert (lower >= 0).all() and lower[0] == 0


def test_low_rates_are_told_and_spread_by_the_other_form():
    posts, truth = make_popularity(150, image_size=(32, 32), random_state=0, rate=0.05)
    days = (posts["observed"] - posts["uploaded"]).dt.total_seconds() / 86_400
    assert 0.1 < np.median(posts["views"] / days) < 0.5
    assert truth.coefficients.intercept == 3 + np.log2(0.05)
    given = posts["views"], posts["uploaded"], posts["observed"]
    with pytest.warns(UserWarning, match=r"fewer than 0\.\d+ views per day.*form="):
        by_rate = log_normalized_popularity(*given)
    by_count = log_normalized_popularity(*given, form="count_plus_one")
    assert skew(by_rate) > 1.2
    assert abs(skew(by_count)) < 0.4


def test_popularity_is_that_of_made_up_posts():
    posts, _ = make_popularity(20, image_size=(32, 32), random_state=0)
    found = log_normalized_popularity(
        posts["views"], posts["uploaded"], posts["observed"]
    )
    assert_allclose(found, posts["score"])


ZONED = [time.replace(tzinfo=UTC) for time in UPLOADED]
FORMS = {
    "datetimes": (UPLOADED, OBSERVED),
    "numpy": (np.array(UPLOADED, dtype="datetime64[ms]"), np.datetime64(OBSERVED)),
    "pandas": (pd.Series(UPLOADED, index=[3, 1, 2, 9]), pd.Timestamp(OBSERVED)),
    "zoned pandas": (
        pd.Series(UPLOADED).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
        pd.Timestamp(OBSERVED, tz="UTC"),
    ),
    "zoned datetimes": (ZONED, OBSERVED.replace(tzinfo=UTC)),
    "text": ([time.isoformat() for time in UPLOADED], "2025-07-16T12:00"),
    "text of two zones": (
        [time.isoformat() for time in ZONED[:2]]
        + [f"{(time + timedelta(hours=2)).isoformat()}+02:00" for time in UPLOADED[2:]],
        "2025-07-16 12:00:00Z",
    ),
    "negative days": (-DAYS, 0),
    "columns of both": (-DAYS.tolist()[0] - 0 * DAYS, DAYS - DAYS[0]),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_times_agree(form):
    uploaded, observed = FORMS[form]
    expected = np.log2(COUNTS / DAYS + 1)
    found = log_normalized_popularity(COUNTS, uploaded, observed)
    assert isinstance(found, np.ndarray)
    assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("zoned", [False, True])
def test_polars_agrees(zoned):
    uploaded = _polars(ZONED if zoned else UPLOADED)
    observed = OBSERVED.replace(tzinfo=UTC) if zoned else OBSERVED
    found = log_normalized_popularity(_polars(COUNTS), uploaded, observed)
    assert_allclose(found, np.log2(COUNTS / DAYS + 1))
    other = OBSERVED if zoned else OBSERVED.replace(tzinfo=UTC)
    with pytest.raises(ValueError, match=r"has a time zone and .* has none"):
        log_normalized_popularity(COUNTS, uploaded, other)


def test_inverse_gives_counts_back():
    popularity = log_normalized_popularity(COUNTS, UPLOADED, OBSERVED, base=3)
    found = count_from_popularity(popularity, UPLOADED, OBSERVED, base=3)
    assert_allclose(found, COUNTS, atol=1e-12)
    assert_array_equal(count_from_popularity([-2.0], 0, 1), [0])


def test_min_days_is_a_floor():
    found = log_normalized_popularity([8, 8, 8], 0, [0, 0.5, 4], min_days=2)
    assert_allclose(found, np.log2([5, 5, 3]))
    assert_allclose(count_from_popularity(found, 0, [0, 0.5, 4], min_days=2), 8)


@pytest.mark.parametrize(
    ("count", "uploaded", "observed", "message"),
    [
        ([1, -2, -3], 0, 1, r"'count' holds -2.0 in row 1 \(2 such"),
        ([1, np.nan, 2], 0, 1, "'count' holds nan in row 1"),
        ([1, np.inf, 2], 0, 1, "'count' holds inf in row 1"),
        (["1", "many", "2"], 0, 1, "'count' holds 'many' in row 1"),
        ([1, 2, 3], [0, 0, 5], 4, "'observed' holds 4.0 in row 2.*no earlier"),
        ([1, 2, 3], [0, 4, 0], 4, r"holds 0.0 in row 1.*min_days=1"),
        ([1, 2, 3], [0, np.nan, 0], 4, "'uploaded' holds nan in row 1"),
        ([1, 2, 3], "2025-01-01", 4, "numbers for the other"),
        ([1, 2, 3], "2025-01-02", "2025-01-01", r"'observed' holds .* 0 \(3 such"),
        ([1, 2, 3], 4, 1, r"'observed' holds 1.0 in row 0 \(3 such"),
        ([1, 2, 3], 4, 4, r"holds 0.0 in row 0 \(3 such"),
        ([1, 2, 3], 4, None, r"'observed' holds NaT in row 0 \(3 such"),
        ([1, 2, 3], ["2025-01-02", None, None], "2025-02-01", "NaT in row 1"),
        ([1, 2, 3], ["2025-01-02", "soon", "x"], "2025-02-01", "'soon' in row 1"),
        ([1, 2, 3], [1, 2], 4, "inconsistent numbers of samples"),
        ([1, 2, 3], "now", 4, "'now' in row 0.*ISO 8601"),
    ],
)
def test_popularity_rejects(count, uploaded, observed, message):
    with pytest.raises(ValueError, match=message):
        log_normalized_popularity(count, uploaded, observed)


@pytest.mark.parametrize("parameters", [{"base": 1}, {"min_days": 0}])
def test_popularity_rejects_parameters(parameters):
    with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter"):
        log_normalized_popularity([1], 0, 1, **parameters)


def test_scalar_is_no_count():
    with pytest.raises(ValueError, match="'count' parameter"):
        log_normalized_popularity(3, 0, 1)
    with pytest.raises(ValueError, match="'popularity' parameter"):
        count_from_popularity(3, 0, 1)


def _posts():
    rng = np.random.default_rng(0)
    posts = pd.DataFrame({"views": rng.poisson(9, 200), "likes": rng.poisson(2, 200)})
    posts = posts.astype(float)
    posts.loc[[5, 70], "views"] = [4000, 900]
    posts.loc[[31], "likes"] = 500
    posts.loc[8, "likes"] = np.nan
    return posts


def _is_viral(values, n_std):
    known = [value for value in values if value == value]
    mean = sum(known) / len(known)
    std = (sum((value - mean) ** 2 for value in known) / len(known)) ** 0.5
    return np.array([value > mean + n_std * std for value in values])


@pytest.mark.parametrize("n_std", [1, 6])
@pytest.mark.parametrize("columns", ["views", ["views", "likes"]])
def test_drop_viral_follows_the_rule(columns, n_std):
    posts = _posts()
    posts.index += 100
    names = [columns] if isinstance(columns, str) else columns
    viral = np.any([_is_viral(posts[name], n_std) for name in names], axis=0)
    assert viral.any()
    pd.testing.assert_frame_equal(
        drop_viral(posts, columns, n_std=n_std), posts[~viral]
    )


def test_drop_viral_takes_arrays_and_polars():
    posts = _posts()
    expected = drop_viral(posts, ["views", "likes"])
    assert_array_equal(drop_viral(posts.to_numpy(), [0, 1]), expected.to_numpy())
    assert drop_viral(posts, posts.columns).equals(expected)
    polars = pytest.importorskip("polars", reason="This frame needs polars.")
    found = drop_viral(polars.DataFrame(posts.to_dict("list")), ["views", "likes"])
    assert isinstance(found, polars.DataFrame)
    assert_array_equal(found.to_numpy(), expected.to_numpy())


def test_drop_viral_keeps_few_rows():
    outlier = pd.DataFrame({"views": [0.0] * 35 + [1e9]})
    assert len(drop_viral(outlier, "views")) == 36
    assert len(drop_viral(pd.concat([outlier, outlier[:2]]), "views")) == 37
    assert len(drop_viral(outlier.assign(views=np.nan), "views")) == 36


def test_drop_viral_names_what_is_wrong():
    with pytest.raises(ValueError, match="'shares' of the parameter columns"):
        drop_viral(_posts(), "shares")
    with pytest.raises(ValueError, match="'views' holds inf in row 5"):
        drop_viral(_posts().replace(4000, np.inf), "views")
