"""Intervals of rank correlations: against the literal jackknife, and in simulation."""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t as student

from sklearn_popularity import spearman_interval, spearman_score
from sklearn_popularity.metrics import spearman_difference
from sklearn_popularity.metrics._rank_jackknife import (
    influence,
    leave_groups_out,
    rank,
)


def _without_each(y_true, y_pred, codes):
    """Leave groups out literally."""
    return np.array(
        [
            [spearman_score(y_true[kept], column[kept]) for column in y_pred.T]
            for kept in (codes != code for code in np.unique(codes))
        ]
    )


def _draw(n, n_groups, n_levels=None, *, n_columns=1, seed=0):
    """Scores, predictions and groups, all of which occur."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.r_[np.arange(n_groups), rng.integers(n_groups, size=n)])
    codes = codes[:n] if n_groups == n else codes
    y_true = rng.normal(size=len(codes)) + rng.normal(size=n_groups)[codes]
    y_pred = y_true[:, np.newaxis] + rng.normal(size=(len(codes), n_columns))
    if n_levels is not None:
        y_true, y_pred = (
            np.floor(n_levels / (1 + np.exp(-values))) for values in (y_true, y_pred)
        )
    return y_true, y_pred, np.unique(codes, return_inverse=True)[1]


@pytest.mark.parametrize("n_groups", [2, 6, 40, 150])
@pytest.mark.parametrize("n_levels", [2, 5, None])
@pytest.mark.parametrize("block_size", [1, 400, 2**18])
def test_leaving_out_equals_the_literal_way(
    n_groups, n_levels, block_size, monkeypatch
):
    monkeypatch.setattr(
        "sklearn_popularity.metrics._rank_jackknife._BLOCK_SIZE", block_size
    )
    y_true, y_pred, codes = _draw(150, n_groups, n_levels, n_columns=2)
    scores, left_out = leave_groups_out(y_true, y_pred, codes)
    expected = [spearman_score(y_true, column) for column in y_pred.T]
    assert_allclose(scores, expected, atol=1e-12)
    assert_allclose(left_out, _without_each(y_true, y_pred, codes), atol=1e-12)


def test_influence_is_the_derivative_by_weight():
    y_true, y_pred, _ = _draw(40, 40, 6)
    found = influence(rank(y_true), rank(y_pred[:, 0]))
    step = 1e-5
    for row in range(0, len(y_true), 5):
        weight = np.ones(len(y_true))
        ends = []
        for change in (-step, step):
            weight[row] = 1 + change
            ends.append(spearman_score(y_true, y_pred[:, 0], sample_weight=weight))
        assert found[row] == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=1e-7)
    assert found.sum() == pytest.approx(0, abs=1e-12)


def test_small_groups_of_many_are_left_out_by_influence():
    y_true, y_pred, codes = _draw(3000, 1500)
    _, left_out = leave_groups_out(y_true, y_pred, codes)
    expected = _without_each(y_true, y_pred, codes)
    assert_allclose(left_out, expected, atol=2e-5)
    errors = [np.sqrt(np.square(a - a.mean()).sum()) for a in (left_out, expected)]
    assert_allclose(*errors, rtol=5e-3)


def test_large_groups_of_many_are_left_out_exactly():
    rng = np.random.default_rng(0)
    codes = np.r_[np.arange(1200), np.repeat([0, 1], 700)]
    y_true, y_pred = rng.normal(size=(2, len(codes)))
    y_pred = (y_pred + y_true * (codes != 1))[:, np.newaxis]
    _, left_out = leave_groups_out(y_true, y_pred, codes)
    for code in (0, 1):
        kept = codes != code
        expected = spearman_score(y_true[kept], y_pred[kept, 0])
        assert left_out[code, 0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n_folds", [None, 2, 5, 10])
def test_interval_is_that_of_the_formula(n_folds):
    y_true, y_pred, codes = _draw(80, 8, n_columns=3)
    scores = _without_each(y_true, y_pred, codes).mean(axis=1)
    score = np.mean([spearman_score(y_true, column) for column in y_pred.T])
    z, center = np.arctanh(scores), np.arctanh(score)
    error = np.sqrt(7 / 8 * ((z - center) ** 2).sum())
    if n_folds is not None:
        error *= np.sqrt(1 + n_folds / (n_folds - 1))
    half = student.ppf(0.95, 7) * error
    interval = spearman_interval(
        y_true, y_pred, groups=codes, confidence=0.9, n_folds=n_folds
    )
    assert_allclose(interval, (score, *np.tanh([center - half, center + half])))


@pytest.mark.parametrize("n_folds", [None, 5])
def test_difference_is_jackknifed_as_it_is(n_folds):
    y_true, y_pred, codes = _draw(80, 8, n_columns=4)
    both = _without_each(y_true, y_pred, codes)
    gains = both[:, :3].mean(axis=1) - both[:, 3]
    found = spearman_difference(
        y_true, y_pred[:, :3], y_pred[:, 3], groups=codes, n_folds=n_folds
    )
    error = np.sqrt(7 / 8 * ((gains - found.score) ** 2).sum())
    error *= 1 if n_folds is None else 1.5
    assert (found.error, found.df) == (pytest.approx(error), 7)
    assert found.p_value == pytest.approx(
        2 * student.sf(abs(found.score) / found.error, 7)
    )
    half = student.ppf(0.975, 7) * error
    assert_allclose(found[1:3], (found.score - half, found.score + half))
    interval = spearman_interval(
        y_true,
        y_pred[:, :3],
        baseline=y_pred[:, 3],
        groups=codes,
        n_folds=n_folds,
    )
    assert interval == found[:3]


def test_difference_turned_around_is_as_sure():
    y_true, y_pred, codes = _draw(80, 8, n_columns=2)
    one, other = y_pred.T
    found = spearman_difference(y_true, one, other, groups=codes)
    turned = spearman_difference(y_true, other, one, groups=codes)
    expected = (-found.score, -found.high, -found.low, found.error)
    assert_allclose(turned[:4], expected)
    assert found.p_value < 1
    assert turned.p_value == pytest.approx(found.p_value)


@pytest.mark.parametrize(
    ("n_groups", "rows"), [(n, rows) for n in (2, 3, 6, 20) for rows in (1, 3)]
)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("n_levels", [2, 1000])
def test_perfect_predictions_are_not_certain(n_groups, rows, sign, n_levels):
    y = np.arange(n_groups * rows) % n_levels
    groups = np.arange(n_groups * rows) // rows
    score, low, high = spearman_interval(y, sign * y, groups=groups)
    assert score == sign
    assert -1 <= low <= score <= high <= 1
    assert high - low >= 2 / n_groups
    against = spearman_difference(y, y, np.zeros(len(y)), groups=groups)
    assert against.low < 1 - 2 / n_groups
    assert 0.5 ** (2 * n_groups) < against.p_value <= 1


def test_nearly_perfect_predictions_are_nearly_certain():
    y = np.arange(200)
    y_pred = y.copy()
    y_pred[[3, 4]] = y_pred[[4, 3]]  # all errors there are lie in one group
    _, low, high = spearman_interval(y, y_pred, groups=y // 10)
    assert 0.99 < low < high <= 1


@pytest.mark.parametrize("groups", [None, np.arange(30) // 5])
def test_constant_predictions_are_zero(groups):
    y, constant = np.arange(30) % 7, np.ones((30, 2))
    assert spearman_interval(y, constant, groups=groups) == (0, 0, 0)
    assert spearman_interval(constant[:, 0], y, groups=groups) == (0, 0, 0)


@pytest.mark.parametrize("other", [lambda y: y, lambda y: 3 * y + 1])
def test_equal_order_is_no_difference(other):
    y_true, y_pred, codes = _draw(60, 6)
    found = spearman_difference(y_true, y_pred, other(y_pred), groups=codes)
    assert found == (0, 0, 0, 0, 5, 1)


def test_group_names_and_order_of_rows_do_not_matter():
    y_true, y_pred, codes = _draw(80, 8)
    names = np.array(list("hgfedcba"), dtype=object)[codes]
    order = np.random.default_rng(1).permutation(len(codes))
    expected = spearman_interval(y_true, y_pred, groups=codes)
    assert_allclose(spearman_interval(y_true, y_pred, groups=names), expected)
    shuffled = spearman_interval(y_true[order], y_pred[order], groups=codes[order])
    assert_allclose(shuffled, expected)


@pytest.mark.parametrize("n_groups", [None, 1000, 20_000])
def test_many_rows_take_a_moment(n_groups):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.normal(size=(2, 100_000))
    groups = None if n_groups is None else rng.integers(n_groups, size=100_000)
    start = time.process_time()
    interval = spearman_interval(y_true, y_true + y_pred, groups=groups)
    assert time.process_time() - start < 3
    assert 0.68 < interval.low < interval.high < 0.7


@pytest.mark.parametrize("missing", [None, np.nan])
@pytest.mark.parametrize("others", [["a", "b"], [1, 2]])
def test_interval_names_missing_group(missing, others):
    with pytest.raises(ValueError, match="in row 2 of groups"):
        spearman_interval([1, 2, 3], [1, 2, 3], groups=[*others, missing])


@pytest.mark.parametrize("baseline", [None, [3, 2, 1]])
def test_interval_needs_two_groups(baseline):
    with pytest.raises(ValueError, match="1 group"):
        spearman_interval([1, 2, 3], [1, 2, 3], baseline=baseline, groups=["a"] * 3)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("confidence", 1.0, ValueError),
        ("n_folds", 1, ValueError),
        ("baseline", [1, 2, np.nan], ValueError),
        ("n_resamples", 1000, TypeError),
        ("random_state", 0, TypeError),
    ],
)
def test_interval_rejects_bad_parameters(name, value, kind):
    with pytest.raises(kind, match=name):
        spearman_interval([1, 2, 3], [1, 2, 3], **{name: value})


@pytest.mark.parametrize("grouped", [False, True])
def test_predictions_that_lack_rows_are_judged_by_those_they_have(grouped):
    rng = np.random.default_rng(0)
    y, codes = rng.normal(size=40), np.repeat(np.arange(10), 4)
    codes = codes if grouped else np.arange(40)
    predicted = np.column_stack([y + rng.normal(size=40) for _ in range(3)])
    predicted[rng.random((40, 3)) < 0.4] = np.nan

    def mean_score(kept):
        each = [kept & ~np.isnan(column) for column in predicted.T]
        pairs = zip(predicted.T, each, strict=True)
        return np.mean([spearman_score(y[k], column[k]) for column, k in pairs])

    scores, left_out = leave_groups_out(y, predicted, codes)
    assert_allclose(scores.mean(), mean_score(np.full(40, True)))
    expected = [mean_score(codes != group) for group in range(codes.max() + 1)]
    assert_allclose(left_out.mean(axis=1), expected)
    interval = spearman_interval(y, predicted, groups=codes)
    assert_allclose(interval.score, scores.mean())
    with pytest.raises(ValueError, match="NaN"):
        spearman_interval(y, predicted[:, 0], groups=codes)
    with pytest.raises(ValueError, match="at least 2 were expected"):
        predicted[1:, 2] = np.nan
        spearman_interval(y, predicted, groups=codes)
