"""A model per user: equals fitting each by hand, with a fallback for everybody else."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_popularity import (
    ColorStatistics,
    LatentRankSVM,
    PerUserRegressor,
    StackedLateFusion,
    make_popularity,
    spearman_score,
    spearman_scorer,
)
from sklearn_popularity.models._per_user import line_through, rows_of_labels

USERS = np.array(["anna"] * 30 + ["ben"] * 25 + ["carl"] * 5)
SLOPES = {"anna": 3.0, "ben": -3.0, "carl": 0.0}


@pytest.fixture
def posts():
    """Sixty photos in no order; what pleases anna's followers displeases ben's."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"red": rng.normal(size=60), "user": USERS})
    frame["size"] = rng.normal(size=60)
    slopes = frame["user"].map(SLOPES)
    frame["score"] = slopes * frame["red"] + 0.1 * rng.normal(size=60)
    return frame.sample(frac=1, random_state=0).reset_index(drop=True)


def _model(**parameters):
    return PerUserRegressor(Ridge(), **{"user": "user", **parameters})


def _by_hand(posts, min_samples=10, weight=None):
    """Predictions of one Ridge per user with enough rows, and of one on all rows."""
    X, y = posts[["red", "size"]], posts["score"]
    weight = np.ones(len(posts)) if weight is None else weight
    predicted = Ridge().fit(X, y, weight).predict(X)
    for user in posts["user"].unique():
        rows = (posts["user"] == user).to_numpy()
        if rows.sum() >= min_samples:
            own = Ridge().fit(X[rows], y[rows], weight[rows])
            predicted[rows] = own.predict(X[rows])
    return predicted


def _features(posts):
    return posts[["red", "user", "size"]]


# In the first column the checks put values that are no number, which users may be.
@pytest.mark.filterwarnings("ignore:No user has min_samples:UserWarning")
@parametrize_with_checks([PerUserRegressor(Ridge(), user=-1)])
def test_passes_sklearn_checks_with_users(estimator, check):
    check(estimator)


@pytest.mark.parametrize("min_samples", [1, 5, 6, 25, 26])
def test_prediction_equals_fits_by_hand(posts, min_samples):
    model = _model(min_samples=min_samples).fit(_features(posts), posts["score"])
    expected = _by_hand(posts, min_samples)
    assert_allclose(model.predict(_features(posts)), expected)
    counts = posts["user"].value_counts()
    assert set(model.estimators_) == set(counts[counts >= min_samples].index)


def test_unseen_user_gets_fallback(posts):
    X, y = _features(posts), posts["score"]
    model = _model().fit(X, y)
    everybody = Ridge().fit(X[["red", "size"]], y)
    strangers = X.assign(user=["dora", *["carl"] * 59])
    expected = everybody.predict(X[["red", "size"]])
    assert_allclose(model.predict(strangers), expected)
    assert_allclose(model.fallback_.predict(X[["red", "size"]]), expected)


def test_fallback_is_replaceable(posts):
    model = _model(fallback=DummyRegressor()).fit(_features(posts), posts["score"])
    strangers = _features(posts).assign(user="dora")
    assert_allclose(model.predict(strangers), posts["score"].mean())


def test_no_user_fits_fallback_alone(posts):
    X, y = posts[["red", "size"]], posts["score"]
    model = _model(user=None).fit(X, y)
    assert model.estimators_ == {}
    expected = Ridge().fit(X, y).predict(X)
    assert_allclose(model.predict(X), expected)
    with pytest.warns(UserWarning, match="min_samples=31 rows: the highest .* is 30"):
        model = _model(min_samples=31).fit(_features(posts), y)
    assert model.estimators_ == {}
    assert_allclose(model.predict(_features(posts)), expected)
    with pytest.warns(UserWarning, match="the highest number is 0"):
        _model().fit(_features(posts).assign(user=None), y)


class _Columns(RegressorMixin, BaseEstimator):
    """Remembers the columns that it is fitted on and predicts on."""

    def fit(self, X, y):
        self.fitted_on_ = list(X.columns)
        return self

    def predict(self, X):
        assert list(X.columns) == self.fitted_on_
        return np.zeros(len(X))


@pytest.mark.parametrize(
    ("user", "columns"),
    [
        ("user", ["red", "size"]),
        (1, ["red", "size"]),
        (-2, ["red", "size"]),
        (lambda X: X["user"], ["red", "user", "size"]),
        (None, ["red", "user", "size"]),
    ],
    ids=["name", "position", "position from the end", "callable", "none"],
)
@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_user_column_is_dropped(posts, user, columns, package):
    X = _as(package, _features(posts))
    model = PerUserRegressor(_Columns(), user=user).fit(X, posts["score"])
    model.predict(X)
    assert model.fallback_.fitted_on_ == columns
    for estimator in model.estimators_.values():
        assert estimator.fitted_on_ == columns
    assert len(model.estimators_) == (0 if user is None else 2)
    assert list(model.feature_names_in_) == ["red", "user", "size"]
    assert model.n_features_in_ == 3


def _as(package, frame):
    if package == "pandas":
        return frame
    frames = pytest.importorskip(package, reason=f"This frame needs {package}.")
    return frames.DataFrame(frame.to_dict("list"))


@pytest.mark.parametrize("form", ["polars", "objects", "numbers", "lists", "category"])
def test_forms_of_x_agree(posts, form):
    X, user = _features(posts), 1
    if form == "polars":
        X, user = _as("polars", X), "user"
    elif form == "objects":
        X = X.to_numpy()
    elif form == "category":
        X = X.astype({"user": "category"})
    else:
        X = X.assign(user=pd.factorize(X["user"])[0]).to_numpy(dtype=float)
        X = X.tolist() if form == "lists" else X
    model = _model(user=user).fit(X, posts["score"])
    assert len(model.estimators_) == 2
    assert_allclose(model.predict(X), _by_hand(posts))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_rows_without_user_get_fallback(posts, missing):
    X, y = _features(posts).astype({"user": object}), posts["score"]
    unknown = (posts["user"] == "ben").to_numpy()
    X.loc[unknown, "user"] = missing
    model = _model().fit(X, y)
    assert set(model.estimators_) == {"anna"}
    everybody = Ridge().fit(X[["red", "size"]], y)
    expected = everybody.predict(X.loc[unknown, ["red", "size"]])
    assert_allclose(model.predict(X)[unknown], expected)


def test_rows_of_labels_skip_missing():
    rows = rows_of_labels(np.array(["b", None, "a", "b", np.nan], dtype=object))
    assert list(rows) == ["b", "a"]
    assert_array_equal(rows["b"], [0, 3])
    assert_array_equal(rows["a"], [2])
    assert list(rows_of_labels(np.array([2.0, np.nan, 1.0]))) == [2.0, 1.0]
    assert rows_of_labels(np.array([np.nan])) == {}


def test_rows_are_predicted_one_by_one(posts):
    X = _features(posts)
    model = _model().fit(X, posts["score"])
    each = [model.predict(X.iloc[i : i + 1])[0] for i in range(len(X))]
    assert_allclose(model.predict(X), each)


def test_weights_reach_all_models(posts):
    weight = np.random.default_rng(1).integers(1, 4, size=60)
    model = _model().fit(_features(posts), posts["score"], sample_weight=weight)
    assert_allclose(model.predict(_features(posts)), _by_hand(posts, weight=weight))


def test_weights_equal_repetitions(posts):
    X, y = _features(posts), posts["score"]
    weight = np.random.default_rng(1).integers(0, 4, size=60)
    rows = np.arange(60).repeat(weight)
    weighted = _model(min_samples=1).fit(X, y, sample_weight=weight)
    repeated = _model(min_samples=1).fit(X.iloc[rows], y.iloc[rows])
    assert_allclose(weighted.predict(X), repeated.predict(X))


def test_rows_of_no_weight_are_not_counted(posts):
    weight = np.ones(60)
    weight[np.flatnonzero(posts["user"] == "ben")[9:]] = 0
    model = _model().fit(_features(posts), posts["score"], sample_weight=weight)
    assert set(model.estimators_) == {"anna"}


def test_stands_after_shared_features():
    photos, _ = make_popularity(60, image_size=(32, 40), random_state=0)
    features = make_column_transformer(
        (ColorStatistics(), "photo"),
        ("passthrough", ["user"]),
        verbose_feature_names_out=False,
    )
    model = make_pipeline(
        features,
        PerUserRegressor(
            make_pipeline(StandardScaler(), Ridge()), user="user", min_samples=2
        ),
    ).set_output(transform="pandas")
    search = GridSearchCV(
        model,
        {"peruserregressor__estimator__ridge__alpha": [1.0, 100.0]},
        scoring=spearman_scorer,
        cv=2,
        error_score="raise",
    ).fit(photos, photos["score"])
    per_user = search.best_estimator_[-1]
    assert list(per_user.feature_names_in_)[-1] == "user"
    assert per_user.fallback_.n_features_in_ == per_user.n_features_in_ - 1


def _levels(n_users, n_rows):
    """Photos of users who differ in level and in spread, and less in what pleases."""
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(n_users), n_rows)
    X = pd.DataFrame(rng.normal(size=(len(user), 3)), columns=list("abc"))
    spread = np.exp(rng.normal(size=n_users))[user]
    y = 5 * rng.normal(size=n_users)[user] + spread * X["a"]
    return X.assign(user=user), y.to_numpy() + 0.1 * rng.normal(size=len(user))


def test_rankers_of_users_share_the_unit_of_the_scores():
    X, y = _levels(10, 40)
    ranker = LatentRankSVM(
        n_senses=1, n_unpopular_senses=0, max_epochs=30, random_state=0
    )
    fitted = PerUserRegressor(ranker, user="user").fit(X[::2], y[::2])
    predicted, users = fitted.predict(X[1::2]), X["user"][1::2]
    assert spearman_score(y[1::2], predicted) > 0.97
    for user in users.unique():
        rows = (users == user).to_numpy()
        own = fitted.estimators_[user].predict(X[1::2][rows].drop(columns="user"))
        order = spearman_score(own, predicted[rows])
        assert order == pytest.approx(1)  # within a user nothing changes
        level = y[::2][X["user"][::2] == user]
        assert abs(predicted[rows].mean() - level.mean()) < level.std()


def test_line_through_equals_least_squares():
    rng = np.random.default_rng(0)
    scores, weight = rng.normal(size=50), rng.integers(0, 4, 50)
    y = 3 * scores + rng.normal(size=50) - 7
    expected = LinearRegression().fit(scores[:, None], y, sample_weight=weight)
    slope, intercept = line_through(scores, y, weight)
    assert_allclose([slope, intercept], [expected.coef_[0], expected.intercept_])
    assert line_through(-scores, y)[0] == 0  # what ranks badly says nothing
    assert_allclose(line_through(np.ones(50), y), [0, y.mean()])


def test_users_pay_in_cross_validation(posts):
    X, y = _features(posts), posts["score"]
    settings = {"cv": 5, "scoring": spearman_scorer}
    own = cross_val_score(_model(), X, y, **settings).mean()
    X = X.drop(columns="user")
    shared = cross_val_score(_model(user=None), X, y, **settings).mean()
    assert own > 0.8 > 0.6 > shared


def test_is_a_branch_of_a_late_fusion(posts):
    X, y = _features(posts), posts["score"]
    fusion = StackedLateFusion([("own", _model(), slice(None))], cv=3)
    assert fusion.fit(X, y).score(X, y) > 0.8


def test_missing_values_reach_the_estimator(posts):
    X = _features(posts)
    X.loc[::7, "size"] = np.nan
    trees = PerUserRegressor(HistGradientBoostingRegressor(max_iter=3), user="user")
    assert get_tags(trees).input_tags.allow_nan
    assert not get_tags(clone(trees).set_params(fallback=Ridge())).input_tags.allow_nan
    assert np.isfinite(trees.fit(X, posts["score"]).predict(X)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"user": "owner"}, "columns 'owner' of the parameter user"),
        ({"user": 99}, "columns 99 of the parameter user"),
        ({"user": lambda X: [1, 2]}, "inconsistent numbers of samples"),
        ({"user": lambda X: X[["red", "size"]]}, "1d array"),
        ({"min_samples": 0}, "'min_samples' parameter"),
        ({"estimator": StandardScaler()}, "'estimator' parameter"),
    ],
)
def test_fit_rejects_bad_parameters(posts, change, message):
    with pytest.raises(ValueError, match=message):
        _model().set_params(**change).fit(_features(posts), posts["score"])


def test_fit_rejects_users_alone(posts):
    with pytest.raises(ValueError, match="n_features = 1, only the column user='user'"):
        _model().fit(posts[["user"]], posts["score"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": KNeighborsRegressor()}, "the fallback is KNeighborsRegressor"),
        (
            {"estimator": KNeighborsRegressor(), "fallback": LinearRegression()},
            "estimator of the user '(anna|ben)' is KNeighborsRegressor",
        ),
    ],
)
def test_fit_rejects_weights_that_nobody_takes(posts, change, message):
    model = _model().set_params(**change)
    with pytest.raises(ValueError, match=message):
        model.fit(_features(posts), posts["score"], sample_weight=np.ones(60))
