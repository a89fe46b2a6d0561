"""Per-user Spearman: against scipy, users skipped, and the scorer in searches."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose
from scipy.stats import spearmanr
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    per_user_spearman_score,
    per_user_spearman_scorer,
    spearman_scorer,
)


@pytest.fixture
def posts():
    """A score of user and content; the content is in the column `red`."""
    rng = np.random.default_rng(0)
    user = np.array(["ann", "ben", "eve", "joe"])[np.arange(80) % 4]
    posts = pd.DataFrame({"red": rng.normal(size=80), "user": user})
    effect = 9 * (posts["user"] == "ann")
    return posts.assign(score=posts["red"] + effect + 0.3 * rng.normal(size=80))


def _model(regressor=None):
    columns = make_column_transformer(("passthrough", ["red"]))
    return make_pipeline(columns, regressor or LinearRegression())


@pytest.mark.parametrize("n_levels", [3, 1000])
@pytest.mark.parametrize("dtype", [int, str, object])
def test_score_equals_scipy_by_user(n_levels, dtype):
    rng = np.random.default_rng(n_levels)
    users = (rng.integers(0, 9, 200) ** 2 // 9).astype(dtype)  # of uneven sizes
    y_true = rng.integers(0, n_levels, 200)
    y_pred = rng.integers(0, n_levels, 200) + 0.3 * y_true
    expected = [
        spearmanr(y_true[users == user], y_pred[users == user]).statistic
        for user in np.unique(users)
    ]
    score = per_user_spearman_score(y_true, y_pred, users=users)
    assert_allclose(score, np.mean(expected), atol=1e-12)


def test_constant_users_are_skipped_and_counted():
    y_true, y_pred = [1, 2, 3, 3, 7], [1, 2, 5, 6, 7]
    users = ["ann", "ann", "ben", "ben", "eve"]
    with pytest.warns(UserWarning, match="2 of 3 users are skipped") as record:
        assert per_user_spearman_score(y_true, y_pred, users=users) == 1.0
    assert len(record) == 1
    assert record[0].filename == __file__


def test_constant_predictions_count_as_zero():
    users = ["ann", "ann", "ben", "ben"]
    score = per_user_spearman_score([1, 2, 1, 2], [5, 5, 1, 2], users=users)
    assert score == 0.5


@pytest.mark.parametrize(
    ("y_true", "y_pred", "users", "message"),
    [
        ([1, 1, 2], [1, 2, 3], "aab", r"each of the 2 user\(s\) are constant"),
        ([1], [1], "a", r"each of the 1 user\(s\).*PerUserShuffleSplit"),
        ([1, np.nan], [1, 2], "aa", "y_true contains NaN"),
        ([1, 2], [1, np.inf], "aa", "y_pred contains infinity"),
        ([1, 2], [1, 2], "aab", "inconsistent numbers of samples"),
        ([1, 2, 3], [1, 2], "aab", "inconsistent numbers of samples"),
        ([1, 2], [1, 2], ["a", None], "None in row 1 of users.*Drop these rows"),
        ([1, 2], [1, 2], [np.nan, 1.0], "nan in row 0 of users"),
        ([1, 2], [1, 2], [["a", "b"], ["a", "b"]], "1d array"),
    ],
)
def test_score_rejects_bad_input(y_true, y_pred, users, message):
    with pytest.raises(ValueError, match=message):
        per_user_spearman_score(y_true, y_pred, users=list(users))


@pytest.mark.parametrize("user", ["user", 1, lambda X: X["user"]])
def test_scorer_equals_score_by_hand(posts, user):
    cv = KFold(3, shuffle=True, random_state=0)
    X, y = posts[["red", "user"]], posts["score"]
    scorer = per_user_spearman_scorer(user=user)
    scores = cross_val_score(_model(), X, y, scoring=scorer, cv=cv)
    for (train, test), score in zip(cv.split(X), scores, strict=True):
        pred = _model().fit(X.iloc[train], y[train]).predict(X.iloc[test])
        users = X["user"].iloc[test]
        assert score == per_user_spearman_score(y[test], pred, users=users)


def test_scorer_takes_arrays():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=40), np.arange(40) % 4])
    scorer = per_user_spearman_scorer(user=1)
    scores = cross_val_score(LinearRegression(), X, X[:, 0], scoring=scorer, cv=2)
    assert_allclose(scores, 1)


@pytest.mark.parametrize("routing", [False, True])
def test_scorer_tunes_with_and_without_routing(posts, routing):
    scoring = {"user": per_user_spearman_scorer(user="user"), "all": spearman_scorer}
    with sklearn.config_context(enable_metadata_routing=routing):
        grid = GridSearchCV(
            _model(Ridge()),
            {"ridge__alpha": [1e-3, 1e3]},
            scoring=scoring,
            refit="user",
            cv=GroupKFold(2),
            n_jobs=2,
        )
        grid.fit(posts[["red", "user"]], posts["score"], groups=posts["user"])
    assert grid.best_score_ > 0.8
    scores = cross_validate(
        _model(), posts, posts["score"], scoring=scoring, cv=2, n_jobs=2
    )
    assert scores["test_user"].mean() > scores["test_all"].mean()


def test_scorer_survives_pickle(posts):
    scorer = per_user_spearman_scorer(user="user")
    model = _model().fit(posts, posts["score"])
    again = pickle.loads(pickle.dumps(scorer))
    assert again(model, posts, posts["score"]) == scorer(model, posts, posts["score"])
    assert repr(scorer) == "per_user_spearman_scorer(user='user')"


def test_fold_without_users_to_score_is_nan(posts):
    posts["user"] = np.arange(len(posts))
    scorer = per_user_spearman_scorer(user="user")
    with pytest.warns(UserWarning, match=r"Scoring failed(.|\n)*are constant"):
        scores = cross_val_score(_model(), posts, posts["score"], scoring=scorer, cv=2)
    assert np.isnan(scores).all()


def test_scorer_names_the_missing_column(posts):
    scorer = per_user_spearman_scorer(user="uploader")
    model = _model().fit(posts, posts["score"])
    with pytest.raises(ValueError, match=r"'uploader' of the parameter user"):
        scorer(model, posts, posts["score"])


def test_scorer_refuses_no_user():
    with pytest.raises(ValueError, match="'user' parameter"):
        per_user_spearman_scorer(user=None)


def test_scorer_must_be_made(posts):
    with pytest.warns(UserWarning, match=r'failed(.|\n)*Pass .*scorer\(user="user"\)'):
        cross_val_score(
            _model(), posts, posts["score"], scoring=per_user_spearman_scorer, cv=2
        )
