"""Networks are built once, shared by layers, kept by bytes and left as they were."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_union

from sklearn_popularity import CNNEmbedder, CNNFineTuneRegressor, Preprocessing
from sklearn_popularity.networks import KeptNetwork, _backbones, _kept, shelf

torch = pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("torchvision", reason="Networks need torchvision.")


@pytest.fixture
def photos():
    return np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)


@pytest.fixture
def built(monkeypatch):
    """Names of the networks that have been built since."""
    create, names = _backbones._create, []

    def count(name, *args, **options):
        names.append(name)
        return create(name, *args, **options)

    monkeypatch.setattr(_backbones, "_create", count)
    shelf.clear()
    yield names
    shelf.clear()


def embedder_of(backbone="squeezenet1_1", **params):
    squares = Preprocessing(size=64)
    return CNNEmbedder(
        backbone=backbone, weights="random", preprocessing=squares, **params
    )


def hooks_of(network):
    return sum(
        len(each._forward_hooks) + len(each._forward_pre_hooks)
        for each in network.module.modules()
    )


def test_layers_share_one_network(built, photos):
    layers = ["penultimate", "probabilities", "features.3", "features.5"]
    union = make_union(*(embedder_of(layer=layer) for layer in layers))
    rows = union.fit_transform(photos)
    assert built == ["squeezenet1_1"]
    assert len(shelf._kept) == 1
    [network] = shelf._kept.values()
    assert hooks_of(network) == 0
    alone = [embedder_of(layer=layer).fit_transform(photos) for layer in layers]
    assert_array_equal(rows, np.hstack(alone))


def test_what_leaves_the_network_alone_builds_none(built, photos):
    embedder = embedder_of().fit(photos)
    for change in (
        {"preprocessing__size": 48},
        {"preprocessing__resize": "pad"},
        {"preprocessing__flip": True},
        {"pooling": ("mean", "std")},
        {"layer": ["features.3", "penultimate"]},
        {"preprocessing__resize": "keep"},
        {"precision": "bfloat16"},
        {"batch_size": 1},
    ):
        clone(embedder).set_params(**change).fit_transform(photos)
    assert built == ["squeezenet1_1"]
    clone(embedder).set_params(random_state=1).fit(photos)
    assert len(built) == 2


def test_threads_read_layers_of_one_network(built, photos):
    layers = ["penultimate", "features.3", "features.5", "projection"] * 3
    embedders = [embedder_of(layer=layer).fit(photos) for layer in layers]
    expected = [embedder.transform(photos) for embedder in embedders]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: each.transform(photos), embedders))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert built == ["squeezenet1_1"]
    assert hooks_of(*shelf._kept.values()) == 0


def test_hooks_go_after_errors(built, photos):
    embedder = embedder_of(layer="features.3").fit(photos)
    [network] = shelf._kept.values()

    def fail(*_):
        raise RuntimeError("stop")

    handle = network.module.features[5].register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="stop"):
        embedder.transform(photos)
    handle.remove()
    assert hooks_of(network) == 0


def test_fine_tuned_networks_are_kept_too(built, photos):
    model = CNNFineTuneRegressor(
        embedder=embedder_of(), max_epochs=1, random_state=0
    ).fit(photos, np.arange(3.0))
    built.clear()
    expected = model.predict(photos)
    for _ in range(3):
        assert_array_equal(model.predict(photos), expected)
        embedder_of().fit_transform(photos)
    assert built == ["squeezenet1_1", "squeezenet1_1"]


def test_networks_that_callbacks_see_are_not_kept(built, photos):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks.")
    predictions = []

    class Predict:
        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
            if context.parent is not None:
                predictions.append(fitted_estimator.predict(X))

    model = CNNFineTuneRegressor(
        embedder=embedder_of(), learning_rate=1e-3, max_epochs=3, random_state=0
    ).set_callbacks(Predict())
    model.fit(photos, np.arange(3.0))
    assert not shelf._kept
    assert_array_equal(predictions[2], model.predict(photos))
    assert (predictions[0] != predictions[2]).any()


def network_of(n_numbers):
    return KeptNetwork(torch.nn.Linear(n_numbers - 1, 1), digest=str(n_numbers))


def test_least_recently_used_goes_first():
    kept = _kept.NetworkShelf(max_bytes=4 * 300)
    built = []

    def take(name, n_numbers=100):
        def build():
            built.append(name)
            return network_of(n_numbers)

        return kept.take(name, build)

    for name in "abcad":  # d makes b go, which was used least recently
        take(name)
    assert built == ["a", "b", "c", "d"]
    for name in "acd":
        take(name)
    assert built == ["a", "b", "c", "d"]
    take("b")
    assert built[-1] == "b" and list(kept._kept) == ["c", "d", "b"]
    # One that is too large for all is kept alone.
    take("large", 1000)
    assert list(kept._kept) == ["large"]
    take("large")
    assert built[-2:] == ["b", "large"]


def test_four_gigabytes_are_kept():
    assert shelf._max_bytes == 4 * 2**30
    network = network_of(100)
    assert network.n_bytes == 400


def test_changed_file_is_read_anew(built, photos, tmp_path):
    path = tmp_path / "weights.npz"

    def save(seed):
        network = _backbones.build_network("squeezenet1_1", "random", seed)
        state = {name: each.numpy() for name, each in network.state_dict().items()}
        np.savez(path, **state)

    save(0)
    embedder = embedder_of().set_params(weights=path)
    first = embedder.fit_transform(photos)
    built.clear()
    assert_array_equal(clone(embedder).fit_transform(photos), first)
    assert built == []
    save(1)
    other = clone(embedder).fit_transform(photos)
    expected = embedder_of(random_state=1).fit_transform(photos)
    assert_array_equal(other, expected)
    assert np.abs(other - first).max() > 0.1
