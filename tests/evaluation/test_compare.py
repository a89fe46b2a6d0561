"""compare_features: out-of-fold by hand, groups kept apart, unreadable photos."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GroupKFold, cross_val_predict

from sklearn_popularity import (
    ColorStatistics,
    StackedLateFusion,
    UnreadablePhotosWarning,
    compare_features,
    make_popularity,
    spearman_interval,
    spearman_score,
)
from sklearn_popularity.evaluation import FEATURES
from sklearn_popularity.evaluation._partitions import make_partitions

SMALL = ["color-statistics", "color-histogram"]


@pytest.fixture(scope="module")
def posts():
    return make_popularity(90, image_size=(48, 64), random_state=0)[0]


def test_scores_equal_cross_validation_by_hand(posts):
    y, groups = posts["score"].to_numpy(), posts["user"].to_numpy()
    comparison = compare_features(
        posts["photo"], y, features=SMALL[:1], groups=groups, n_repeats=2
    )
    X = ColorStatistics().fit_transform(posts["photo"])
    regressor = FEATURES["color-statistics"].regressor
    splitters = [GroupKFold(5), GroupKFold(5, shuffle=True, random_state=0)]
    expected = np.column_stack(
        [
            cross_val_predict(regressor, X, y, groups=groups, cv=splitter)
            for splitter in splitters
        ]
    )
    assert_allclose(comparison.held_out["color-statistics"].raw, expected, atol=1e-5)
    row = comparison.scores.set_index("model").loc["color-statistics"]
    shares = comparison.held_out["color-statistics"].shares
    scores = [spearman_score(y, column) for column in shares.T]
    assert_allclose(row["spearman"], np.mean(scores), atol=1e-9)
    assert_allclose([row["lowest"], row["highest"]], [min(scores), max(scores)])
    within = [
        spearman_score(y[test], expected[test, i])
        for i, splitter in enumerate(splitters)
        for _, test in splitter.split(X, y, groups)
    ]
    assert_allclose(row["within_folds"], np.mean(within), atol=1e-9)
    interval = spearman_interval(y, shares, groups=groups, n_folds=5)
    assert_allclose([row["low"], row["high"]], interval[1:], atol=1e-9)
    assert row["n_features"] == 6


def test_fusion_is_nested_and_grouped(posts):
    y, groups = posts["score"].to_numpy(), posts["user"].to_numpy()
    comparison = compare_features(
        posts["photo"], y, features=SMALL, groups=groups, n_repeats=1
    )
    blocks = [
        FEATURES[name].transformer.fit_transform(posts["photo"]) for name in SMALL
    ]
    branches = [
        ("a", FEATURES[SMALL[0]].regressor, slice(0, 6)),
        ("b", FEATURES[SMALL[1]].regressor, slice(6, 56)),
    ]
    X, expected = np.hstack(blocks), np.empty(len(y))
    for train, test in GroupKFold(5).split(X, y, groups):
        fusion = StackedLateFusion(branches, cv=4)
        fusion.fit(X[train], y[train], groups=groups[train])
        expected[test] = fusion.predict(X[test])
    assert_allclose(comparison.held_out["late-fusion"].raw[:, 0], expected, atol=1e-5)


def test_partitions_cover_rows_and_keep_groups():
    groups = np.random.default_rng(0).integers(0, 17, 100)
    partitions = make_partitions(100, cv=5, n_repeats=3, inner_cv=4, groups=groups)
    assert len(partitions) == 3
    for folds in partitions:
        tested = np.concatenate([test for _, test in folds])
        assert sorted(tested) == list(range(100))
        for train, test in folds:
            assert not set(groups[train]) & set(groups[test])
    plain = make_partitions(100, cv=5, n_repeats=2, inner_cv=4)
    assert any((a[1] != b[1]).any() for a, b in zip(plain[0], plain[1], strict=True))


def test_unreadable_photos_are_left_out(write_photos, posts):
    paths = write_photos(posts["photo"][:40])
    Path(paths[7]).write_bytes(b"no image")
    y = posts["score"].to_numpy()[:40]
    with pytest.warns(
        UnreadablePhotosWarning, match=r"1 of 40.*\n.*row 7.*photo7\.png"
    ) as w:
        comparison = compare_features(paths, y, features=SMALL[:1], n_repeats=1)
    assert len(w) == 1
    keep = np.arange(40) != 7
    clean = compare_features(
        [p for p, k in zip(paths, keep, strict=True) if k],
        y[keep],
        features=SMALL[:1],
        n_repeats=1,
    )
    assert (comparison.kept == np.flatnonzero(keep)).all()
    assert comparison.scores.equals(clean.scores)


def test_dominant_group_is_refused_before_the_work(posts):
    groups = np.r_[np.zeros(82), 1 + np.arange(8)]
    with pytest.raises(ValueError, match="9 groups, too few for 2 folds"):
        compare_features(
            ["no photo"] * 90, posts["score"], groups=groups, cv=2, inner_cv=9
        )


def test_no_readable_photo_is_one_error():
    with (
        pytest.warns(UnreadablePhotosWarning, match="20 of 20"),
        pytest.raises(ValueError, match="None of the 20 photos"),
    ):
        compare_features([b"no photo"] * 20, np.arange(20.0), features=SMALL)


def test_nan_scores_are_refused():
    with pytest.raises(ValueError, match="y contains NaN"):
        compare_features(["no photo"] * 20, np.full(20, np.nan))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"features": ["gits"]}, r"features=\['gits'\].*'gist'"),
        ({"features": []}, r"features=\[\]"),
        ({"features": ["gist"] * 2}, r"Remove the repetitions of \['gist'\]"),
        ({"groups": np.arange(90) % 3}, "3 groups, too few for 5 folds"),
        ({"cv": 91}, "90 photos, too few for 91 folds"),
        ({"cv": 1}, "cv"),
        ({"groups": [1, 2]}, "inconsistent numbers of samples"),
        ({"groups": ["a"] * 89 + [None]}, "None in row 89 of groups"),
        ({"groups": np.r_[np.arange(89) % 9, np.nan]}, "nan in row 89 of groups"),
    ],
)
def test_bad_parameters_are_rejected(posts, kwargs, message):
    with pytest.raises(ValueError, match=message):
        compare_features(posts["photo"], posts["score"], **kwargs)
