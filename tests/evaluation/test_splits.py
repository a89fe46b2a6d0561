"""PerUserShuffleSplit: partition, both sides of every user, seeds, scikit-learn."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_popularity import PerUserShuffleSplit


@pytest.fixture(scope="module")
def users():
    """Users with 1 to 12 rows, in mixed order."""
    names = np.repeat([f"user{i}" for i in range(12)], np.arange(1, 13))
    return np.random.default_rng(0).permutation(names)


def _X(users):
    return np.zeros((len(users), 1))


@pytest.mark.parametrize("test_size", [0.01, 0.25, 0.5, 0.99])
def test_each_split_is_a_partition_in_proportion(users, test_size):
    splitter = PerUserShuffleSplit(5, test_size=test_size, random_state=0)
    splits = list(splitter.split(_X(users), groups=users))
    assert len(splits) == splitter.get_n_splits() == 5
    for train, test in splits:
        assert_array_equal(np.sort(np.r_[train, test]), np.arange(len(users)))
        assert_array_equal(train, np.sort(train))
        assert_array_equal(test, np.sort(test))
        for name, count in zip(*np.unique(users, return_counts=True), strict=True):
            n_test = (users[test] == name).sum()
            if count == 1:
                assert n_test == 0
                continue
            assert 1 <= n_test <= count - 1
            if 1 <= test_size * count <= count - 1:
                assert abs(n_test - test_size * count) <= 0.5


def test_odd_row_is_for_training():
    users = np.repeat(["ann", "ben"], [3, 5])
    train, test = next(PerUserShuffleSplit(1).split(_X(users), groups=users))
    assert ((users[train] == "ann").sum(), (users[test] == "ann").sum()) == (2, 1)
    assert ((users[train] == "ben").sum(), (users[test] == "ben").sum()) == (3, 2)


def test_rows_are_drawn_evenly():
    users = np.arange(40) % 4
    splitter = PerUserShuffleSplit(1000, random_state=0)
    drawn = [test for _, test in splitter.split(_X(users), groups=users)]
    counts = np.bincount(np.concatenate(drawn), minlength=40)
    assert_allclose(counts, 500, atol=80)


def test_splits_follow_the_seed(users):
    def tests(seed):
        splitter = PerUserShuffleSplit(3, random_state=seed)
        return [test.tolist() for _, test in splitter.split(_X(users), groups=users)]

    assert tests(0) == tests(0)
    assert tests(0) != tests(1)
    assert tests(0)[0] != tests(0)[1]
    rng = np.random.RandomState(0)
    assert tests(rng) != tests(rng)


@pytest.mark.parametrize("user", ["user", 1, lambda X: X["user"]])
def test_column_of_X_equals_groups(users, user):
    X = pd.DataFrame({"red": 0.0, "user": users})
    by_column = PerUserShuffleSplit(3, random_state=0, user=user).split(X)
    by_groups = PerUserShuffleSplit(3, random_state=0).split(X, groups=users)
    for column, groups in zip(by_column, by_groups, strict=True):
        assert_array_equal(column[1], groups[1])


def test_groups_go_before_the_column():
    X = pd.DataFrame({"user": ["ann"] * 4})
    splitter = PerUserShuffleSplit(5, user="user", random_state=0)
    for _, test in splitter.split(X, groups=[0, 0, 1, 1]):
        assert (test < 2).sum() == 1


@pytest.mark.parametrize("routing", [False, True])
def test_splitter_serves_as_cv(users, routing):
    X = np.random.default_rng(0).normal(size=(len(users), 2))
    splitter = PerUserShuffleSplit(4, random_state=0)
    with sklearn.config_context(enable_metadata_routing=routing):
        named = {"params": {"groups": users}} if routing else {"groups": users}
        scores = cross_val_score(LinearRegression(), X, X[:, 0], cv=splitter, **named)
        grid = GridSearchCV(Ridge(), {"alpha": [1e-3, 1e3]}, cv=splitter)
        grid.fit(X, X[:, 0], groups=users)
    assert_allclose(scores, np.ones(4))
    assert grid.n_splits_ == 4


def test_column_serves_as_cv_without_groups(users):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=len(users)), np.arange(len(users)) % 5])
    splitter = PerUserShuffleSplit(2, user=1, random_state=0)
    assert_allclose(cross_val_score(LinearRegression(), X, X[:, 0], cv=splitter), 1)


def test_repr_shows_parameters():
    text = repr(PerUserShuffleSplit(3, user="user"))
    assert text == (
        "PerUserShuffleSplit(n_splits=3, random_state=None, test_size=0.5, user='user')"
    )


@pytest.mark.parametrize(
    ("parameters", "groups", "message"),
    [
        ({}, None, r"groups=None and user=None.*Pass groups=users"),
        ({}, [0, 1, 2, 3], "Each of the 4 users has one row.*KFold"),
        ({}, [0, 0, None, 1], "None in row 2 of groups"),
        ({}, [0, 0, 1], "inconsistent numbers of samples"),
        ({"user": "user"}, None, "'user' of the parameter user"),
        ({"test_size": 1.0}, [0, 0, 1, 1], r"test_size=1\.0"),
        ({"test_size": 2}, [0, 0, 1, 1], "test_size=2"),
        ({"test_size": "half"}, [0, 0, 1, 1], "test_size='half'"),
        ({"n_splits": 0}, [0, 0, 1, 1], "n_splits=0"),
        ({"n_splits": 1.5}, [0, 0, 1, 1], r"n_splits=1\.5"),
    ],
)
def test_bad_input_is_rejected(parameters, groups, message):
    splitter = PerUserShuffleSplit(**parameters)
    with pytest.raises(ValueError, match=message):
        next(splitter.split(np.zeros((4, 1)), groups=groups))
