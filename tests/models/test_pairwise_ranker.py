"""PairwiseRanker: votes between two, in whatever takes a classifier."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_popularity import ColorStatistics, PairwiseRanker, spearman_score
from sklearn_popularity.evaluation import VoteKFold
from sklearn_popularity.metrics import bradley_terry, pairwise_accuracy

WEIGHTS = np.array([2.0, -1.0, 0.5])
SIDES = {"left": slice(0, 3), "right": slice(3, 6)}


def draw_votes(n_items=60, n_votes=800, seed=0):
    """Features of items, the two of each vote, and what was chosen."""
    rng = np.random.default_rng(seed)
    items = rng.normal(size=(n_items, 3))
    left = rng.integers(0, n_items, n_votes)
    right = (left + rng.integers(1, n_items, n_votes)) % n_items
    p = expit((items[left] - items[right]) @ WEIGHTS)
    won = (rng.random(n_votes) < p).astype(float)
    won[:50] = 0.5
    return items, left, right, won


@pytest.fixture(scope="module")
def votes():
    items, left, right, won = draw_votes()
    return np.hstack([items[left], items[right]]), won


def test_weights_are_those_of_a_logistic_regression_of_differences(votes):
    X, y = votes
    told = y != 0.5
    oracle = LogisticRegression(C=0.3, fit_intercept=False, tol=1e-8)
    oracle.fit((X[:, :3] - X[:, 3:])[told], y[told])
    ranker = PairwiseRanker(C=0.3, **SIDES).fit(X[told], y[told])
    assert_allclose(ranker.coef_, oracle.coef_[0], rtol=1e-3)
    assert_allclose(ranker.coef_ / ranker.coef_[0], WEIGHTS / 2, atol=0.25)
    assert_allclose(ranker.item_scores(X[:, :3]), X[:, :3] @ ranker.coef_)


def test_exchanged_sides_are_the_same_votes(votes):
    X, y = votes
    ranker = PairwiseRanker(**SIDES).fit(X, y)
    turned = np.hstack([X[:, 3:], X[:, :3]])
    rows = np.arange(len(y)) % 2 == 0
    mixed = np.where(rows[:, None], turned, X)
    again = PairwiseRanker(**SIDES).fit(mixed, np.where(rows, 1 - y, y))
    assert_allclose(again.coef_, ranker.coef_, rtol=1e-4)
    assert_allclose(
        ranker.predict_proba(turned)[:, 0], ranker.predict_proba(X)[:, 1], rtol=1e-12
    )
    assert ranker.score(turned, 1 - y) == ranker.score(X, y)


def test_no_preference_is_half_a_vote_for_each(votes):
    X, y = votes
    half = y == 0.5
    double = np.concatenate([np.arange(len(y)), np.flatnonzero(half)])
    won = np.concatenate([np.where(half, 1.0, y), np.zeros(half.sum())])
    weight = np.where(half, 0.5, 1.0)[double]
    expected = PairwiseRanker(**SIDES).fit(X[double], won, weight)
    assert_allclose(PairwiseRanker(**SIDES).fit(X, y).coef_, expected.coef_, rtol=1e-4)


def test_score_is_the_accuracy_of_votes_with_a_preference(votes):
    X, y = votes
    ranker = PairwiseRanker(**SIDES).fit(X, y)
    expected = pairwise_accuracy(y, ranker.decision_function(X)).mean
    assert ranker.score(X, y) == expected > 0.75
    assert ranker.score(X, np.where(y == 0.5, 0, y)) != expected
    level = clone(ranker).fit(X, y)
    level.coef_ = np.zeros(3)
    assert level.score(X, y) == 0.5
    with pytest.raises(ValueError, match=r"y with 0\.5 in each row"):
        ranker.score(X[:50], y[:50])


def test_labels_may_be_any_two(votes):
    X, y = votes
    X, y = X[y != 0.5], y[y != 0.5]
    expected = PairwiseRanker(**SIDES).fit(X, y)
    for left, right in ((1, 0), (True, False), (1, -1), ("left wins", "a right one")):
        ranker = PairwiseRanker(**SIDES).fit(X, np.where(y == 1, left, right))
        assert_array_equal(ranker.classes_, np.array([right, left]))
        assert_array_equal(ranker.coef_, expected.coef_)
        assert ranker.predict(X[:1])[0] in (left, right)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_photos_are_described_once(paths, package):
    """Each photo is in many votes, and the order and the names of columns are free."""
    frames = pytest.importorskip(package, reason=f"This form needs {package}.")
    seen = []

    def count(X):
        seen.append(len(X))
        return X

    steps = (ColorStatistics(), StandardScaler(), FunctionTransformer(count))
    ranker = PairwiseRanker(make_pipeline(*steps), left="a", right="b")
    _, left, right, won = draw_votes(len(paths), 90)
    left, right, won = left[50:], right[50:], won[50:]
    columns = {"b": [paths[i] for i in right], "a": [paths[i] for i in left]}
    votes = frames.DataFrame({"voter": [1] * 40, **columns})
    ranker.fit(votes, won)
    assert set(seen) == {len(paths)} == {ranker.n_items_}
    scores = ranker.item_scores(paths)
    assert_allclose(
        ranker.decision_function(votes), scores[left] - scores[right], atol=1e-12
    )
    again = frames.DataFrame({"a": columns["a"], "b": columns["b"]})
    assert_array_equal(ranker.predict_proba(again), ranker.predict_proba(votes))


def test_arrays_as_photos_need_no_name():
    rng = np.random.default_rng(0)
    photos = np.empty(8, dtype=object)
    photos[:] = [rng.integers(0, 256, (8, 9, 3), np.uint8) for _ in range(8)]
    left, right = (
        np.arange(8).repeat(7),
        np.concatenate([np.delete(np.arange(8), i) for i in range(8)]),
    )
    votes = pd.DataFrame({"left": photos[left], "right": photos[right]})
    won = (left < right).astype(float)
    ranker = PairwiseRanker(
        make_pipeline(ColorStatistics(), StandardScaler()), left="left", right="right"
    )
    assert ranker.fit(votes, won).score(votes, won) > 0.6


def test_searches_and_folds_of_votes():
    items, left, right, won = draw_votes(n_votes=1500)
    votes = pd.DataFrame({"left": left, "right": right, "voter": left % 7})
    look = FunctionTransformer(lambda numbers: items[numbers])
    ranker = PairwiseRanker(look, left="left", right="right")
    folds = VoteKFold(3, left="left", right="right", random_state=0)
    scores = cross_val_score(ranker, votes, won, cv=folds, error_score="raise")
    assert len(scores) == 3
    assert scores.min() > 0.7
    grid = {"C": [1e-6, 1.0]}
    search = GridSearchCV(ranker, grid, cv=folds, scoring="neg_log_loss")
    told = won != 0.5
    search.fit(votes[told], won[told])
    assert search.best_params_ == {"C": 1.0}
    scored = search.best_estimator_.item_scores(np.arange(60))
    assert spearman_score(items @ WEIGHTS, scored) > 0.95
    voted = bradley_terry(left, right, np.where(won == 1, left, right))
    assert spearman_score(voted.scores, scored) > 0.8


@pytest.mark.parametrize(
    ("settings", "y", "message"),
    [
        ({"right": [1, 2]}, [0, 1, 1], r"left=0 of 1 columns and right=.* of 2"),
        ({"right": "b"}, [0, 1, 1], "columns 'b' of the parameter right"),
        ({}, [0, 1, 2], "Only binary classification"),
        ({}, [1, 1, 1], "one class, 1, but votes for left and for right"),
        ({}, [0, 1], "inconsistent numbers"),
        ({}, [0, 1, np.nan], "NaN"),
    ],
)
def test_wrong_votes_are_one_error(settings, y, message):
    X = np.arange(9.0).reshape(3, 3)
    with pytest.raises(ValueError, match=message):
        PairwiseRanker(**settings).fit(X, y)


def test_unseen_labels_are_one_error(votes):
    X, y = votes
    ranker = PairwiseRanker(**SIDES).fit(X, y)
    with pytest.raises(ValueError, match=r"Got y with 2.*as in fit"):
        ranker.score(X[:2], [2, 1])
    with pytest.raises(ValueError, match=r"n_features = 1, but two columns"):
        PairwiseRanker().fit(X[:, :1], y)


@pytest.mark.parametrize("names", [("left", "right"), ("Left", "Right")])
def test_names_of_the_sides_are_refused_as_labels(names):
    X = np.random.default_rng(0).normal(size=(20, 4))
    y = np.where(X[:, 0] > X[:, 2], *names)
    ranker = PairwiseRanker(left=slice(0, 2), right=slice(2, 4))
    with pytest.raises(ValueError, match="Pass 1 where the left item was chosen"):
        ranker.fit(X, y)


def test_sides_that_are_the_same_are_refused():
    X = np.random.default_rng(0).normal(size=(20, 4))
    ranker = PairwiseRanker(left=slice(0, 2), right=[0, 1])
    with pytest.raises(ValueError, match="the same items in all rows"):
        ranker.fit(X, X[:, 0] > 0)
