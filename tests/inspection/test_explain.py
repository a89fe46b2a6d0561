"""Explanations: reasons add up to the score, whatever the model is made of."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import (
    CNNEmbedder,
    ColorHistogram,
    ColorStatistics,
    Preprocessing,
    StackedLateFusion,
    make_popularity,
    region_heatmap,
)
from sklearn_popularity.evaluation import (
    FEATURES,
    image_transformers,
    late_fusion,
    parts_of,
)
from sklearn_popularity.inspection import (
    PhotoExplanation,
    explain_figure,
    explain_page,
    explain_photo,
)
from sklearn_popularity.inspection._explain import sum_alike, tell_reasons
from sklearn_popularity.inspection._reason_words import reason_in_words
from sklearn_popularity.papers import _recommended, recommended


@pytest.fixture(scope="module")
def posts(write_photos):
    posts, _ = make_popularity(30, image_size=(48, 64), random_state=0)
    posts["photo"] = write_photos(posts["photo"])
    posts[["a", "b"]] = np.random.default_rng(0).normal(size=(30, 2))
    return posts


def _network():
    pytest.importorskip("torch", reason="Networks need torch.")
    squares = Preprocessing(size=32)
    return CNNEmbedder(
        backbone="squeezenet1_1", weights="random", preprocessing=squares
    )


def _words(posts):
    words = sorted(set(" ".join(posts["tags"]).split()))
    rng = np.random.default_rng(0)
    return {word: rng.normal(size=3) for word in words}


CHOICES = {
    "kinds": lambda posts: {"networks": []},
    "network": lambda posts: {"networks": [_network()]},
    "all": lambda posts: {
        "networks": [],
        "user": "user",
        "time": "uploaded",
        "titles": "title",
        "tags": "tags",
        "vectors": _words(posts),
    },
    "columns": lambda posts: {
        "photo": None,
        "embeddings": {"seen": ["a", "b"]},
        "titles": "title",
    },
    "cues": lambda posts: {"photo": None, "titles": "title", "time": "uploaded"},
}


@pytest.fixture(scope="module", params=CHOICES)
def fitted(request, posts):
    """A composition that is recommended, of two kinds of features, and its table."""
    kinds = ["color-statistics", "color-histogram"]
    few = {name: FEATURES[name] for name in kinds}
    table = posts[["photo"]] if request.param in ("kinds", "network") else posts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_recommended, "FEATURES", few)
        model = recommended(table, **CHOICES[request.param](posts)).model
    return request.param, model.fit(table, posts["score"]), table


def _check_sum(model, photo, X):
    found = explain_photo(model, photo)
    assert found.score == pytest.approx(model.predict(X)[0], abs=1e-6)
    total = found.start + found.reasons["contribution"].sum()
    assert total == pytest.approx(found.score, abs=1e-6)
    return found


REASONS = {
    "kinds": [".*colourful than your average photo", r"colours \(color-histogram\): "],
    "network": ["what squeezenet1_1 sees: rated (above|below) average"],
    "all": [".*contrast than your", r"colours \(color", "cues", "titles", "tag"],
    "columns": ["photos", "titles"],
    "cues": ["cues", "titles"],
}


def test_reasons_of_compositions_add_up(fitted):
    name, model, table = fitted
    found = _check_sum(model, table.iloc[[3]], table.iloc[[3]])
    for begin in REASONS[name]:
        assert found.reasons["reason"].str.match(begin).any()
    if name != "cues":  # none of which keeps the mean score
        assert found.start == pytest.approx(3, abs=1)


@pytest.mark.parametrize("fitted", ["kinds", "network"], indirect=True)
def test_photo_is_a_row_of_nothing_else(fitted):
    _, model, table = fitted
    row = table.iloc[[3]]
    pd.testing.assert_frame_equal(
        explain_photo(model, row["photo"].iloc[0]).reasons,
        explain_photo(model, row).reasons,
    )
    squares = {"patch_size": 32, "stride": 32}
    assert_allclose(
        region_heatmap(model, row["photo"].iloc[0], **squares),
        region_heatmap(model, row, **squares),
    )


def test_page_and_figure_of_compositions(fitted, training, tmp_path):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    pytest.importorskip("matplotlib", reason="Figures need matplotlib.")
    _, model, table = fitted
    row = table.iloc[[3]]
    page = explain_page(model, row, training)
    assert "photo3.png" in page
    assert page.count("data:image/jpeg") == 1 + bool(image_transformers(model))
    explain_figure(model, row, training, tmp_path / "why.png")
    assert (tmp_path / "why.png").stat().st_size > 5000


def test_members_without_a_mean_are_taken_around_that_of_another(posts):
    kept = make_pipeline(ColorStatistics(), StandardScaler(), Ridge())
    lazy = make_pipeline(ColorStatistics(), KNeighborsRegressor())
    mean = VotingRegressor([("lazy", lazy), ("kept", kept)], weights=[3, 1])
    mean.fit(posts["photo"], posts["score"])
    found = _check_sum(mean, posts["photo"][0], posts["photo"][:1])
    assert found.start == pytest.approx(posts["score"].mean())
    own = found.reasons.set_index("reason")["contribution"]
    away = mean.estimators_[0].predict(posts["photo"][:1])[0] - posts["score"].mean()
    reason = f"lazy: rated {'above' if away > 0 else 'below'} average"
    assert own[reason] == pytest.approx(0.75 * away)


def test_columns_passed_through_are_one_reason(posts):
    fusion = StackedLateFusion(
        [
            ("numbers", "passthrough", ["a", "b"]),
            ("scaled", make_pipeline(StandardScaler(), Ridge()), ["a"]),
        ]
    ).fit(posts, posts["score"])
    found = _check_sum(fusion, posts.iloc[[0]], posts.iloc[[0]])
    assert found.reasons["reason"].str.match("numbers$|a .*average").tolist() == [1, 1]


def test_reasons_of_a_kind_add_up(posts):
    model = parts_of(late_fusion(["color-statistics"]))["color-statistics"]
    model.fit(posts[["photo"]], posts["score"])
    for photo in posts["photo"][:3]:
        found = _check_sum(model, photo, pd.DataFrame({"photo": [photo]}))
        told = found.reasons["reason"].str.endswith(" than your average photo")
        assert told.tolist() == [True] * 6


@pytest.mark.parametrize(
    ("name", "value", "scale", "words"),
    [
        ("mean_saturation", 0.4, 0.1, "less colourful than your average photo"),
        ("c__mean_saturation", 0.3, 0.1, "much less colourful than your average photo"),
        ("mean_value", 0.52, 0.1, "slightly brighter colours than your average photo"),
        ("mean_intensity", 0.9, 0.1, "far lighter than your average photo"),
        ("color07_4b0082", 0.6, 0.1, "more dark violet than your average photo"),
        ("n_tags", 0.7, 0.1, "n tags well above average"),
        ("n_tags", 0.1, 0.1, "n tags far below average"),
        ("n_tags", 0.1, np.nan, "n tags below average"),
        ("n_tags", 0.1, 0.0, "n tags below average"),
        ("n_tags", 0.5, 0.1, "n tags as on average"),
    ],
)
def test_reasons_are_words(name, value, scale, words):
    assert reason_in_words(name, value, 0.5, scale) == words
    assert "average" not in reason_in_words(name, value, np.nan, scale)


def test_every_statistic_has_words(posts):
    names = ColorStatistics().fit(posts["photo"]).get_feature_names_out()
    for name in names:
        for value in (0.2, 0.8):
            words = reason_in_words(name, value, 0.5, 1.0)
            assert words.endswith("than your average photo")
            assert not any(character.isdigit() for character in words)


def test_reasons_know_what_was_planted():
    """A red photo is praised for its red by a model that learned to like red."""
    photos = np.zeros((20, 24, 24, 3), np.uint8)
    photos[:, ..., 0] = np.linspace(0, 255, 20)[:, np.newaxis, np.newaxis]
    palette = [[0, 0, 0], [255, 0, 0]]
    model = make_pipeline(
        ColorHistogram(palette=palette), StandardScaler(), RidgeCV()
    ).fit(photos, np.arange(20.0))
    assert explain_photo(model, photos[-1]).reasons["contribution"].min() > 0
    assert explain_photo(model, photos[0]).reasons["contribution"].max() < 0


def test_reasons_name_their_feature_and_branch(posts):
    colors = make_pipeline(ColorHistogram(), StandardScaler(), Ridge())
    numbers = make_pipeline(StandardScaler(), Ridge())
    fusion = StackedLateFusion([("c", colors, "photo"), ("n", numbers, ["a", "b"])])
    alone = make_pipeline(colors[0], numbers).fit(posts["photo"], posts["score"])
    both = VotingRegressor([("one", fusion), ("two", clone(fusion))])
    both.fit(posts, posts["score"])
    found = _check_sum(both, posts.iloc[[0]], posts.iloc[[0]]).reasons
    palette = colors[0].fit(posts["photo"]).get_feature_names_out()
    names = [("c", name) for name in palette] + [("n", "a"), ("n", "b")]
    expected = [(f"{m}__{b}", name) for m in ("one", "two") for b, name in names]
    told = found[["branch", "feature"]].itertuples(index=False, name=None)
    assert sorted(told) == sorted(expected)
    single = explain_photo(alone, posts["photo"][0]).reasons
    assert sorted(single["feature"]) == sorted(palette)
    assert (single["branch"] == "").all()
    # Many of the fifty colours have the same name.
    summed = sum_alike(single)
    assert 1 < len(summed) < len(single)
    assert summed["reason"].is_unique
    assert_allclose(summed["contribution"].sum(), single["contribution"].sum())
    assert (summed["contribution"].abs().diff()[1:] <= 0).all()


def test_pages_sum_what_they_do_not_list():
    """Here the weakest reasons, of which one is below a hundredth of the strongest."""
    table = pd.DataFrame(
        {
            "reason": ["red", "dark", "red", "large", "old"],
            "contribution": [0.4, -0.3, 0.6, 0.0625, -0.009],
        }
    )
    found = PhotoExplanation(3.0 + table["contribution"].sum(), 3.0, table, "")
    told = tell_reasons(found, lambda reasons: reasons.tail(2))
    assert [row["reason"] for row in told["reasons"]] == ["dark", "large"]
    assert told["most"] == 1.0
    assert told["n_others"] == 2
    assert told["others"] == pytest.approx(0.991)


def test_models_without_a_mean_have_no_reasons(posts):
    model = make_pipeline(ColorHistogram(), SVR()).fit(posts["photo"], posts["score"])
    found = explain_photo(model, posts["photo"][0])
    assert found.reasons.empty
    assert "SVR" in found.why_none


def test_explanation_needs_a_model_that_is_known(posts):
    with pytest.raises(TypeError, match=r"Ridge.*a fitted pipeline"):
        explain_photo(Ridge(), posts["photo"][0])
