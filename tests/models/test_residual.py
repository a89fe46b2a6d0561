"""ResidualRegressor: what the photo does beyond what its context explains."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    LatentRankSVM,
    ResidualRegressor,
    UserHistoryEncoder,
    spearman_score,
)


def of(columns, *steps):
    return make_pipeline(make_column_transformer(("passthrough", columns)), *steps)


def draw_posts(seed, n_users=80, n_each=6):
    """Posts whose looks go with how popular the user is, and what the photo does."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=n_users).repeat(n_each)
    photo = rng.normal(size=(len(level), 3))
    photo[:, 0] += level
    own = photo @ [-0.5, 1.0, 0.3]
    posts = pd.DataFrame(photo, columns=list("abc"))
    posts["user"] = [f"u{i}" for i in np.arange(n_users).repeat(n_each)]
    posts["followers"] = level
    return posts, 2 * level + own + 0.5 * rng.normal(size=len(level)), own


def history():
    return of(["user"], UserHistoryEncoder(user=0, random_state=0), RidgeCV())


PHOTO = of(["a", "b", "c"], RidgeCV())
FOLLOWERS = of(["followers"], LinearRegression())


def test_target_is_what_the_context_leaves():
    posts, y, _ = draw_posts(0)
    folds = KFold(4)
    model = ResidualRegressor(PHOTO, context=FOLLOWERS, cv=folds).fit(posts, y)
    explained = cross_val_predict(FOLLOWERS, posts, y, cv=folds)
    for train, test in folds.split(posts):
        fitted = clone(FOLLOWERS).fit(posts.iloc[train], y[train])
        explained[test] -= fitted.predict(posts.iloc[train]).mean()
    expected = clone(PHOTO).fit(posts, y - explained)
    assert_allclose(model.predict(posts), expected.predict(posts))
    assert_allclose(model.context_score_, spearman_score(y, explained))


@pytest.mark.parametrize("context", [FOLLOWERS, history()], ids=["numbers", "users"])
def test_the_effect_of_the_photo_is_found(context):
    """Of new users, whose looks no longer stand for how popular they are."""
    gains = []
    for seed in range(4):
        posts, y, _ = draw_posts(seed)
        new, _, own = draw_posts(100 + seed)
        left = ResidualRegressor(PHOTO, context=context).fit(posts, y)
        plain = clone(PHOTO).fit(posts, y)
        found = [spearman_score(own, each.predict(new)) for each in (left, plain)]
        gains.append(found[0] - found[1])
    error = np.std(gains, ddof=1) / np.sqrt(len(gains))
    assert np.mean(gains) - 3 * error > 0.1


def test_context_that_says_nothing_changes_nothing():
    posts, y, _ = draw_posts(0)
    model = ResidualRegressor(PHOTO, context=DummyRegressor()).fit(posts, y)
    assert model.context_score_ == 0
    assert_allclose(model.predict(posts), clone(PHOTO).fit(posts, y).predict(posts))


def test_groups_stay_together_in_the_folds():
    posts, y, _ = draw_posts(0)
    model = ResidualRegressor(PHOTO, context=history())
    known = clone(model).fit(posts, y).context_score_
    new = clone(model).fit(posts, y, groups=posts["user"])
    column = clone(model).set_params(groups="user").fit(posts, y)
    assert known > 0.5
    assert abs(new.context_score_) < 0.2  # nothing is known of new users
    assert_array_equal(new.predict(posts), column.predict(posts))


def test_searches_reach_both_models_and_rankers_may_learn_residuals():
    posts, y, _ = draw_posts(0)
    ranker = LatentRankSVM(random_state=0, max_epochs=1)
    model = ResidualRegressor(of(["a", "b", "c"], ranker), context=FOLLOWERS, cv=2)
    grid = {"context__linearregression__fit_intercept": [True, False]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(posts, y)
    assert -1 <= search.best_score_ <= 1


class NoWeights(DummyRegressor):
    def fit(self, X, y):
        return super().fit(X, y)


def test_context_that_takes_no_weights_is_one_error():
    posts, y, _ = draw_posts(0)
    with pytest.raises(ValueError, match=r"sample_weight, but the branch 'context'"):
        ResidualRegressor(PHOTO, context=NoWeights()).fit(
            posts, y, sample_weight=np.ones(len(y))
        )


def test_weights_are_repetitions():
    posts, y, _ = draw_posts(0, n_users=20)
    weight = np.random.default_rng(0).integers(1, 3, len(y))
    rows = np.repeat(np.arange(len(y)), weight)
    fold = np.arange(len(y)) % 3
    photo, followers = of(["a", "b", "c"], Ridge()), of(["followers"], Ridge())

    def fit(rows, weight):
        folds = [
            (np.flatnonzero(fold[rows] != k), np.flatnonzero(fold[rows] == k))
            for k in range(3)
        ]
        model = ResidualRegressor(photo, context=followers, cv=folds)
        weights = {} if weight is None else {"sample_weight": weight}
        return model.fit(posts.iloc[rows], y[rows], **weights).predict(posts)

    assert_allclose(fit(np.arange(len(y)), weight), fit(rows, None))
