"""Layers of families of networks, against an average over axes named by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_popularity import CNNEmbedder, Preprocessing
from sklearn_popularity.networks import shelf, to_planes, torch_work
from sklearn_popularity.networks._layers import try_layer

torch = pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("torchvision", reason="Networks need torchvision.")
timm = pytest.importorskip("timm", reason="Some networks need timm.")

FIRST, LAST, TOKENS = (2, 3), (1, 2), (1,)

# Network, size, layer, and the axes of its places: channels are first or last.
FAMILIES = [
    ("resnet18", 64, "layer3", FIRST),
    ("swin_t", 64, "features.0.0", FIRST),
    ("swin_t", 64, "features.7", LAST),
    ("timm/vit_tiny_patch16_224", 224, "blocks.3", TOKENS),
    ("timm/convnext_atto", 64, "stages.3", FIRST),
    ("timm/edgenext_xx_small", 64, "stages.3.blocks.1.mlp", LAST),
    ("timm/mambaout_femto", 64, "stages", LAST),
    ("timm/pvt_v2_b0", 64, "stages.3.downsample", LAST),
    ("timm/mixer_s32_224", 224, "norm", TOKENS),
]
# As many channels as rows and columns.
CUBES = [
    ("resnet18", 128, "conv1", FIRST, 64),
    ("timm/regnetx_002", 224, "s2.b1.conv1.conv", FIRST, 56),
    ("timm/edgenext_xx_small", 96, "stages.0.blocks.0.mlp", LAST, 24),
]


@pytest.fixture(autouse=True, scope="module")
def room_for_others():
    yield
    shelf.clear()


def embedder_of(backbone, size, layer):
    squares = Preprocessing(size=size, resize="squeeze")
    return CNNEmbedder(
        backbone=backbone, weights="random", layer=layer, preprocessing=squares
    )


def photos_of(size, n=2):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), np.uint8)


def output_by_hand(embedder, photos):
    """What a layer gives, by a hook and nothing else."""
    module, found = embedder._finish()._network.module, []
    part = module.get_submodule(embedder.layer)
    handle = part.register_forward_hook(
        lambda _, inputs, out: found.append(out.clone())
    )
    with torch_work(gradients=False):
        module(to_planes(photos, embedder._describe(), "cpu"))
    handle.remove()
    return found[-1].numpy()


@pytest.mark.parametrize(("backbone", "size", "layer", "places"), FAMILIES)
def test_maps_are_averaged_over_places(backbone, size, layer, places):
    if "timm/" in backbone and backbone[5:] not in timm.list_models():
        pytest.skip(f"This timm has no {backbone}.")
    embedder, photos = embedder_of(backbone, size, layer), photos_of(size)
    vectors = embedder.fit_transform(photos)
    expected = output_by_hand(embedder, photos).mean(axis=places)
    assert_allclose(vectors, expected, rtol=1e-4, atol=1e-5)
    assert len(embedder.get_feature_names_out()) == vectors.shape[1]


@pytest.mark.parametrize(("backbone", "size", "layer", "places", "side"), CUBES)
def test_channels_of_cubes_are_told_from_places(backbone, size, layer, places, side):
    embedder, photos = embedder_of(backbone, size, layer), photos_of(size, 1)
    output = output_by_hand(embedder, photos)
    assert output.shape == (1, side, side, side)
    vectors = embedder.fit_transform(photos)
    assert_allclose(vectors, output.mean(axis=places), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", ["features.0", "classifier.4"])
def test_layer_is_read_before_the_next_changes_it(layer):
    """The ReLU behind it works in place."""
    embedder, photos = embedder_of("alexnet", 64, layer), photos_of(64)
    vectors = embedder.fit_transform(photos)
    assert (vectors < 0).any()
    output = output_by_hand(embedder, photos)
    expected = output.mean(axis=(2, 3)) if output.ndim == 4 else output
    assert_allclose(vectors, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "size", "layer", "found"),
    [
        ("timm/swin_tiny_patch4_window7_224", 224, "layers.0.blocks.0.attn", "64 piec"),
        ("timm/vit_tiny_patch16_224", 224, "blocks.0.attn.q_norm", "not square"),
        ("timm/sequencer2d_s", 224, "stages.0.blocks.0.rnn_tokens.rnn_v", "tuple"),
        ("googlenet", 64, "aux1", "is not used"),
    ],
)
def test_what_is_not_of_each_photo_is_refused(backbone, size, layer, found):
    with pytest.raises(ValueError, match=f"{layer.replace('.', '[.]')}.*{found}"):
        embedder_of(backbone, size, layer).fit(photos_of(size))


def test_five_axes_are_refused():
    module = torch.nn.Sequential(torch.nn.Unflatten(1, (1, 3)))
    with pytest.raises(ValueError, match=r"layer '0' does not .* 5 axes"):
        try_layer(module, "0", torch.zeros(1, 3, 8, 8))


def test_unknown_layer_names_those_that_are_near():
    with pytest.raises(ValueError, match=r"Did you mean 'features\.6'") as caught:
        embedder_of("squeezenet1_1", 64, "features6").fit(photos_of(64))
    assert len(str(caught.value)) < 400
