"""Heatmaps: they sum to the score, and find what was planted."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_transformer,
)
from sklearn.ensemble import VotingRegressor
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import PoissonRegressor, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVR

from sklearn_popularity import (
    HOGLLC,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    ImageError,
    LatentRankSVM,
    PerUserRegressor,
    StackedLateFusion,
    make_popularity,
    region_heatmap,
)
from sklearn_popularity.features import cache_info
from sklearn_popularity.features.codebook import pooled_codes
from sklearn_popularity.inspection._occlusion import occlude
from sklearn_popularity.inspection._pooled_winners import trace_codes

SMALL = {"dictionary": 8, "n_levels": 2, "random_state": 0}


@pytest.fixture(scope="module")
def photos():
    posts, _ = make_popularity(12, image_size=(48, 64), random_state=0)
    return list(posts["photo"])


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(0).normal(size=12)


def codes(**settings):
    return ColorNamesLLC(**SMALL, **settings)


def columns():
    return ColumnTransformer(
        [
            ("colors", make_pipeline(codes(), StandardScaler()), "photo"),
            ("statistics", ColorStatistics(), "photo"),
            ("numbers", "passthrough", ["age"]),
        ]
    )


def fusion():
    return StackedLateFusion(
        [
            ("colors", make_pipeline(codes(), Ridge()), "photo"),
            ("hog", make_pipeline(HOGLLC(**SMALL), StandardScaler(), Ridge()), "photo"),
            ("statistics", make_pipeline(ColorStatistics(), SVR()), "photo"),
            ("age", "passthrough", ["age"]),
            ("dropped", "drop", ["age"]),
        ],
        cv=3,
    )


def mean():
    """A mean of models with weights, of which one was dropped."""
    colors = ColumnTransformer([("colors", codes(), "photo")])
    age = ColumnTransformer([("age", "passthrough", ["age"])])
    return VotingRegressor(
        [
            ("colors", make_pipeline(colors, Ridge())),
            ("dropped", "drop"),
            ("age", make_pipeline(age, SVR())),
        ],
        weights=[3, 5, 1],
    )


OF_PHOTOS = {
    "colors": make_pipeline(codes(), Ridge()),
    "gradients": make_pipeline(HOGLLC(**SMALL), Ridge()),
    "flip": make_pipeline(codes(flip=True), Ridge()),
    "reduced": make_pipeline(codes(max_size=40), Ridge()),
    "standard": make_pipeline(codes(), StandardScaler(), Ridge()),
    "uncentred": make_pipeline(codes(), StandardScaler(with_mean=False), Ridge()),
    "unscaled": make_pipeline(codes(), StandardScaler(with_std=False), Ridge()),
    "minmax": make_pipeline(codes(), MinMaxScaler((-1, 2)), Ridge()),
    "maxabs": make_pipeline(codes(), MaxAbsScaler(), Ridge()),
    "robust": make_pipeline(codes(), RobustScaler(), Ridge()),
    "selected": make_pipeline(codes(), VarianceThreshold(1e-4), Ridge()),
    "union": make_pipeline(
        FeatureUnion([("a", codes()), ("b", HOGLLC(**SMALL)), ("c", "drop")]), Ridge()
    ),
    "search": GridSearchCV(
        make_pipeline(codes(), Ridge()), {"ridge__alpha": [1.0]}, cv=2
    ),
    "target": TransformedTargetRegressor(
        make_pipeline(codes(), SVR(kernel="linear")), transformer=StandardScaler()
    ),
    "senses": make_pipeline(codes(), LatentRankSVM(random_state=0)),
}


@pytest.mark.parametrize("name", OF_PHOTOS)
def test_codes_sum_to_the_score(name, photos, y):
    model = OF_PHOTOS[name].fit(photos, y)
    for i in (0, 5):
        for smoothing in (0, 0.05):
            heat, intercept = region_heatmap(
                model,
                photos[i],
                method="codes",
                smoothing=smoothing,
                return_intercept=True,
            )
            assert heat.shape == (48, 64)
            assert_allclose(
                heat.sum() + intercept, model.predict(photos[i : i + 1])[0], atol=1e-5
            )


@pytest.mark.parametrize(
    "make", [fusion, mean, lambda: make_pipeline(columns(), Ridge())]
)
def test_codes_of_tables_sum_to_the_score(make, photos, y):
    posts = pd.DataFrame({"photo": photos, "age": np.arange(12.0)})
    model = make().fit(posts, y)
    row = posts.iloc[[3]]
    heat, intercept = region_heatmap(model, row, method="codes", return_intercept=True)
    assert_allclose(heat.sum() + intercept, model.predict(row)[0], atol=1e-5)


def test_branch_is_mapped_in_its_own_units(photos, y):
    posts = pd.DataFrame({"photo": photos, "age": np.arange(12.0)})
    model = fusion().fit(posts, y)
    row = posts.iloc[[3]]
    branch = model.branches_[0][1]
    heat, intercept = region_heatmap(
        model, row, branch="colors", method="codes", return_intercept=True
    )
    assert_allclose(heat.sum() + intercept, branch.predict(row["photo"])[0], atol=1e-5)
    occlusion = region_heatmap(model, row, branch="statistics", patch_size=32)
    assert occlusion.shape == heat.shape
    with pytest.raises(ValueError, match=r"branch='gist'.*'colors', 'hog'"):
        region_heatmap(model, row, branch="gist")


def test_member_of_a_mean_is_mapped_in_its_own_units(photos, y):
    posts = pd.DataFrame({"photo": photos, "age": np.arange(12.0)})
    model = mean().fit(posts, y)
    row = posts.iloc[[3]]
    heat, intercept = region_heatmap(
        model, row, branch="colors", method="codes", return_intercept=True
    )
    expected = model.estimators_[0].predict(row)[0]
    assert_allclose(heat.sum() + intercept, expected, atol=1e-5)
    with pytest.raises(ValueError, match=r"branch='gist'.*'colors', 'age'"):
        region_heatmap(model, row, branch="gist")


def test_transformer_and_model_may_come_apart(photos, y):
    model = OF_PHOTOS["colors"].fit(photos, y)
    apart = region_heatmap((model[0], model[1]), photos[0])
    assert_allclose(apart, region_heatmap(model, photos[0]))


def test_path_is_mapped_in_the_size_asked_for(paths):
    model = make_pipeline(codes(), Ridge()).fit(paths, np.arange(len(paths)))
    assert region_heatmap(model, paths[0]).shape == (24, 32)
    assert region_heatmap(model, paths[0], max_size=16).shape == (12, 16)


def test_a_word_is_given_back_to_the_place_that_won_it(photos):
    """Exactly the word's code, by brute force over descriptors and regions."""
    transformer = codes().fit(photos)
    pooled, descriptors = pooled_codes(transformer, photos[0])["colorpatch"]
    region, word = np.argwhere(pooled.winners >= 0)[7]
    weights = np.zeros(pooled.values.size)
    weights[region * 8 + word] = 3.0
    places = trace_codes(transformer, photos[0], weights)
    winner = pooled.winners[region, word]
    value = pooled.values[region, word] / np.linalg.norm(pooled.values)
    assert np.flatnonzero(places.contributions).tolist() == [winner]
    assert_allclose(places.contributions[winner], 3 * value)
    assert_allclose(places.positions[winner] * (48, 64), descriptors.positions[winner])


def test_flip_gives_the_mirror_image_the_mirrored_map(photos, y):
    model = OF_PHOTOS["flip"].fit(photos, y)
    mirror = np.ascontiguousarray(photos[2][:, ::-1])
    straight = region_heatmap(model, photos[2])
    assert_allclose(region_heatmap(model, mirror), straight[:, ::-1], atol=1e-9)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (make_pipeline(codes(), SVR()), "SVR has no weight"),
        (make_pipeline(codes(), PoissonRegressor()), "predicts no weighted sum"),
        (make_pipeline(codes(), FunctionTransformer(np.abs), Ridge()), "uses codebook"),
        (make_pipeline(ColorHistogram(), Ridge()), "no codebook features"),
    ],
)
def test_other_models_are_occluded(model, reason, photos, y):
    model.fit(photos, np.abs(y))
    with pytest.raises(ValueError, match=reason):
        region_heatmap(model, photos[0], method="codes")
    size = {"patch_size": 32, "stride": 16}
    automatic = region_heatmap(model, photos[0], **size)
    assert_allclose(
        automatic, region_heatmap(model, photos[0], method="occlusion", **size)
    )
    assert np.ptp(automatic) > 0


def test_occlusion_is_the_mean_fall_by_brute_force():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    weights = rng.normal(size=image.shape)

    def score(batch):
        return (batch * weights).sum(axis=(1, 2, 3))

    heat, whole = occlude(image, score, patch_size=4, stride=3, batch_size=2)
    color = image.mean(axis=(0, 1)).round()
    falls = ((image - color) * weights).sum(axis=2)
    expected, n_covers = np.zeros((7, 9)), np.zeros((7, 9))
    for top in range(-1, 7, 3):
        for left in range(-1, 9, 3):
            square = np.s_[max(top, 0) : top + 4, max(left, 0) : left + 4]
            expected[square] += falls[square].sum()
            n_covers[square] += 1
    assert_allclose(heat, expected / n_covers)
    assert whole == score(image[np.newaxis])[0]


def test_occlusion_covers_the_photo_of_a_table(photos, y):
    posts = pd.DataFrame({"photo": photos, "age": np.arange(12.0)})
    posts = posts.rename(columns={"photo": "picture"})
    model = make_pipeline(
        ColumnTransformer(
            [("c", ColorStatistics(), "picture"), ("a", "passthrough", ["age"])]
        ),
        SVR(),
    ).fit(posts, y)
    row = posts.iloc[[1]]
    heat = region_heatmap(model, row, column="picture", patch_size=32, stride=32)
    covered = np.repeat(photos[1][np.newaxis], 1, axis=0)
    covered[0, :32, :32] = photos[1].mean(axis=(0, 1)).round()
    other = row.assign(picture=list(covered))
    assert_allclose(heat[:32, :32], (model.predict(row) - model.predict(other))[0])
    with pytest.raises(ValueError, match="parameter column"):
        region_heatmap(model, row)
    with pytest.raises(ValueError, match="2 rows"):
        region_heatmap(model, posts.iloc[:2])


CACHED = {
    "pipeline": lambda step: make_pipeline(step, SVR()),
    "table": lambda step: make_pipeline(
        make_column_transformer((step, "photo")), SVR()
    ),
    "fusion": lambda step: StackedLateFusion(
        [("a", make_pipeline(step, SVR()), "photo")]
    ),
    "users": lambda step: PerUserRegressor(
        make_pipeline(make_column_transformer((step, "photo")), SVR()),
        user=lambda X: np.arange(len(X)) % 3,
        min_samples=2,
    ),
}


@pytest.mark.parametrize("name", CACHED)
def test_occlusion_keeps_no_rows_of_covered_photos(name, photos, y, tmp_path):
    cache = tmp_path / "rows.cache"
    posts = pd.DataFrame({"photo": photos})
    model = CACHED[name](ColorStatistics(cache=cache)).fit(posts, y)
    region_heatmap(model, posts.iloc[[0]], patch_size=32)
    assert cache_info(cache)["n_rows"].sum() == len(photos)
    model.predict(posts.assign(photo=[photo // 2 for photo in photos]))
    assert cache_info(cache)["n_rows"].sum() == 2 * len(photos)


def test_errors_name_what_was_given(photos, y, bad_path):
    model = OF_PHOTOS["colors"].fit(photos, y)
    with pytest.raises(ImageError, match=r"notes\.jpg"):
        region_heatmap(model, bad_path)
    with pytest.raises(ValueError, match="stride=9 and patch_size=4"):
        region_heatmap(model, photos[0], method="occlusion", patch_size=4, stride=9)


def test_hottest_tenth_lies_on_the_planted_object():
    """Cats make photos popular: half of the hottest tenth is cat, 0.12 by chance."""
    posts, truth = make_popularity(360, image_size=(96, 128), random_state=1)
    objects = truth.objects
    rows = np.flatnonzero(objects["name"].isin(["none", "cat"]))
    photos = list(posts["photo"].iloc[rows])
    is_cat = (objects["name"].iloc[rows] == "cat").to_numpy()
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(rows))
    model = make_pipeline(
        HOGLLC(dictionary=64, spacing=6, random_state=0), RidgeCV(np.logspace(-3, 3, 7))
    ).fit(photos[:100], (is_cat + noise)[:100])
    inside, chance = [], []
    for i in np.flatnonzero(is_cat[100:]) + 100:
        heat = region_heatmap(model, photos[i])
        box = objects.iloc[rows[i]]
        cat = np.zeros(heat.shape, bool)
        bottom, right = box["row"] + box["height"], box["col"] + box["width"]
        cat[box["row"] : bottom, box["col"] : right] = True
        inside.append(cat[heat >= np.quantile(heat, 0.9)].mean())
        chance.append(cat.mean())
    assert len(inside) >= 8
    assert np.mean(inside) > 3.5 * np.mean(chance)
