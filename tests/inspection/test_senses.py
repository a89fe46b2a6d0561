"""Senses: whose rows count, which words, and planted themes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import LatentRankSVM, sense_words
from sklearn_popularity.datasets import make_themes
from sklearn_popularity.inspection import sense_photos
from sklearn_popularity.inspection._senses import split_words

NAMES = np.array(["beach", "night", "table", "street"])


@pytest.fixture(scope="module")
def themes():
    return make_themes(800, n_features=10, random_state=0)


@pytest.fixture(scope="module")
def ranker(themes):
    model = make_pipeline(StandardScaler(), LatentRankSVM(random_state=0))
    return model.fit(themes.data[:400], themes.target[:400])


def test_rows_of_a_sense_are_those_it_wins(themes, ranker):
    X = themes.data[400:]
    table = sense_photos(ranker, X, n_top=1000)
    scaled = ranker[:-1].transform(X)
    winners = ranker[-1].predict_sense(scaled)
    scores = scaled @ ranker[-1].coef_.T + ranker[-1].intercept_
    assert len(table) == 2 * len(X)
    for (side, sense), rows in table.groupby(["side", "sense"]):
        unpopular = int(side == "unpopular")
        assert set(rows["row"]) == set(np.flatnonzero(winners[:, unpopular] == sense))
        assert rows["score"].is_monotonic_decreasing
        assert_allclose(rows["score"], scores[rows["row"], 2 * unpopular + sense])
    few = sense_photos(ranker, X, n_top=3)
    assert (few.groupby(["side", "sense"]).size() == 3).all()


@pytest.mark.parametrize("weighting", ["frequency", "tf-idf"])
def test_planted_themes_are_the_first_words(weighting, themes, ranker):
    texts = [f"photo {NAMES[theme]}" for theme in themes.theme[400:]]
    table = sense_words(
        ranker,
        themes.data[400:],
        texts,
        weighting=weighting,
        tokenizer=lambda text: text.split()[1:],
        n_top=30,
        n_words=1,
    )
    words = table.groupby("side")["word"].agg(set)
    assert words["popular"] == {"beach", "night"}
    assert words["unpopular"] == {"table", "street"}


def test_tf_idf_is_the_formula(themes, ranker):
    texts = [f"Photo, {NAMES[theme]}" for theme in themes.theme[400:]]
    X = themes.data[400:]
    counted = sense_words(ranker, X, texts, n_words=99, n_top=50)
    weighed = sense_words(ranker, X, texts, n_words=99, n_top=50, weighting="tf-idf")
    assert "photo" in set(counted["word"])
    assert "photo" not in set(weighed["word"])
    keys = ["side", "sense"]
    counted["n"] = counted.groupby(keys)["count"].transform("sum")
    counted["d"] = counted.groupby("word")["word"].transform("size")
    expected = counted["count"] / counted["n"] * np.log(4 / counted["d"])
    counted = counted.assign(weight=expected)[expected > 0].set_index([*keys, "word"])
    weighed = weighed.set_index([*keys, "word"])
    assert set(weighed.index) == set(counted.index)
    assert_allclose(weighed["weight"], counted.loc[weighed.index, "weight"])


def test_words_missing_texts_and_ties(themes, ranker):
    X = themes.data[400:]
    nothing = sense_words(ranker, X, [None, float("nan")] * 200)
    assert len(nothing) == 0
    tied = sense_words(ranker, X, ["zebra apple"] * 400, n_words=1)
    assert set(tied["word"]) == {"apple"}
    with pytest.raises(TypeError, match=r"texts\[\d+\]=5"):
        sense_words(ranker, X, [5] * 400)
    with pytest.raises(TypeError, match="type Ridge"):
        sense_photos(Ridge(), X)


def test_split_words_keeps_letters_of_all_languages():
    assert split_words("New-York's Été_2 #Straße!") == ["new-york's", "été_2", "straße"]
