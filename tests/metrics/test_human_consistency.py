"""Human consistency: reliabilities that are known, and published figures."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sklearn_popularity import human_consistency

N_ITEMS = 150


def _rate(seed, n_raters, low, high, level=0.0):
    """Ratings of a part of items by each rater, of noise 1 and level of the rater's."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(low, high + 1, N_ITEMS)
    given = rng.uniform(size=(n_raters, N_ITEMS)).argsort(axis=0) < counts
    ratings = rng.normal(size=N_ITEMS) + rng.normal(size=(n_raters, N_ITEMS))
    ratings += level * rng.normal(size=(n_raters, 1))
    return np.where(given, ratings, np.nan), counts


def _raw(ratings):
    return {"ratings": ratings}


def _long(ratings):
    raters, items = np.nonzero(~np.isnan(ratings))
    names = np.char.add("photo", items.astype(str))
    return {"ratings": ratings[raters, items], "items": names, "raters": raters}


def _anonymous(ratings):
    return {name: v for name, v in _long(ratings).items() if name != "raters"}


def _summary(ratings):
    return {
        "means": np.nanmean(ratings, axis=0),
        "deviations": np.nanstd(ratings, axis=0, ddof=1),
        "counts": (~np.isnan(ratings)).sum(axis=0),
    }


@pytest.mark.parametrize("form", [_raw, _long, _anonymous, _summary])
@pytest.mark.parametrize(("low", "high"), [(3, 3), (4, 4), (2, 12)])
def test_known_reliability_is_recovered(form, low, high):
    found, true = [], []
    for seed in range(40):
        ratings, counts = _rate(seed, 30, low, high)
        found.append(human_consistency(**form(ratings), n_splits=20, random_state=0))
        true.append(1 / (1 + np.mean(1 / counts)))
    assert abs(np.mean(found) - np.mean(true)) < 0.01


def test_consistency_is_that_with_a_second_panel():
    found, second = [], []
    for seed in range(60):
        ratings, _ = _rate(seed, 12, 12, 12)
        found.append(human_consistency(ratings[:6], n_splits=20, random_state=0))
        panels = ratings[:6].mean(axis=0), ratings[6:].mean(axis=0)
        second.append(np.corrcoef(panels)[0, 1])
    assert_allclose(np.mean(found), np.mean(second), atol=0.01)


def test_level_of_raters_who_rate_everything_does_not_count():
    plain, _ = _rate(0, 10, 10, 10)
    shifted = plain + np.arange(10)[:, np.newaxis]
    expected = human_consistency(plain, random_state=0)
    assert human_consistency(shifted, random_state=0) == pytest.approx(expected)
    assert human_consistency(**_summary(shifted)) < expected


def test_equal_halves_are_corrected_as_by_spearman_and_brown():
    rng = np.random.default_rng(0)
    ratings = rng.normal(size=4000) + rng.normal(size=(2, 4000))
    r = np.corrcoef(ratings)[0, 1]
    assert human_consistency(ratings) == pytest.approx(2 * r / (1 + r), abs=1e-3)


def test_noise_has_no_consistency():
    ratings = np.random.default_rng(0).normal(size=(6, 400))
    assert human_consistency(ratings, random_state=0) < 0.1
    assert human_consistency(means=[1, 1.1], deviations=[9, 9], counts=[3, 3]) == 0


def test_published_consistency_of_oasis_is_found(shared):
    # SOURCE.md: halves of its raters correlate by 0.978 in beauty.
    table = pd.read_csv(shared / "data" / "oasis" / "labels.csv")
    found = human_consistency(
        means=table["beauty"], deviations=table["beauty_sd"], counts=table["beauty_n"]
    )
    assert found == pytest.approx(2 * 0.978 / 1.978, abs=0.002)


SUMMARY = {"means": [1, 2], "deviations": [1, 1], "counts": [5, 5]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Got nothing"),
        ({"means": [1, 2]}, "Got means, but"),
        ({"ratings": [[1, 2], [2, 3]], **SUMMARY}, "Got ratings and means"),
        ({"ratings": [1, 2, 3]}, r"shape \(3,\) without items"),
        ({"ratings": [[1, 2], [2, 3]], "items": [1, 2]}, r"shape \(2, 2\) with items"),
        ({"ratings": [1, 2, 3], "items": [0, 1, None]}, "row 2 of items"),
        ({"ratings": [1, 2, 3], "items": [0, 1]}, "inconsistent numbers"),
        ({"ratings": [1, np.inf, 3], "items": [0, 1, 1]}, "ratings contains infinity"),
        ({"ratings": [1, 2, np.nan], "items": [0, 0, 1]}, "Got items with 0 to 2"),
        ({"ratings": [[1, 2, 3]]}, "Got items with 1 to 1"),
        ({"ratings": [[1, 1], [1, 1]]}, "items whose means differ"),
        ({**SUMMARY, "means": [2, 2]}, "items whose means differ"),
        ({**SUMMARY, "counts": [1, 5]}, "1 in counts"),
        ({**SUMMARY, "deviations": [-1, 5]}, "-1 in deviations"),
        ({**SUMMARY, "counts": [5]}, "inconsistent numbers"),
        ({"ratings": [[1, 2], [2, 1]], "n_splits": 0}, "n_splits"),
    ],
)
def test_bad_input_is_rejected(arguments, message):
    with pytest.raises(ValueError, match=message):
        human_consistency(**arguments)


def test_halves_without_common_items_are_an_error():
    # Only the first item has two raters.
    ratings = [[1, np.nan], [2, 5]]
    with pytest.raises(ValueError, match="in both halves"):
        human_consistency(ratings, random_state=0)
