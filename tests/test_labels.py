"""Labels that an estimator keeps: one clear error where their type changes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklearn_popularity import PerUserRegressor, UserHistoryEncoder
from sklearn_popularity._labels import check_same_kind

USERS = np.arange(40) % 4
KEEPERS = {
    "per user": PerUserRegressor(Ridge(), user="user", min_samples=3),
    "history": UserHistoryEncoder(user="user"),
    "past": UserHistoryEncoder(user="user", mode="past", time="red"),
}
ALIKE = [
    (USERS, USERS.astype(float)),
    (USERS, USERS.astype("int8")),
    (USERS, np.array([None, 2, 3, np.nan] * 10, dtype=object)),
    (USERS.astype(str), USERS.astype(str).astype(object)),
    (USERS.astype(str), np.array([*"wxyz"] * 10)),
    (USERS.astype(str), pd.Series(USERS.astype(str)).astype("category")),
    (USERS.astype(str), np.array([1, "2"] * 20, dtype=object)),
    (USERS, np.full(40, np.nan)),
]
CHANGED = [
    (USERS, USERS.astype(str), "number in fit, such as 0, .* str now, such as '0'"),
    (USERS.astype(str), USERS, "str in fit, such as '0', .* number now, such as 0"),
    (USERS, [(0, 1)] * 40, r"number in fit, .* tuple now, such as \(0, 1\)"),
]


def use(keeper, before, now):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"red": rng.normal(size=40), "user": before})
    keeper.fit(X, rng.normal(size=40))
    X = X.assign(user=now)
    return keeper.predict(X) if hasattr(keeper, "predict") else keeper.transform(X)


@pytest.mark.parametrize("name", KEEPERS)
@pytest.mark.parametrize(("before", "now"), ALIKE, ids=range(len(ALIKE)))
def test_users_of_one_type_are_compared(name, before, now):
    assert np.isfinite(use(KEEPERS[name], before, now)).all()


@pytest.mark.parametrize("name", KEEPERS)
@pytest.mark.parametrize(("before", "now", "message"), CHANGED, ids=["s", "n", "t"])
def test_users_of_another_type_are_one_clear_error(name, before, now, message):
    with pytest.raises(ValueError, match=f"labels of user were of type {message}"):
        use(KEEPERS[name], before, now)


def test_long_labels_are_cut():
    with pytest.raises(ValueError, match="none is known") as caught:
        check_same_kind(["a" * 10_000], [1], "user")
    assert len(str(caught.value)) < 500
