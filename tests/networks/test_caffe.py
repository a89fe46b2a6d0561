"""CaffeNet and AlexNet as they were: layer by layer against NumPy, by hand."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose

pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("torchvision", reason="Networks need torchvision.")

import torch

from sklearn_popularity import CNNEmbedder
from sklearn_popularity.networks._backbones import build_network
from sklearn_popularity.networks._caffe import build_caffe_network

GROUPS = {"conv1": 1, "conv2": 2, "conv3": 1, "conv4": 2, "conv5": 2}
PADDING = {"conv1": 0, "conv2": 2, "conv3": 1, "conv4": 1, "conv5": 1}
POOLED_FIRST = {"caffenet": True, "alexnet-lrn": False}


def convolve(x, weights, name):
    """Of (channels, rows, columns), in groups, each of which sees its own channels."""
    kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    pad, step = PADDING[name], 4 if name == "conv1" else 1
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    side = kernel.shape[-1]
    outputs = []
    for part, filters in zip(
        np.split(x, GROUPS[name]), np.split(kernel, GROUPS[name]), strict=True
    ):
        windows = sliding_window_view(part, (side, side), axis=(1, 2))
        windows = windows[:, ::step, ::step]
        outputs.append(np.einsum("crwij,fcij->frw", windows, filters, optimize=True))
    return np.concatenate(outputs) + bias[:, None, None]


def pool(x):
    return sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max(axis=(3, 4))


def normalise(x):
    """Krizhevsky et al. 2012, 3.3, with Caffe's constants: over five channels."""
    squares = np.pad(x**2, ((2, 2), (0, 0), (0, 0)))
    near = sum(squares[i : i + len(x)] for i in range(5))
    return x / (1 + 1e-4 / 5 * near) ** 0.75


def by_hand(x, weights, pooled_first):
    """What each layer gives for one square."""
    seen = {}
    for i in (1, 2):
        x = np.maximum(convolve(x, weights, f"conv{i}"), 0)
        x = normalise(pool(x)) if pooled_first else pool(normalise(x))
        seen[f"norm{i}" if pooled_first else f"pool{i}"] = x
    for i in (3, 4, 5):
        x = np.maximum(convolve(x, weights, f"conv{i}"), 0)
        seen[f"relu{i}"] = x
    x = seen["pool5"] = pool(x)
    x = x.ravel()
    for i in (6, 7, 8):
        x = weights[f"fc{i}.weight"] @ x + weights[f"fc{i}.bias"]
        x = seen[f"fc{i}"] = x if i == 8 else np.maximum(x, 0)
    return seen


@pytest.fixture(scope="module", params=POOLED_FIRST)
def network(request):
    return request.param, build_network(request.param, "random", 0)


def test_layers_are_those_of_the_papers(network):
    name, module = network
    weights = {k: v.double().numpy() for k, v in module.state_dict().items()}
    assert sum(v.size for v in weights.values()) == 60_965_224
    square = np.random.default_rng(0).normal(scale=60, size=(3, 227, 227))
    expected = by_hand(square, weights, POOLED_FIRST[name])
    seen = {}
    for layer, part in module.named_children():
        part.register_forward_hook(lambda _, x, y, layer=layer: seen.update({layer: y}))
    module(torch.from_numpy(square[None]).float())
    for layer, values in expected.items():
        layer = layer.replace("fc6", "relu6").replace("fc7", "relu7")
        found = seen[layer][0].numpy()
        assert found.shape == values.shape
        assert_allclose(found, values, rtol=1e-4, atol=1e-4 * np.abs(values).max())


def test_converted_weights_are_read(tmp_path):
    """Of another number of classes, as those that learned styles on Flickr."""
    state = build_caffe_network("caffenet", num_classes=20).state_dict()
    path = tmp_path / "styles.npz"
    np.savez(path, **{name: values.half().numpy() for name, values in state.items()})
    photos = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8)
    embedder = CNNEmbedder(backbone="caffenet", weights=str(path), device="cpu")
    assert embedder.fit_transform(list(photos)).shape == (2, 4096)
    shares = embedder.set_params(layer="probabilities").fit_transform(list(photos))
    assert shares.shape == (2, 20)
    assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", POOLED_FIRST)
def test_missing_weights_say_where_they_are(name):
    with pytest.raises(FileNotFoundError, match=r"Caffe's model zoo.*conv1\.weight"):
        CNNEmbedder(backbone=name).fit([np.zeros((30, 30, 3), np.uint8)])
