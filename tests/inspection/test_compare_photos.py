"""Which of these photos: probabilities that are those of new pairs, and intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm, rankdata
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorStatistics, make_popularity
from sklearn_popularity.evaluation import fit_model, held_out_predictions
from sklearn_popularity.inspection import (
    HeldOutRecord,
    compare_photos,
    compare_scores,
    percentile_intervals,
)
from sklearn_popularity.inspection._held_out_record import pair_slope


def _draw(rng, n_groups, size, signal):
    """Features, skewed scores and groups that share some of their error."""
    groups = np.repeat(np.arange(n_groups), size)
    X = rng.normal(size=(len(groups), 6))
    shared = rng.normal(size=n_groups)[groups]
    error = np.sqrt(0.3) * shared + np.sqrt(0.7) * rng.normal(size=len(groups))
    found = X.sum(axis=1) / np.sqrt(6)
    y = np.exp(np.sqrt(signal) * found + np.sqrt(1 - signal) * error)
    return X, y, groups


def _fit(X, y, groups):
    """A model, and what held-out predictions say of it."""
    held_out = held_out_predictions(Ridge(), X, np.log(y), groups=groups)
    record = HeldOutRecord(held_out.raw, held_out.shares, y, groups, held_out.n_folds)
    return Ridge().fit(X, np.log(y)), record


def _made_up(n, seed=0, signal=0.5):
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=n)
    predicted = np.sqrt(signal) * latent + np.sqrt(1 - signal) * rng.normal(size=n)
    shares = rankdata(predicted)[:, np.newaxis] / n
    return HeldOutRecord(predicted[:, np.newaxis], shares, latent, None, None)


def test_slope_is_the_most_likely_one():
    record = _made_up(60)
    z = norm.ppf((rankdata(record.shares[:, 0]) - 0.5) / 60)
    margins = [
        np.sign(record.y[i] - record.y[j]) * (z[i] - z[j])
        for i in range(60)
        for j in range(i)
    ]
    usual = np.sqrt(np.mean(np.square(margins)))

    def loss(slope):
        extra = np.logaddexp(0, slope * np.array([-usual, usual])).sum() / 2
        return np.logaddexp(0, -slope * np.array(margins)).sum() + extra

    expected = minimize_scalar(loss, bounds=(0, 20), method="bounded").x
    assert pair_slope(record).slope == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("same_group", [False, True])
@pytest.mark.parametrize("signal", [0.0, 0.3])
def test_error_is_that_of_leaving_groups_out(signal, same_group):
    record = _made_up(200, signal=signal)._replace(groups=np.arange(200) // 5)
    found = pair_slope(record, same_group=same_group)
    slopes = []
    for group in range(40):
        kept = record.groups != group
        left = HeldOutRecord(*(part[kept] for part in record[:4]), None)
        slopes.append(pair_slope(left, same_group=same_group).slope)
    error = np.sqrt(39 / 40 * np.sum((np.array(slopes) - found.slope) ** 2))
    half = (found.high - found.low) / 2
    # Student's t with 39 degrees of freedom; places of the others are ranked anew.
    assert half == pytest.approx(2.0227 * error, rel=0.1)


def test_probabilities_are_those_of_new_pairs():
    """Against frequencies, and by Brier's score against a constant of one half."""
    pairs = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        model, record = _fit(*_draw(rng, 60, 4, signal=0.4))
        X, y, _ = _draw(rng, 30, 1, signal=0.4)
        found = compare_scores(np.arange(30), model.predict(X), record, 0.6).pairs
        first, second = found["first"], found["second"]
        pairs.append(found.assign(true=y[first] > y[second]))
    table = pd.concat(pairs)
    told, true = table["probability"], table["true"]
    called = table["verdict"] == table["first"]
    assert np.mean((told - true) ** 2) < 0.21
    for low, high in [(0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1)]:
        rows = (low <= told) & (told < high)
        assert told[rows].mean() == pytest.approx(true[rows].mean(), abs=0.03)
    assert (called == (table["low"] >= 0.6)).all()
    assert (told[~called] >= 0.6).any()
    assert 0.3 < called.mean() < 0.9
    assert true[called].mean() > 0.7 > true[~called].mean()


def test_pairs_within_groups_have_their_own_probabilities():
    """Where predictions know of groups alone, photos of one group are all alike."""
    told = {True: [], False: []}
    for seed in range(10):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(60), 5)
        known, own = rng.normal(size=60)[groups], rng.normal(size=300)
        noise = rng.normal(size=300)
        record = HeldOutRecord(
            (known + noise)[:, np.newaxis],
            (rankdata(known + noise) / 300)[:, np.newaxis],
            known + own,
            groups,
            5,
        )
        for same_group in told:
            found = compare_scores(
                ["a", "b"], np.array([2.0, -1.0]), record, 0.6, same_group=same_group
            )
            told[same_group].append(found.pairs.iloc[0])
    told = {same: pd.DataFrame(rows) for same, rows in told.items()}
    assert (
        0.5
        <= told[True]["probability"].mean()
        < 0.56
        < told[False]["probability"].min()
    )
    assert (told[True]["verdict"] == "too close to call").all()
    assert (told[False]["verdict"] == "a").all()


def test_pairs_of_large_groups_are_drawn(monkeypatch):
    record = _made_up(600)._replace(groups=np.arange(600) % 3)
    expected = pair_slope(record, same_group=True)
    monkeypatch.setattr(
        "sklearn_popularity.inspection._held_out_record._MAX_PAIRS", 6000
    )
    found = pair_slope(record, same_group=True)
    assert found.slope == pytest.approx(expected.slope, rel=0.05)
    assert found.slope != expected.slope
    assert pair_slope(record).slope == pytest.approx(expected.slope, rel=0.1)


def test_same_group_needs_groups():
    with pytest.raises(ValueError, match="fitted without groups"):
        compare_scores(
            ["a", "b"], np.array([1.0, 0.0]), _made_up(40), 0.6, same_group=True
        )


@pytest.mark.parametrize("groups", [True, False])
def test_models_of_chance_call_no_pair(groups):
    n_called = n_chance = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, y, labels = _draw(rng, 30, 3, signal=0.0)
        model, record = _fit(X, y, labels if groups else None)
        scores = model.predict(rng.normal(size=(5, 6)))
        found = compare_scores(list("abcde"), scores, record, 0.5)
        called = found.pairs["verdict"] != "too close to call"
        assert not (found.at_chance and called.any())
        assert (found.pairs["probability"] >= 0.5).all()
        n_called, n_chance = n_called + called.any(), n_chance + found.at_chance
    assert n_called <= 1
    assert n_chance >= 19


@pytest.mark.parametrize("grouped", [True, False])
def test_intervals_hold_true_percentiles(grouped):
    held, widths = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        X, y, groups = _draw(rng, 40, 4, signal=0.5)
        model, record = _fit(X, y, groups if grouped else None)
        new_X, new_y, _ = _draw(rng, 200, 1, signal=0.5)
        low, high = percentile_intervals(record, model.predict(new_X)).T
        true = 100 * (y[:, np.newaxis] < new_y).mean(axis=0)
        held.append(((low <= true) & (true <= high)).mean())
        widths.append((high - low).mean())
    assert 0.87 < np.mean(held) < 0.95
    assert np.mean(widths) < 80


def test_intervals_of_few_groups_say_nothing():
    record = _made_up(40)
    few = record._replace(groups=np.arange(40) % 8)
    np.testing.assert_array_equal(percentile_intervals(few, [0.0]), [[0, 100]])
    enough = record._replace(groups=np.arange(40) % 9)
    low, high = percentile_intervals(enough, [0.0])[0]
    assert 0 < low < high < 100


def test_order_of_rows_and_units_say_nothing():
    n = 800  # so many that pairs are drawn
    record = _made_up(n)._replace(groups=np.arange(n) % 70)
    order = np.random.default_rng(1).permutation(n)
    others = HeldOutRecord(
        record.raw[order],
        record.shares[order],
        np.exp(record.y[order]),
        100 - record.groups[order],
        None,
    )
    scores = np.array([0.3, -1.0, 2.0])
    found, again = (
        compare_scores(list("abc"), scores, each, 0.6) for each in (record, others)
    )
    pd.testing.assert_frame_equal(found.order, again.order)
    pd.testing.assert_frame_equal(found.pairs, again.pairs)


@pytest.mark.parametrize("constant", ["prediction", "scores"])
def test_constants_call_nothing(constant):
    record = _made_up(40)
    if constant == "scores":
        record = record._replace(y=np.ones(40))
    else:
        record = record._replace(raw=np.ones((40, 1)), shares=np.full((40, 1), 0.5))
    found = compare_scores(["a", "b"], np.array([1.0, 2.0]), record, 0.5)
    assert found.at_chance
    assert found.pairs["verdict"].tolist() == ["too close to call"]
    assert found.pairs["probability"].tolist() == [0.5]


def test_perfect_models_call_all_but_equals():
    record = _made_up(200, signal=1.0)
    found = compare_scores(list("abc"), np.array([1.0, 0.0, 1.0]), record, 0.6)
    assert found.order["photo"].tolist() == ["a", "c", "b"]
    assert found.pairs["verdict"].tolist() == ["too close to call", "a", "c"]
    assert found.pairs["probability"].round(3).tolist() == [0.5, 1.0, 1.0]
    assert found.best == ["a", "c"]


def test_photos_beyond_those_of_training_keep_their_order():
    record = _made_up(100)
    found = compare_scores(list("abc"), np.array([50.0, 99.0, -9.0]), record, 0.6)
    assert found.order["photo"].tolist() == ["b", "a", "c"]
    assert 0.5 <= found.pairs["probability"][0] < 0.6
    assert 0 <= found.order["percentile"].min() < found.order["percentile"].max() <= 100


@pytest.fixture(scope="module")
def fitted():
    posts, _ = make_popularity(80, image_size=(48, 64), random_state=0)
    model = make_pipeline(ColorStatistics(), Ridge())
    return fit_model(model, posts["photo"], posts["score"], n_repeats=2), posts


def test_forms_of_photos_give_the_same(fitted):
    model, posts = fitted
    new = posts["photo"][:3].tolist()
    expected = compare_photos(model, new)
    for photos in (
        posts["photo"][:3],
        posts[["photo"]][:3].set_axis([5, 5, 1]),
        np.stack(new),
    ):
        found = compare_photos(model, photos)
        pd.testing.assert_frame_equal(found.order, expected.order)
        pd.testing.assert_frame_equal(found.pairs, expected.pairs)
    np.testing.assert_allclose(
        np.sort(expected.order["score"]), np.sort(model.model.predict(new))
    )
    assert sorted(expected.order["photo"]) == ["photo 0", "photo 1", "photo 2"]


def test_models_of_tables_take_photos_alone(fitted):
    _, posts = fitted
    table = make_column_transformer((ColorStatistics(), "photo"))
    model = fit_model(make_pipeline(table, Ridge()), posts[["photo"]], posts["score"])
    expected = compare_photos(model, posts[["photo"]][:3])
    found = compare_photos(model, posts["photo"][:3])
    pd.testing.assert_frame_equal(found.pairs, expected.pairs)


def test_two_photos_are_needed(fitted):
    model, posts = fitted
    with pytest.raises(ValueError, match="Got 1 photos, but two or more"):
        compare_photos(model, posts["photo"][:1])


def test_comparison_prints_its_tables(fitted):
    model, posts = fitted
    found = compare_photos(model, posts["photo"][:3])
    text = str(found)
    assert "probability" in text and "percentile" in text and "photo 2" in text
    assert "no better than chance" not in text
    chance = replace(found, at_chance=True)
    assert "no better than chance" in str(chance)
    assert "no better than chance" in chance._repr_html_()
