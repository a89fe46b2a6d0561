"""Times: what spells one moment is one moment, and what does not is one clear error."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_popularity.context._times import looks_like_times, read_times

MOMENTS = np.array(["2025-07-04T03:36", "2024-02-29T23:59", "NaT"], "datetime64[us]")
NAIVE = [datetime(2025, 7, 4, 3, 36), datetime(2024, 2, 29, 23, 59), None]
TOKYO = timezone(timedelta(hours=9))


def _text(suffix):
    return [f"2025-07-04T03:36:00{suffix}", f"2024-02-29 23:59{suffix}", None]


FORMS = {
    "numpy": (MOMENTS.astype("datetime64[s]"), False),
    "list": (NAIVE, False),
    "stamps": ([*map(pd.Timestamp, NAIVE[:2]), pd.NaT], False),
    "series": (pd.Series(NAIVE, dtype="datetime64[ns]"), False),
    "zoned series": (pd.Series(MOMENTS).dt.tz_localize("UTC"), True),
    "zoned index": (pd.DatetimeIndex(MOMENTS, tz="UTC"), True),
    "zoned array": (pd.array(MOMENTS).tz_localize("UTC"), True),
    "index": (pd.DatetimeIndex(MOMENTS), False),
    "categories": (pd.Series(_text("")).astype("category"), False),
    "zoned objects": (
        [t and t.replace(tzinfo=UTC).astimezone(TOKYO) for t in NAIVE],
        True,
    ),
    "text": (_text(""), False),
    "text in UTC": (pd.Series(_text("Z")), True),
    "text of offset": (
        ["2025-07-04T12:36:00+09:00", "2024-02-29T18:59-0500", np.nan],
        True,
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_one_moment_agree(form):
    values, zoned = FORMS[form]
    times = read_times(values, "posted")
    assert times.values.dtype == "datetime64[us]"
    assert_array_equal(times.values, MOMENTS)
    assert times.zoned == zoned
    assert looks_like_times(values)


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_polars_agrees(zone):
    polars = pytest.importorskip("polars", reason="These columns need polars.")
    series = polars.Series(NAIVE)
    if zone is not None:
        series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    times = read_times(series, "posted")
    assert_array_equal(times.values, MOMENTS)
    assert times.zoned == (zone is not None)
    assert_array_equal(read_times(polars.Series(_text("Z")), "posted").values, MOMENTS)
    days = read_times(polars.Series([date(2025, 7, 4), None]), "posted").values
    assert_array_equal(days, np.array(["2025-07-04", "NaT"], "datetime64[us]"))


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_pyarrow_agrees(zone, unit):
    pyarrow = pytest.importorskip("pyarrow", reason="These columns need pyarrow.")
    zoned = [t and t.replace(tzinfo=UTC) for t in NAIVE]
    array = pyarrow.array(
        NAIVE if zone is None else zoned, pyarrow.timestamp(unit, zone)
    )
    column = pd.Series(array.to_pylist(), dtype=pd.ArrowDtype(array.type))
    for values in (array, pyarrow.chunked_array([array]), column):
        times = read_times(values, "posted")
        assert_array_equal(times.values, MOMENTS)
        assert times.zoned == (zone is not None)
        assert looks_like_times(values)
    assert_array_equal(read_times(pyarrow.array(_text("Z")), "d").values, MOMENTS)


def test_dates_are_midnights():
    for values in ([date(2025, 7, 4)], ["2025-07-04"]):
        assert read_times(values, "d").values[0] == np.datetime64("2025-07-04")
        assert read_times(values, "d").zoned is False


def test_all_missing_has_no_zone():
    times = read_times([None, np.nan], "posted")
    assert np.isnat(times.values).all()
    assert times.zoned is None
    assert not looks_like_times([None, np.nan])


@pytest.mark.parametrize(
    ("values", "mostly"),
    [
        (["unknown", "2025-07-04", "2025-07-05"], True),
        (["2025-07-04", "July 5", "July 6"], False),
        (["2025-07-04", "July 5"], False),
        ([7, 8], False),
    ],
)
def test_most_values_decide_what_a_column_looks_like(values, mostly):
    assert looks_like_times(values) is mostly


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["2025-07-04", "yesterday", "x"], r"'posted' holds 'yesterday' in row 1 \(2"),
        (["2025-07-04", "now"], "'now' in row 1"),
        (["2025-07-04", "2025-13-01"], "'2025-13-01' in row 1"),
        (["04/07/2025"], "'04/07/2025' in row 0"),
        (["2025-07-04 03:36 PM"], "'2025-07-04 03:36 PM' in row 0"),
        ([1_751_600_000], "holds 1751600000 in row 0"),
        (np.array([1.5]), "holds 1.5 in row 0"),
        ([True], "holds True in row 0"),
        (["2025-07-04T00:00Z", "2025-07-04T00:00"], r"mixes .*row 0.*without \(row 1"),
        ([NAIVE[0], NAIVE[1].replace(tzinfo=UTC)], r"mixes .*row 1.*without \(row 0"),
        (["2025-07-04T00:00Z", "2025-07-04"], r"mixes .*row 0.*without \(row 1"),
    ],
)
def test_reader_names_the_row(values, message):
    with pytest.raises(ValueError, match=message):
        read_times(values, "posted")
