"""What is recommended for a table: each part where it can be used, and why."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.utils.fixes import parse_version

from sklearn_popularity import (
    CNNEmbedder,
    Preprocessing,
    SocialFeatures,
    make_popularity,
    spearman_score,
    spearman_scorer,
)
from sklearn_popularity.evaluation import FEATURES, compare_models
from sklearn_popularity.features import pretrained_at_hand
from sklearn_popularity.papers import _photo_models, recommended
from sklearn_popularity.papers._empty_columns import EmptyColumnFiller
from sklearn_popularity.papers._recommended import moments

LITE = "timm/tf_efficientnet_lite2"
CLIP = "timm/vit_base_patch16_clip_224.openai"
DINO = "timm/vit_small_patch14_dinov2.lvd142m"


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(300, 6))
    users = rng.integers(0, 12, 300)
    taste = rng.normal(scale=2, size=12)
    posts = pd.DataFrame(numbers, columns=list("abcdef"))
    posts["user"] = [f"user{i}" for i in users]
    posts["day"] = rng.permutation(300)
    posts["score"] = numbers[:, 0] + np.abs(numbers[:, 4]) + taste[users]
    return posts.sort_values("day")


EMBEDDINGS = {"one": list("abc"), "two": list("def")}


def _held_out(posts, **choices):
    train, test = posts.iloc[:200], posts.iloc[200:]
    model, _ = recommended(posts, **choices)
    return spearman_score(test["score"], model.fit(train, train["score"]).predict(test))


def _names(posts, **choices):
    """Members of the model, and the reasons."""
    model, reasons = recommended(posts, **choices)
    members = getattr(model, "estimators", [("alone", model)])
    return [name for name, _ in members], " ".join(reasons)


def _blocks(model):
    return [name for name, _, _ in model.regressor[0].transformers]


def test_several_embeddings_weigh_alike(table):
    posts = table.assign(**{f"wide{i}": table["f"] for i in range(50)})
    wide = [f"wide{i}" for i in range(50)]
    model, reasons = recommended(posts, embeddings={"one": ["a"], "two": wide})
    assert _blocks(model) == ["one", "two"]
    assert "Photos by one, two" in reasons[0]
    rows = model.fit(posts, posts["score"]).regressor_[0].transform(posts)
    assert rows[:, 0].var() == pytest.approx(rows[:, 1:].var(axis=0).sum())


def test_order_of_the_table_says_nothing(table):
    # Rows of a source stand together, and sources look as different as they score.
    source = np.arange(300) // 60
    posts = table.assign(d=table["d"] + 4 * source)
    posts["score"] = posts["a"] + np.array([3, 0, 4, 1, 2])[source]
    drawn = posts.sample(frac=1, random_state=0)
    scores = []
    for train in (drawn[:200], drawn[:200].sort_values("d")):
        model, _ = recommended(train, embeddings=EMBEDDINGS)
        predicted = model.fit(train, train["score"]).predict(drawn[200:])
        scores.append(spearman_score(drawn["score"][200:], predicted))
    assert scores[0] == pytest.approx(scores[1], abs=0.05)


def test_history_helps_where_users_differ(table):
    content = _held_out(table, embeddings=EMBEDDINGS)
    both = _held_out(table, embeddings=EMBEDDINGS, user="user", time="day")
    assert 0.2 < content < both - 0.2


def test_time_decides_on_the_mode_of_history(table):
    _, reasons = _names(table, user="user", time="day")
    assert "earlier posts" in reasons
    _, reasons = _names(table, user="user")
    assert "out of fold" in reasons


def test_photos_without_networks_are_hand_crafted():
    posts, _ = make_popularity(60, image_size=(48, 64), noise=0.1, random_state=0)
    model, reasons = recommended(posts, networks=[])
    assert [name for name, _, _ in model.branches] == list(FEATURES)
    assert "extra 'torch'" in " ".join(reasons)
    cues = SocialFeatures(texts=["title"])
    assert _names(posts, networks=[], cues=cues)[0] == ["photos", "cues"]


def _network(**settings):
    return CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        preprocessing=Preprocessing(size=32),
        **settings,
    )


@pytest.fixture(scope="module")
def photos():
    posts, _ = make_popularity(24, image_size=(48, 64), random_state=0)
    return posts


def test_networks_of_one_backbone_both_count(photos):
    pytest.importorskip("torch", reason="networks need torch")
    networks = [_network(), _network().set_params(preprocessing__size=48)]
    model, _ = recommended(photos, networks=networks, batch_size=7)
    assert _blocks(model) == ["squeezenet1_1", "squeezenet1_1-2"]
    model.fit(photos[:20], photos["score"][:20])
    assert model.regressor_[0].transform(photos).shape == (24, 2 * 512)
    assert np.isfinite(model.predict(photos[20:])).all()


def test_photos_are_described_once(photos, monkeypatch):
    pytest.importorskip("torch", reason="networks need torch")
    described = []
    transform = CNNEmbedder.transform

    def count(self, X):
        described.append(len(X))
        return transform(self, X)

    monkeypatch.setattr(CNNEmbedder, "transform", count)
    model, _ = recommended(
        photos,
        networks=[_network()],
        titles="title",
        time="uploaded",
        user="user",
    )
    compare_models({"all": model}, photos, photos["score"], cv=3, n_repeats=2)
    assert described == [24]


def test_a_search_reaches_the_members(photos):
    pytest.importorskip("torch", reason="networks need torch")
    model, _ = recommended(photos, networks=[_network()], titles="title")
    grid = {"photos__regressor__svr__C": [1, 4], "titles__ridge__alpha": [3]}
    search = GridSearchCV(model, grid, cv=2, scoring=spearman_scorer)
    assert np.isfinite(search.fit(photos, photos["score"]).best_score_)
    assert len(cross_val_score(model, photos, photos["score"], cv=2)) == 2


def test_large_tables_approximate_the_kernel():
    rng = np.random.default_rng(0)
    posts = pd.DataFrame(rng.normal(size=(5001, 3)), columns=list("abc"))
    y = posts["a"] ** 2 + posts["b"]
    model, reasons = recommended(posts, embeddings={"one": list("abc")})
    assert "above 5,000" in " ".join(reasons)
    model.set_params(regressor__nystroem__n_components=100)
    assert spearman_score(y, model.fit(posts, y).predict(posts)) > 0.9


def test_the_network_of_the_extra_has_three_depths():
    pytest.importorskip("timm", reason="networks of timm need timm")
    if not pretrained_at_hand(LITE):
        pytest.skip("the package with the weights is not installed")
    model, _ = recommended(pd.DataFrame({"photo": ["a.jpg"]}))
    described = model.regressor[0].transformers[0][1]
    widths = [s.stop - s.start for _, _, s in described[1].transformers]
    names = described[0].get_feature_names_out()
    for layer, width in zip(described[0].layer, widths, strict=True):
        assert sum(f"_{layer}" in name for name in names) == width


def test_missing_titles_have_no_letters(table):
    posts = table.assign(title=["good cat", None, "bad dog"] * 100)
    posts["score"] = [2.0, 1.0, 0.0] * 100
    model, _ = recommended(posts, titles="title")
    predicted = model.fit(posts, posts["score"]).predict(posts)
    assert spearman_score(posts["score"], predicted) == pytest.approx(1)


@pytest.mark.parametrize(
    ("at_hand", "chosen"),
    [
        ({}, []),
        ({LITE}, [LITE]),
        ({LITE, CLIP}, [CLIP]),
        ({CLIP, DINO, LITE}, [CLIP, DINO]),
    ],
)
def test_the_best_networks_at_hand_are_taken(monkeypatch, at_hand, chosen):
    monkeypatch.setattr(_photo_models, "pretrained_at_hand", at_hand.__contains__)
    posts = pd.DataFrame({"photo": ["a.jpg"]})
    model, reasons = recommended(posts)
    if chosen:
        assert _blocks(model) == chosen
        assert "not at hand: timm/vit_pe_core_large" in " ".join(reasons)
    else:
        assert list(FEATURES) == [name for name, _, _ in model.branches]


def test_tags_need_vectors(table):
    posts = table.assign(tags="x")
    with pytest.raises(ValueError, match="tags='tags' without vectors"):
        recommended(posts, tags="tags")
    with pytest.raises(ValueError, match="tags=None with vectors"):
        recommended(posts, vectors={"x": [1.0]})
    names, _ = _names(posts, tags="tags", vectors={"x": [1.0]}, user="user")
    assert names == ["cues", "tags"]


@pytest.mark.parametrize("name", ["photo", "user", "time", "titles", "groups"])
def test_missing_columns_are_named(table, name):
    expected = "Got the column 'usr', but posts have .*Did you mean 'user'"
    with pytest.raises(ValueError, match=expected):
        recommended(table, **{"user": "user", name: "usr"})


@pytest.mark.parametrize(
    ("name", "meant"), [("n_job", "n_jobs"), ("usr", "user"), ("grups", "groups")]
)
def test_misspelt_settings_are_refused(table, name, meant):
    with pytest.raises(TypeError, match=f"Got {name}=2, .* mean '{meant}'"):
        recommended(table, user="user", **{name: 2})


def test_settings_of_networks_need_networks(table):
    with pytest.raises(TypeError, match="Got precision='float32'"):
        recommended(table, user="user", precision="float32")


def test_nothing_to_learn_from_is_an_error(table):
    with pytest.raises(ValueError, match="at least one was expected"):
        recommended(table)


@pytest.mark.parametrize(
    ("times", "days"),
    [
        (["1970-01-02", None], [1, np.nan]),
        pytest.param(
            *(["1970-01-02", None, "0001-01-01T12:00"], [1, np.nan, -719161.5]),
            marks=pytest.mark.skipif(
                parse_version(pd.__version__) < parse_version("3"),
                reason="pandas 2 knows no times before 1677.",
            ),
        ),
        (pd.to_datetime(["1970-01-02T01:00+01:00", None], utc=True), [1, np.nan]),
        ([7, 1.5, np.nan], [7, 1.5, np.nan]),
        (pd.array([7, None], dtype="Int64"), [7, np.nan]),
        (pd.Series([7, None], dtype=object), [7, np.nan]),
    ],
)
def test_moments_are_days_or_numbers(times, days):
    found = moments(pd.DataFrame({"when": times}))
    np.testing.assert_array_equal(found, np.reshape(days, (-1, 1)))


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_moments_of_no_time_name_the_row(package):
    frames = pytest.importorskip(package, reason=f"This table needs {package}.")
    make = frames.table if package == "pyarrow" else frames.DataFrame
    times = make({"when": ["2025-07-04", "yesterday"]})
    with pytest.raises(ValueError, match=r"'when' holds 'yesterday' in row 1 .*") as e:
        moments(times)
    assert "\n" not in str(e.value)


def test_cues_of_one_group_alone_are_no_obstacle(table):
    groups = np.arange(300) % 3
    cost = np.exp(table["a"])
    posts = table.assign(sparse=cost.where(groups == 1), cost=cost)
    cues = SocialFeatures(counts=["sparse", "cost"], missing="nan")
    model, _ = recommended(posts, cues=cues)
    predicted = cross_val_predict(
        model, posts, posts["score"], cv=GroupKFold(3), groups=groups
    )
    assert spearman_score(posts["score"], predicted) > 0.1


def test_gaps_of_known_columns_stay():
    X = pd.DataFrame({"some": [1.0, np.nan], "none": [np.nan, np.nan]})
    filler = EmptyColumnFiller().set_output(transform="pandas").fit(X)
    expected = pd.DataFrame({"some": [np.nan, 2.0], "none": [0.0, 0.0]})
    seen = pd.DataFrame({"some": [np.nan, 2.0], "none": [3.0, np.nan]})
    pd.testing.assert_frame_equal(filler.transform(seen), expected)


def test_boosting_keeps_its_nested_name(table):
    model, _ = recommended(
        table, embeddings=EMBEDDINGS, cues=SocialFeatures(counts=["b"])
    )
    model.set_params(cues__histgradientboostingregressor__max_iter=3)
    assert model.estimators[1][1][-1].max_iter == 3
