"""Features around the photos: as pipelines by hand, without leaks, checked early."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    ColorStatistics,
    StackedLateFusion,
    UserHistoryEncoder,
    compare_features,
    make_popularity,
)
from sklearn_popularity.evaluation import (
    FEATURES,
    social_cues,
    tag_words,
    upload_time,
    user_history,
)

VECTORS = {"canon": [1.0, 0.0], "test": [0.0, 1.0], "sand": [1.0, 1.0]}


@pytest.fixture(scope="module")
def posts():
    return make_popularity(90, image_size=(32, 32), random_state=0)[0]


def _context(posts, groups=None):
    return {
        "social": social_cues(posts[["title"]]),
        "time": upload_time(posts["uploaded"]),
        "tags": tag_words(posts["tags"], VECTORS),
        "past": user_history(posts["user"], times=posts["uploaded"]),
        "others": user_history(posts["user"], groups=groups),
    }


def test_scores_equal_pipelines_by_hand(posts):
    context = _context(posts)
    y = posts["score"].to_numpy()
    comparison = compare_features(
        posts["photo"], y, features=[], context=context, n_repeats=1
    )
    folds = KFold(5, shuffle=True, random_state=0)
    for name, (table, transformer, regressor) in context.items():
        model = make_pipeline(transformer, regressor)
        expected = cross_val_predict(model, table, y, cv=folds)
        assert_allclose(comparison.held_out[name].raw[:, 0], expected)
    assert comparison.scores["model"].tolist() == [*context, "late-fusion", "constant"]
    assert comparison.scores["n_features"].tolist() == [2, 4, 4, 3, 3, 16, 0]


def test_fusion_joins_photos_and_context(posts):
    groups, y = posts["theme"].to_numpy(), posts["score"].to_numpy()
    history = user_history(posts["user"], groups=groups)
    comparison = compare_features(
        posts["photo"],
        y,
        features=["color-statistics"],
        context={"history": history},
        groups=groups,
        n_repeats=1,
    )
    X = pd.DataFrame(ColorStatistics().fit_transform(posts["photo"])).add_prefix("c")
    X = pd.concat([X, history.table], axis=1)
    branches = [
        ("a", FEATURES["color-statistics"].regressor, slice(0, 6)),
        ("b", make_pipeline(history.transformer, history.regressor), slice(6, 8)),
    ]
    expected = np.empty(len(y))
    for train, test in GroupKFold(5).split(X, y, groups):
        fusion = StackedLateFusion(branches, cv=4)
        fusion.fit(X.iloc[train], y[train], groups=groups[train])
        expected[test] = fusion.predict(X.iloc[test])
    assert_allclose(comparison.held_out["late-fusion"].raw[:, 0], expected, atol=1e-5)


def test_history_of_noise_scores_nothing():
    rng = np.random.default_rng(0)
    users, y = rng.integers(0, 60, 180).astype(str), rng.normal(size=180)
    days = pd.Series(rng.permutation(180))
    context = {
        "others": user_history(users),
        "past": user_history(users, times=days),
    }
    comparison = compare_features(
        range(180), y, features=[], context=context, n_repeats=1
    )
    assert (comparison.scores["spearman"] < 0.15).all()
    # What it would have scored with the scores of test folds in the table.
    leaky = (
        UserHistoryEncoder().fit(pd.DataFrame(users), y).transform(pd.DataFrame(users))
    )
    assert np.corrcoef(leaky[:, 0], y)[0, 1] > 0.4


def test_history_takes_rows_by_position(posts):
    users, days = posts["user"], pd.Series(np.arange(90))
    expected = user_history(users, times=days, groups=posts["theme"]).table
    moved = user_history(users.iloc[::-1], times=days, groups=posts["theme"]).table
    assert moved["user"].tolist() == expected["user"].tolist()[::-1]
    assert moved["time"].tolist() == expected["time"].tolist()


def test_unreadable_photos_leave_their_rows_out(posts):
    photos = posts["photo"].tolist()
    photos[7] = b"no image"
    history = user_history(posts["user"])
    with pytest.warns(UserWarning, match="1 of 90"):
        comparison = compare_features(
            photos,
            posts["score"],
            features=["color-statistics"],
            context={"history": history},
            n_repeats=1,
        )
    keep = np.arange(90) != 7
    clean = compare_features(
        posts["photo"][keep],
        posts["score"][keep],
        features=["color-statistics"],
        context={"history": history._replace(table=history.table[keep])},
        n_repeats=1,
    )
    assert comparison.scores.equals(clean.scores)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: social_cues(p[["score"]] - 99), "'score' holds -.* in row 0"),
        (lambda p: upload_time(p["title"]), "'title' holds .* in row 0"),
        (lambda p: tag_words(p["score"], VECTORS), "in row 0"),
        (lambda p: tag_words(p["tags"], {}), r"vectors=\{\}"),
        (lambda p: user_history(p["user"], times=p["title"]), "'time' holds"),
    ],
)
def test_mistakes_are_found_before_the_work(posts, make, message):
    with pytest.raises(ValueError, match=message):
        make(posts)


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (lambda p: {}, r"features=\[\]"),
        (lambda p: {"late-fusion": user_history(p["user"])}, r"\['late-fusion'\]"),
        (lambda p: {"a": user_history(p["user"][:9])}, "inconsistent numbers"),
    ],
)
def test_context_is_checked(posts, context, message):
    with pytest.raises(ValueError, match=message):
        compare_features(
            posts["photo"], posts["score"], features=[], context=context(posts)
        )
