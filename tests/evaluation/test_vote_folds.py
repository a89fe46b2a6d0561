"""VoteKFold: no item and no voter of a tested vote is learned from."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_popularity.evaluation import VoteKFold


@pytest.fixture(scope="module")
def votes():
    rng = np.random.default_rng(0)
    left = rng.integers(0, 30, 900)
    right = (left + rng.integers(1, 30, 900)) % 30
    names = np.array([f"page {i}" for i in range(30)])
    voter = rng.integers(0, 20, 900)
    return pd.DataFrame({"left": names[left], "right": names[right], "voter": voter})


def columns(**settings):
    settings = {"left": "left", "right": "right", "random_state": 0} | settings
    return VoteKFold(3, **settings)


@pytest.mark.parametrize("voter", [None, "voter"])
def test_what_is_tested_is_new(votes, voter):
    splitter = columns(voter=voter)
    folds = list(splitter.split(votes))
    assert len(folds) == splitter.get_n_splits(votes) == (9 if voter else 3)
    for train, test in folds:
        for kind in (["left", "right"], *([["voter"]] if voter else [])):
            seen, new = (set(votes[kind].iloc[rows].stack()) for rows in (train, test))
            assert seen and new and not seen & new


@pytest.mark.parametrize("voter", [None, "voter"])
def test_each_vote_within_a_fold_is_tested_once(votes, voter):
    tested = np.concatenate([test for _, test in columns(voter=voter).split(votes)])
    assert len(tested) == len(np.unique(tested))
    assert 0.25 < len(tested) / len(votes) < 0.4


def test_folds_hold_equally_many_items(votes):
    for _, test in columns().split(votes):
        assert len(np.unique(votes[["left", "right"]].iloc[test])) == 10


def test_order_of_rows_and_the_way_voters_are_told_say_nothing(votes):
    order = np.random.default_rng(1).permutation(len(votes))
    shuffled = votes.iloc[order].set_index(order // 2)
    expected = list(columns(voter="voter").split(votes))
    for given in (
        columns(voter="voter").split(shuffled),
        columns().split(shuffled, groups=shuffled["voter"]),
        columns(voter=lambda X: X["voter"]).split(shuffled),
    ):
        for (train, test), (train_too, test_too) in zip(given, expected, strict=True):
            assert_array_equal(np.sort(order[train]), train_too)
            assert_array_equal(np.sort(order[test]), test_too)


def test_another_seed_is_another_partition(votes):
    tested = [
        np.concatenate([test for _, test in columns(random_state=seed).split(votes)])
        for seed in (0, 0, 1)
    ]
    assert_array_equal(tested[0], tested[1])
    assert not np.array_equal(tested[0], tested[2])


@pytest.mark.parametrize(
    ("settings", "rows", "message"),
    [
        ({"n_splits": 1}, 3, "n_splits=1, but an int of 2"),
        ({"n_splits": 3}, 2, "of 4 items, too few for n_splits=3"),
        ({"n_splits": 2, "voter": 2}, 4, "of 1 voters, too few"),
        ({"n_splits": 2, "left": 5}, 4, "columns 5 of the parameter left"),
        ({"n_splits": 2}, 2, r"leaves no votes to (train|test) on"),
    ],
)
def test_wrong_votes_are_one_error(settings, rows, message):
    votes = np.array([["a", "b"], ["c", "d"], ["a", "d"], ["b", "c"]])[:rows]
    votes = np.column_stack([votes, ["v"] * len(votes)])
    if message.startswith("leaves"):
        votes = np.array([["a", "b"], ["a", "c"], ["a", "d"]])
    with pytest.raises(ValueError, match=message):
        for seed in range(20):
            list(VoteKFold(**settings, random_state=seed).split(votes))


def test_missing_voter_is_one_error(votes):
    broken = votes.assign(voter=votes["voter"].astype(object).where(votes.index > 0))
    with pytest.raises(ValueError, match=r"row 0 of voter \(1 missing"):
        list(columns(voter="voter").split(broken))
