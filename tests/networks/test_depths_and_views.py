"""Several depths and views: against pooling by hand, in one pass, by one network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklearn_popularity import CNNEmbedder, Preprocessing
from sklearn_popularity.models import load_model, save_model
from sklearn_popularity.networks import Squares, _kept, shelf, to_planes, torch_work

torch = pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("torchvision", reason="Networks need torchvision.")
pytest.importorskip("timm", reason="Some networks need timm.")

BOTH = ("mean", "std")
KEEP = Preprocessing(size=48, resize="keep")
SQUEEZE = Preprocessing(size=48, resize="squeeze")


@pytest.fixture
def built(monkeypatch):
    """Names of the networks that are built, from none on."""
    names = []

    def build(name, weights, seed):
        names.append(name)
        return build_network(name, weights, seed)

    build_network = _kept.build_network
    monkeypatch.setattr(_kept, "build_network", build)
    shelf.clear()
    yield names
    shelf.clear()


def embedder_of(backbone="squeezenet1_1", preprocessing=SQUEEZE, **settings):
    how = clone(preprocessing)
    return CNNEmbedder(
        backbone=backbone, weights="random", preprocessing=how, **settings
    )


def network_of(embedder):
    embedder._finish()
    return next(reversed(shelf._kept.values())).module


def pooled_by_hand(maps, axes):
    """Means and deviations over places, channel by channel, in float64."""
    maps = np.moveaxis(maps.numpy().astype(float), axes, range(1, 1 + len(axes)))
    flat = maps.reshape(len(maps), -1, maps.shape[-1])
    mean = flat.sum(axis=1) / flat.shape[1]
    deviation = np.sqrt(((flat - mean[:, None]) ** 2).sum(axis=1) / flat.shape[1])
    return np.hstack([mean, deviation])


# --- several depths


def test_depths_equal_pooled_maps_of_timm(batch):
    """timm gives the maps of its stages by a way of its own."""
    layers = ["layer2", "layer4"]
    embedder = embedder_of("timm/resnet18", layer=layers, pooling=BOTH)
    rows = embedder.fit_transform(batch)
    squares = np.stack([embedder._describe()(photo) for photo in batch])
    with torch_work(gradients=False):
        planes = to_planes(squares, embedder._describe(), "cpu")
        maps = network_of(embedder).forward_intermediates(
            planes, indices=[2, 4], intermediates_only=True
        )
    expected = np.hstack([pooled_by_hand(each, (2, 3)) for each in maps])
    assert_allclose(rows, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "layer", "axes"),
    [
        ("squeezenet1_1", "features.5", (2, 3)),
        ("timm/edgenext_xx_small", "stages.3.blocks.1.mlp", (1, 2)),
        ("timm/test_vit", "blocks.1", (1,)),
    ],
)
def test_deviations_are_over_places(backbone, layer, axes, batch):
    how = Preprocessing(size=160 if "vit" in backbone else 64, resize="squeeze")
    embedder = embedder_of(backbone, how, layer=layer, pooling=BOTH)
    rows, found = embedder.fit_transform(batch), []
    network = network_of(embedder)
    part = network.get_submodule(layer)
    part.register_forward_hook(lambda _, inputs, out: found.append(out.clone()))
    squares = np.stack([embedder._describe()(photo) for photo in batch])
    with torch_work(gradients=False):
        network(to_planes(squares, embedder._describe(), "cpu"))
    shelf.clear()
    assert_allclose(rows, pooled_by_hand(found[0], axes), rtol=1e-4, atol=1e-5)


def test_depths_stand_side_by_side(images):
    layers = ["features.5", "penultimate", "features.3", "probabilities"]
    rows = embedder_of(layer=layers).fit_transform(images)
    alone = [embedder_of(layer=layer).fit_transform(images) for layer in layers]
    assert_array_equal(rows, np.hstack(alone))


def test_all_depths_take_one_pass(images, built):
    embedder = embedder_of(layer=["features.3", "features.5"], pooling=BOTH)
    embedder.fit(images)
    passes = []
    handle = network_of(embedder).register_forward_hook(lambda *_: passes.append(1))
    embedder.transform(images)
    handle.remove()
    assert len(passes) == 1
    embedder.set_params(preprocessing__flip=True).transform(images)
    assert built == ["squeezenet1_1"]


def test_order_of_pooling_is_that_of_columns(images):
    embedder = embedder_of(layer="features.5", pooling=BOTH)
    mean, std = np.hsplit(embedder.fit_transform(images), 2)
    swapped = clone(embedder).set_params(pooling=["std", "mean"])
    assert_array_equal(swapped.fit_transform(images), np.hstack([std, mean]))
    assert_array_equal(swapped.set_params(pooling="mean").fit_transform(images), mean)
    assert (std >= 0).all()


@pytest.mark.parametrize("weights", ["random", "pretrained"])
def test_names_say_layer_statistic_and_channel(weights):
    """Those of published weights are told without them."""
    layers = ["features.3", "probabilities"]
    embedder = embedder_of(layer=layers, pooling=BOTH).set_params(weights=weights)
    names = list(embedder.get_feature_names_out())
    stem = "squeezenet1_1_"
    expected = [f"{stem}features.3_mean{i}" for i in range(128)]
    expected += [f"{stem}features.3_std{i}" for i in range(128)]
    assert names == expected + [f"{stem}probabilities_{i}" for i in range(1000)]


def test_names_of_one_layer_have_no_statistic():
    names = embedder_of(layer="features.3").get_feature_names_out()
    assert names[1] == "squeezenet1_1_features.31"


def test_fitted_names_follow_what_is_read(images):
    embedder = embedder_of(layer="features.3", pooling=BOTH).fit(images)
    for change in ({"pooling": "std"}, {"layer": ["features.3", "features.5"]}):
        embedder.set_params(**change)
        names = embedder.get_feature_names_out()
        assert embedder.transform(images).shape[1] == len(names)


def test_model_files_keep_depths(images, tmp_path):
    layers = ["features.3", "features.5"]
    model = make_pipeline(embedder_of(layer=layers, pooling=BOTH), Ridge())
    model.fit(images, np.arange(len(images)))
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert_array_equal(loaded.predict(images), model.predict(images))
    names = loaded[0].get_feature_names_out()
    assert_array_equal(names, model[0].get_feature_names_out())


# --- several views


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (40, 40, (48, 48)),
        (300, 400, (42, 55)),
        (400, 300, (55, 42)),
        (1, 900, (24, 96)),
        (900, 1, (96, 24)),
    ],
)
def test_keep_has_the_proportions_of_the_photo(height, width, expected):
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    found = Squares(size=48, resize="keep")(photo)
    assert found.shape == (*expected, 3)
    assert abs(np.log(found.shape[0] * found.shape[1] / 48**2)) < 0.03
    resized = Image.fromarray(photo).resize(expected[::-1], Image.Resampling.BILINEAR)
    assert_array_equal(found, np.asarray(resized))


@pytest.mark.parametrize(("batch_size", "n_jobs"), [(3, None), (1, 2), (32, None)])
def test_kept_rows_depend_on_their_photo_alone(batch_size, n_jobs, images):
    photos = [*images, images[0], images[0][:, ::-1]]
    embedder = embedder_of(preprocessing=KEEP, layer="features.5", pooling=BOTH)
    alone = np.vstack([embedder.fit_transform([photo]) for photo in photos])
    embedder.set_params(batch_size=batch_size, n_jobs=n_jobs)
    assert_allclose(embedder.transform(photos), alone, atol=1e-5)
    backwards = embedder.transform(photos[::-1])[::-1]
    assert_allclose(backwards, alone, atol=1e-5)


def test_photos_of_one_shape_are_seen_together(images, monkeypatch):
    embedder = embedder_of(preprocessing=KEEP)
    photos = [images[i] for i in (0, 1, 0, 2, 1, 0)]
    embedder.fit(photos)
    sizes = []
    handle = network_of(embedder).register_forward_pre_hook(
        lambda _, inputs: sizes.append(len(inputs[0]))
    )
    embedder.transform(photos)
    handle.remove()
    assert sizes == [3, 2, 1]


def test_keep_of_a_square_photo_is_squeezed(batch):
    squares = [photo[:20, :20] for photo in batch]
    kept = embedder_of(preprocessing=KEEP).fit_transform(squares)
    squeezed = embedder_of(preprocessing=SQUEEZE).fit_transform(squares)
    assert_array_equal(kept, squeezed)


def test_networks_that_see_squares_alone_refuse_to_keep(batch):
    how = Preprocessing(resize="keep")
    with pytest.raises(ValueError, match=r"own proportions, such as .*squeeze"):
        embedder_of("timm/vit_tiny_patch16_224", how).fit(batch)
