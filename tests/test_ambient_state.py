"""What a program sets for itself changes no result of ours, nor does an index."""

import io
import json
import os
import random
import re
import tempfile
import time
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from PIL import Image
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import (
    context,
    datasets,
    evaluation,
    features,
    images,
    inspection,
    metrics,
    models,
    networks,
    papers,
)
from sklearn_popularity.features import codebook

N = 40
FEW = 10


@pytest.fixture(scope="module")
def posts():
    """Posts with photos, whose index is shuffled and has each number twice."""
    posts, truth = datasets.make_popularity(N, image_size=(40, 48), random_state=0)
    rng = np.random.default_rng(0)
    posts["user"] = rng.integers(0, 5, N).astype(str)
    posts["views"] = rng.integers(1, 1000, N)
    posts["day"] = rng.permutation(N).astype(float)
    posts["tags"] = [["sea", "sky"] if i % 2 else ["cat"] for i in range(N)]
    posts["title"] = ["sea and sky" if i % 2 else "a cat" for i in range(N)]
    posts["time"] = pd.Timestamp("2014-01-01") + pd.to_timedelta(posts["day"], "h")
    posts["kind"] = ["seen" if i % 3 else "rare" for i in range(N)]
    posts["guess"] = posts["score"] + rng.normal(size=N)
    posts[["saturation", "object"]] = truth.effects[["saturation", "object"]]
    posts.index = rng.permutation(np.repeat(np.arange(N // 2), 2))
    return posts


def _vectors():
    words = {"sea": [1.0, 0.0], "sky": [0.5, 1.0], "cat": [-1.0, 0.5]}
    return {word: np.array(vector, np.float32) for word, vector in words.items()}


# --- Estimators


def _fit_transform(transformer, *columns, n=N):
    def call(posts):
        posts = posts[:n]
        X = posts[columns[0]] if len(columns) == 1 else posts[list(columns)]
        return transformer.fit_transform(X, posts["score"])

    return call


def _predict(model, *columns, n=N, classes=False):
    def call(posts):
        posts = posts[:n]
        X = posts[columns[0]] if columns == ("photo",) else posts[list(columns)]
        y = posts["score"] > posts["score"].median() if classes else posts["score"]
        return model.fit(X, y).predict(X)

    return call


def _network(**settings):
    pytest.importorskip("torch", reason="Networks need torch.")
    pytest.importorskip("torchvision", reason="Networks need torchvision.")
    return features.CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        preprocessing=networks.Preprocessing(size=32, crop_share=0.9),
        **settings,
    )


def _embedder(posts):
    return _network().fit_transform(posts["photo"][:FEW])


def _tuned(kind, classes):
    def call(posts):
        model = kind(embedder=_network(), max_epochs=1, random_state=0)
        return _predict(model, "photo", n=FEW, classes=classes)(posts)

    return call


def _perceptron(kind, classes):
    def call(posts):
        pytest.importorskip("skorch", reason="Perceptrons need skorch.")
        model = kind(
            branches={"a": ["views"], "b": ["guess", "day"]},
            max_epochs=2,
            random_state=0,
        )
        return _predict(model, "views", "guess", "day", classes=classes)(posts)

    return call


def _tags_of_words(posts):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.random((N, 3)), posts.index, ["sea", "sky", "cat"])
    tagger = context.ZeroShotTagger(n_words=1)
    return make_pipeline(tagger, context.TagEmbedder(vectors=_vectors())).fit_transform(
        table
    )


def _columns():
    return make_column_transformer(
        (features.ColorStatistics(), "photo"), (context.SocialFeatures(), ["views"])
    )


def _ridge(*steps):
    return make_pipeline(*steps, StandardScaler(), Ridge())


def _fusion():
    return models.StackedLateFusion(
        [
            ("photo", _ridge(features.ColorStatistics()), "photo"),
            ("cues", _ridge(context.SocialFeatures()), ["views"]),
        ],
        cv=3,
    )


def _ranker():
    return models.LatentRankSVM(
        n_senses=1, n_unpopular_senses=0, max_epochs=10, random_state=0
    )


def _classes():
    return models.KClassAggregatingClassifier(
        make_pipeline(StandardScaler(), LogisticRegression()), n_classes=3
    )


SMALL = {"dictionary": 8, "random_state": 0}
ESTIMATORS = {
    "features.ColorStatistics": _fit_transform(features.ColorStatistics(), "photo"),
    "features.ColorHistogram": _fit_transform(features.ColorHistogram(), "photo"),
    "features.GistTransformer": _fit_transform(
        features.GistTransformer(image_size=48), "photo"
    ),
    "features.LBPPyramid": _fit_transform(features.LBPPyramid(), "photo"),
    "features.ColorNamesLLC": _fit_transform(
        features.ColorNamesLLC(**SMALL), "photo", n=FEW
    ),
    "features.HOGLLC": _fit_transform(features.HOGLLC(**SMALL), "photo", n=FEW),
    "features.CNNEmbedder": _embedder,
    "context.SocialFeatures": _fit_transform(
        context.SocialFeatures(missing="indicator"), "views", "user", "day"
    ),
    "context.NeighborPopularity": _fit_transform(
        context.NeighborPopularity(n_neighbors=5, groups="user", time="time"),
        "user",
        "views",
        "guess",
        "time",
    ),
    "context.UserHistoryEncoder": _fit_transform(
        context.UserHistoryEncoder(user="user", cv=3, random_state=0), "user", "views"
    ),
    "context.TagEmbedder": _fit_transform(
        context.TagEmbedder(vectors=_vectors()), "tags"
    ),
    "context.ZeroShotTagger": _tags_of_words,
    "models.LatentRankSVM": _predict(
        make_pipeline(_columns(), StandardScaler(), _ranker()), "photo", "views"
    ),
    "models.KClassAggregatingClassifier": _predict(_classes(), "views"),
    "models.PerUserRegressor": _predict(
        models.PerUserRegressor(_ridge(), user="user", min_samples=5), "user", "views"
    ),
    "models.PairwiseRanker": _predict(
        models.PairwiseRanker(left="views", right="guess"),
        "views",
        "guess",
        classes=True,
    ),
    "models.ResidualRegressor": _predict(
        models.ResidualRegressor(
            make_pipeline(
                make_column_transformer((features.ColorStatistics(), "photo")), _ridge()
            ),
            context=make_pipeline(
                make_column_transformer((context.SocialFeatures(), ["views"])), _ridge()
            ),
            cv=3,
        ),
        "photo",
        "views",
    ),
    "models.StackedLateFusion": _predict(_fusion(), "photo", "views"),
    "models.CNNFineTuneRegressor": _tuned(models.CNNFineTuneRegressor, False),
    "models.CNNFineTuneClassifier": _tuned(models.CNNFineTuneClassifier, True),
    "models.MultiBranchMLPRegressor": _perceptron(
        models.MultiBranchMLPRegressor, False
    ),
    "models.MultiBranchMLPClassifier": _perceptron(
        models.MultiBranchMLPClassifier, True
    ),
}

# --- Photos, caches and files


@contextmanager
def _folder():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _png(posts):
    file = io.BytesIO()
    Image.fromarray(posts["photo"].iloc[0]).save(file, "PNG")
    return file.getvalue()


def _cached(use):
    def call(posts):
        with _folder() as folder:
            path = folder / "rows.sqlite"
            features.ColorStatistics(cache=path).fit_transform(posts["photo"])
            return use(path)

    return call


def _info(path):
    return features.cache_info(path).select_dtypes("number")


def _extract(part):
    def call(posts):
        with _folder() as folder:
            made, _ = datasets.make_popularity(
                6, folder=folder / "photos", image_size=(32, 40), random_state=0
            )
            out = folder / "x.npy"
            for number in range(2) if part else [None]:
                whole = None if number is None else (number, 2)
                paths = made["photo"]
                features.extract(features.ColorStatistics(), paths, out, part=whole)
            if part:
                features.join_parts(out, 2)
            return np.load(out)

    return call


def _model_file(read):
    def call(posts):
        model = _fusion().fit(posts[["photo", "views"]], posts["score"])
        with _folder() as folder:
            path = folder / "model.skops"
            models.save_model(model, path, y=posts["score"], label="score")
            return read(path, posts)

    return call


def _card(path, posts):
    card = models.read_model_card(path)
    return {key: card[key] for key in ("model", "label", "y") if key in card}


def _codes(posts):
    transformer = features.HOGLLC(**SMALL).fit(posts["photo"][:FEW])
    found = codebook.pooled_codes(transformer, posts["photo"].iloc[0])
    return [pooled.values for pooled, _ in found.values()]


FILES = {
    "images.Photos": lambda posts: images.Photos(list(posts["photo"])).read(0),
    "images.limit_size": lambda posts: images.limit_size(posts["photo"].iloc[0], 20),
    "images.read_image": lambda posts: images.read_image(_png(posts), max_size=20),
    "images.to_rgb8": lambda posts: images.to_rgb8(posts["photo"].iloc[0] / 255.0),
    "features.cache_info": _cached(_info),
    "features.prune_cache": _cached(lambda path: features.prune_cache(path)),
    "features.verify_cache": _cached(lambda path: features.verify_cache(path)),
    "features.extract": _extract(part=False),
    "features.join_parts": _extract(part=True),
    "features.pretrained_at_hand": lambda posts: features.pretrained_at_hand("alexnet"),
    "codebook.pooled_codes": _codes,
    "models.save_model": _model_file(
        lambda path, posts: models.load_model(path).predict(posts[["photo", "views"]])
    ),
    "models.load_model": _model_file(
        lambda path, posts: models.load_model(path).branch_predictions(
            posts[["photo", "views"]]
        )
    ),
    "models.read_model_card": _model_file(_card),
}

# --- Data sets


def _lamem(posts):
    with _folder() as folder:
        (folder / "images").mkdir()
        (folder / "splits").mkdir()
        for i in range(3):
            Image.new("RGB", (8, 6)).save(folder / "images" / f"{i}.jpg")
        lines = [f"{i}.jpg 0.{i}" for i in range(3)]
        (folder / "splits" / "train_1.txt").write_text("\n".join(lines))
        return datasets.load_lamem(folder)["score"]


def _smpd(posts):
    keys = [("59@N75", "775"), ("1@N18", "1075")]
    of = [{"Uid": user, "Pid": photo} for user, photo in keys]
    places = {"Postdate": "1450000000", "Longitude": "-81.8", "Latitude": "24.5"}
    users = {"photo_count": "10", "ispro": "0", "photo_firstdate": "1400000000"}
    users |= {"photo_firstdatetaken": "0", "user_description": "0.1,0.2"}
    kinds = {"Category": "a", "Subcategory": "b", "Concept": "c"}
    texts = {"Title": "sea", "Alltags": "sea sky", "Mediatype": "photo"}
    records = {
        "category": [key | kinds for key in of],
        "text": [key | texts for key in of],
        "temporalspatial_information": [
            key | places | {"Geoaccuracy": "1"} for key in of
        ],
        "user_data": {
            name: {str(i): (key | users)[name] for i, key in enumerate(of)}
            for name in (*of[0], *users)
        },
    }
    with _folder() as folder:
        where = folder / "train_allmetadata_json"
        where.mkdir()
        for name, content in records.items():
            (where / f"train_{name}.json").write_text(json.dumps(content))
        lines = [f"train/{user}/{photo}.jpg\n" for user, photo in keys]
        (where / "train_img_filepath.txt").write_text("".join(lines))
        (where / "train_label.txt").write_text("9.5\n1\n")
        for user, photo in keys:
            (folder / "train" / user).mkdir(parents=True)
            Image.new("RGB", (8, 6)).save(folder / "train" / user / f"{photo}.jpg")
        return datasets.load_smpd(folder).drop(columns="photo")


def _tpic2017(posts):
    rows = {
        "LABEL": ["pid uid logview", "7\ta\t3.2", "8\tb\t2.5"],
        "TIME_FLAG": [
            "pid uid year month day hour_index",
            "8\tb\t2007\t3\t16\t4",
            "7\ta\t2006\t2\t9\t5",
        ],
        "PHOTO_URL": ["7\ta\thttp://a", "8\tb\thttp://b"],
        "USER_META": [f"{key}\t0\t1\t15\t0\t4\t1.5\t3\t9" for key in ("7\ta", "8\tb")],
    }
    with _folder() as folder:
        for name, lines in rows.items():
            (folder / f"{name}.txt").write_text("\n".join(lines))
        return datasets.load_tpic2017(folder)


def _labelled_folder(posts):
    with _folder() as folder:
        datasets.make_popularity(4, folder=folder, image_size=(32, 40), random_state=0)
        return datasets.load_folder(folder).drop(columns="photo")


def _made(posts):
    made, truth = datasets.make_popularity(4, image_size=(32, 40), random_state=0)
    return [made, truth.effects]


def _themes(posts):
    made = datasets.make_themes(20, 4, random_state=0)
    return [made.data, made.target, made.theme]


DATASETS = {
    "datasets.filter_top_tags": lambda posts: datasets.filter_top_tags(
        posts[["title", "views"]], n_tags=2, column="title"
    ),
    "datasets.load_folder": _labelled_folder,
    "datasets.load_lamem": _lamem,
    "datasets.load_smpd": _smpd,
    "datasets.load_tpic2017": _tpic2017,
    "datasets.make_popularity": _made,
    "datasets.make_themes": _themes,
    "context.count_from_popularity": lambda posts: context.count_from_popularity(
        posts["guess"], np.zeros(N), 3.0
    ),
    "context.drop_viral": lambda posts: context.drop_viral(posts[["views"]], "views"),
    "context.log_normalized_popularity": lambda posts: (
        context.log_normalized_popularity(posts["views"], np.zeros(N), 3.0)
    ),
}

# --- Metrics and evaluation

PAIR = ["score", "guess"]
TWO = ["color-statistics", "color-histogram"]


def _scored(score):
    def call(posts):
        columns = ["views", "user", "guess"]
        model = _ridge(make_column_transformer(("passthrough", ["views", "guess"])))
        return score(model.fit(posts[columns], posts["score"]), posts[columns], posts)

    return call


def _compare(posts):
    return evaluation.compare_features(
        posts["photo"],
        posts["score"],
        features=["color-statistics"],
        groups=posts["day"] // 4,
        cv=3,
        n_repeats=1,
    )


def _fit(posts):
    fitted = evaluation.fit_model(_fusion(), posts, posts["score"], cv=3)
    return [fitted.held_out.raw, fitted.model.predict(posts)]


def _intervals(posts):
    model = evaluation.IntervalRegressor(_ridge(), groups="user", coverage=0.8)
    X = posts[["views", "guess", "user"]].astype({"user": int})
    model.fit(X, posts["score"])
    return [model.predict_interval(X, percentiles=each) for each in (False, True)]


def _compare_models(posts):
    compared = {
        "photo": _ridge(features.ColorStatistics()),
        "both": _fusion(),
        **evaluation.baseline_models(columns=["views"], user="user"),
    }
    return evaluation.compare_models(
        compared,
        posts[["photo", "views", "user"]],
        posts["score"],
        groups=posts["day"] // 4,
        reference="photo",
        cv=3,
        n_repeats=1,
    )


def _protocols(posts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # protocols that are left out
        return evaluation.evaluate_protocols(
            _ridge(_columns()),
            posts[["photo", "views", "user"]],
            posts["score"],
            user="user",
            cv=3,
            random_state=0,
        )


def _held_out(posts):
    X = posts[["photo", "views"]]
    found = evaluation.held_out_predictions(_fusion(), X, posts["score"], cv=3)
    return [found.raw, found.shares]


def _per_user_folds(posts):
    folds = evaluation.PerUserShuffleSplit(2, user="user", random_state=0)
    return list(folds.split(posts[["user", "views"]], posts["score"]))


def _audit(posts):
    model = make_pipeline(features.ColorStatistics(), StandardScaler(), Ridge())
    audit = evaluation.shortcut_audit(
        model,
        posts[["photo"]],
        posts["score"],
        suspects={"user": posts["user"], "day": posts["day"]},
        measures=["size", "watermark"],
        cv=3,
        n_repeats=1,
    )
    return audit.suspects, audit.groups


def _duplicates(posts):
    photos = pd.concat([posts["photo"], posts["photo"][:2]])
    return evaluation.near_duplicates(photos)


EVALUATION = {
    "metrics.bradley_terry": lambda posts: list(
        metrics.bradley_terry(
            posts["user"],
            ["other"] * len(posts),
            posts["user"].where(posts["guess"] > 0, "other"),
        )
    ),
    "metrics.pairwise_accuracy": lambda posts: metrics.pairwise_accuracy(
        (posts["score"] > 0).astype(float), posts["guess"], groups=posts["user"]
    ),
    "metrics.human_consistency": lambda posts: metrics.human_consistency(
        posts["guess"], items=posts["day"] // 4, raters=posts["user"], random_state=0
    ),
    "metrics.per_user_spearman_score": lambda posts: metrics.per_user_spearman_score(
        posts["score"], posts["guess"], users=posts["user"]
    ),
    "metrics.per_user_spearman_scorer": _scored(
        lambda model, X, posts: metrics.per_user_spearman_scorer(user="user")(
            model, X, posts["score"]
        )
    ),
    "metrics.spearman_interval": lambda posts: metrics.spearman_interval(
        posts["score"], posts["guess"], groups=posts["user"]
    ),
    "metrics.spearman_score": lambda posts: metrics.spearman_score(
        posts["score"], posts["guess"], sample_weight=posts["views"]
    ),
    "metrics.spearman_scorer": _scored(
        lambda model, X, posts: metrics.spearman_scorer(
            model, X, posts["score"], sample_weight=posts["views"]
        )
    ),
    "metrics.top_fraction_accuracy": lambda posts: metrics.top_fraction_accuracy(
        *(posts[name][rows] for rows in (slice(20), slice(20, N)) for name in PAIR),
        draw=True,
        random_state=0,
    ),
    "evaluation.IntervalRegressor": _intervals,
    "evaluation.PerUserShuffleSplit": _per_user_folds,
    "evaluation.VoteKFold": lambda posts: list(
        evaluation.VoteKFold(2, random_state=0).split(posts[["user", "day"]])
    ),
    "evaluation.baseline_models": lambda posts: list(
        evaluation.baseline_models(columns=["views"], user="user")
    ),
    "evaluation.compare_features": _compare,
    "evaluation.compare_models": _compare_models,
    "evaluation.evaluate_protocols": _protocols,
    "evaluation.fit_model": _fit,
    "evaluation.follow_causes": lambda posts: evaluation.follow_causes(
        posts[["saturation", "object"]], posts["guess"], groups=posts["user"]
    ),
    "evaluation.held_out_predictions": _held_out,
    "evaluation.near_duplicates": _duplicates,
    "evaluation.best_of_groups": lambda posts: evaluation.best_of_groups(
        posts["score"], posts["guess"], posts["day"] // 4
    ),
    "evaluation.shortcut_audit": _audit,
    "evaluation.variance_shares": lambda posts: list(
        evaluation.variance_shares(
            posts["score"], photo=posts["day"] // 4, user=posts["user"]
        )
    ),
    "evaluation.transfer_table": lambda posts: evaluation.transfer_table(
        {"ridge": _ridge()},
        {
            kind: (posts[["views", "day"]][rows], posts["score"][rows])
            for kind, rows in (("first", slice(20)), ("second", slice(20, N)))
        },
        n_repeats=1,
    ),
    "evaluation.straddling_pairs": lambda posts: evaluation.straddling_pairs(
        np.array([[0, 1], [0, 2]]), [[([1, 3], [0, 2]), ([0, 2], [1, 3])]]
    ),
}

# --- Inspection


def _stability(posts):
    X = np.random.default_rng(0).normal(size=(200, 4))
    y = X[:, :2].max(axis=1) - X[:, 2:].max(axis=1)
    rankers = [models.LatentRankSVM(random_state=i).fit(X, y) for i in range(2)]
    return inspection.sense_stability(rankers, X, n_shuffles=2)


def _cues(posts):
    return inspection.cue_correlations(
        posts[["views", "day"]], posts["score"], groups=posts["user"]
    )


def _ablation(posts):
    return inspection.ablation(
        _fusion(),
        posts[["photo", "views"]],
        posts["score"],
        content=["photo"],
        social=["cues"],
        cv=3,
        random_state=0,
    )


def _branch_importance(posts):
    X = posts[["photo", "views"]]
    fusion = _fusion().fit(X, posts["score"])
    return inspection.branch_importance(
        fusion, X, posts["score"], n_repeats=2, random_state=0
    )


def _calibration(posts):
    return inspection.calibration(
        posts["score"],
        posts["guess"],
        by=posts["kind"],
        clusters=posts["user"],
    )


def _colors(posts):
    model = _ridge(features.ColorHistogram()).fit(posts["photo"], posts["score"])
    return inspection.color_importance(model)


def _what_if(posts):
    model = make_pipeline(features.ColorStatistics(), StandardScaler(), Ridge())
    fitted = evaluation.fit_model(
        model, posts[["photo"]], posts["score"], cv=3, return_estimator=True
    )
    found = inspection.what_if(fitted, posts["photo"].iloc[0], ["saturation"])
    return found.changes[["edit", "change", "low", "high"]], found.score


def _explain(posts):
    model = _ridge(features.ColorStatistics()).fit(posts["photo"], posts["score"])
    return inspection.explain_photo(model, posts["photo"].iloc[0])


def _compare_photos(posts):
    model = _ridge(features.ColorStatistics())
    fitted = evaluation.fit_model(
        model, posts["photo"], posts["score"], groups=posts["user"], n_repeats=1
    )
    return inspection.compare_photos(fitted, posts["photo"][:3])


def _mean_image(posts):
    return inspection.mean_image(
        posts["photo"], posts["score"], n_photos=5, size=(12, 16), random_state=0
    )


def _objects(posts):
    return inspection.object_importance(
        posts[["views", "guess"]],
        posts["score"],
        groups=posts["user"],
        n_splits=2,
        random_state=0,
    )


def _reliability(posts):
    return inspection.percentile_reliability(
        posts["score"],
        posts["guess"],
        n_bins=4,
        groups=posts["user"],
    )


def _distribution(posts):
    return inspection.popularity_distribution(posts["views"], posts["day"] + 1)


def _heatmap(posts):
    model = make_pipeline(
        features.HOGLLC(**SMALL, n_levels=2), StandardScaler(), Ridge()
    ).fit(posts["photo"][:FEW], posts["score"][:FEW])
    return inspection.region_heatmap(model, posts["photo"].iloc[0])


def _senses(posts):
    ranker = make_pipeline(StandardScaler(), models.LatentRankSVM(random_state=0))
    X = posts[["views", "guess", "day"]]
    return ranker.fit(X, posts["score"]), X


def _sense_words(posts):
    return inspection.sense_words(*_senses(posts), posts["title"])


def _by_user(posts):
    return inspection.spearman_by_user(
        posts["score"],
        {"guess": posts["guess"], "views": posts["views"]},
        users=posts["user"],
        min_rows=3,
    )


def _reports(posts):
    pytest.importorskip("jinja2", reason="Reports need jinja2.")
    pipeline = _ridge(features.ColorStatistics())
    return [_report(posts, model) for model in (_fusion(), pipeline)]


def _report(posts, model):
    with _folder() as folder:
        report = inspection.popularity_report(
            model,
            posts,
            posts["score"],
            folder / "report.html",
            groups="user",
            by="kind",
            title="title",
            words="title",
            objects=posts[["saturation", "object"]].abs(),
            cv=3,
            n_photos=2,
            n_heatmaps=1,
        )
        page = report.path.read_text(encoding="utf-8").replace(str(folder), "")
        # A map is drawn with colours that its last digits decide; see region_heatmap.
        return [replace(report, path=""), re.sub(r"data:image/[^\"]+", "", page)]


def _drawn(draw, table=None):
    """What is drawn of a table: places and sizes of all marks, pixels, and texts.

    The table is made once, with nothing set: what makes it is tried by itself.
    """
    made = []

    def call(posts):
        matplotlib = pytest.importorskip("matplotlib", reason="Plots need matplotlib.")
        matplotlib.use("agg")
        from matplotlib import pyplot

        if table is not None and not made:
            made.append(table(posts))
        axes = draw(made[0] if made else posts)
        try:
            return [_marks(ax) for ax in np.ravel(axes)]
        finally:
            pyplot.close("all")

    return call


def _marks(ax):
    parts = [line.get_xydata() for line in ax.lines]
    parts += [patch.get_path().vertices for patch in ax.patches]
    parts += [patch.get_patch_transform().get_matrix() for patch in ax.patches]
    parts += [image.get_array() for image in ax.images]
    for collection in ax.collections:
        parts += [
            collection.get_offsets(),
            *(p.vertices for p in collection.get_paths()),
        ]
    texts = [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.title]
    return [*parts, ax.get_xlim(), ax.get_ylim(), [text.get_text() for text in texts]]


def _quadrants(posts):
    return inspection.quadrants(posts["score"], posts["guess"])


INSPECTION = {
    "inspection.ablation": _ablation,
    "inspection.branch_importance": _branch_importance,
    "inspection.calibration": _calibration,
    "inspection.color_importance": _colors,
    "inspection.cue_correlations": _cues,
    "inspection.sense_stability": _stability,
    "inspection.compare_photos": _compare_photos,
    "inspection.explain_photo": _explain,
    "inspection.what_if": _what_if,
    "inspection.mean_image": _mean_image,
    "inspection.object_importance": _objects,
    "inspection.percentile_reliability": _reliability,
    "inspection.popularity_distribution": _distribution,
    "inspection.popularity_report": _reports,
    "inspection.quadrants": _quadrants,
    "inspection.region_heatmap": _heatmap,
    "inspection.score_distribution": lambda posts: inspection.score_distribution(
        posts["score"], posts["guess"], n_bins=5
    ),
    "inspection.score_percentile": lambda posts: inspection.score_percentile(
        posts["guess"], posts["score"]
    ),
    "inspection.sense_photos": lambda posts: inspection.sense_photos(*_senses(posts)),
    "inspection.sense_words": _sense_words,
    "inspection.spearman_by_user": _by_user,
    "inspection.plot_comparison": _drawn(inspection.plot_comparison, _ablation),
    "inspection.plot_branch_importance": _drawn(
        inspection.plot_branch_importance, _branch_importance
    ),
    "inspection.plot_cue_correlations": _drawn(inspection.plot_cue_correlations, _cues),
    "inspection.plot_calibration": _drawn(inspection.plot_calibration, _calibration),
    "inspection.plot_color_importance": _drawn(
        inspection.plot_color_importance, _colors
    ),
    "inspection.plot_heatmap": _drawn(
        lambda posts: inspection.plot_heatmap(posts["photo"].iloc[0], _heatmap(posts))
    ),
    "inspection.plot_mean_image": _drawn(inspection.plot_mean_image, _mean_image),
    "inspection.plot_object_importance": _drawn(
        inspection.plot_object_importance, _objects
    ),
    "inspection.plot_percentile_reliability": _drawn(
        inspection.plot_percentile_reliability, _reliability
    ),
    "inspection.plot_popularity_distribution": _drawn(
        inspection.plot_popularity_distribution, _distribution
    ),
    "inspection.plot_quadrants": _drawn(
        lambda posts: [
            inspection.plot_quadrants(_quadrants(posts)),
            inspection.plot_quadrants(_quadrants(posts), posts["photo"], n_rows=1),
        ]
    ),
    "inspection.plot_score_distribution": _drawn(
        lambda posts: inspection.plot_score_distribution(
            inspection.score_distribution(posts["score"], posts["guess"])
        )
    ),
    "inspection.plot_sense_photos": _drawn(
        lambda posts: inspection.plot_sense_photos(
            inspection.sense_photos(*_senses(posts)), posts["photo"], n_photos=2
        )
    ),
    "inspection.plot_sense_words": _drawn(inspection.plot_sense_words, _sense_words),
    "inspection.plot_spearman_by_user": _drawn(
        inspection.plot_spearman_by_user, _by_user
    ),
}

# --- Papers

CUES = context.SocialFeatures(counts=["views"])


def _paper(make, n=20, classes=False):
    """Predictions of a composition, which is made when its packages are there."""

    def call(posts):
        few = posts[:n]
        y = few["score"] > few["score"].median() if classes else few["score"]
        return make().fit(few, y).predict(few)

    return call


def _of_photos(make, **settings):
    def call(posts):
        model = make(embedder=_network(), max_epochs=1, random_state=0, **settings)
        classes = make is papers.dufour2015.favorite
        return _predict(model, "photo", n=FEW, classes=classes)(posts)

    return call


def _cnn():
    return {"cnn": _network()}


def _lafin():
    return papers.lafin.interestingness(
        ("cnn", "tags"), vectors=_vectors(), networks=_cnn()
    ).set_params(multibranchmlpclassifier__max_epochs=1)


def _recommended(posts):
    found = papers.recommended(
        posts, networks=[_network()], cues=CUES, tags="tags", vectors=_vectors()
    )
    few = posts[:20]
    return [found.reasons, found.model.fit(few, few["score"]).predict(few)]


def _experiments(posts):
    data = papers.PaperPosts(posts, "score", separator=None)
    return papers.Experiments(data, quick=True)


def _reproduce(posts, *names):
    pytest.importorskip("torch", reason="The tables need a network.")
    found = [papers.reproduce(name, _experiments(posts)) for name in names]
    # Notes have numbers in their text, which rounding may change.
    tables = [table for each in found for table in (each.tables, each.claims)]
    return [table.drop(columns="note") for table in tables]


PAPERS = {
    "cappallo2015.ranker": _paper(
        lambda: papers.cappallo2015.ranker("none", network=_network())
    ),
    "cappallo2015.engagement": lambda posts: papers.cappallo2015.engagement(
        posts, low=["views"], high=["day"]
    ),
    "cappallo2015.regression": _paper(
        lambda: papers.cappallo2015.regression(network=_network())
    ),
    "dufour2015.regression": _of_photos(papers.dufour2015.regression),
    "dufour2015.binned": _of_photos(papers.dufour2015.binned, n_bins=2),
    "dufour2015.favorite": _of_photos(papers.dufour2015.favorite),
    "khosla2014.content": _paper(lambda: papers.khosla2014.content("color_histogram")),
    "khosla2014.content_combined": _paper(
        lambda: papers.khosla2014.content_combined(["color_histogram"])
    ),
    "khosla2014.social": _paper(lambda: papers.khosla2014.social(CUES)),
    "khosla2014.content_and_social": _paper(
        lambda: papers.khosla2014.content_and_social(CUES, ["color_histogram"])
    ),
    "lafin.interestingness": _paper(_lafin, classes=True),
    "memorability2018.k_class_mlp": _paper(
        lambda: papers.memorability2018.k_class_mlp(
            ("cnn",), n_classes=2, top_score=9.0, networks=_cnn()
        )
    ),
    "memorability2018.regression": _paper(
        lambda: papers.memorability2018.regression(("cnn",), networks=_cnn())
    ),
    "memorability2018.mlp_search": lambda posts: sorted(
        papers.memorability2018.mlp_search(("cnn",))
    ),
    "papers.recommended": _recommended,
    "papers.make_paper_posts": lambda posts: [
        papers.make_paper_posts(40, image_size=(32, 32)).posts
    ],
    "papers.reproduce": lambda posts: _reproduce(posts, "khosla2014", "cappallo2015"),
    "lafin.section_2": lambda posts: papers.lafin.section_2(_experiments(posts)),
    "lafin.metadata_by_class": lambda posts: papers.lafin.metadata_by_class(
        posts, np.arange(len(posts)) % 2, counts=["views"], texts=["title"]
    ),
    "lafin.keep_tagged": lambda posts: papers.lafin.keep_tagged(
        posts, np.arange(len(posts)) % 2, separator=None
    ),
}

CALLS = ESTIMATORS | FILES | DATASETS | EVALUATION | INSPECTION | PAPERS

PAPER_TABLES = [
    f"{name}.{make.__name__}"
    for name, room in papers.PAPERS.items()
    for make in (*room.TABLES, room.claims, room.splits)
    if make is not papers.lafin.section_2
]
ABSTRACT = "A base, of which the estimators are tried."
FETCHED = "It asks a server; what it fetched is read by a function that is tried."
LEFT_OUT = {
    "codebook.CodebookTransformer": ABSTRACT,
    "codebook.ColorNamesLLC": "The same as of features.",
    "codebook.HOGLLC": "The same as of features.",
    "datasets.fetch_lamem": FETCHED,
    "features.ImageTransformer": ABSTRACT,
    "features.fetch_color_palette": FETCHED,
    "models.read_model_arrays": "Arrays of a command, which are numbers of its page.",
    "networks.Preprocessing": "It holds parameters of networks, which are tried.",
    "papers.Experiments": "The tables, which are tried, are computed from it.",
    **dict.fromkeys(PAPER_TABLES, "Tables and claims are tried by `reproduce`."),
}
ROOMS = [
    codebook,
    context,
    datasets,
    evaluation,
    features,
    images,
    inspection,
    metrics,
    models,
    networks,
    papers,
]


def _public_names(room):
    """Functions and estimators of a room, and of modules in it."""
    for name in room.__all__:
        value = getattr(room, name)
        if isinstance(value, ModuleType):
            yield from _public_names(value)
        elif callable(value) and not _holds_facts(value):
            yield f"{room.__name__.rpartition('.')[2]}.{name}"


def _holds_facts(value):
    """Whether it is a message, or what a function takes or returns."""
    is_message = isinstance(value, type) and issubclass(value, Exception)
    return is_message or is_dataclass(value) or hasattr(value, "_fields")


def test_every_public_name_is_tried():
    assert not CALLS.keys() & LEFT_OUT.keys()
    names = {name for room in ROOMS for name in _public_names(room)}
    assert LEFT_OUT.keys() <= names <= CALLS.keys() | LEFT_OUT.keys()


# --- States


@contextmanager
def _strict_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@contextmanager
def _time_zone(name):
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@contextmanager
def _seeds():
    """Seeds of the process, which no result of ours follows."""
    np.random.seed(7)  # noqa: NPY002
    random.seed(7)
    yield


@contextmanager
def _habits():
    """What a notebook may begin with, all at once: each may change nothing."""
    with ExitStack() as stack:
        stack.enter_context(config_context(transform_output="pandas"))
        stack.enter_context(config_context(enable_metadata_routing=True))
        stack.enter_context(np.errstate(all="raise"))
        stack.enter_context(_strict_warnings())
        stack.enter_context(np.printoptions(precision=1, threshold=2))
        stack.enter_context(
            pd.option_context("display.precision", 1, "display.max_rows", 2)
        )
        stack.enter_context(config_context(assume_finite=True))
        stack.enter_context(_time_zone("Pacific/Chatham"))
        stack.enter_context(_seeds())
        yield


STATES = {
    "habits": _habits,
    "polars": lambda: config_context(transform_output="polars"),
}
# scikit-learn takes the float32 numbers of polars as float64: sums are rounded less.
ROUNDING = {"habits": 1e-6, "polars": 1e-3}
# A ranker takes its steps by the rows that such a rounding puts on the other side.
ROUNDING_OF_RANKERS = 0.05
OF_RANKERS = ("papers.recommended", "papers.reproduce")


@pytest.fixture(scope="module")
def expected(posts):
    """Results with nothing set, of a table with an ordinary index; each once."""
    results = {}

    def result(name):
        if name not in results:
            results[name] = _parts(CALLS[name](posts.reset_index(drop=True)))
        return results[name]

    return result


def _parts(result):
    """The arrays of numbers and the texts of a result, in order."""
    if isinstance(result, str):
        return [result]
    if isinstance(result, Mapping):
        return [part for item in result.items() for part in _parts(list(item))]
    if is_dataclass(result):
        return _parts([getattr(result, field.name) for field in fields(result)])
    if isinstance(result, list | tuple | map):
        return [part for each in result for part in _parts(each)]
    if hasattr(result, "to_numpy"):
        result = result.to_numpy()
    values = np.asarray(result)
    if values.dtype.kind in "mM":
        values = values.astype(np.int64)
    if values.dtype.kind in "biuf":
        return [values.astype(np.float64)]
    if values.ndim == 0:
        return [str(result)]
    return [part for each in values.ravel().tolist() for part in _parts(each)]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", CALLS)
def test_ambient_state_changes_nothing(name, state, posts, expected):
    if state == "polars":
        pytest.importorskip("polars", reason="This output needs polars.")
    plain = expected(name)
    with STATES[state]():
        found = _parts(CALLS[name](posts))
    assert len(found) == len(plain) > 0
    rounding = ROUNDING[state]
    if name in OF_RANKERS and state == "polars":
        rounding = ROUNDING_OF_RANKERS
    for one, other in zip(found, plain, strict=True):
        if isinstance(other, str):
            assert one == other
        else:
            assert_allclose(one, other, rtol=1e-5, atol=rounding)
