"""Deep features: layers against the network itself, weights from files, errors."""

import os
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    CNNEmbedder,
    ImageError,
    Preprocessing,
    UnreadablePhotosWarning,
    spearman_scorer,
)
from sklearn_popularity.networks import (
    LayerReader,
    Squares,
    build_network,
    own_randomness,
    pretrained_at_hand,
    shelf,
)

torch = pytest.importorskip("torch", reason="Networks need torch.")
models = pytest.importorskip("torchvision.models", reason="Networks need torchvision.")
timm = pytest.importorskip("timm", reason="Some networks need timm.")

SMALL = Preprocessing(size=32)
TINY = {"backbone": "squeezenet1_1", "weights": "random", "preprocessing": SMALL}
CAFFE = Preprocessing(
    size=227,
    resize="squeeze",
    mean=(104, 117, 123),
    std=(1, 1, 1),
    scale=255,
    channel_order="bgr",
)


@pytest.fixture
def network():
    """The network that TINY stands for, built by hand."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return models.squeezenet1_1().eval()


@pytest.fixture
def squares():
    return np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


def normalised(squares):
    pixels = torch.from_numpy(squares).permute(0, 3, 1, 2) / 255
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    return (pixels - mean) / std


# A square of the network's size is taken as it is.
WHOLE = TINY | {"preprocessing": Preprocessing(size=32, resize="squeeze")}


def test_penultimate_is_what_the_classifier_sees(network, squares):
    with torch.inference_mode():
        maps = network.features(normalised(squares))
    vectors = CNNEmbedder(**WHOLE).fit_transform(squares)
    assert vectors.dtype == np.float32
    assert_allclose(vectors, maps.mean(dim=(2, 3)).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "read"),
    [
        ("projection", lambda out: out),
        ("probabilities", lambda out: out.softmax(dim=1)),
    ],
)
def test_output_layers(network, squares, layer, read):
    with torch.inference_mode():
        expected = read(network(normalised(squares))).numpy()
    embedder = CNNEmbedder(**WHOLE, layer=layer)
    assert_allclose(embedder.fit_transform(squares), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "size", "n_features"),
    [
        ("resnet18", 32, 512),
        ("timm/tf_mobilenetv3_small_100", 32, 1024),
        ("timm/deit_tiny_distilled_patch16_224", 224, 192),
    ],
)
def test_penultimate_sizes(backbone, size, n_features, squares):
    embedder = CNNEmbedder(
        backbone=backbone, weights="random", preprocessing=Preprocessing(size=size)
    )
    assert embedder.fit_transform(squares[:1]).shape == (1, n_features)
    names = embedder.get_feature_names_out()
    assert len(set(names)) == n_features
    assert names[0] == f"{backbone}_penultimate0".replace("/", "_")


def test_network_without_classes_gives_its_output(squares):
    plain = CNNEmbedder(
        backbone="timm/vit_tiny_patch16_224", weights="random", precision="float32"
    )
    headless = clone(plain).set_params(backbone="timm/vit_small_patch16_224.dino")
    assert plain.fit_transform(squares[:1]).shape == (1, 192)
    assert headless.fit_transform(squares[:1]).shape == (1, 384)
    with pytest.raises(ValueError, match="no classes"):
        headless.set_params(layer="probabilities").fit(squares[:1])


def test_clip_projects_to_joint_space(squares):
    clip = CNNEmbedder(backbone="timm/vit_xsmall_patch16_clip_224", weights="random")
    projected = clone(clip).set_params(layer="projection").fit_transform(squares[:1])
    assert projected.shape == (
        1,
        timm.create_model("vit_xsmall_patch16_clip_224").num_classes,
    )
    assert clip.fit_transform(squares[:1]).shape == (1, 256)


def test_row_is_the_same_in_any_batch(images):
    expected = CNNEmbedder(**TINY).fit_transform(images)
    rows = CNNEmbedder(**TINY, batch_size=2).fit_transform(images)
    assert_allclose(rows, expected, atol=1e-5)
    assert len(np.unique(expected, axis=0)) == len(images)


def test_flip_averages_photo_and_mirror(images):
    embedder = CNNEmbedder(**WHOLE)
    mirrored = [image[:, ::-1] for image in images]
    plain = embedder.fit_transform(images)
    expected = (plain + embedder.transform(mirrored)) / 2
    embedder.set_params(preprocessing__flip=True)
    assert_allclose(embedder.transform(images), expected, atol=2e-3)
    assert np.abs(expected - plain).max() > 1e-2


def test_precision_changes_rounding_alone(squares):
    exact = CNNEmbedder(**WHOLE).fit_transform(squares)
    rough = CNNEmbedder(**WHOLE, precision="bfloat16").fit_transform(squares)
    assert rough.dtype == np.float32
    assert 0 < np.abs(rough - exact).max() < 0.05 * np.abs(exact).max()


# --- preprocessing


def test_crop_takes_the_centre():
    image = np.zeros((40, 80, 3), np.uint8)
    image[10:30, 30:50] = 255
    square = Squares(size=20, crop_share=0.5)(image)
    assert_array_equal(square, 255)


def test_squeeze_takes_all():
    image = np.repeat([[[0], [200]]], 10, axis=0).repeat(10, axis=1).repeat(3, axis=2)
    square = Squares(size=10, resize="squeeze")(image.astype(np.uint8))
    assert square.shape == (10, 10, 3)
    assert_allclose(square.mean(), 100, atol=1)


def test_pad_fills_with_white():
    square = Squares(size=20, resize="pad")(np.zeros((10, 20, 3), np.uint8))
    assert_array_equal(square[5:15], 0)
    assert_array_equal(square[:5], 255)


def test_channels_can_be_swapped_and_scaled(network, squares):
    pixels = torch.from_numpy(squares[..., ::-1].copy()).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        expected = network.features((pixels - 100) / 50).mean(dim=(2, 3)).numpy()
    given = {"mean": (100, 100, 100), "std": (50, 50, 50)}
    swapped = Preprocessing(
        size=32, resize="squeeze", scale=255, channel_order="bgr", **given
    )
    embedder = CNNEmbedder(**(WHOLE | {"preprocessing": swapped}))
    assert_allclose(embedder.fit_transform(squares), expected, rtol=1e-4, atol=1e-5)


# --- weights


def save(state, path):
    np.savez(path, **{name: tensor.numpy() for name, tensor in state.items()})


def test_weights_from_file_equal_those_saved(network, squares, tmp_path):
    path = tmp_path / "weights.npz"
    save(network.state_dict(), path)
    expected = CNNEmbedder(**WHOLE).fit(squares)
    embedder = CNNEmbedder(**(WHOLE | {"weights": path})).fit(squares)
    assert_array_equal(embedder.transform(squares), expected.transform(squares))
    assert embedder.weights_digest_ == expected.weights_digest_
    assert re.fullmatch("[0-9a-f]{64}", embedder.weights_digest_)


def test_weights_may_have_another_order_of_bytes(network, squares, tmp_path):
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    swapped = {name: a.astype(a.dtype.newbyteorder(">")) for name, a in state.items()}
    np.savez(tmp_path / "weights.npz", **swapped)
    embedder = CNNEmbedder(**(WHOLE | {"weights": tmp_path / "weights.npz"}))
    expected = CNNEmbedder(**WHOLE).fit_transform(squares)
    assert_array_equal(embedder.fit_transform(squares), expected)


def test_weights_are_at_hand_once_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert not pretrained_at_hand("squeezenet1_1")
    file = Path(models.SqueezeNet1_1_Weights.DEFAULT.url).name
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / file).touch()
    assert pretrained_at_hand("squeezenet1_1")
    # Its weights are not published.
    assert not pretrained_at_hand("timm/botnet50ts_256")


@pytest.mark.parametrize("name", ["resnet5", "timm/resnet5", "timm/resnet50.x"])
def test_unknown_network_is_not_at_hand(name):
    with pytest.raises(ValueError, match=f"Got backbone='{name}'.*Did you mean"):
        pretrained_at_hand(name)


def test_random_weights_follow_seed(squares):
    one, same, other = (
        CNNEmbedder(**WHOLE, random_state=seed).fit_transform(squares)
        for seed in (0, 0, 1)
    )
    assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.1
    state = torch.random.get_rng_state()
    CNNEmbedder(**WHOLE, random_state=5).fit(squares)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_networks_are_built_while_no_other_thread_draws():
    def build():
        build_network("squeezenet1_1", "random", seed=1)
        return done.append(True)

    done: list[bool] = []
    thread = threading.Thread(target=build)
    with own_randomness(0):
        build_network("squeezenet1_1", "random", seed=2)  # a turn within a turn
        thread.start()
        drawn = torch.rand(3)
        thread.join(timeout=0.5)
        assert not done
    thread.join()
    assert done
    assert torch.equal(drawn, torch.rand(3, generator=torch.manual_seed(0)))


def test_published_weights_leave_random_numbers_alone(monkeypatch):
    create, state = timm.create_model, torch.random.get_rng_state()
    monkeypatch.setattr(
        timm, "create_model", lambda name, pretrained: create(name, pretrained=False)
    )
    build_network("timm/resnet18", "pretrained", seed=0)
    assert torch.equal(torch.random.get_rng_state(), state)


FORK = """
import os, signal, threading, warnings
import torch
from sklearn_popularity.networks import KeptNetwork, own_randomness, shelf

warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
held, over = threading.Event(), threading.Event()
kept = KeptNetwork(torch.nn.Identity(), "")

def build():
    held.set()
    over.wait()
    return KeptNetwork(torch.nn.Identity(), "")

def hold():
    with kept.turn(), own_randomness(0):
        shelf.take("held", build)

thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    with kept.turn(), own_randomness(0):
        shelf.take("other", lambda: kept)
        os._exit(0)
_, status = os.waitpid(child, 0)
over.set()
thread.join()
raise SystemExit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork.")
def test_forked_child_waits_for_no_thread_of_its_parent():
    run = subprocess.run([sys.executable, "-c", FORK], capture_output=True)
    assert run.returncode == 0, run.stderr


def test_changed_weights_are_noticed(network, squares, tmp_path):
    path = tmp_path / "weights.npz"
    save(network.state_dict(), path)
    embedder = CNNEmbedder(**(WHOLE | {"weights": str(path)})).fit(squares)
    state = network.state_dict()
    state["features.0.bias"] += 1
    path.unlink()
    save(state, path)
    shelf.clear()  # as in a new process
    with pytest.raises(ValueError, match="have changed since fit"):
        embedder.transform(squares)


class _Malicious:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pth"])
def test_weights_run_no_code(suffix, squares, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"weights{suffix}"
    if suffix == ".npz":
        with path.open("wb") as file:
            np.savez(file, a=np.array([_Malicious()], dtype=object))
    else:
        path.write_bytes(pickle.dumps(_Malicious()))
    with pytest.raises(ValueError, match="cannot be read"):
        CNNEmbedder(**(TINY | {"weights": path})).fit(squares)
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"backbone": "resnet5"}, ValueError, "Did you mean 'resnet50'"),
        ({"layer": "features.99"}, ValueError, "layer='features.99'"),
        ({"layer": []}, ValueError, r"layer=\[\], but one or several of names"),
        ({"layer": ["penultimate"] * 2}, ValueError, "expected, each once"),
        ({"layer": ["penultimate", 3]}, ValueError, "names of layers"),
        ({"pooling": ("mean", "max")}, ValueError, "of 'mean' and 'std' were"),
        ({"pooling": "max"}, ValueError, "'pooling' parameter"),
        ({"weights": "missing.npz"}, FileNotFoundError, "no such file"),
        ({"weights": __file__}, ValueError, r"a file in \.npz"),
        ({"preprocessing__mean": (0, 0)}, ValueError, "3 finite numbers"),
        ({"preprocessing__mean": (0, np.nan, 0)}, ValueError, "3 finite numbers"),
        ({"preprocessing__mean": ("a", "b", "c")}, ValueError, "3 finite numbers"),
        ({"preprocessing__size": 5}, ValueError, "size=5"),
        ({"device": "foo"}, ValueError, "device='foo'"),
        ({"preprocessing__std": (0, 1, 1)}, ValueError, "above 0"),
        ({"preprocessing__resize": "stretch"}, ValueError, "'resize' parameter"),
        ({"preprocessing": {"size": 32}}, ValueError, "'preprocessing' parameter"),
    ],
)
def test_bad_parameters_raise(change, error, message, squares):
    embedder = clone(CNNEmbedder(**TINY)).set_params(**change)
    with pytest.raises(error, match=message):
        embedder.fit(squares)


# --- as scikit-learn uses it


def test_copies_hold_no_network(squares):
    embedder = CNNEmbedder(**TINY).fit(squares)
    data = pickle.dumps(embedder)
    assert len(data) < 3000
    expected = embedder.transform(squares)
    assert_array_equal(pickle.loads(data).transform(squares), expected)
    assert_array_equal(clone(embedder).transform(squares), expected)


def test_unreadable_photos_become_nan(paths, bad_path):
    embedder = CNNEmbedder(**TINY, batch_size=3, on_error="nan")
    expected = embedder.fit_transform(paths)
    with pytest.warns(UnreadablePhotosWarning, match="1 of 8"):
        rows = embedder.transform([paths[0], bad_path, *paths[1:]])
    assert np.isnan(rows[1]).all()
    assert_allclose(np.delete(rows, 1, axis=0), expected, atol=1e-5)
    with pytest.raises(ImageError, match="row 1"):
        embedder.set_params(on_error="raise").transform([paths[0], bad_path])


def test_memory_shortage_halves_the_batch(squares, monkeypatch):
    squares = squares.repeat(2, axis=0)
    embedder = CNNEmbedder(**WHOLE, batch_size=5).fit(squares)
    expected = embedder.transform(squares)
    forward, sizes = LayerReader._forward, []

    def short(self, batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("full")
        return forward(self, batch)

    monkeypatch.setattr(LayerReader, "_forward", short)
    with pytest.warns(UserWarning, match="batch_size=2 or less") as caught:
        rows = embedder.transform(squares)
    assert caught[0].filename == __file__
    assert len(caught) == 1
    # What did not fit is not tried with the next batch again.
    assert sizes == [5, 2, 2, 1, 2, 2, 1]
    assert_allclose(rows, expected, atol=1e-5)


@pytest.mark.parametrize("n_photos", [1, 8, 9])
def test_photos_are_read_while_a_device_computes(paths, monkeypatch, n_photos):
    """The next batch is read before the device has done one, though in this process."""
    X = (paths * 2)[:n_photos]
    embedder = CNNEmbedder(**TINY, batch_size=3).fit(X)
    expected = embedder.transform(X)
    forward, waited = LayerReader._forward, []
    began = [threading.Event() for _ in X]
    cut = Squares.__call__

    def cut_and_tell(self, image):
        began[sum(each.is_set() for each in began)].set()
        return cut(self, image)

    def wait_for_the_next(self, batch):
        n_seen = 3 * (len(waited) + 1)
        waited.append(n_seen >= n_photos or began[n_seen].wait(60))
        return forward(self, batch)

    monkeypatch.setattr(LayerReader, "leaves_cpu_free", True)
    monkeypatch.setattr(LayerReader, "_forward", wait_for_the_next)
    monkeypatch.setattr(Squares, "__call__", cut_and_tell)
    assert_allclose(embedder.transform(X), expected, atol=1e-5)
    assert waited == [True] * -(-n_photos // 3)


# A worker that loads torch grows so much that joblib replaces it.
def test_cross_validation_runs_in_workers(paths):
    posts = pd.DataFrame({"photo": [paths[i % 7] for i in range(12)]})
    model = make_pipeline(CNNEmbedder(**TINY), Ridge())
    y = np.arange(12.0) * 5 % 12
    settings = {"cv": 2, "scoring": spearman_scorer, "error_score": "raise"}
    one = cross_val_score(model, posts["photo"], y, **settings)
    two = cross_val_score(model, posts["photo"], y, n_jobs=2, **settings)
    assert_allclose(one, two, atol=1e-5)


# --- real weights


@pytest.fixture
def imagenet(shared):
    labels = (shared / "weights" / "imagenet_labels.txt").read_text().splitlines()
    return shared / "weights" / "squeezenet1_0_tvkeys_f16.npz", labels[1:]


@pytest.mark.parametrize(
    ("photo", "label", "probability"),
    [("chelsea", "Egyptian cat", 0.91), ("coffee", "espresso", 0.998)],
)
def test_real_weights_know_what_is_there(imagenet, photo, label, probability):
    from skimage import data

    path, labels = imagenet
    embedder = CNNEmbedder(
        backbone="squeezenet1_0",
        weights=path,
        layer="probabilities",
        preprocessing=CAFFE,
    )
    found = embedder.fit_transform([Image.fromarray(getattr(data, photo)())])[0]
    assert labels[found.argmax()] == label
    assert_allclose(found.max(), probability, atol=0.005)
