"""Shares of photo, user and time: known ones are found, and intervals hold them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import rankdata, t

from sklearn_popularity.evaluation import variance_shares


def _draw(rng, shape=(600, 60, 100), effects=(0.1, 0.3)):
    """Scores whose shares of photo and user are known in terms of ranks."""
    n_posts = shape[0]
    latent = np.sqrt(1 - sum(effects)) * rng.normal(size=n_posts)
    labels = []
    for n, share in zip(shape[1:], effects, strict=True):
        labels.append(rng.integers(0, n, n_posts))
        latent += np.sqrt(share) * rng.normal(size=n)[labels[-1]]
    truth = 6 / np.pi * np.arcsin(np.array([*effects, sum(effects)]) / 2)
    return np.exp(2 * latent), labels, truth


def _values(table):
    return table[["share", "low", "high"]].to_numpy(copy=True)


@pytest.mark.parametrize("effects", [(0.0, 0.0), (0.1, 0.3), (0.4, 0.2)])
def test_shares_are_unbiased_and_covered(effects):
    shares, covered = [], []
    for seed in range(150):
        y, (photo, user), truth = _draw(np.random.default_rng(seed), effects=effects)
        rows = _values(variance_shares(y, photo=photo, user=user).shares)
        rows[2] = 1 - rows[2, [0, 2, 1]]
        shares.append(rows[:, 0])
        covered.append((rows[:, 1] <= truth) & (truth <= rows[:, 2]))
    assert_allclose(np.mean(shares, axis=0), truth, atol=0.012)
    assert (np.mean(covered, axis=0) >= 0.9).all()


def test_one_source_is_the_analysis_of_variance():
    """Of equal groups: mean squares between and within, by the textbook."""
    rng = np.random.default_rng(0)
    photo = np.repeat(np.arange(30), 5)
    y = rng.normal(size=30)[photo] + rng.normal(size=150)
    r = rankdata(y).reshape(30, 5)
    within = r.var(axis=1, ddof=1).mean()
    between = r.mean(axis=1).var(ddof=1) - within / 5
    found = variance_shares(y, photo=photo).shares
    assert_allclose(found["share"], [between, within] / (between + within))


def test_intervals_are_those_of_groups_left_out():
    rng = np.random.default_rng(1)
    y, (photo, _), _ = _draw(rng, shape=(90, 30, 10))
    n_of_photo = np.bincount(photo)[photo]
    # A photo counts once in the ranks, however often it was posted.
    r = np.array(
        [((y < v) / n_of_photo).sum() + ((y == v) / n_of_photo).sum() / 2 for v in y]
    )
    r = (r - r.mean()) / r.std()

    def share(rows):
        pairs = [(i, j) for i in rows for j in rows if i < j]
        same = [(i, j) for i, j in pairs if photo[i] == photo[j]]
        size = {g: (photo == g).sum() for g in photo}
        weight = np.array([1 / size[photo[i]] for i, _ in same])
        halves = np.array([(r[i] - r[j]) ** 2 / 2 for i, j in same])
        apart = np.mean(
            [(r[i] - r[j]) ** 2 / 2 for i, j in pairs if photo[i] != photo[j]]
        )
        return 1 - weight @ halves / weight.sum() / apart

    everything = range(90)
    left_out = [share([i for i in everything if photo[i] != g]) for g in set(photo)]
    n = len(left_out)
    error = np.sqrt((n - 1) / n * np.sum((left_out - np.mean(left_out)) ** 2))
    row = variance_shares(y, photo=photo).shares.iloc[0]
    assert_allclose(row["share"], share(everything))
    n_alike = 90**2 / (np.bincount(photo) ** 2).sum()
    assert_allclose(row["high"] - row["share"], t.ppf(0.975, n_alike - 1) * error)


def test_order_and_units_say_nothing():
    y, (photo, user), _ = _draw(np.random.default_rng(2))
    expected = variance_shares(y, photo=photo, user=user)
    order = np.random.default_rng(3).permutation(len(y))
    names = pd.Series([f"p{p}" for p in photo[order]], index=order)
    found = variance_shares(np.log(y[order]), photo=names, user=user[order])
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_ceilings_are_reached_by_the_effects_themselves():
    rng = np.random.default_rng(4)
    effects = rng.normal(size=300), rng.normal(size=300)
    photo, user = rng.integers(0, 300, (2, 9000))
    known = [effects[0][photo], effects[1][user]]
    y = sum(known) + rng.normal(size=9000)
    ceilings = variance_shares(y, photo=photo, user=user).ceilings.set_index("known")
    assert ceilings.index.tolist() == ["photo", "user", "photo and user"]
    reached = [*known, sum(known)]
    for (_, row), prediction in zip(ceilings.iterrows(), reached, strict=True):
        rho = np.corrcoef(rankdata(y), rankdata(prediction))[0, 1]
        assert row["low"] < rho < row["high"]
        assert_allclose(row["spearman"], rho, atol=0.04)


def test_photos_without_copies_have_no_ceiling():
    y, (_, user), _ = _draw(np.random.default_rng(5))
    with pytest.warns(UserWarning, match="No photo has two posts"):
        found = variance_shares(y, photo=np.arange(len(y)), user=user)
    alone = variance_shares(y, user=user)
    assert found.shares.set_index("source").loc["photo"].isna().all()
    pd.testing.assert_frame_equal(
        found.shares.iloc[1:, 1:], alone.shares.iloc[:, 1:].set_axis([1, 2])
    )
    assert found.ceilings["known"].tolist() == ["user"]


def test_three_sources_add_up():
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 40, (3, 3000))
    y = sum(rng.normal(size=40)[each] for each in labels) + rng.normal(size=3000)
    found = variance_shares(y, photo=labels[0], user=labels[1], time=labels[2])
    assert_allclose(found.shares["share"].sum(), 1)
    assert (found.shares["share"].between(0.12, 0.38)).all()
    assert found.ceilings["known"].tolist()[-1] == "photo, user and time"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "neither photo, user nor time"),
        ({"photo": [0, 0, 1, 1]}, "inconsistent numbers of samples"),
        ({"photo": [0, 0, 1, 1, None]}, r"in row 4 of photo \(1 missing"),
        ({"photo": [0, 0, 1, 1, 2], "user": list("aabbc")}, "always change together"),
        ({"user": [0, 0, 1, 1, 2], "confidence": 1.0}, "confidence"),
    ],
)
def test_wrong_use_is_one_error(given, message):
    with pytest.raises(ValueError, match=message):
        variance_shares([1.0, 2.0, 5.0, 3.0, 4.0], **given)
