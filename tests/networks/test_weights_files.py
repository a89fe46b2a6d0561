"""Weights as people have them: prefixes, wrappers, half precision, other classes."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_popularity import CNNEmbedder, CNNFineTuneRegressor, Preprocessing
from sklearn_popularity.networks import build_network

torch = pytest.importorskip("torch", reason="Networks need torch.")
models = pytest.importorskip("torchvision.models", reason="Networks need torchvision.")
timm = pytest.importorskip("timm", reason="Some networks need timm.")
safetensors = pytest.importorskip("safetensors.torch", reason="A kind of files.")

# Of mobilenet_v3_small.
FIRST, LAST = "features.0.0.weight", "classifier.3.weight"


@pytest.fixture
def photos():
    return np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)


def embedder_of(backbone, weights, **params):
    squares = Preprocessing(size=64, resize="squeeze")
    return CNNEmbedder(
        backbone=backbone, weights=weights, preprocessing=squares, **params
    )


def create(backbone, **options):
    """A network as its own package makes it."""
    torch.manual_seed(0)
    if backbone.startswith("timm/"):
        return timm.create_model(backbone.removeprefix("timm/"), **options).eval()
    return models.get_model(backbone, weights=None, **options).eval()


def save(state, path):
    if path.suffix == ".npz":
        np.savez(path, **{name: each.numpy() for name, each in state.items()})
    elif path.suffix == ".safetensors":
        safetensors.save_file(dict(state), path)
    else:
        torch.save(state, path)
    return path


def outputs_of(network, photos):
    """Outputs of a network that was made by hand."""
    pixels = torch.from_numpy(photos).permute(0, 3, 1, 2) / 255
    mean, std = (
        torch.tensor(v).view(1, 3, 1, 1)
        for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    with torch.inference_mode():
        return network((pixels - mean) / std).numpy()


@pytest.mark.parametrize(
    ("prefix", "suffix"),
    [("model.", ".npz"), ("_orig_mod.", ".safetensors"), ("module.model.", ".pth")],
)
def test_prefixes_of_wrappers_are_left_out(prefix, suffix, photos, tmp_path):
    network = create("squeezenet1_1")
    state = {prefix + name: each for name, each in network.state_dict().items()}
    path = save(state, tmp_path / f"weights{suffix}")
    found = embedder_of("squeezenet1_1", path, layer="projection").fit_transform(photos)
    np.testing.assert_allclose(found, outputs_of(network, photos), atol=1e-5)


@pytest.mark.parametrize(("wrap", "prefix"), [("model", "module."), ("state_dict", "")])
def test_wrapped_states_are_found(wrap, prefix, photos, tmp_path):
    state = create("squeezenet1_1").state_dict()
    inner = {prefix + name: each for name, each in state.items()}
    wrapped = {wrap: inner, "epoch": 3, "optimizer": {"lr": 0.1}}
    paths = [tmp_path / "wrapped.pth", tmp_path / "plain.pth"]
    torch.save(wrapped, paths[0])
    torch.save(state, paths[1])
    found, expected = (
        embedder_of("squeezenet1_1", path).fit_transform(photos) for path in paths
    )
    assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("dtype", "suffix"),
    [("bfloat16", ".safetensors"), ("float16", ".pth"), ("float64", ".safetensors")],
)
def test_precisions_of_files_are_read(dtype, suffix, photos, tmp_path):
    state = create("mobilenet_v3_small").state_dict()
    reduced = {
        name: each.to(getattr(torch, dtype)) if each.is_floating_point() else each
        for name, each in state.items()
    }
    network = create("mobilenet_v3_small")
    network.load_state_dict({name: each.float() for name, each in reduced.items()})
    path = save(reduced, tmp_path / f"weights{suffix}")
    embedder = embedder_of("mobilenet_v3_small", path, layer="projection")
    found = embedder.fit_transform(photos)
    np.testing.assert_allclose(found, outputs_of(network, photos), atol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "n_classes", "suffix"),
    [
        ("resnet18", 7, ".pth"),
        ("squeezenet1_1", 365, ".npz"),
        ("mobilenet_v3_small", 2, ".safetensors"),
        ("googlenet", 5, ".npz"),
        ("timm/convnext_atto", 3, ".safetensors"),
        ("timm/deit_tiny_distilled_patch16_224", 10, ".pth"),
        ("timm/levit_128s", 4, ".npz"),
    ],
)
@pytest.mark.filterwarnings("ignore:The default weight init:FutureWarning")
def test_files_say_how_many_classes(backbone, n_classes, suffix, photos, tmp_path):
    network = create(backbone, num_classes=n_classes)
    path = save(network.state_dict(), tmp_path / f"weights{suffix}")
    embedder = embedder_of(backbone, path, layer="projection")
    if "patch16" in backbone or "levit" in backbone:
        embedder.set_params(preprocessing__size=224)
        photos = photos.repeat(4, axis=1).repeat(4, axis=2)[:, :224, :224]
    found = embedder.fit_transform(photos)
    assert found.shape == (2, n_classes)
    if backbone == "resnet18":
        np.testing.assert_allclose(found, outputs_of(network, photos), atol=1e-5)
    likely = embedder.set_params(layer="probabilities")
    assert len(likely.get_feature_names_out()) == n_classes
    np.testing.assert_allclose(likely.transform(photos).sum(axis=1), 1, rtol=1e-5)


def test_other_classes_can_be_tuned(photos, tmp_path):
    network = create("resnet18", num_classes=7)
    path = save(network.state_dict(), tmp_path / "weights.safetensors")
    model = CNNFineTuneRegressor(
        embedder=embedder_of("resnet18", path), max_epochs=1, learning_rate=1e-12
    ).fit(photos, [0.0, 1.0])
    first = model.weights_["backbone.conv1.weight"]
    np.testing.assert_allclose(first, network.conv1.weight.detach(), atol=1e-6)


def test_files_are_found_at_home(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    save(create("squeezenet1_1").state_dict(), tmp_path / "weights.npz")
    embedder = embedder_of("squeezenet1_1", "~/weights.npz")
    assert embedder.fit_transform(photos).shape == (2, 512)
    model = CNNFineTuneRegressor(embedder=embedder, max_epochs=1, random_state=0)
    model.set_params(checkpoint="~/state.part").fit(photos, [0.0, 1.0])
    assert (tmp_path / "state.part").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: {f"net.{n}": v for n, v in s.items()}, "weight is missing"),
        (lambda s: {}, "holds no arrays"),
        (lambda s: s | {"more": torch.zeros(1)}, "more is unknown"),
        (
            lambda s: s | {FIRST: torch.zeros(3)},
            rf"{FIRST} has the shape \(3,\), not \(16, 3, 3, 3\)",
        ),
        (lambda s: s | {LAST: torch.zeros(5)}, "do not fit mobilenet"),
        (lambda s: s | {LAST: torch.zeros(0, 1024)}, "do not fit mobilenet"),
        (lambda s: s | {LAST: torch.zeros(5, 9)}, "do not fit mobilenet"),
        (lambda s: s | {LAST: torch.zeros(())}, "do not fit mobilenet"),
    ],
    ids=["prefix", "none", "more", "shape", "vector", "empty", "narrow", "number"],
)
def test_foreign_files_are_one_clear_error(change, message, photos, tmp_path):
    state = change(dict(create("mobilenet_v3_small").state_dict()))
    path = save(state, tmp_path / "weights.npz")
    with pytest.raises(ValueError, match=message):
        embedder_of("mobilenet_v3_small", path).fit(photos)


@pytest.mark.parametrize(
    "value",
    [
        {"state_dict": [1, 2]},
        {"model": {"fc": 3}},
        [torch.zeros(1)],
        {"model": create("resnet18")},
        {"args": slice(0, 3), "model": {}},
    ],
    ids=["list", "numbers", "no dict", "a module", "code"],
)
def test_other_contents_are_one_clear_error(value, photos, tmp_path):
    torch.save(value, tmp_path / "weights.pth")
    with pytest.raises(ValueError, match=r"weights\.pth' cannot be read"):
        embedder_of("resnet18", tmp_path / "weights.pth").fit(photos)


def test_build_network_is_in_evaluation_mode(tmp_path):
    path = save(create("resnet18", num_classes=3).state_dict(), tmp_path / "a.npz")
    network = build_network("resnet18", str(path), 0)
    assert not network.training
    assert not any(each.requires_grad for each in network.parameters())
