"""Preprocessing as parameters: nested, searched, and refused by their old names."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline

from sklearn_popularity import (
    CNNEmbedder,
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    Preprocessing,
)
from sklearn_popularity.networks import squares_for

pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("torchvision", reason="Networks need torchvision.")
pytest.importorskip("timm", reason="Some networks need timm.")

MOST = {CNNEmbedder: 16, CNNFineTuneRegressor: 20, CNNFineTuneClassifier: 20}
FINE_TUNED = [CNNFineTuneRegressor, CNNFineTuneClassifier]
OF_PREPROCESSING = ["size", "mean", "std", "scale", "channel_order"]
OF_EMBEDDER = ["backbone", "weights", "max_size", "image_shape", "value_range"]
OF_EMBEDDER += ["device", "precision", "n_jobs"]


@pytest.fixture
def photos():
    return np.random.default_rng(0).integers(0, 256, (8, 40, 48, 3), np.uint8)


def tiny():
    return CNNEmbedder(backbone="squeezenet1_1", weights="random")


@pytest.mark.parametrize("kind", MOST)
def test_estimators_have_few_parameters(kind):
    assert len(kind().get_params(deep=False)) <= MOST[kind]


@pytest.mark.parametrize(
    "backbone", ["resnet50", "vit_b_32", "timm/vit_base_patch16_clip_224.openai"]
)
def test_none_is_as_published(backbone):
    assert squares_for(backbone, Preprocessing()) == squares_for(backbone, None)
    given = squares_for(backbone, Preprocessing(size=33, mean=[1, 2, 3]))
    assert given.size == 33 and given.mean == (1.0, 2.0, 3.0)
    assert given.std == squares_for(backbone, None).std


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("size", 0),
        ("resize", "stretch"),
        ("crop_share", 1.5),
        ("crop_share", 0),
        ("interpolation", "nearest"),
        ("mean", 3),
        ("std", (1, 1)),
        ("scale", 0),
        ("channel_order", "rbg"),
    ],
)
def test_bad_values_name_the_parameter(param, value, photos):
    embedder = CNNEmbedder().set_params(**{f"preprocessing__{param}": value})
    for model in (embedder, CNNFineTuneRegressor(embedder=embedder)):
        with pytest.raises(ValueError, match=f"'{param}' parameter|Got {param}="):
            model.fit(photos, np.arange(8) % 2)


def test_none_is_searched_over(photos):
    model = Pipeline([("embedder", tiny()), ("ridge", Ridge())])
    grid = {
        "embedder__preprocessing__size": [32],
        "embedder__preprocessing__resize": ["squeeze", "pad"],
    }
    y = np.arange(8.0)
    search = GridSearchCV(model, grid, cv=2, error_score="raise", refit=False)
    search.fit(photos, y)
    for i, resize in enumerate(["squeeze", "pad"]):
        squares = Preprocessing(size=32, resize=resize)
        by_hand = clone(model).set_params(embedder__preprocessing=squares)
        expected = cross_val_score(by_hand, photos, y, cv=2).mean()
        assert search.cv_results_["mean_test_score"][i] == expected
    assert model["embedder"].preprocessing is None


def test_networks_that_learn_are_searched_over(photos):
    model = CNNFineTuneRegressor(max_epochs=1, random_state=0)
    model.set_params(embedder__weights="random", embedder__backbone="squeezenet1_1")
    grid = {"embedder__preprocessing__size": [32, 40]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise", refit=False)
    scores = search.fit(photos, np.arange(8) % 2).cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("kind", FINE_TUNED)
def test_default_embedder_is_as_it_was(kind):
    for model in (kind(), kind().set_params(embedder__n_jobs=2)):
        model.classes_, model.target_scale_ = [0, 1], 1.0
        squares = model._describe_network().squares
        assert (squares.size, squares.resize, squares.crop_share) == (
            224,
            "crop",
            0.875,
        )
        assert model._chosen_embedder().backbone == "resnet50"
        assert model._chosen_embedder().weights == "pretrained"


@pytest.mark.parametrize("kind", FINE_TUNED)
def test_fit_leaves_the_embedder_alone(kind, photos):
    embedder = tiny().set_params(preprocessing__size=32, cache="never-made")
    before = (repr(embedder), dict(vars(embedder)))
    model = kind(embedder=embedder, max_epochs=1, random_state=0)
    model.fit(photos, np.arange(8) % 2)
    assert model.embedder is embedder
    assert (repr(embedder), vars(embedder)) == before


def test_nested_defaults_keep_what_is_given():
    given = Preprocessing(size=32)
    embedder = CNNEmbedder(preprocessing=given).set_params(preprocessing__size=40)
    assert embedder.preprocessing is given and given.size == 40
    embedder.set_params(preprocessing=None, preprocessing__resize="pad")
    assert (
        embedder.preprocessing.get_params() == Preprocessing(resize="pad").get_params()
    )
    embedder.set_params(preprocessing=None)
    assert embedder.preprocessing is None
    with pytest.raises(ValueError, match="Invalid parameter 'side'"):
        embedder.set_params(preprocessing__side=3)


def test_two_defaults_are_two_objects():
    one, other = (CNNEmbedder().set_params(preprocessing__size=3) for _ in range(2))
    one.set_params(preprocessing__size=4)
    assert other.preprocessing.size == 3


@pytest.mark.parametrize(
    ("kind", "name", "new"),
    [
        *(
            (CNNEmbedder, name, f"preprocessing=Preprocessing({name}=...)")
            for name in [*OF_PREPROCESSING, "resize"]
        ),
        *(
            (kind, name, f"embedder=CNNEmbedder({name}=...)")
            for kind in FINE_TUNED
            for name in OF_EMBEDDER
        ),
        *(
            (kind, name, f"embedder=CNNEmbedder(preprocessing=Preprocessing({name}=...")
            for kind in FINE_TUNED
            for name in [*OF_PREPROCESSING, "crop_share"]
        ),
    ],
)
def test_old_names_say_the_new_one(kind, name, new):
    for error, use in (
        (TypeError, lambda: kind(**{name: 1})),
        (ValueError, lambda: kind().set_params(**{name: 1})),
    ):
        with pytest.raises(error) as caught:
            use()
        message = str(caught.value)
        assert f"{kind.__name__} has no parameter {name!r} any more" in message
        assert f"Pass {new}" in message


@pytest.mark.parametrize(
    ("resize", "interpolation"),
    [
        ("crop", "bilinear"),
        ("squeeze", "bicubic"),
        ("pad", "bilinear"),
        ("keep", "bicubic"),
    ],
)
def test_squares_that_fit_are_not_resized(photos, resize, interpolation):
    """A filter leaves a photo of that size alone; so do we, without asking Pillow."""
    photo = photos[0, :40, :40]
    given = {"size": 40, "resize": resize, "interpolation": interpolation}
    squares = squares_for("resnet50", Preprocessing(**given, crop_share=1.0))
    assert squares(photo) is photo
    resample = Image.Resampling[interpolation.upper()]
    resized = Image.fromarray(photo).resize((40, 40), resample, box=(0, 0, 40, 40))
    assert_array_equal(resized, photo)


def test_crops_of_squares_are_resized(photos):
    photo = photos[0, :40, :40]
    squares = squares_for("resnet50", Preprocessing(size=40, crop_share=0.5))
    box = (10, 10, 30, 30)
    expected = Image.fromarray(photo).resize((40, 40), Image.Resampling.BILINEAR, box)
    assert_array_equal(squares(photo), expected)


def test_squares_are_cached_by_their_parameters(photos, tmp_path):
    """None and what it stands for are the same squares, so rows are found again."""
    plain = tiny().set_params(cache=str(tmp_path / "rows"), preprocessing__size=64)
    expected = plain.fit_transform(photos)
    published = squares_for("squeezenet1_1", None)
    told = clone(plain).set_params(
        preprocessing__crop_share=published.crop_share,
        preprocessing__mean=list(published.mean),
    )
    size = (tmp_path / "rows").stat().st_size
    assert_array_equal(told.fit_transform(photos), expected)
    assert (tmp_path / "rows").stat().st_size == size
