"""Rows held out: whole groups, or one of each range of the target."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import LatentRankSVM
from sklearn_popularity.models._hold_out import hold_out


def _draw(target, fraction=0.25, groups=None, seed=0, **kwargs):
    random_state = np.random.RandomState(seed)
    return hold_out(np.asarray(target), fraction, groups, random_state, **kwargs)


@pytest.mark.parametrize("n_samples", [4, 7, 40, 101])
@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.33, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("at_least", [1, 2])
def test_rows_are_parted(n_samples, fraction, at_least):
    y = np.random.default_rng(0).integers(0, 5, n_samples)
    train, held_out = _draw(y, fraction, at_least=at_least)
    assert_array_equal(np.sort(np.r_[train, held_out]), np.arange(n_samples))
    assert_array_equal(train, np.unique(train))
    assert_array_equal(held_out, np.unique(held_out))
    wanted = np.clip(round(fraction * n_samples), at_least, n_samples - at_least)
    assert len(held_out) == wanted


@pytest.mark.parametrize("seed", range(5))
def test_each_range_of_scores_gives_a_row(seed):
    y = np.random.default_rng(seed).permutation(100).astype(float)
    _, held_out = _draw(y, 0.1, seed=seed)
    assert_array_equal(np.sort(y[held_out]) // 10, np.arange(10))


@pytest.mark.parametrize("seed", range(5))
def test_classes_keep_their_shares(seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(["a", "b", "c"], 20))
    labels[labels == "c"] = np.where(np.arange(20) < 4, "c", "a")
    _, held_out = _draw(labels, 0.25, seed=seed)
    for name in "abc":
        expected = 0.25 * (labels == name).sum()
        assert abs((labels[held_out] == name).sum() - expected) <= 1


def test_all_rows_are_drawn_alike():
    """Of 10 rows in 4 ranges some ranges are longer; equal scores are told apart."""
    for y in (np.arange(10), np.zeros(10), np.arange(10) % 2):
        counts = np.zeros(10)
        random_state = np.random.RandomState(0)
        for _ in range(2000):
            counts[hold_out(y, 0.4, None, random_state)[1]] += 1
        assert np.abs(counts / 2000 - 0.4).max() < 0.05


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_held_out_whole(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 9, 60)
    train, held_out = _draw(rng.normal(size=60), 0.3, groups, seed)
    assert not np.intersect1d(groups[train], groups[held_out]).size
    assert len(np.unique(groups[held_out])) == round(0.3 * len(np.unique(groups)))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (None, "n_samples = 3, too few"),
        (np.zeros(3, int), "n_groups = 1, too few"),
        (np.arange(3), "n_samples on one side of the split = 1, too few"),
    ],
)
def test_too_little_to_hold_out(groups, message):
    with pytest.raises(ValueError, match=f"{message}.*early_stopping=False"):
        _draw(np.arange(3), 0.3, groups, at_least=2)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    return (
        X,
        X[:, 0] + rng.normal(size=80),
        np.array(["a", "b", "c", "d"])[rng.integers(0, 4, 80)],
    )


def _ranker(**parameters):
    return LatentRankSVM(
        early_stopping=True,
        max_epochs=5,
        random_state=0,
        n_senses=1,
        n_unpopular_senses=0,
        **parameters,
    )


def test_ranker_holds_whole_groups_out(data):
    X, y, groups = data
    held_out = _ranker().fit(X, y, groups=groups).validation_rows_
    assert_array_equal(held_out, np.flatnonzero(np.isin(groups, groups[held_out])))
    assert 0 < len(held_out) < 80
    weight = (groups != "a").astype(float)
    used = _ranker().fit(X, y, weight, groups=groups).validation_rows_
    assert "a" not in groups[used]


def test_ranker_holds_rows_of_all_scores_out(data):
    X, y, _ = data
    held_out = _ranker(validation_fraction=0.25).fit(X, y).validation_rows_
    ranks = np.argsort(np.argsort(y))
    assert_array_equal(np.sort(ranks[held_out]) // 4, np.arange(20))
    assert len(LatentRankSVM(max_epochs=1).fit(X, y).validation_rows_) == 0


def test_routed_groups_reach_the_ranker(data):
    X, y, groups = data
    expected = _ranker().fit(StandardScaler().fit_transform(X), y, groups=groups)
    piped = make_pipeline(StandardScaler(), _ranker())
    with config_context(enable_metadata_routing=True):
        routed = piped.fit(X, y, groups=groups)[-1]
    assert_array_equal(routed.validation_rows_, expected.validation_rows_)


def test_ranker_names_groups_that_are_wrong(data):
    X, y, groups = data
    for early_stopping in (False, True):
        ranker = _ranker().set_params(early_stopping=early_stopping)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            ranker.fit(X, y, groups=groups[:-1])
        with pytest.raises(ValueError, match="in row 3 of groups"):
            ranker.fit(X, y, groups=pd.Series(groups).mask(np.arange(80) == 3))
    with pytest.raises(ValueError, match="n_groups = 1, too few"):
        _ranker().fit(X, y, groups=np.zeros(80))
