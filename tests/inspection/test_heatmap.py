"""Heatmaps: they sum to the score, and find what was planted."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import uniform_filter
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
from sklearn_popularity.inspection._occlusion import cover, occlude
from sklearn_popularity.inspection._pooled_winners import trace_codes

SMALL = {"dictionary": 8, "n_levels": 2, "random_state": 0}


@pytest.fixture(scope="module")
def photos():
    posts, _ = make_popularity(12, image_size=(48, 64), random_state=0)
    return list(posts["photo"])


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(0).normal(size=12)


@pytest.fixture(scope="module")
def posts(photos):
    return pd.DataFrame({"photo": photos, "age": np.arange(12.0)})


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
        # None of its weights is 0, as those of branches that know nothing are.
        final_estimator=Ridge(),
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
    for smoothing in (0, 0.05):
        heat, intercept = region_heatmap(
            model, photos[5], method="codes", smoothing=smoothing, return_intercept=True
        )
        assert heat.shape == (48, 64)
        assert_allclose(
            heat.sum() + intercept, model.predict(photos[5:6])[0], atol=1e-5
        )


@pytest.fixture(scope="module")
def of_tables(posts, y):
    models = {
        "fusion": fusion(),
        "mean": mean(),
        "columns": make_pipeline(columns(), Ridge()),
    }
    return {name: model.fit(posts, y) for name, model in models.items()}


@pytest.mark.parametrize("name", ["fusion", "mean", "columns"])
def test_codes_of_tables_sum_to_the_score(name, of_tables, posts):
    model, row = of_tables[name], posts.iloc[[3]]
    heat, intercept = region_heatmap(model, row, method="codes", return_intercept=True)
    assert_allclose(heat.sum() + intercept, model.predict(row)[0], atol=1e-5)


@pytest.mark.parametrize(("name", "other"), [("fusion", "hog"), ("mean", "age")])
def test_branch_is_mapped_in_its_own_units(name, other, of_tables, posts):
    model, row = of_tables[name], posts.iloc[[3]]
    is_fusion = name == "fusion"
    branch = model.branches_[0][1] if is_fusion else model.estimators_[0]
    expected = branch.predict(row["photo"] if is_fusion else row)[0]
    heat, intercept = region_heatmap(
        model, row, branch="colors", method="codes", return_intercept=True
    )
    assert_allclose(heat.sum() + intercept, expected, atol=1e-5)
    with pytest.raises(ValueError, match=rf"branch='gist'.*'colors', '{other}'"):
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


def test_map_is_the_weighted_sum_of_those_of_the_branches(of_tables, posts):
    """Traced and occluded branches alike, which are occluded together."""
    model, row = of_tables["fusion"], posts.iloc[[3]]
    kinds = ["colors", "hog", "statistics"]
    weights = dict(zip(kinds, model.final_estimator_.coef_[:3], strict=True))
    assert min(np.abs(list(weights.values()))) > 0.01
    heat = {name: region_heatmap(model, row, branch=name) for name in weights}
    expected = sum(weights[name] * heat[name] for name in weights)
    whole, score = region_heatmap(model, row, return_intercept=True)
    assert_allclose(whole, expected, atol=1e-9)
    assert_allclose(score, model.predict(row)[0], atol=1e-5)
    traced = region_heatmap(model, row, method="codes")
    without = weights["colors"] * heat["colors"] + weights["hog"] * heat["hog"]
    assert_allclose(traced, without, atol=1e-9)
    assert np.abs(whole - traced).max() > 0.1 * np.abs(whole).max()
    with pytest.raises(ValueError, match="parameter column"):
        region_heatmap(model, row, column="picture")


def test_map_of_a_scaled_target_or_a_mean_is_scaled(photos, y, posts, of_tables):
    branch = make_pipeline(codes(), Ridge())
    target = TransformedTargetRegressor(branch, transformer=StandardScaler())
    target.fit(photos, y)
    inner = region_heatmap(target.regressor_, photos[0])
    assert_allclose(region_heatmap(target, photos[0]), np.std(y) * inner)
    model = of_tables["mean"]
    member = region_heatmap(model, posts.iloc[[0]], branch="colors")
    assert_allclose(region_heatmap(model, posts.iloc[[0]]), 0.75 * member, atol=1e-12)


@pytest.mark.parametrize("name", ["colors", "gradients", "flip", "occlusion"])
def test_map_is_centred_and_that_of_one_colour_is_empty(name, photos, y):
    occluded = make_pipeline(ColorStatistics(), SVR())
    model = OF_PHOTOS.get(name, occluded).fit(photos, y)
    heat = region_heatmap(model, photos[0])
    assert heat.min() < 0 < heat.max()
    assert abs(heat.mean()) < 1e-12 * np.abs(heat).max()
    plain = np.full((48, 64, 3), (13, 77, 201), np.uint8)
    heat, score = region_heatmap(model, plain, return_intercept=True)
    assert not heat.any()
    assert_allclose(score, model.predict(plain[np.newaxis])[0], atol=1e-5)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (make_pipeline(codes(), SVR()), "SVR has no weight"),
        (make_pipeline(codes(), PoissonRegressor()), "not predict a weighted sum"),
        (make_pipeline(codes(), FunctionTransformer(np.abs), Ridge()), "is not linear"),
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


def test_occlusion_is_the_fall_per_covered_pixel_by_brute_force():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    weights = rng.normal(size=image.shape)

    def score(batch):
        return (batch * weights).sum(axis=(1, 2, 3))

    heat = occlude(image, score, patch_size=4, stride=3, batch_size=2)
    falls, area = np.zeros((2, 7, 9))
    for top in range(-1, 7, 3):
        for left in range(-1, 9, 3):
            square = np.s_[max(top, 0) : top + 4, max(left, 0) : left + 4]
            covered = cover(image, square)
            falls[square] += score(image[np.newaxis] - 1.0 * covered)[0]
            area[square] += area[square].size
    assert_allclose(heat, falls / area)


def test_covered_square_is_filled_from_its_surroundings():
    image = np.full((40, 60, 3), 200, np.uint8)
    image[:, :30] = 20
    image[15:25, 10:20] = 255
    square = np.s_[13:27, 8:22]
    filled = cover(image, square)
    assert_array_equal(filled[square], 20)
    filled[square] = image[square]
    assert_array_equal(filled, image)
    whole = cover(image, np.s_[:40, :60])
    assert_array_equal(whole, np.broadcast_to(whole[0, 0], whole.shape))


def test_occlusion_covers_the_photo_of_a_table(photos, y, posts):
    posts = posts.rename(columns={"photo": "picture"})
    model = make_pipeline(
        ColumnTransformer(
            [("c", ColorStatistics(), "picture"), ("a", "passthrough", ["age"])]
        ),
        SVR(),
    ).fit(posts, y)
    row = posts.iloc[[1]]
    heat = region_heatmap(model, row, column="picture", patch_size=32, stride=32)

    def fall(left):
        covered = cover(photos[1], np.s_[:32, left : left + 32])
        other = row.assign(picture=pd.Series([covered], index=row.index))
        return (model.predict(row) - model.predict(other))[0]

    expected = (fall(0) - fall(32)) / 32**2
    assert_allclose(heat[0, 0] - heat[0, -1], expected, atol=1e-12)
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


def _striped(rng, n, side=16):
    """Photos of noise with a plain square, and every other with a striped one."""
    photos = rng.integers(90, 150, (n, 48, 64, 3), dtype=np.uint8)
    diagonal = np.add.outer(np.arange(side), np.arange(side))[..., np.newaxis]
    places = np.zeros((n, 48, 64), bool)
    for i, (photo, place) in enumerate(zip(photos, places, strict=True)):
        tops, lefts = rng.permutation(3)[:2] * side, rng.permutation(4)[:2] * side
        plain, striped = (
            np.s_[top : top + side, left : left + side]
            for top, left in zip(tops, lefts, strict=True)
        )
        photo[plain] = rng.integers(0, 256, 3)
        if i % 2:
            photo[striped] = np.where(diagonal % 6 < 3, 30, 220)
        place[striped] = True
    return photos, places


def test_both_methods_find_the_planted_object():
    """In photos that the model, which likes stripes, has not seen."""
    rng = np.random.default_rng(0)
    photos, places = _striped(rng, 36)
    likes = np.arange(36) % 2 + rng.normal(scale=0.1, size=36)
    model = make_pipeline(
        HOGLLC(dictionary=32, random_state=0), RidgeCV(np.logspace(-3, 3, 7))
    ).fit(photos[:30], likes[:30])
    for i in (31, 33, 35):
        maps = [
            region_heatmap(model, photos[i], method=method)
            for method in ("codes", "occlusion")
        ]
        # The square, a twelfth of the photo, covers at most 0.8 of the hottest tenth.
        hot = [places[i][heat >= np.quantile(heat, 0.9)].mean() for heat in maps]
        assert hot[0] > 0.35 and hot[1] > 0.7
        # Summed over the squares that are covered: the exact map is finer than these.
        exact, covered = (uniform_filter(heat, 16) for heat in maps)
        assert np.corrcoef(exact.ravel(), covered.ravel())[0, 1] > 0.7
        assert exact[places[i]].mean() > 0 and covered[places[i]].mean() > 0
