"""best_of_groups: the best of a burst, and pairs within it, against chance."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sklearn_popularity.evaluation import best_of_groups


def _table(*args, **settings):
    return best_of_groups(*args, **settings).set_index("measure")


def test_rates_are_those_counted_by_hand():
    y = [3, 1, 2, 5, 5, 1, 7, 4, 4]
    groups = [*"aaabbbc", "d", "d"]  # one row, and equal scores: nothing to choose
    predictions = [3, 2, 1, 2, 1, 2, 9, 0, 1]
    table = _table(y, predictions, groups)
    # "a" is hit; of "b" one of two that are picked is one of the two best.
    assert table["rate"].tolist() == [(1 + 1 / 2) / 2, (2 / 3 + (0.5 + 0) / 2) / 2]
    assert table["chance"].tolist() == [(1 / 3 + 2 / 3) / 2, 0.5]
    assert_allclose(table["gain"], table["rate"] - table["chance"])
    assert table["n_groups"].tolist() == [2, 2]


def test_order_of_rows_and_several_predictions():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    y, predictions = rng.normal(size=120), rng.normal(size=(120, 3))
    expected = best_of_groups(y, predictions, groups)
    alone = [best_of_groups(y, each, groups)["rate"] for each in predictions.T]
    assert_allclose(expected["rate"], np.mean(alone, axis=0))
    order = rng.permutation(120)
    names = pd.Series([f"g{g}" for g in groups[order]], index=order)
    found = best_of_groups(y[order], predictions[order], names)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("sizes", ["alike", "uneven"])
def test_intervals_of_noise_hold_chance(sizes):
    covered = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n = np.full(40, 4) if sizes == "alike" else rng.integers(2, 12, 40)
        groups = np.repeat(np.arange(40), n)
        y = rng.integers(0, 5, len(groups))  # ties, as of stars
        predictions = rng.normal(size=len(groups)).round(1)
        table = best_of_groups(y, predictions, groups)
        covered.append((table["low"] <= 0) & (table["high"] >= 0))
    assert (np.mean(covered, axis=0) > 0.92).all()


def test_clusters_widen_intervals():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(60), 3)
    users = groups // 10
    y = rng.normal(size=180)
    skill = np.repeat([1.0, -1.0], 3)[users]  # known of some users alone
    table = _table(y, y * skill, groups)
    clustered = _table(y, y * skill, groups, clusters=users)
    assert_allclose(clustered["gain"], table["gain"])
    width = table["high"] - table["low"]
    assert (clustered["high"] - clustered["low"] > 2 * width).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([1, 2], [1, 2], [0, 1]), "at least one group with two"),
        (([1, 2], [1, np.nan], [0, 0]), "NaN"),
        (([1, 2], [1, 2], [0, None]), "missing"),
        (([1, 2], [1, 2, 3], [0, 0]), "inconsistent numbers"),
        (([1, 2], [1, 2], [0, 0], [0, 1]), "rows 0 and 1 of one group in several"),
    ],
)
def test_wrong_use_is_one_error(given, message):
    y, predictions, groups, *clusters = given
    with pytest.raises(ValueError, match=message):
        best_of_groups(
            y, predictions, groups, clusters=clusters[0] if clusters else None
        )
