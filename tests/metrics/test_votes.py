"""Votes between two: scores by Bradley and Terry, and how often predictions agree."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression

from sklearn_popularity import spearman_score
from sklearn_popularity.metrics import bradley_terry, pairwise_accuracy
from sklearn_popularity.metrics._vote_interval import (
    _over_groups,
    _over_items,
    vote_interval,
)


def _votes(rng, scores, n_votes):
    left = rng.integers(0, len(scores), n_votes)
    right = (left + rng.integers(1, len(scores), n_votes)) % len(scores)
    won = rng.random(n_votes) < expit(scores[left] - scores[right])
    return left, right, won


def test_scores_are_those_of_a_logistic_regression():
    """With as many votes as here the prior is nothing: scikit-learn finds the same."""
    scores = np.random.default_rng(0).normal(size=8)
    left, right, won = _votes(np.random.default_rng(1), scores, 3000)
    X = np.zeros((3000, 8))
    X[np.arange(3000), left], X[np.arange(3000), right] = 1, -1
    oracle = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-10, max_iter=1000)
    expected = oracle.fit(X, won).coef_[0]
    voted = bradley_terry(left, right, np.where(won, left, right), prior=1e-9)
    assert_array_equal(voted.items, np.arange(8))
    assert_allclose(voted.scores, expected - expected.mean(), atol=1e-4)
    assert voted.n_votes.sum() == 6000
    assert_allclose(voted.scores, scores - scores.mean(), atol=0.25)


def test_order_and_sides_of_votes_say_nothing():
    rng = np.random.default_rng(2)
    left, right, won = _votes(rng, rng.normal(size=20), 300)
    names = np.array([f"page {i:02}" for i in range(20)])
    chosen = np.where(won, names[left], names[right]).astype(object)
    chosen[:30] = None  # no preference
    expected = bradley_terry(names[left], names[right], chosen)
    order = rng.permutation(300)
    left, right, chosen = names[right][order], names[left][order], chosen[order]
    index = pd.Index(order)
    found = bradley_terry(*(pd.Series(x, index=index) for x in (left, right, chosen)))
    assert_array_equal(found.items, expected.items)
    assert_allclose(found.scores, expected.scores, atol=1e-6)


def test_what_is_always_chosen_stays_finite():
    voted = bradley_terry([0] * 9, [1] * 9, [0] * 9)
    assert 1 < voted.scores[0] < 5
    level = bradley_terry([0, 0], [1, 1], [-1, -1])
    assert_allclose(level.scores, 0, atol=1e-9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([0, 1], [1, None], [0, 1]), "vote in row 1 is missing"),
        (([0, 1], [1, 1], [0, 1]), "between 1 and itself in row 1"),
        (([0, 1], [1, 0], [0]), "inconsistent numbers"),
    ],
)
def test_wrong_votes_are_one_error(given, message):
    with pytest.raises(ValueError, match=message):
        bradley_terry(*given)


def test_accuracy_is_the_share_of_votes_that_agree():
    won = [1, 0, 1, 0.5, 0]
    difference = [2.0, -1.0, -0.1, 5.0, 0.0]
    assert pairwise_accuracy(won, difference).mean == (1 + 1 + 0 + 0.5) / 4
    turned = pairwise_accuracy(1 - np.array(won), -np.array(difference))
    assert turned == pairwise_accuracy(won, difference)


def test_interval_of_noise_holds_chance_whatever_the_voters():
    covered = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        voters = rng.integers(0, 30, 400)
        taste = rng.normal(size=30)[voters]  # a voter who likes the left side
        won = (rng.normal(size=400) + taste > 0).astype(float)
        found = pairwise_accuracy(won, rng.normal(size=30)[voters], groups=voters)
        covered.append(found.low <= 0.5 <= found.high)
    assert 0.92 < np.mean(covered) < 0.98


def test_predictions_of_the_scores_agree_as_often_as_people_do():
    rng = np.random.default_rng(3)
    scores = 1.5 * rng.normal(size=60)
    left, right, won = _votes(rng, scores, 4000)
    found = pairwise_accuracy(won, scores[left] - scores[right])
    ceiling = expit(np.abs(scores[left] - scores[right])).mean()
    assert found.low < ceiling < found.high
    voted = bradley_terry(left, right, np.where(won, left, right))
    assert spearman_score(scores, voted.scores) > 0.95


@pytest.mark.parametrize(
    ("won", "message"),
    [([1, 2], "Got won with 2"), ([0.5, 0.5], "0.5 in each row")],
)
def test_wrong_outcomes_are_one_error(won, message):
    with pytest.raises(ValueError, match=message):
        pairwise_accuracy(won, [1.0, 2.0])


def _slow_variance(values, items, voters):
    """The sum over all pairs of votes that share an item or a voter."""
    apart, total = values - values.mean(), 0.0
    for i in range(len(values)):
        for j in range(len(values)):
            if set(items[i]) & set(items[j]) or voters[i] == voters[j]:
                total += apart[i] * apart[j]
    return total


def test_votes_that_share_are_no_independent_evidence():
    rng = np.random.default_rng(0)
    left, right, _ = _votes(rng, np.zeros(12), 200)
    voters, values = rng.integers(0, 9, 200), rng.normal(size=200)
    items = np.column_stack([left, right])
    apart = values - values.mean()
    found = (
        _over_items(apart, left, right, None)
        + _over_groups(apart, voters)
        - _over_items(apart, left, right, voters)
    )
    assert_allclose(found, _slow_variance(values, items, voters))


@pytest.mark.parametrize("effects", [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.7, 0.7)])
def test_interval_covers_new_items_and_voters(effects):
    """Accuracy of .62; the whole table is in benchmarks/simulations.py."""
    of_items, of_voters = effects
    spread = np.sqrt(2 * of_items**2 + of_voters**2 + 1)
    covered, alone = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        left, right, _ = _votes(rng, np.zeros(40), 600)
        voters, effect = rng.integers(0, 30, 600), of_items * rng.normal(size=40)
        latent = effect[left] + effect[right] + rng.normal(size=600)
        latent += of_voters * rng.normal(size=30)[voters]
        won = (latent > -0.3 * spread).astype(float)
        items = np.column_stack([left, right])
        found = pairwise_accuracy(won, np.ones(600), items=items, groups=voters)
        covered.append(found.low <= norm.cdf(0.3) <= found.high)
        plain = pairwise_accuracy(won, np.ones(600))
        alone.append(plain.low <= norm.cdf(0.3) <= plain.high)
    assert 0.9 < np.mean(covered)
    if any(effects):
        assert np.mean(alone) < 0.85


def test_variance_over_few_items_has_little_bias():
    """All pairs of 20 items that make the whole difference, each voted on once."""
    left, right = np.triu_indices(20, 1)
    errors = []
    for seed in range(400):
        effect = np.random.default_rng(seed).normal(size=20)
        found = vote_interval(effect[left] + effect[right], left, right, None, 0.95)
        errors.append((found.high - found.mean) / student.ppf(0.975, 19))
    assert_allclose(np.mean(np.square(errors)), 4 / 20, rtol=0.1)


def test_names_of_items_and_order_of_votes_say_nothing():
    rng = np.random.default_rng(1)
    left, right, won = _votes(rng, rng.normal(size=15), 100)
    items, difference = np.column_stack([left, right]), rng.normal(size=100)
    expected = pairwise_accuracy(won, difference, items=items, groups=left % 4)
    names, order = np.array([f"p{i}" for i in range(15)]), rng.permutation(100)
    found = pairwise_accuracy(
        pd.Series(won[order], index=order),
        difference[order],
        items=pd.DataFrame(names[items[order]]),
        groups=(left % 4)[order],
    )
    assert_allclose(found, expected)
    few = pairwise_accuracy([1, 0], [1.0, 1.0], items=[["a", "b"], ["a", "b"]])
    assert np.isnan(few.low) and np.isnan(few.high)
    with pytest.raises(ValueError, match=r"items of shape \(100,\), but \(100, 2\)"):
        pairwise_accuracy(won, difference, items=left)
