"""Intervals of means: against the textbook, the literal jackknife, and simulation."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t as student

from sklearn_popularity.metrics import mean_interval, pairwise_accuracy


@pytest.mark.parametrize("n", [2, 10, 400])
@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_interval_of_rows_is_the_usual_one(n, confidence):
    values = np.random.default_rng(n).normal(size=n)
    half = student.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
    expected = values.mean() + np.array([0, -half, half])
    assert_allclose(mean_interval(values, confidence=confidence), expected)


@pytest.mark.parametrize("sizes", [[8] * 5, [30, 4, 3, 2, 1], [400, 1]])
def test_groups_are_left_out_whole(sizes):
    rng = np.random.default_rng(0)
    groups = np.repeat(list("abcde")[: len(sizes)], sizes)
    values = rng.normal(size=len(groups))
    left_out = [values[groups != name].mean() for name in np.unique(groups)]
    n = len(sizes)
    error = np.sqrt((n - 1) / n * np.square(left_out - values.mean()).sum())
    df = np.sum(sizes) ** 2 / np.square(sizes).sum() - 1
    half = student.ppf(0.975, max(df, 1)) * error
    expected = values.mean() + np.array([0, -half, half])
    assert_allclose(mean_interval(values, groups=groups), expected)


@pytest.mark.parametrize("groups", [None, [3]])
def test_one_group_has_no_interval(groups):
    mean, *ends = mean_interval([2.0], groups=groups)
    assert mean == 2
    assert np.isnan(ends).all()


def test_equal_values_are_their_mean():
    assert mean_interval([2.0] * 6, groups=[0, 0, 1, 1, 2, 2]) == (2, 2, 2)


def test_interval_covers_with_unequal_groups():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        groups = np.repeat(np.arange(12), rng.choice([1, 2, 5, 20], 12))
        values = rng.normal(size=12)[groups] + rng.normal(size=len(groups))
        _, low, high = mean_interval(values, groups=groups)
        covered += low <= 0 <= high
    assert 0.92 <= covered / 400 <= 0.98


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        ([1, np.nan], None, "values contains NaN"),
        ([1, 2], [1, None], "row 1 of groups"),
        ([1, 2], [1], "inconsistent numbers of samples"),
    ],
)
def test_bad_input_is_rejected(values, groups, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(values, groups=groups)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, np.nan])
def test_confidence_is_between_0_and_1(confidence):
    items = [["a", "b"], ["b", "c"], ["c", "d"], ["d", "a"]]
    for interval in (
        lambda: mean_interval([1.0, 2.0, 4.0], confidence=confidence),
        lambda: pairwise_accuracy([1, 0, 1, 1], [1, 1, 2, -1], confidence=confidence),
        lambda: pairwise_accuracy(
            [1, 0, 1, 1], [1, 1, 2, -1], items=items, confidence=confidence
        ),
    ):
        with pytest.raises(ValueError, match=r"Got confidence=.* between 0 and 1"):
            interval()
