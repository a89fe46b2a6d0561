"""Ablation: each side by itself, the same folds, paired differences."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict

from sklearn_popularity import StackedLateFusion, ablation, spearman_interval

N = 90
SIDES = {"content": ["gist", "color"], "social": ["tags"]}


@pytest.fixture(scope="module")
def posts():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(N, 4)), columns=["a", "b", "c", "d"])
    X["user"] = [f"user{i % 15}" for i in range(N)]
    effect = rng.normal(size=15)[np.arange(N) % 15]
    y = X["a"] + X["c"] + 0.3 * X["d"] + effect + 0.3 * rng.normal(size=N)
    return X, y.to_numpy()


@pytest.fixture(scope="module")
def fusion():
    return StackedLateFusion(
        [
            ("gist", Ridge(), ["a"]),
            ("color", Ridge(), ["b"]),
            ("tags", Ridge(), ["c", "d"]),
            ("unused", Ridge(), ["a"]),
        ],
        final_estimator=Ridge(),
        cv=2,
    )


def test_each_side_is_the_fusion_of_its_branches(posts, fusion):
    X, y = posts
    cv = KFold(3, shuffle=True, random_state=0)
    result = ablation(fusion, X, y, **SIDES, cv=cv, random_state=0)
    for side, names in {**SIDES, "content + social": ["gist", "color", "tags"]}.items():
        branches = [branch for branch in fusion.branches if branch[0] in names]
        alone = StackedLateFusion(branches, final_estimator=Ridge(), cv=2)
        expected = cross_val_predict(alone, X, y, cv=cv)
        assert_allclose(result.held_out[side].raw[:, 0], expected)
    assert not hasattr(fusion, "branches_")


def test_intervals_are_paired(posts, fusion):
    X, y = posts
    settings = {"user": "user", "cv": 3, "random_state": 5}
    result = ablation(fusion, X, y, **SIDES, **settings, n_repeats=2)
    predictions = {name: each.shares for name, each in result.held_out.items()}
    assert all(columns.shape == (N, 2) for columns in predictions.values())
    rows = result.scores.set_index("model")
    assert not rows.loc["constant"].any()
    row = result.differences.set_index(["model", "instead_of"]).loc[
        ("content + social", "content")
    ]
    score, low, high = spearman_interval(
        y,
        predictions["content + social"],
        baseline=predictions["content"],
        groups=X["user"],
        n_folds=3,
    )
    assert row["difference"] == pytest.approx(score)
    assert_allclose([row["low"], row["high"]], [low, high])
    assert rows.loc["best cue", "spearman"] > 0.3
    again = ablation(fusion, X, y, **SIDES, **settings)
    first = predictions["content"][:, 0]
    assert_allclose(again.held_out["content"].shares[:, 0], first)


def test_groups_stay_together_in_outer_and_inner_folds(posts, fusion):
    X, y = posts
    groups = X["user"].to_numpy()
    seen = []

    class Recorder(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    inner = clone(fusion).set_params(cv=Recorder(2))
    settings = {"groups": groups, "cv": GroupKFold(3)}
    result = ablation(inner, X, y, **SIDES, user="user", **settings)
    assert len(seen) == 3 * 3
    assert all(len(np.unique(codes)) == 10 for codes in seen)
    # The users tested are new, so their means say nothing.
    assert (result.held_out["user mean"].shares == 0.5).all()
    by_name = ablation(inner, X, y, **SIDES, groups="user", cv=GroupKFold(3))
    assert "user mean" not in by_name.held_out
    assert_allclose(by_name.held_out["social"].raw, result.held_out["social"].raw)


def test_best_cue_is_looked_for_among_those_named(posts, fusion):
    X, y = posts
    named = ablation(fusion, X, y, **SIDES, cues=["a"], cv=2)
    cue = named.held_out["best cue"].raw[:, 0]
    assert abs(pd.Series(cue).corr(X["a"], method="spearman")) > 0.95
    array = X[["a", "b", "c", "d"]].to_numpy()
    branches = [("gist", Ridge(), [0, 1]), ("tags", Ridge(), [2, 3])]
    plain = ablation(
        StackedLateFusion(branches), array, y, content=["gist"], social=["tags"], cv=2
    )
    assert "best cue" in plain.held_out


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"content": ["gits"]}, r"content=\['gits'\].*'gist', 'color'"),
        ({"social": []}, r"social=\[\]"),
        ({"social": ["tags", "gist"]}, r"\['gist'\] in both content and social"),
        ({"user": "uploader"}, "parameter user"),
        ({"cues": ["likes"]}, "parameter cues"),
        ({"cv": 200}, "200"),
    ],
)
def test_errors_name_what_was_given(change, match, posts, fusion):
    with pytest.raises(ValueError, match=match):
        ablation(fusion, *posts, **{**SIDES, **change})
