"""Held-out predictions: those of scikit-learn, on a scale on which chance is 0."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import StackedLateFusion
from sklearn_popularity.evaluation import held_out_predictions
from sklearn_popularity.evaluation._shares import shares_below

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = X[:, 0] + RNG.normal(size=120)
GROUPS = np.arange(120) // 8
WEIGHT = RNG.integers(1, 4, 120).astype(float)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("frame", [np.asarray, pd.DataFrame], ids=["array", "frame"])
def test_raw_predictions_are_those_of_scikit_learn(frame, n_jobs):
    model = make_pipeline(StandardScaler(), Ridge())
    params = {"ridge__sample_weight": WEIGHT}
    found = held_out_predictions(
        model, frame(X), Y, groups=GROUPS, params=params, n_jobs=n_jobs
    )
    expected = cross_val_predict(
        model, frame(X), Y, cv=GroupKFold(5), groups=GROUPS, params=params
    )
    assert_array_equal(found.raw[:, 0], expected)


def test_weights_are_routed():
    with config_context(enable_metadata_routing=True):
        model = Ridge().set_fit_request(sample_weight=True)
        found = held_out_predictions(
            model, X, Y, cv=KFold(4), params={"sample_weight": WEIGHT}
        )
        expected = cross_val_predict(
            model, X, Y, cv=KFold(4), params={"sample_weight": WEIGHT}
        )
    assert_array_equal(found.raw[:, 0], expected)


@pytest.mark.parametrize("model", [Ridge(), SVR(), DummyRegressor()])
def test_order_within_folds_is_kept(model):
    held_out = held_out_predictions(model, X, Y, groups=GROUPS, n_repeats=2)
    for column, folds in enumerate(held_out.partitions):
        for _, test in folds:
            raw, shares = held_out.raw[test, column], held_out.shares[test, column]
            assert_array_equal(_ranks(shares), _ranks(raw))


def _ranks(values):
    return np.unique(values, return_inverse=True)[1]


def test_shares_are_shares():
    seen = RNG.normal(size=200)
    others = np.sort(RNG.normal(size=50))
    expected = (seen < others[:, None]).mean(axis=1)
    assert np.abs(shares_below(seen, others) - expected).max() <= 1 / 200
    assert_allclose(
        shares_below(np.array([1.0, 1, 2, 3]), np.array([1.0, 3])), [1 / 4, 7 / 8]
    )


def test_neighbours_beyond_what_was_seen_stay_apart():
    predicted = np.array([-1e300, -5.0, 0.3, np.nextafter(0.3, 1), 5, 1e17, 1e300])
    shares = shares_below(np.array([0.0, 1.0]), predicted)
    assert (np.diff(shares) > 0).all()


def test_constant_is_chance():
    for groups in (None, GROUPS):
        held_out = held_out_predictions(DummyRegressor(), X, Y, groups=groups)
        assert_array_equal(held_out.scores(Y), [0.0])


@pytest.mark.parametrize("model", [RidgeCV(), SVR()], ids=["ridge", "svr"])
def test_noise_is_chance(model):
    """Without a truth to find, in groups that differ; pooled raw scores are below."""
    scores, raw_scores = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(12), 10)
        features = rng.normal(size=(120, 10)) + rng.normal(size=(12, 10))[groups]
        y = rng.normal(size=120) * 0.7**0.5 + rng.normal(size=12)[groups] * 0.3**0.5
        held_out = held_out_predictions(model, features, y, groups=groups)
        scores.append(held_out.scores(y)[0])
        raw_scores.append(np.corrcoef(_ranks(held_out.raw[:, 0]), _ranks(y))[0, 1])
    assert abs(np.mean(scores)) < 0.05
    assert np.mean(raw_scores) < np.mean(scores) - 0.03


def test_groups_reach_the_inner_folds():
    class Groups(GroupKFold):
        seen: list = []  # noqa: RUF012

        def split(self, X, y=None, groups=None):
            self.seen.append(groups is not None)
            return super().split(X, y, groups)

    fusion = StackedLateFusion([("all", Ridge(), slice(0, 4))], cv=Groups(3))
    held_out_predictions(make_pipeline(fusion), X, Y, groups=GROUPS, cv=3)
    assert Groups.seen == [True] * 3


@pytest.mark.parametrize("routed", [False, True])
def test_groups_reach_the_folds_of_searches(routed):
    by_group = GridSearchCV(Ridge(), {"alpha": [0.1, 100]}, cv=GroupKFold(3))
    plain = GridSearchCV(Ridge(), {"alpha": [0.1, 100]}, cv=3)
    with config_context(enable_metadata_routing=routed):
        for search in (by_group, make_pipeline(plain)):
            held_out = held_out_predictions(search, X, Y, groups=GROUPS, cv=3)
            assert np.isfinite(held_out.raw).all()


def test_models_of_folds_are_kept_on_request():
    held_out = held_out_predictions(Ridge(), X, Y, n_repeats=2, return_estimator=True)
    for column, (folds, models) in enumerate(
        zip(held_out.partitions, held_out.estimators, strict=True)
    ):
        for (_, test), model in zip(folds, models, strict=True):
            assert_array_equal(held_out.raw[test, column], model.predict(X[test]))
    assert held_out_predictions(Ridge(), X, Y).estimators is None


def test_rows_may_be_left_untested():
    folds = [(np.arange(80), np.arange(80, 120))]
    held_out = held_out_predictions(Ridge(), X, Y, cv=folds)
    assert_array_equal(np.isnan(held_out.shares[:, 0]), np.arange(120) < 80)
    assert_array_equal(held_out.scores(Y), held_out.scores_within(Y))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cv": ShuffleSplit(3, random_state=0)}, "tests a row more than once"),
        ({"cv": KFold(3), "n_repeats": 2}, "only an int cv can be repeated"),
        ({"groups": GROUPS // 5, "cv": 5}, "too few for 5 folds"),
        ({"groups": GROUPS[:-1]}, "inconsistent numbers of samples"),
    ],
)
def test_wrong_arguments_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        held_out_predictions(Ridge(), X, Y, **settings)


def test_partitions_follow_the_seed():
    first, again, other = (
        held_out_predictions(Ridge(), X, Y, random_state=seed, n_repeats=2).raw
        for seed in (1, 1, 2)
    )
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[:, 0], first[:, 1])
