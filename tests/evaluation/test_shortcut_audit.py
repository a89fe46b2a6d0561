"""shortcut_audit: planted shortcuts are found, and clean data accuses nobody."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm, rankdata
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    ColorStatistics,
    UnreadablePhotosWarning,
    make_popularity,
)
from sklearn_popularity.evaluation import shortcut_audit
from sklearn_popularity.evaluation._shortcut_statistics import (
    bin_numbers,
    compress,
    follow,
    tell_levels,
)
from sklearn_popularity.metrics import spearman_score


def _draw(kind, rng, n=240):
    """Features, score, suspects and groups; of "planted", the mark is a cause."""
    user = rng.integers(0, 40, n)
    owner = user if kind == "users" else rng.permutation(n)
    mark, size = (rng.random(n) < 0.4)[owner], rng.normal(size=n)[owner]
    X = rng.normal(size=(n, 12))
    y = X[:, 0] + X[:, 1] + rng.normal(size=n)
    if kind != "clean":
        X[:, 5] += 4 * mark
        X[:, 6] += 2 * size
    if kind == "planted":
        y += 2 * mark
    groups = None
    if kind == "users":
        y, groups = y + rng.normal(size=40)[user], user
    return X, y, {"mark": mark, "size": size}, groups


def _accused(kind, seed):
    X, y, suspects, groups = _draw(kind, np.random.default_rng(seed))
    audit = shortcut_audit(
        Ridge(10.0), X, y, suspects=suspects, groups=groups, n_repeats=1
    )
    return (audit.suspects["verdict"] != "").to_numpy()


@pytest.mark.parametrize("kind", ["clean", "told", "users"])
def test_clean_data_accuse_nobody(kind):
    accused = [_accused(kind, seed).any() for seed in range(40)]
    assert np.mean(accused) <= 0.05


def test_planted_mark_is_found():
    accused = np.array([_accused("planted", seed) for seed in range(20)])
    assert accused[:, 0].all()
    assert accused[:, 1].mean() <= 0.05


def test_audit_says_what_it_found():
    X, y, suspects, _ = _draw("planted", np.random.default_rng(0))
    audit = shortcut_audit(Ridge(10.0), X, y, suspects=suspects)
    mark, size = audit.suspects.itertuples()
    assert mark.suspect == "mark"
    assert mark.told > 0.9
    assert_allclose(mark.spearman - mark.follows, mark.without)
    assert mark.spearman == pytest.approx(audit.held_out.scores(y).mean())
    assert mark.follows_low < mark.follows < mark.follows_high
    assert size.measure == "Spearman"
    assert size.told > 0.5  # told, but not followed
    text = str(audit)
    assert "\nmark: the features predict it (AUC " in text
    assert text.endswith("No evidence for: size.")


def test_groups_have_their_scores_worst_first():
    X, y, suspects, _ = _draw("planted", np.random.default_rng(1))
    audit = shortcut_audit(Ridge(10.0), X, y, suspects=suspects, n_repeats=1)
    table, shares = audit.groups, audit.held_out.shares[:, 0]
    marks = table[table["suspect"] == "mark"]
    assert (np.diff(marks["spearman"]) >= 0).all()
    assert marks["n_rows"].sum() == len(y)
    for row in marks.itertuples():
        inside = suspects["mark"] == (row.level == "True")
        assert row.spearman == pytest.approx(spearman_score(y[inside], shares[inside]))
        excess = (rankdata(shares) - rankdata(y))[inside].mean() / len(y)
        assert row.bias == pytest.approx(100 * excess)
    sizes = table[table["suspect"] == "size"]
    assert sizes["n_rows"].tolist() == [24] * 10


def _slow_follow(p, y, levels, folds, groups, rows, nested):
    """The same by loops over all pairs."""
    p, y = ((rankdata(v) - (len(v) + 1) / 2) for v in (p, y))
    p, y = p / p.std(), y / y.std()

    def mean(cells):
        total, weight = 0.0, 0
        for cell in {cells[i] for i in rows}:
            inside = [i for i in rows if cells[i] == cell]
            pairs = [
                p[i] * y[j]
                for i in inside
                for j in inside
                if i != j and (nested or groups[i] != groups[j])
            ]
            if pairs:
                total += len(inside) * np.mean(pairs)
                weight += len(inside)
        return total / weight

    return mean([*zip(folds, levels, strict=True)]) - mean(folds)


@pytest.mark.parametrize("nested", [False, True])
def test_what_follows_is_that_of_pairs_and_its_error_the_jackknife(nested):
    rng = np.random.default_rng(2)
    groups, p = rng.integers(0, 12, 60), rng.normal(size=60)
    levels = groups if nested else rng.integers(0, 3, 60)
    y, folds = p + rng.normal(size=60), groups % 2
    known = (p, y, levels, folds.tolist(), groups)
    found = follow(
        p[:, np.newaxis], y, levels, folds[:, np.newaxis], groups, nested=nested
    )
    value = _slow_follow(*known, range(60), nested)
    assert found.value == pytest.approx(value)
    left_out = [
        _slow_follow(*known, np.flatnonzero(groups != g), nested) for g in range(12)
    ]
    error = np.sqrt(11 / 12 * np.square(np.array(left_out) - value).sum())
    assert found.error == pytest.approx(error)


def test_what_follows_is_the_covariance_between_levels():
    rng = np.random.default_rng(3)
    values = []
    effects = np.array([-1.0, 0.0, 1.0])
    for _ in range(60):
        levels, folds = rng.integers(0, 3, 400), rng.integers(0, 5, 400)
        p = effects[levels] + rng.normal(size=400)
        y = effects[levels] + rng.normal(size=400)
        found = follow(p[:, None], y, levels, folds[:, None], None, nested=False)
        values.append(found.value)
    levels = rng.integers(0, 3, 200_000)
    p, y = effects[levels] + rng.normal(size=(2, 200_000))
    p, y = rankdata(p) / 200_000, rankdata(y) / 200_000
    means = [(p[levels == i].mean(), y[levels == i].mean()) for i in range(3)]
    truth = np.cov(np.transpose(means), ddof=0)[0, 1] * 12
    assert np.mean(values) == pytest.approx(truth, abs=0.01)


def test_telling_levels_is_the_mean_area():
    rng = np.random.default_rng(4)
    levels = rng.integers(0, 3, 90)[:, np.newaxis] == np.arange(3)
    shares = rng.normal(size=(90, 3)).round(1) + levels
    found = tell_levels(levels, shares, None, None)
    areas = [roc_auc_score(levels[:, i], shares[:, i]) for i in range(3)]
    assert found.value + 0.5 == pytest.approx(np.mean(areas))


def test_error_of_a_level_is_that_of_its_pairs():
    """DeLong's, from the share of pairs in order that each row is in."""
    rng = np.random.default_rng(8)
    inside = np.arange(70) < 20
    shares = (rng.normal(size=70) + inside).round(1)
    ahead = shares[inside][:, np.newaxis] - shares[~inside]
    in_order = (np.sign(ahead) + 1) / 2
    apart = [in_order.mean(axis=axis) - in_order.mean() for axis in (0, 1)]
    variance = sum(np.square(each / len(each)).sum() for each in apart)
    found = tell_levels(inside[:, np.newaxis], shares[:, np.newaxis], None, None)
    assert found.error == pytest.approx(np.sqrt(70 / 69 * variance))


def test_telling_levels_covers_the_area():
    rng = np.random.default_rng(5)
    truth, covered = norm.cdf(1 / np.sqrt(2 * (1.2**2 + 1))) - 0.5, []
    for _ in range(300):
        groups = rng.integers(0, 50, 200)
        levels = (rng.random(50) < 0.4)[groups]
        shares = levels + 1.2 * rng.normal(size=50)[groups] + rng.normal(size=200)
        low, high = tell_levels(levels[:, None], shares[:, None], groups, None).ends(
            0.95
        )
        covered.append(low <= truth <= high)
    assert 0.9 <= np.mean(covered) <= 0.99


def test_compressed_features_keep_all_products():
    rng = np.random.default_rng(6)
    blocks = [rng.normal(size=(20, 30)), 5 + 3 * rng.normal(size=(20, 4))]
    standard = [(b - b.mean(0)) / b.std(0) for b in blocks]
    expected = sum(b @ b.T / b.shape[1] for b in standard)
    rows = compress(blocks)
    assert rows.shape == (20, 20)
    assert_allclose(rows @ rows.T, expected, atol=1e-9)
    assert_allclose(compress([np.full((20, 2), 0.1)]), 0)


def test_equal_numbers_share_a_level():
    levels = bin_numbers(np.repeat([0.0, 1.0, 2.0], [50, 1, 49]))
    assert len(np.unique(levels[:50])) == len(np.unique(levels[51:])) == 1
    assert_allclose(np.bincount(bin_numbers(np.arange(200.0))), 20)


def test_order_and_kind_of_table_change_nothing():
    polars = pytest.importorskip("polars", reason="This frame needs polars.")
    X, y, suspects, _ = _draw("planted", np.random.default_rng(7))
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(12)])
    frame.index = np.random.default_rng(0).integers(0, 9, len(y))
    fold = np.arange(len(y)) % 4
    rows = [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(4)]
    options = {"cv": rows, "n_repeats": 1}
    expected = shortcut_audit(Ridge(), X, y, suspects=suspects, **options).suspects
    series = {name: pd.Series(v, index=frame.index) for name, v in suspects.items()}
    for table in (frame, polars.DataFrame(frame)):
        found = shortcut_audit(Ridge(), table, y, suspects=series, **options)
        pd.testing.assert_frame_equal(found.suspects, expected)


def test_suspects_are_columns_functions_or_values():
    X, y, suspects, _ = _draw("told", np.random.default_rng(8))
    frame = pd.DataFrame(X).rename(columns=str).assign(mark=suspects["mark"] * 1.0)
    asked = {
        "column": "mark",
        "function": lambda table: table["mark"],
        "values": frame["mark"].tolist(),
    }
    table = shortcut_audit(Ridge(), frame, y, suspects=asked, n_repeats=1).suspects
    assert table["told"].nunique() == table["follows"].nunique() == 1


def test_users_that_are_the_groups_are_told_by_their_other_rows():
    rng = np.random.default_rng(9)
    user = np.repeat([f"u{i:02}" for i in range(20)], 12)
    effects = rng.normal(size=(20, 3)).repeat(12, axis=0)
    X = np.hstack([2 * effects + rng.normal(size=(240, 3)), rng.normal(size=(240, 4))])
    y = 2 * effects[:, 0] + X[:, 3] + rng.normal(size=240)
    [row] = shortcut_audit(
        Ridge(), X, y, suspects={"user": user}, groups=user
    ).suspects.itertuples()
    assert row.told_low > 0.6
    assert row.follows > 0.2
    assert row.verdict


def test_what_is_the_same_everywhere_is_not_told():
    X, y, suspects, _ = _draw("planted", np.random.default_rng(10))
    one = np.full(len(y), "JPEG")
    table = shortcut_audit(
        Ridge(), X, y, suspects={"file": one, "mark": suspects["mark"]}
    ).suspects
    alone = shortcut_audit(Ridge(), X, y, suspects={"mark": suspects["mark"]}).suspects
    assert np.isnan(table[["told", "follows", "p_value"]].iloc[0]).all()
    assert table["p_value"][1] == alone["p_value"][0]


def test_photos_are_measured_and_unreadable_ones_left_out():
    posts, _ = make_popularity(60, image_size=(32, 40), random_state=0)
    photos = posts["photo"].tolist()
    photos[3] = b"no photo"
    posts["photo"] = pd.Series(photos, dtype=object)
    model = make_pipeline(ColorStatistics(on_error="nan"), Ridge())
    with pytest.warns(UnreadablePhotosWarning):
        audit = shortcut_audit(
            model,
            posts["photo"],
            posts["score"],
            suspects={"theme": posts["theme"]},
            measures=["border", "file_type"],
            n_repeats=1,
        )
    assert len(audit.kept) == 59
    assert audit.suspects["suspect"].tolist() == ["theme", "border", "file_type"]
    assert audit.groups.set_index("suspect")["n_rows"]["file_type"] == 59


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "one or more"),
        ({"measures": ["text"]}, "'text'"),
        ({"measures": ["size"]}, "X has no photos"),
        ({"measures": ["size"], "suspects": {"size": [0] * 30}}, "distinct names"),
        ({"suspects": {"user": [None] + ["a"] * 29}}, "row 0 of suspects"),
        ({"suspects": {"size": [np.nan, *range(29)]}}, "NaN"),
        ({"suspects": {"user": ["a"] * 29}}, "inconsistent"),
    ],
)
def test_bad_suspects_are_named(settings, message):
    X = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(ValueError, match=message):
        shortcut_audit(Ridge(), X, X[:, 0], **settings)


def test_hidden_features_are_an_error():
    posts, _ = make_popularity(30, image_size=(32, 40), random_state=0)
    with pytest.raises(ValueError, match=r"cannot be found\. Pass a model"):
        shortcut_audit(
            _Hidden(), posts[["photo"]], posts["score"], suspects={"u": [*"abc"] * 10}
        )


class _Hidden(Ridge):
    """A model that describes photos where nobody sees it."""
