"""What is recommended for a table: each part where it can be used, and why."""

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity import (
    CNNEmbedder,
    Preprocessing,
    SocialFeatures,
    make_popularity,
    spearman_score,
)
from sklearn_popularity.features import pretrained_at_hand
from sklearn_popularity.papers import recommended


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
    model, reasons = recommended(posts, **choices)
    return [name for name, _, _ in model.branches], " ".join(reasons)


def test_several_embeddings_are_used_together(table):
    names, reasons = _names(table, embeddings=EMBEDDINGS)
    assert names == ["svr", "ranker"]
    assert "Photos by one, two" in reasons


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
    cues = SocialFeatures(texts=["title"])
    names, reasons = _names(posts, networks=[], cues=cues)
    assert names[:2] == ["color-statistics", "color-histogram"]
    assert names[-1] == "social"
    assert "hand-crafted" in reasons


def test_networks_see_the_photos():
    pytest.importorskip("torch", reason="networks need torch")
    posts, _ = make_popularity(24, image_size=(48, 64), random_state=0)
    network = CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        preprocessing=Preprocessing(size=32),
    )
    model, _ = recommended(posts, networks=[network], batch_size=7)
    assert [name for name, _, _ in model.branches] == ["svr", "ranker"]
    predicted = model.fit(posts[:20], posts["score"][:20]).predict(posts[20:])
    assert np.isfinite(predicted).all()


def test_weights_at_hand_are_found(tmp_path, monkeypatch):
    pytest.importorskip("torchvision", reason="networks need torchvision")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert not pretrained_at_hand("resnet50")
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "resnet50-11ad3fa6.pth").touch()
    assert pretrained_at_hand("resnet50")
    posts = pd.DataFrame({"photo": ["a.jpg"]})
    names, _ = _names(posts)
    assert names == ["svr", "ranker"]


def test_tags_need_vectors(table):
    posts = table.assign(tags="x")
    with pytest.raises(ValueError, match="tags='tags' without vectors"):
        recommended(posts, tags="tags")
    names, _ = _names(posts, tags="tags", vectors={"x": [1.0]})
    assert names == ["tags"]


def test_missing_columns_are_named(table):
    with pytest.raises(ValueError, match="Got the column 'owner', but posts have 'a'"):
        recommended(table, user="owner")


def test_nothing_to_learn_from_is_an_error(table):
    with pytest.raises(ValueError, match="at least one was expected"):
        recommended(table)
