"""Top-fraction accuracy: every threshold tried, chance, ties and bad input."""

import numpy as np
import pandas as pd
import pytest
from numpy.random import RandomState
from numpy.testing import assert_allclose
from sklearn.metrics import balanced_accuracy_score

from sklearn_popularity import top_fraction_accuracy
from sklearn_popularity.metrics._top_fraction import (
    _best_threshold,
    _draw_equal,
    _split_classes,
)


def _accuracy(threshold, top, others):
    return ((top >= threshold).mean() + (others < threshold).mean()) / 2


@pytest.mark.parametrize("n_levels", [2, 5, 1000])
@pytest.mark.parametrize("shift", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("n_others", [15, 60])
def test_threshold_is_best_of_all(n_levels, shift, n_others):
    rng = np.random.default_rng(n_levels)
    for _ in range(20):
        top = rng.integers(0, n_levels, 15) + np.round(shift)
        others = rng.integers(0, n_levels, n_others).astype(float)
        tried = np.r_[-np.inf, top, others, np.inf]
        best = max(_accuracy(threshold, top, others) for threshold in tried)
        found = _accuracy(_best_threshold(top, others), top, others)
        assert found == pytest.approx(best)


def test_threshold_is_halfway_between_classes():
    assert _best_threshold(np.array([4.0, 5.0]), np.array([1.0, 2.0])) == 3.0


def test_threshold_separates_adjacent_floats():
    low, high = np.array([1.0]), np.array([np.nextafter(1.0, 2.0)])
    assert _accuracy(_best_threshold(high, low), high, low) == 1


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.29, 0.5])
@pytest.mark.parametrize("n_samples", [10, 13, 100])
def test_classes_are_the_top_and_the_others(fraction, n_samples):
    y = RandomState(0).permutation(n_samples)
    top, others = _split_classes(y, y, fraction)
    n_top = int(fraction * n_samples + 1e-6)
    assert sorted(top) == list(range(n_samples - n_top, n_samples))
    assert sorted(others) == list(range(n_samples - n_top))


@pytest.mark.parametrize(
    ("y", "n_top"),
    [
        ([0] * 90 + [1] * 10, 10),
        ([0] * 30 + [1] * 70, 70),
        ([0] * 75 + [1] * 10 + [2] * 15, 25),
        ([0] * 60 + [1] * 25 + [2] * 15, 15),
        ([0] * 99 + [1], 1),
    ],
)
def test_equal_scores_stay_in_one_class(y, n_top):
    top, others = _split_classes(np.array(y), np.array(y), 0.2)
    assert (len(top), len(others)) == (n_top, 100 - n_top)
    assert top.min() > others.max()


@pytest.mark.parametrize("draw", [False, True])
@pytest.mark.parametrize("share", [0.03, 0.3, 0.5, 0.8])
def test_binary_scores_are_told_apart(share, draw):
    y = (np.arange(100) < 100 * share).astype(float)
    noise = RandomState(0).uniform(size=(200, 2, 100))
    # One generator for all draws, so that they differ.
    how = {"draw": draw, "random_state": RandomState(0) if draw else None}
    assert top_fraction_accuracy(y, y, y, y + noise[0, 0] / 2, **how) == 1.0
    chance = [top_fraction_accuracy(y, a, y, b, **how) for a, b in noise]
    assert_allclose(np.mean(chance), 0.5, atol=0.02)


def test_accuracy_is_the_balanced_one():
    y, pred = RandomState(0).normal(size=(2, 100))
    pred += y
    top = y >= np.sort(y)[-20]
    threshold = _best_threshold(pred[top], pred[~top])
    expected = balanced_accuracy_score(top, pred >= threshold)
    assert top_fraction_accuracy(y, pred, y, pred) == pytest.approx(expected)


def test_accuracy_is_the_mean_of_draws():
    # One threshold fits all draws of these training rows.
    y_train = np.r_[np.zeros(80), np.ones(20)]
    y, pred = RandomState(1).normal(size=(2, 100))
    arguments = (y_train, y_train, y, pred + y)
    drawn = [
        top_fraction_accuracy(*arguments, draw=True, random_state=seed)
        for seed in range(600)
    ]
    assert top_fraction_accuracy(*arguments, draw=True, random_state=5) == drawn[5]
    assert np.std(drawn) > 0.02
    assert_allclose(np.mean(drawn), top_fraction_accuracy(*arguments), atol=0.005)


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_draw_is_even_and_of_equal_classes(share):
    top, others = np.arange(100)[: int(100 * share)], np.arange(100)[int(100 * share) :]
    drawn = [_draw_equal(top, others, RandomState(seed)) for seed in range(800)]
    n = min(len(top), len(others))
    assert all(len(set(part)) == n for parts in drawn for part in parts)
    for i, part in enumerate((top, others)):
        counts = np.bincount(np.concatenate([d[i] for d in drawn]), minlength=100)
        assert_allclose(counts[part], 800 * n / len(part), atol=70)


@pytest.mark.parametrize("fraction", [0.2, 0.5])
def test_constant_predictions_score_half(fraction):
    y = np.arange(30)
    score = top_fraction_accuracy(y, np.ones(30), y, np.ones(30), fraction=fraction)
    assert score == 0.5


def test_huge_scores_are_ranked():
    y = np.array([-1.7e308, 1.7e308])
    assert top_fraction_accuracy(y, y, y, y, fraction=0.5) == 1.0


def test_threshold_comes_from_training():
    # Test predictions are perfect, but all above the threshold of training.
    y = np.arange(40.0)
    assert top_fraction_accuracy(y, y, y, y + 100) == 0.5


def test_pandas_is_taken_by_position():
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(4, 60))
    series = [pd.Series(values, index=np.arange(60)[::-1]) for values in arrays]
    once = top_fraction_accuracy(*arrays)
    assert top_fraction_accuracy(*series) == once


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
        ({"random_state": 0}, "random_state=0 with draw=False.*Pass draw=True"),
        ({"draw": 2}, "draw"),
    ],
)
def test_bad_input_is_rejected(changes, message):
    arguments = dict.fromkeys(["y_train", "pred_train", "y_test", "pred_test"], GOOD)
    with pytest.raises(ValueError, match=message):
        top_fraction_accuracy(**(arguments | changes))
