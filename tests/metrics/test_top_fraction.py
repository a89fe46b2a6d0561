"""Top-fraction accuracy: every threshold tried, chance, ties and bad input."""

import numpy as np
import pandas as pd
import pytest
from numpy.random import RandomState
from numpy.testing import assert_allclose

from sklearn_popularity import top_fraction_accuracy
from sklearn_popularity.metrics._top_fraction import _balanced_rows, _best_threshold


def _n_right(threshold, top, others):
    return (top >= threshold).sum() + (others < threshold).sum()


@pytest.mark.parametrize("n_levels", [2, 5, 1000])
@pytest.mark.parametrize("shift", [-1.0, 0.0, 1.0])
def test_threshold_is_best_of_all(n_levels, shift):
    rng = np.random.default_rng(n_levels)
    for _ in range(20):
        top = rng.integers(0, n_levels, 15) + np.round(shift)
        others = rng.integers(0, n_levels, 15).astype(float)
        tried = np.r_[-np.inf, top, others, np.inf]
        best = max(_n_right(threshold, top, others) for threshold in tried)
        assert _n_right(_best_threshold(top, others), top, others) == best


def test_threshold_is_halfway_between_classes():
    assert _best_threshold(np.array([4.0, 5.0]), np.array([1.0, 2.0])) == 3.0


def test_threshold_separates_adjacent_floats():
    low, high = np.array([1.0]), np.array([np.nextafter(1.0, 2.0)])
    assert _n_right(_best_threshold(high, low), high, low) == 2


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.29, 0.5])
@pytest.mark.parametrize("n_samples", [10, 13, 100])
def test_rows_are_the_top_and_as_many_others(fraction, n_samples):
    y = RandomState(0).permutation(n_samples)
    top, others = _balanced_rows(y, fraction, RandomState(0))
    n_top = int(fraction * n_samples + 1e-6)
    assert sorted(y[top]) == list(range(n_samples - n_top, n_samples))
    assert len(set(others)) == n_top
    assert not set(top) & set(others)


def test_others_are_drawn_evenly():
    y = np.arange(20)
    drawn = [_balanced_rows(y, 0.2, RandomState(seed))[1] for seed in range(800)]
    counts = np.bincount(np.concatenate(drawn), minlength=16)
    assert_allclose(counts, 200, atol=50)


def test_tied_rows_are_drawn_whatever_their_order():
    y = np.r_[np.zeros(90), np.ones(10)]
    tops = [_balanced_rows(y, 0.2, RandomState(seed))[0] for seed in range(200)]
    counts = np.bincount(np.concatenate(tops), minlength=100)
    assert (counts[90:] == 200).all()
    assert_allclose(counts[:90].mean(), 200 * 10 / 90)
    assert_allclose(counts[:45].mean(), counts[45:90].mean(), rtol=0.15)


def test_perfect_predictions_are_right():
    y = np.r_[np.arange(80.0), 1000 + np.arange(20.0)]
    assert top_fraction_accuracy(y, y, y, y, random_state=0) == 1.0


def test_reversed_predictions_do_not_beat_chance():
    y = np.arange(100.0)
    assert top_fraction_accuracy(y, -y, y, -y, random_state=0) <= 0.5


def test_unrelated_predictions_score_chance():
    rng = RandomState(0)
    scores = [
        top_fraction_accuracy(*rng.normal(size=(4, 200)), random_state=rng)
        for _ in range(200)
    ]
    assert_allclose(np.mean(scores), 0.5, atol=0.02)


@pytest.mark.parametrize("fraction", [0.2, 0.5])
def test_constant_predictions_score_half(fraction):
    y = np.arange(30)
    score = top_fraction_accuracy(
        y, np.ones(30), y, np.ones(30), fraction=fraction, random_state=0
    )
    assert score == 0.5


def test_huge_scores_are_ranked():
    y = np.array([-1.7e308, 1.7e308])
    assert top_fraction_accuracy(y, y, y, y, fraction=0.5, random_state=0) == 1.0


def test_threshold_comes_from_training():
    # Test predictions are perfect, but all above the threshold of training.
    y = np.arange(40.0)
    assert top_fraction_accuracy(y, y, y, y + 100, random_state=0) == 0.5


def test_score_is_seeded():
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(4, 60))
    scores = [top_fraction_accuracy(*arrays, random_state=seed) for seed in range(9)]
    assert top_fraction_accuracy(*arrays, random_state=0) == scores[0]
    assert len(set(scores)) > 1


def test_pandas_is_taken_by_position():
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(4, 60))
    series = [pd.Series(values, index=np.arange(60)[::-1]) for values in arrays]
    once = top_fraction_accuracy(*arrays, random_state=0)
    assert top_fraction_accuracy(*series, random_state=0) == once


GOOD = np.arange(10.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": GOOD[:3], "pred_train": GOOD[:3]}, r"3 row.*y_train.*least 5"),
        ({"y_test": [1.0], "pred_test": [1.0]}, r"1 row.*y_test.*larger fraction"),
        ({"y_test": np.full(10, 3.0)}, "All 10 scores in y_test are 3.0"),
        ({"y_train": np.full(10, np.nan)}, "y_train contains NaN"),
        ({"pred_test": np.full(10, np.inf)}, "pred_test contains infinity"),
        ({"pred_train": GOOD[:9]}, "inconsistent numbers of samples"),
        ({"fraction": 0}, "fraction"),
        ({"fraction": 0.6}, "fraction"),
        ({"random_state": "x"}, "random_state"),
    ],
)
def test_bad_input_is_rejected(changes, message):
    arguments = dict.fromkeys(["y_train", "pred_train", "y_test", "pred_test"], GOOD)
    with pytest.raises(ValueError, match=message):
        top_fraction_accuracy(**(arguments | changes))
