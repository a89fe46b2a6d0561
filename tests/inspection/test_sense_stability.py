"""Senses that come back: matching, chance, and planted senses."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import cohen_kappa_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import LatentRankSVM
from sklearn_popularity.inspection import sense_stability
from sklearn_popularity.inspection._sense_stability import (
    match_senses,
    stability_of_winners,
)


@pytest.fixture(scope="module")
def planted():
    """Rows with two popular and two unpopular senses, and rankers of other seeds."""
    X = np.random.default_rng(0).normal(size=(400, 4))
    y = X[:, :2].max(axis=1) - X[:, 2:].max(axis=1)
    return X, y, [LatentRankSVM(random_state=i).fit(X, y) for i in range(3)]


def test_agreement_is_cohens_kappa_of_matched_senses():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 3, 200)
    second = np.where(rng.random(200) < 0.2, rng.integers(0, 3, 200), first)
    renamed = np.array([2, 0, 1])[second]
    found = match_senses(first, renamed, 3)
    expected = [cohen_kappa_score(first == i, second == i) for i in range(3)]
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(match_senses(first, first, 3), 1)


def test_order_of_senses_and_of_rows_changes_nothing(planted):
    X, _, rankers = planted
    winners = [each.predict_sense(X) for each in rankers]
    swapped = [winners[0], *(1 - each for each in winners[1:])]
    one, two = (stability_of_winners(each, (2, 2), 5, 0) for each in (winners, swapped))
    np.testing.assert_allclose(one["agreement"], two["agreement"])
    order = np.random.default_rng(1).permutation(len(X))
    moved = stability_of_winners([each[order] for each in winners], (2, 2), 5, 0)
    np.testing.assert_allclose(one["agreement"], moved["agreement"])


def test_planted_senses_come_back(planted):
    X, _, rankers = planted
    table = sense_stability(rankers, X)
    assert table["stable"].all()
    assert (table["agreement"] > table["chance"] + 0.3).all()
    assert (table["lowest"] <= table["agreement"]).all()
    shares = table.groupby("side")["share"].sum()
    np.testing.assert_allclose(shares, 1)


def test_independent_senses_agree_by_chance():
    """Of unrelated senses the agreement is that of the shuffles, and none is stable."""
    rng = np.random.default_rng(0)
    winners = [rng.integers(0, 5, (300, 2)) for _ in range(6)]
    table = stability_of_winners(winners, (5, 5), 20, 0)
    assert not table["stable"].any()
    np.testing.assert_allclose(table["agreement"], table["chance"], atol=0.06)


def test_one_sense_has_no_agreement(planted):
    X, y, _ = planted
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)
    ranker.fit(X[:100], y[:100])
    table = sense_stability([ranker, ranker], X)
    assert len(table) == 1 and np.isnan(table["agreement"][0])
    assert not table["stable"][0] and table["share"][0] == 1


def test_pipelines_are_taken(planted):
    X, y, _ = planted
    model = make_pipeline(StandardScaler(), LatentRankSVM(random_state=0))
    model.fit(X[:100], y[:100])
    assert len(sense_stability([model, model], X, n_shuffles=2)) == 4


def test_wrong_rankers_are_refused(planted):
    X, y, rankers = planted
    with pytest.raises(ValueError, match="but a list of two or more fitted rankers"):
        sense_stability(rankers[:1], X)
    with pytest.raises(TypeError, match="Got a ranker of type Ridge"):
        sense_stability([rankers[0], Ridge().fit(X, y)], X)
    other = LatentRankSVM(n_senses=3, random_state=0).fit(X[:100], y[:100])
    with pytest.raises(ValueError, match="but equal numbers were expected"):
        sense_stability([rankers[0], other], X)
