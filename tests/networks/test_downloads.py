"""Nothing is downloaded before `fit` or `transform`, or by what only looks."""

import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    CNNEmbedder,
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    Preprocessing,
)
from sklearn_popularity.networks import _backbones, _network, pretrained_at_hand, shelf

torch = pytest.importorskip("torch", reason="Networks need torch.")
models = pytest.importorskip("torchvision.models", reason="Networks need torchvision.")
pytest.importorskip("timm", reason="Some networks need timm.")
hub = pytest.importorskip("huggingface_hub", reason="timm downloads by this.")


class Download(AssertionError):
    """Somebody asked the network for a file."""


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """No weights are there, and every way to get them fails."""

    def refuse(*args, **options):
        raise Download(args)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", refuse)
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", refuse)
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", refuse)
    monkeypatch.setattr("timm.models._hub.hf_hub_download", refuse)
    shelf.clear()
    monkeypatch.setattr(_network, "_widths", {})
    yield
    shelf.clear()


NETWORKS = {
    "torchvision": CNNEmbedder(backbone="squeezenet1_1"),
    "probabilities": CNNEmbedder(backbone="squeezenet1_1", layer="probabilities"),
    "timm": CNNEmbedder(backbone="timm/tf_mobilenetv3_small_100.in1k"),
    "layer": CNNEmbedder(
        backbone="resnet18", layer="layer3", preprocessing=Preprocessing(size=64)
    ),
    "classifier": CNNFineTuneClassifier(),
    "regressor": CNNFineTuneRegressor(
        embedder=CNNEmbedder(backbone="timm/resnet18.a1_in1k")
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    "look",
    [
        clone,
        repr,
        lambda network: network.get_params(deep=True),
        lambda network: clone(network).set_params(**network.get_params()),
        lambda network: pickle.loads(pickle.dumps(network)),
        lambda network: make_pipeline(clone(network))._repr_html_(),
        lambda network: network.__sklearn_tags__(),
    ],
    ids=["clone", "repr", "get_params", "set_params", "pickle", "html", "tags"],
)
def test_looking_downloads_nothing(look, name):
    look(NETWORKS[name])


@pytest.mark.parametrize(
    ("name", "n_features"),
    [("torchvision", 512), ("probabilities", 1000), ("timm", 1024), ("layer", 256)],
)
def test_names_need_no_download(name, n_features):
    names = clone(NETWORKS[name]).get_feature_names_out()
    assert len(set(names)) == n_features
    # The network that told is not kept.
    assert len(shelf._kept) == 0


@pytest.mark.parametrize("name", ["torchvision", "timm"])
def test_fit_asks_for_weights(name, tmp_path):
    photos = np.zeros((2, 32, 32, 3), np.uint8)
    # The folder of Hugging Face is fixed once it is imported.
    folder = re.escape(str(tmp_path)) if name == "torchvision" else ""
    message = f"weights of '{NETWORKS[name].backbone}' are not in .*{folder}"
    with pytest.raises(FileNotFoundError, match=message):
        clone(NETWORKS[name]).fit(photos)
    with pytest.raises(FileNotFoundError, match="pass weights="):
        clone(NETWORKS[name]).transform(photos)


def test_width_of_a_fit_outlives_it(monkeypatch, tmp_path):
    """A model that was read from a file names its features without any network."""
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    state = models.squeezenet1_1().state_dict()
    monkeypatch.setattr(
        models.SqueezeNet1_1_Weights, "get_state_dict", lambda *_, **__: state
    )
    photos = np.zeros((2, 32, 32, 3), np.uint8)
    fitted = pickle.dumps(clone(NETWORKS["torchvision"]).fit(photos))
    shelf.clear()
    monkeypatch.setattr(_network, "_widths", {})
    monkeypatch.setattr(_network, "build_network", None)
    fitted = pickle.loads(fitted)
    assert len(fitted.get_feature_names_out()) == 512


def test_nothing_is_at_hand_without_torch(monkeypatch):
    def fail():
        raise ImportError("No module named 'torch'")

    monkeypatch.setattr(_backbones, "import_torch", fail)
    assert not pretrained_at_hand("timm/tf_efficientnet_lite2")
