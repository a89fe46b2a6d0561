"""Latent senses: loss and steps against slow versions, planted themes, bad input."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV

from sklearn_popularity import (
    LatentRankSVM,
    per_user_spearman_score,
    spearman_score,
    spearman_scorer,
)
from sklearn_popularity.datasets import make_themes
from sklearn_popularity.models import DeadSensesWarning
from sklearn_popularity.models._pairwise import (
    pairwise_hinge,
    score_unit,
    total_pair_weight,
    viable_pairs,
)
from sklearn_popularity.models._senses import Scaling, Senses


@pytest.fixture(scope="module")
def themes():
    return make_themes(600, 12, random_state=0)


@pytest.fixture
def ranker():
    return LatentRankSVM(random_state=0, max_epochs=5)


def slow_loss(weights, n_popular, X, y, sample_weight, soft, min_margin):
    """Equation 4 pair by pair, a weighted mean over the viable pairs."""
    total = loss = 0.0
    scores = X @ weights.T
    popular = scores[:, :n_popular].max(axis=1)
    unpopular = scores[:, n_popular:].max(axis=1, initial=-np.inf)
    for i in range(len(y)):
        for j in range(len(y)):
            if y[i] > y[j]:
                margin = max(min_margin, (y[i] - y[j]) / 2.5) if soft else min_margin
                hinge = max(0, margin - popular[i] + popular[j])
                if n_popular < len(weights):
                    hinge += max(0, margin - unpopular[j] + unpopular[i])
                loss += sample_weight[i] * sample_weight[j] * hinge
                total += sample_weight[i] * sample_weight[j]
    return loss / total


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("n_unpopular", [0, 2])
def test_step_follows_gradient_of_slow_loss(soft, n_unpopular, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(25, 4)), rng.integers(0, 6, 25).astype(float)
    weight = rng.uniform(0.5, 2, 25)
    weights = rng.normal(size=(3 + n_unpopular, 5))
    scaling = Scaling(X.mean(axis=0), X.std(axis=0))
    senses = Senses(weights.copy(), 3, scaling, np.zeros((2, *weights.shape)))
    pairs = viable_pairs(
        y,
        weight,
        unit=2.5 if soft else None,
        min_margin=0.7,
        total=total_pair_weight(y, weight),
        dtype=np.float64,
    )
    seen = []
    monkeypatch.setattr(Senses, "_descend", lambda self, g, rate: seen.append(g))
    loss = senses.step(X, pairs, alpha=0.3, learning_rate=1)
    scaled = np.column_stack([scaling.apply(X), np.ones(25)])

    def objective(flat):
        w = flat.reshape(weights.shape)
        return slow_loss(w, 3, scaled, y, weight, soft, 0.7) + 0.15 * (w**2).sum()

    assert_allclose(loss, slow_loss(weights, 3, scaled, y, weight, soft, 0.7))
    steps = 1e-6 * np.eye(weights.size)
    numerical = [
        (objective(weights.ravel() + s) - objective(weights.ravel() - s)) / 2e-6
        for s in steps
    ]
    assert_allclose(seen[0].ravel(), numerical, atol=1e-7)


def test_adam_equals_its_published_form():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(2, 4))
    scaling = Scaling(np.zeros(3), np.ones(3))
    senses = Senses(weights.copy(), 1, scaling, np.zeros((2, *weights.shape)))
    mean = square = 0
    for t in range(1, 6):
        gradient = rng.normal(size=weights.shape)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        root = np.sqrt(square / (1 - 0.999**t)) + 1e-8
        weights = weights - 0.05 * mean / (1 - 0.9**t) / root
        senses._descend(gradient.copy(), 0.05)
    assert_allclose(senses.weights, weights)


def test_hinge_without_pairs_is_zero():
    settings = {"unit": None, "min_margin": 1, "total": 1, "dtype": np.float64}
    pairs = viable_pairs(np.ones(4), None, **settings)
    loss, gradient = pairwise_hinge(np.arange(4.0), pairs)
    assert loss == 0
    assert_array_equal(gradient, 0)


def test_pairs_tell_large_counts_apart():
    views = np.array([16_777_217.0, 16_777_216.0])
    settings = {"unit": None, "min_margin": 1, "total": 1, "dtype": np.float32}
    pairs = viable_pairs(views, None, **settings)
    assert_array_equal(pairs.weights, [[0, 1], [0, 0]])


@pytest.mark.parametrize("seed", range(2))
def test_planted_themes_need_both_kinds_of_senses(seed):
    themes = make_themes(2000, random_state=seed)
    train, test = slice(0, 1000), slice(1000, 2000)
    scores = []
    for n_popular, n_unpopular in ((1, 0), (4, 0), (2, 2)):
        ranker = LatentRankSVM(
            n_senses=n_popular,
            n_unpopular_senses=n_unpopular,
            max_epochs=40,
            random_state=0,
        ).fit(themes.data[train], themes.target[train])
        scores.append(ranker.score(themes.data[test], themes.target[test]))
    assert scores[0] + 0.01 < scores[1] < scores[2] - 0.004
    senses = ranker.predict_sense(themes.data[test])
    # Photos with little of their theme cannot be told apart by anybody.
    clear = themes.strength[test] > 1
    theme = themes.theme[test]
    for side, members in enumerate((theme < 2, theme >= 2)):
        chosen = clear & members
        assert adjusted_rand_score(theme[chosen], senses[chosen, side]) > 0.85


def test_coefficients_give_predictions_and_senses(themes):
    X = themes.data
    ranker = LatentRankSVM(n_senses=3, random_state=0, max_epochs=5)
    ranker.fit(X, themes.target)
    scores = X @ ranker.coef_.T + ranker.intercept_
    popular, unpopular = scores[:, :3], scores[:, 3:]
    assert_allclose(ranker.predict(X), popular.max(axis=1) - unpopular.max(axis=1))
    expected = np.column_stack([popular.argmax(axis=1), unpopular.argmax(axis=1)])
    assert_array_equal(ranker.predict_sense(X), expected)
    assert ranker.score(X, themes.target) == spearman_score(
        themes.target, ranker.predict(X)
    )


def test_one_sense_ranks_like_a_linear_model(themes, ranker):
    ranker.set_params(n_senses=1, n_unpopular_senses=0)
    ranker.fit(themes.data, themes.target)
    assert ranker.coef_.shape == (1, 12)
    assert_array_equal(ranker.predict_sense(themes.data[:2]), [[0, -1], [0, -1]])
    assert_allclose(
        ranker.predict(themes.data),
        themes.data @ ranker.coef_[0] + ranker.intercept_[0],
    )


@pytest.mark.parametrize("init", ["k-means", "random"])
def test_scale_of_features_does_not_matter(themes, ranker, init):
    ranker.set_params(init=init)
    expected = ranker.fit(themes.data, themes.target).predict(themes.data)
    scales, shifts = np.logspace(-2, 2, 12), np.linspace(-5, 5, 12)
    moved = themes.data * scales + shifts
    assert_allclose(
        ranker.fit(moved, themes.target).predict(moved), expected, atol=1e-5
    )


def test_fixed_margin_sees_only_the_order(themes, ranker):
    linear = ranker.fit(themes.data, themes.target).predict(themes.data)
    warped = ranker.fit(themes.data, np.exp(themes.target)).predict(themes.data)
    assert_array_equal(linear, warped)
    ranker.set_params(margin="soft")
    soft = ranker.fit(themes.data, np.exp(themes.target)).predict(themes.data)
    assert np.abs(soft - linear).max() > 0.1


def test_weights_equal_repetitions():
    themes = make_themes(40, 5, random_state=1)
    weight = np.random.default_rng(0).integers(0, 3, 40)
    X, y = themes.data, themes.target.round()
    # One batch holds all rows, so both runs take the same steps.
    ranker = LatentRankSVM(random_state=0, batch_size=100, max_epochs=30)
    weighted = clone(ranker).fit(X, y, sample_weight=weight).predict(X)
    repeated = ranker.fit(X.repeat(weight, axis=0), y.repeat(weight)).predict(X)
    assert_allclose(weighted, repeated, atol=1e-9)


def test_light_batches_move_little():
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(1000, 3)), np.full(1000, 1e-6)
    y = X[:, 0].copy()
    y[8:] *= -1
    weight[:8] = 1
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)
    assert ranker.fit(X, y, sample_weight=weight).score(X[:8], y[:8]) > 0.9


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_scale_of_weights_does_not_matter(themes, ranker, scale):
    X = themes.data.astype(np.float32)
    weight = np.random.default_rng(0).uniform(size=600)
    expected = ranker.fit(X, themes.target, weight).predict(X)
    scaled = ranker.fit(X, themes.target, scale * weight).predict(X)
    assert_allclose(scaled, expected, atol=1e-4)


def test_total_pair_weight_equals_sum_over_pairs():
    rng = np.random.default_rng(0)
    y, weight = rng.integers(0, 5, 30), rng.uniform(size=30)
    pairs = np.multiply.outer(weight, weight)[np.subtract.outer(y, y) > 0]
    assert_allclose(total_pair_weight(y, weight), pairs.sum())
    assert total_pair_weight(y, None) == len(pairs)


def test_zero_weight_leaves_rows_out(themes, ranker):
    X, y = themes.data, themes.target.copy()
    weight = np.ones(600)
    weight[300:] = 0
    y[300:] = np.random.default_rng(0).permutation(y[300:]) * 1e6
    expected = clone(ranker).fit(X[:300], y[:300]).predict(X)
    assert_allclose(ranker.fit(X, y, weight).predict(X), expected, atol=1e-9)


def test_float32_stays_float32(themes, ranker):
    X = themes.data.astype(np.float32)
    double = clone(ranker).fit(themes.data, themes.target)
    ranker.fit(X, themes.target)
    assert ranker.coef_.dtype == ranker.predict(X).dtype == np.float32
    agreement = spearman_score(ranker.predict(X), double.predict(themes.data))
    assert agreement > 0.99


def test_memmap_equals_array(themes, ranker, tmp_path):
    np.save(tmp_path / "X.npy", themes.data)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    from_file = ranker.fit(X, themes.target).predict(X)
    assert_array_equal(
        from_file, ranker.fit(themes.data, themes.target).predict(themes.data)
    )


def test_scaling_in_chunks_equals_whole(monkeypatch):
    rng = np.random.default_rng(0)
    X, weight = rng.normal(3, 2, size=(101, 4)), rng.uniform(size=101)
    rows = np.arange(101)
    whole = Scaling.of(X, rows, weight)
    monkeypatch.setattr("sklearn_popularity.models._senses.CHUNK", 10)
    chunked = Scaling.of(X, rows, weight)
    assert_allclose(chunked.mean, np.average(X, axis=0, weights=weight))
    assert_allclose(chunked.scale, whole.scale)
    assert_allclose((Scaling.of(X, rows, None).apply(X) ** 2).sum(axis=1).mean(), 1)


def test_first_partial_fit_starts_and_later_ones_go_on(themes):
    ranker = LatentRankSVM(random_state=0)
    batches = [slice(i, i + 150) for i in range(0, 600, 150)]
    for rows in batches * 10:
        ranker.partial_fit(themes.data[rows], themes.target[rows])
    assert ranker.n_epochs_ == len(ranker.loss_curve_) == 40
    assert ranker.loss_curve_[-1] < 0.7 * ranker.loss_curve_[0]
    whole = LatentRankSVM(random_state=0, max_epochs=10)
    expected = whole.fit(themes.data, themes.target).score(themes.data, themes.target)
    assert abs(ranker.score(themes.data, themes.target) - expected) < 0.02


def test_partial_fit_draws_new_batches(themes):
    # A seed is used up as a generator is, and not set again by every call.
    by_seed = LatentRankSVM(batch_size=5, random_state=0)
    by_generator = LatentRankSVM(batch_size=5, random_state=np.random.RandomState(0))
    for _ in range(3):
        for ranker in (by_seed, by_generator):
            ranker.partial_fit(themes.data, themes.target)
    assert_array_equal(by_seed.coef_, by_generator.coef_)


def test_equal_scores_do_not_spoil_the_start(themes):
    ranker = LatentRankSVM(random_state=0)
    ranker.partial_fit(1e3 + themes.data[:5], np.ones(5))
    assert_array_equal(ranker.predict(themes.data), 0)
    for _ in range(20):
        ranker.partial_fit(themes.data, themes.target)
    assert ranker.score(themes.data, themes.target) > 0.9


@pytest.mark.parametrize("n_senses", [1, 4])
def test_other_number_of_senses_cannot_go_on(themes, n_senses):
    ranker = LatentRankSVM(warm_start=True, max_epochs=2, random_state=0)
    ranker.fit(themes.data, themes.target).set_params(n_senses=n_senses)
    for method in (ranker.fit, ranker.partial_fit):
        with pytest.raises(ValueError, match=f"n_senses={n_senses}.*2 and 2 have been"):
            method(themes.data, themes.target)
    ranker.set_params(warm_start=False).fit(themes.data, themes.target)
    assert len(ranker.coef_) == n_senses + 2


def test_partial_fit_refuses_early_stopping(themes):
    with pytest.raises(ValueError, match="early_stopping=True"):
        LatentRankSVM(early_stopping=True).partial_fit(themes.data, themes.target)


def test_warm_start_goes_on(themes):
    X, y = themes.data, themes.target
    warm = LatentRankSVM(random_state=0, max_epochs=5, warm_start=True).fit(X, y)
    first = warm.loss_curve_
    again = warm.fit(X, y).loss_curve_
    assert again[0] < first[0]
    cold = LatentRankSVM(random_state=0, max_epochs=5).fit(X, y)
    assert cold.fit(X, y).loss_curve_ == first


def test_early_stopping_keeps_the_best_senses(themes):
    ranker = LatentRankSVM(
        early_stopping=True, validation_fraction=0.3, tol=0, random_state=0
    )
    ranker.fit(themes.data, themes.target)
    scores = ranker.validation_scores_
    assert len(scores) == ranker.n_epochs_ == len(ranker.loss_curve_)
    best = clone(ranker).set_params(max_epochs=int(np.argmax(scores)) + 1)
    best.fit(themes.data, themes.target)
    assert_allclose(ranker.coef_, best.coef_)


def test_warm_start_keeps_better_senses(themes):
    ranker = LatentRankSVM(early_stopping=True, warm_start=True, random_state=0)
    good = ranker.fit(themes.data, themes.target).coef_.copy()
    ranker.set_params(learning_rate=10.0, max_epochs=3).fit(themes.data, themes.target)
    assert_array_equal(ranker.coef_, good)
    ranker.set_params(early_stopping=False).fit(themes.data, themes.target)
    assert ranker.validation_scores_ == []


def test_training_stops_without_improvement(themes):
    ranker = LatentRankSVM(tol=10, n_iter_no_change=3, random_state=0)
    # The first pass improves on nothing at all.
    assert ranker.fit(themes.data, themes.target).n_epochs_ == 4


def test_loss_of_batches_is_that_of_all_pairs(themes):
    """Steps are so small that all batches meet the same weights."""
    losses = [
        LatentRankSVM(batch_size=size, learning_rate=1e-9, max_epochs=1, random_state=0)
        .fit(themes.data, themes.target)
        .loss_curve_[0]
        for size in (20, len(themes.target))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_seed_decides(themes, ranker):
    first = ranker.fit(themes.data, themes.target).coef_
    assert_array_equal(ranker.fit(themes.data, themes.target).coef_, first)
    ranker.set_params(random_state=1).fit(themes.data, themes.target)
    assert (ranker.coef_ != first).any()


@pytest.mark.parametrize("n_rows", [1, 5])
def test_nothing_to_rank_predicts_zero(n_rows):
    X = np.random.default_rng(0).normal(size=(n_rows, 3))
    ranker = LatentRankSVM(random_state=0)
    with pytest.warns(UserWarning, match=r"y with 7.0 in all \d training rows"):
        ranker.fit(X, np.full(n_rows, 7.0))
    assert_array_equal(ranker.predict(X), 0)
    assert np.isnan(ranker.loss_curve_).all()


def test_dead_senses_are_named():
    X = np.repeat(np.eye(3), 20, axis=0)
    y = np.repeat([0.0, 1.0, 2.0], 20)
    ranker = LatentRankSVM(n_senses=6, n_unpopular_senses=1, random_state=0)
    with pytest.warns(DeadSensesWarning, match="for none of the 60 training rows"):
        ranker.fit(X, y)
    winners = set(ranker.predict_sense(X)[:, 0])
    assert len(winners) <= 3


def test_pickles_keep_the_state_of_training(themes, ranker):
    ranker.partial_fit(themes.data, themes.target)
    copied = pickle.loads(pickle.dumps(ranker))
    for each in (ranker, copied):
        each.partial_fit(themes.data, themes.target)
    assert_array_equal(copied.coef_, ranker.coef_)


def test_grid_search_tunes_senses(themes):
    ranker = LatentRankSVM(random_state=0, max_epochs=20)
    grid = GridSearchCV(
        ranker, {"n_unpopular_senses": [0, 2]}, scoring=spearman_scorer, cv=2
    ).fit(themes.data, themes.target)
    assert grid.best_params_ == {"n_unpopular_senses": 2}


@pytest.mark.parametrize(
    ("X", "y", "weight", "message"),
    [
        ([[np.nan], [1]], [0, 1], None, "Input X contains NaN"),
        ([[1], [2]], [0, np.inf], None, "Input y contains infinity"),
        ([[1], [2]], [0, 1, 2], None, "inconsistent numbers of samples"),
        ([[1], [2]], [0, 1], [0, 0], r"zero"),
        ([[1], [2]], [0, 1], [1, -1], r"[Nn]egative"),
    ],
)
def test_fit_rejects_bad_input(X, y, weight, message):
    with pytest.raises(ValueError, match=message):
        LatentRankSVM().fit(X, y, sample_weight=weight)


def test_too_few_rows_to_hold_out():
    with pytest.raises(ValueError, match="n_samples = 3"):
        LatentRankSVM(early_stopping=True).fit(np.eye(3), [1, 2, 3])


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("margin", ["fixed", "soft"])
def test_unit_of_the_scores_does_not_matter(themes, margin, partial):
    X, y = themes.data, np.exp(themes.target)
    method = "partial_fit" if partial else "fit"

    def predict(scores):
        ranker = LatentRankSVM(margin=margin, random_state=0, max_epochs=5)
        return getattr(ranker, method)(X, scores).predict(X)

    expected = predict(y)
    assert_array_equal(predict(1024 * y), expected)
    assert_allclose(predict(0.001 * y + 3), expected, rtol=1e-6, atol=1e-6)


def test_soft_margins_count_weights_as_repetitions():
    y, weight = np.array([1.0, 5.0, 2.0]), np.array([1, 3, 2])
    assert_allclose(score_unit(y, weight), np.repeat(y, weight).std())
    assert score_unit(np.full(3, 0.1), None) == 1


def test_old_names_say_the_new_ones(themes):
    with pytest.raises(TypeError, match=r"no parameter 'max_iter'.*max_epochs"):
        LatentRankSVM(max_iter=3)
    with pytest.raises(ValueError, match=r"no parameter 'max_iter'.*max_epochs"):
        LatentRankSVM().set_params(max_iter=3)
    ranker = LatentRankSVM(random_state=0, max_epochs=2)
    assert not hasattr(ranker, "n_epochs_")
    ranker.fit(themes.data, themes.target)
    with pytest.raises(AttributeError, match=r"no attribute 'n_iter_'.*n_epochs_"):
        ranker.n_iter_  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        ranker.nothing  # noqa: B018


def test_pairs_within_groups_are_those_of_each_group():
    rng = np.random.default_rng(0)
    y, weight = rng.integers(0, 6, 40), rng.random(40)
    within = rng.integers(0, 5, 40)
    each = [total_pair_weight(y[within == g], weight[within == g]) for g in range(5)]
    assert_allclose(total_pair_weight(y, weight, within), sum(each))
    pairs = viable_pairs(
        y, weight, within, unit=1.0, min_margin=1, total=1.0, dtype=np.float64
    )
    assert (pairs.weights[np.not_equal.outer(within, within)] == 0).all()
    assert_allclose(pairs.weights.sum(), sum(each))


def _posts_of_users(rng, n_users=60, n_each=8):
    """Photos whose users differ in style, and in how popular all of theirs are."""
    users = np.repeat(np.arange(n_users), n_each)
    style = rng.normal(size=n_users)
    X = rng.normal(size=(len(users), 6))
    X[:, 0] += 2 * style[users]
    own = X[:, 1] - 0.5 * X[:, 0]  # a style that costs likes, of users who have many
    y = own + 4 * style[users] + rng.normal(size=len(users))
    return X, y, users, own


def test_ranking_within_users_learns_what_the_photo_does():
    gains = []
    for seed in range(5):
        X, y, users, _ = _posts_of_users(np.random.default_rng(seed))
        X_new, _, users_new, own = _posts_of_users(np.random.default_rng(100 + seed))
        ranker = LatentRankSVM(
            n_senses=1, n_unpopular_senses=0, max_epochs=30, random_state=0
        )
        found = [
            per_user_spearman_score(own, each.predict(X_new), users=users_new)
            for each in (clone(ranker).fit(X, y, within=users), ranker.fit(X, y))
        ]
        gains.append(found[0] - found[1])
    assert found[0] > 0.9
    error = np.std(gains, ddof=1) / np.sqrt(len(gains))
    assert np.mean(gains) - 3 * error > 0.1


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}])
def test_what_tells_groups_apart_does_not_count_within(ranker, settings):
    X, y, users, _ = _posts_of_users(np.random.default_rng(1))
    ranker.set_params(**settings)
    expected = clone(ranker).fit(X, y, within=users).predict(X)
    moved = y + 1024.0 * np.random.default_rng(2).integers(-5, 5, 60)[users]
    names = np.array([f"user {u:02}" for u in users], dtype=object)
    assert_allclose(ranker.fit(X, moved, within=names).predict(X), expected, rtol=1e-6)
    if settings:
        held_out = set(users[ranker.validation_rows_])
        assert not held_out & set(np.delete(users, ranker.validation_rows_))


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}])
@pytest.mark.parametrize("rows_each", [1, 3])
def test_within_without_pairs_is_refused(ranker, settings, rows_each):
    X, y = np.random.default_rng(3).normal(size=(30, 3)), np.arange(30.0)
    within = np.arange(30) // rows_each
    ranker.set_params(**settings)
    # Users of one row, or all rows of a user score alike.
    with pytest.raises(ValueError, match="no two rows with the same value"):
        ranker.fit(X, y - y % rows_each, within=within)
    with pytest.raises(ValueError, match=r"in row 2 of within \(1 missing"):
        ranker.fit(X[:3], y[:3], within=["a", "a", None])


def test_partial_fit_compares_within():
    X, y, users, own = _posts_of_users(np.random.default_rng(4), n_users=200)
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)
    for _ in range(20):
        ranker.partial_fit(X, y, within=users)
    assert per_user_spearman_score(own, ranker.predict(X), users=users) > 0.9


@pytest.mark.parametrize("form", ["array", "frame", "polars", "callable"])
def test_within_may_be_a_column_that_is_no_feature(ranker, form):
    X, y, users, _ = _posts_of_users(np.random.default_rng(5))
    expected = clone(ranker).fit(X, y, within=users)
    names = [f"f{i}" for i in range(6)]
    posts, column = pd.DataFrame(X, columns=names), "user"
    posts.insert(2, "user", [f"user {user:02}" for user in users])
    if form == "array":
        posts, column = np.insert(X, 2, users, axis=1), 2
    elif form == "callable":
        posts, column = posts[names], lambda posts: users[: len(posts)]
    elif form == "polars":
        polars = pytest.importorskip("polars", reason="This form needs polars.")
        posts = polars.DataFrame(posts)
    ranker.set_params(within=column).fit(posts, y)
    assert_array_equal(ranker.coef_, expected.coef_)
    assert_array_equal(ranker.predict(posts), expected.predict(X))
    assert ranker.n_features_in_ == (6 if form == "callable" else 7)
    # What fit is given goes before the column.
    again = clone(ranker).fit(posts, y, within=np.zeros(len(y)))
    assert_array_equal(again.coef_, clone(expected).fit(X, y).coef_)


def test_wrong_columns_of_within_are_one_error():
    X, y, users, _ = _posts_of_users(np.random.default_rng(5))
    with pytest.raises(ValueError, match=r"columns 6 of the parameter within"):
        LatentRankSVM(within=6).fit(X, y)
    with pytest.raises(ValueError, match=r"n_features = 1, only the column within=0"):
        LatentRankSVM(within=0).fit(X[:, :1], y)
    ranker = LatentRankSVM(within=0, max_epochs=1).fit(np.column_stack([users, X]), y)
    with pytest.raises(ValueError, match=r"within=1, but it was 0 in fit"):
        ranker.set_params(within=1).predict(X)
