"""What a program sets for itself changes no result of ours, nor does an index."""

import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import (
    HOGLLC,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    KClassAggregatingClassifier,
    LatentRankSVM,
    LBPPyramid,
    PerUserRegressor,
    SocialFeatures,
    StackedLateFusion,
    TagEmbedder,
    UserHistoryEncoder,
    ZeroShotTagger,
    ablation,
    compare_features,
    drop_viral,
    evaluate_protocols,
    extract,
    log_normalized_popularity,
    make_popularity,
    region_heatmap,
)
from sklearn_popularity.evaluation import fit_features, held_out_predictions

N = 40


@pytest.fixture(scope="module")
def posts():
    """Posts with photos, whose index is shuffled and has each number twice."""
    posts, _ = make_popularity(N, image_size=(40, 48), random_state=0)
    rng = np.random.default_rng(0)
    posts["user"] = rng.integers(0, 5, N).astype(str)
    posts["views"] = rng.integers(1, 1000, N)
    posts["tags"] = [["sea", "sky"] if i % 2 else ["cat"] for i in range(N)]
    posts.index = rng.permutation(np.repeat(np.arange(N // 2), 2))
    return posts


def _vectors():
    words = {"sea": [1.0, 0.0], "sky": [0.5, 1.0], "cat": [-1.0, 0.5]}
    return {word: np.array(vector, np.float32) for word, vector in words.items()}


def _fit_transform(transformer, *columns):
    def call(posts):
        X = posts[columns[0]] if len(columns) == 1 else posts[list(columns)]
        return transformer.fit_transform(X, posts["score"])

    return call


def _predict(model, *columns):
    def call(posts):
        X = posts[list(columns)]
        return model.fit(X, posts["score"]).predict(X)

    return call


def _tags_of_words(posts):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.random((N, 3)), posts.index, ["sea", "sky", "cat"])
    model = make_pipeline(ZeroShotTagger(n_words=1), TagEmbedder(vectors=_vectors()))
    return model.fit_transform(table)


def _columns():
    return make_column_transformer(
        (ColorStatistics(), "photo"), (SocialFeatures(), ["views"])
    )


def _fusion():
    return StackedLateFusion(
        [
            (
                "photo",
                make_pipeline(ColorStatistics(), StandardScaler(), Ridge()),
                "photo",
            ),
            (
                "cues",
                make_pipeline(SocialFeatures(), StandardScaler(), Ridge()),
                ["views"],
            ),
        ],
        cv=3,
    )


def _ranker():
    return LatentRankSVM(n_senses=1, n_unpopular_senses=0, max_iter=10, random_state=0)


def _compare(posts):
    found = compare_features(
        posts["photo"],
        posts["score"],
        features=["color-statistics", "color-histogram"],
        groups=posts["user"],
        n_repeats=1,
    )
    return np.hstack([each.raw for each in found.held_out.values()])


def _fit(posts):
    fitted = fit_features(
        posts["photo"], posts["score"], features=["color-statistics", "lbp"]
    )
    return np.hstack([fitted.held_out.raw[:, 0], fitted.model.predict(posts["photo"])])


def _protocols(posts):
    model = make_pipeline(_columns(), StandardScaler(), Ridge())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # protocols that are left out
        table = evaluate_protocols(
            model,
            posts[["photo", "views", "user"]],
            posts["score"],
            user="user",
            cv=3,
            random_state=0,
        )
    return table.select_dtypes("number")


def _ablation(posts):
    X = posts[["photo", "views"]]
    found = ablation(
        _fusion(),
        X,
        posts["score"],
        content=["photo"],
        social=["cues"],
        cv=3,
        random_state=0,
    )
    return np.hstack([each.raw for each in found.held_out.values()])


def _held_out(posts):
    X = posts[["photo", "views"]]
    held_out = held_out_predictions(_fusion(), X, posts["score"], cv=3)
    return held_out.shares


def _heatmap(posts):
    model = make_pipeline(
        HOGLLC(dictionary=8, n_levels=2, random_state=0), Ridge()
    ).fit(posts["photo"], posts["score"])
    return region_heatmap(model, posts["photo"].iloc[0])


def _extract(posts):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        posts, _ = make_popularity(6, folder=Path(folder) / "photos", random_state=0)
        extract(ColorStatistics(), posts["photo"], f"{folder}/x.npy")
        return np.load(f"{folder}/x.npy")


SMALL = {"dictionary": 8, "random_state": 0}
CALLS = {
    "ColorStatistics": _fit_transform(ColorStatistics(), "photo"),
    "ColorHistogram": _fit_transform(ColorHistogram(), "photo"),
    "GistTransformer": _fit_transform(GistTransformer(image_size=48), "photo"),
    "LBPPyramid": _fit_transform(LBPPyramid(), "photo"),
    "ColorNamesLLC": _fit_transform(ColorNamesLLC(**SMALL), "photo"),
    "HOGLLC": _fit_transform(HOGLLC(**SMALL), "photo"),
    "SocialFeatures": _fit_transform(SocialFeatures(), "views", "user"),
    "UserHistoryEncoder": _fit_transform(
        UserHistoryEncoder(user="user", cv=3, random_state=0), "user", "views"
    ),
    "TagEmbedder": _fit_transform(TagEmbedder(vectors=_vectors()), "tags"),
    "ZeroShotTagger": _tags_of_words,
    "LatentRankSVM": _predict(
        make_pipeline(_columns(), StandardScaler(), _ranker()), "photo", "views"
    ),
    "KClassAggregatingClassifier": _predict(
        KClassAggregatingClassifier(
            make_pipeline(StandardScaler(), LogisticRegression()), n_classes=3
        ),
        "views",
    ),
    "PerUserRegressor": _predict(
        PerUserRegressor(
            make_pipeline(StandardScaler(), Ridge()), user="user", min_samples=5
        ),
        "user",
        "views",
    ),
    "StackedLateFusion": _predict(_fusion(), "photo", "views"),
    "compare_features": _compare,
    "fit_features": _fit,
    "evaluate_protocols": _protocols,
    "ablation": _ablation,
    "held_out_predictions": _held_out,
    "region_heatmap": _heatmap,
    "extract": _extract,
    "drop_viral": lambda posts: drop_viral(posts[["views"]], "views"),
    "log_normalized_popularity": lambda posts: log_normalized_popularity(
        posts["views"], np.zeros(N), 3.0
    ),
}


@contextmanager
def _strict_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


STATES = {
    "pandas": lambda: config_context(transform_output="pandas"),
    "polars": lambda: config_context(transform_output="polars"),
    "routing": lambda: config_context(enable_metadata_routing=True),
    "errstate": lambda: np.errstate(all="raise"),
    "warnings": _strict_warnings,
    "print": lambda: np.printoptions(precision=1, threshold=2),
}


@pytest.fixture(scope="module")
def expected(posts):
    """Results with nothing set, of a table with an ordinary index; each once."""
    results = {}

    def result(name):
        if name not in results:
            results[name] = _as_numbers(CALLS[name](posts.reset_index(drop=True)))
        return results[name]

    return result


def _as_numbers(result):
    if hasattr(result, "to_numpy"):
        result = result.to_numpy()
    return np.asarray(result, dtype=np.float64)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", CALLS)
def test_ambient_state_changes_nothing(name, state, posts, expected):
    if state == "polars":
        pytest.importorskip("polars", reason="This output needs polars.")
    plain = expected(name)
    with STATES[state]():
        found = CALLS[name](posts)
    assert_allclose(_as_numbers(found), plain, rtol=1e-5, atol=1e-6)
