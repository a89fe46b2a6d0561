"""What a caller has set in torch changes nothing, and is as it was afterwards."""

import threading
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier

from sklearn_popularity import (
    CNNEmbedder,
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    Preprocessing,
)
from sklearn_popularity.networks import shelf, torch_work

torch = pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("torchvision", reason="Networks need torchvision.")
pytest.importorskip("timm", reason="Some networks need timm.")
pytest.importorskip("skorch", reason="Perceptrons need skorch.")


@contextmanager
def set_and_back(get, change, value):
    found = get()
    change(value)
    try:
        yield
        assert get() == value  # nor has anybody else set it back
    finally:
        change(found)


@contextmanager
def everything():
    """All that a caller may have set, at a time."""
    with ExitStack() as stack:
        for name in ("dtype", "autocast", "device", "inference_mode", "products"):
            stack.enter_context(STATES[name]())
        yield


def default_dtype():
    return set_and_back(torch.get_default_dtype, torch.set_default_dtype, torch.float64)


def matmul_precision(value):
    get, change = torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
    return set_and_back(get, change, value)


@contextmanager
def products(backend, value):
    """The settings of single operations, since torch 2.9."""
    holder = torch.backends
    for name in backend.split(".") if backend else ():
        holder = getattr(holder, name)
    if not hasattr(holder, "fp32_precision"):
        pytest.skip("This torch has one precision for all products.")
    found = holder.fp32_precision
    holder.fp32_precision = value
    try:
        yield
        assert holder.fp32_precision == value
    finally:
        holder.fp32_precision = found


@contextmanager
def default_device():
    torch.set_default_device("meta")
    try:
        yield
        assert torch.empty(0).device.type == "meta"
    finally:
        torch.set_default_device(None)


STATES = {
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "autocast in half": lambda: torch.autocast("cpu", dtype=torch.float16),
    "dtype": default_dtype,
    "device": default_device,
    "device in a context": lambda: torch.device("meta"),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "products": lambda: matmul_precision("medium"),
    "products of all": lambda: products("", "bf16"),
    "products of one library": lambda: products("mkldnn.matmul", "bf16"),
    "everything": everything,
}

small = Preprocessing(size=32, crop_share=0.875)
embedder = CNNEmbedder(backbone="squeezenet1_1", weights="random", preprocessing=small)
schedule = {"max_epochs": 2, "batch_size": 4, "random_state": 0}
branches = {"branches": {"a": slice(0, 300), "b": slice(300, 600)}}

ESTIMATORS = {
    "embedder": embedder,
    "half embedder": clone(embedder).set_params(precision="bfloat16"),
    "transformer": clone(embedder).set_params(
        backbone="timm/test_vit", preprocessing__size=160
    ),
    "regressor": CNNFineTuneRegressor(embedder=embedder, **schedule),
    "half regressor": CNNFineTuneRegressor(
        embedder=clone(embedder).set_params(precision="bfloat16"), **schedule
    ),
    "classifier": CNNFineTuneClassifier(
        embedder=clone(embedder).set_params(backbone="timm/test_efficientnet"),
        early_stopping=True,
        **schedule,
    ),
    "perceptron": MultiBranchMLPRegressor(**branches, **schedule),
    "perceptron of classes": MultiBranchMLPClassifier(
        **branches, early_stopping=True, **schedule
    ),
}


@pytest.fixture(scope="module")
def photos():
    return np.random.default_rng(0).integers(0, 256, (8, 36, 40, 3), np.uint8)


def run(estimator, photos):
    """All numbers that come of a fit and of its use."""
    X = photos
    if hasattr(estimator, "branches"):
        X = photos.reshape(8, -1)[:, :600] / 255.0
    y = np.arange(8.0) * 3 % 8
    fitted = clone(estimator).fit(X, y > 3 if is_classifier(estimator) else y)
    use = getattr(fitted, "predict", getattr(fitted, "transform", None))
    weights = getattr(fitted, "weights_", {})
    return [use(X), *(weights[name] for name in sorted(weights))]


@pytest.fixture(scope="module")
def plain(photos):
    shelf.clear()
    return {name: run(each, photos) for name, each in ESTIMATORS.items()}


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning")
@pytest.mark.parametrize(
    ("state", "name"),
    [(state, "embedder") for state in STATES]
    + [(state, "regressor") for state in STATES]
    + [("everything", name) for name in [*ESTIMATORS][1:] if name != "regressor"],
)
def test_ambient_state_changes_nothing(state, name, plain, photos):
    shelf.clear()
    with STATES[state]():
        found = run(ESTIMATORS[name], photos)
    assert_same(found, plain[name])
    # Nor is what the process keeps spoilt.
    assert_same(run(ESTIMATORS[name], photos), plain[name])


@pytest.mark.parametrize("caller", ["ieee", "tf32"])
def test_convolutions_on_a_gpu_are_exact(caller):
    """Torch's own default is TF32, of which float32 keeps three digits."""
    convolutions = torch.backends.cudnn.conv
    with products("cudnn.conv", caller):
        with torch_work("cpu", "float32"):
            assert convolutions.fp32_precision == "ieee"
        assert convolutions.fp32_precision == caller


@pytest.mark.parametrize("state", ["device", "device in a context"])
def test_attention_keeps_its_fast_path(state):
    """Modes of functions, of which a default device is one, turn it off."""
    attention = torch.nn.TransformerEncoderLayer(64, 4, batch_first=True).eval()
    tokens = torch.rand(4, 50, 64)

    def attend():
        with torch_work(gradients=False):
            return attention(tokens).numpy()

    expected = attend()
    with STATES[state]():
        assert_array_equal(attend(), expected)


def test_cache_holds_the_same_rows(plain, photos, tmp_path):
    shelf.clear()
    cached = clone(embedder).set_params(cache=str(tmp_path / "rows"))
    with everything():
        cached.fit(photos).transform(photos)
    assert_array_equal(cached.transform(photos), plain["embedder"][0])


def test_models_go_on_under_any_state(plain, photos, tmp_path):
    model = clone(ESTIMATORS["regressor"]).set_params(max_epochs=1)
    model.set_params(checkpoint=str(tmp_path / "state"))
    with everything():
        model.fit(photos, np.arange(8.0) * 3 % 8)
    model.set_params(max_epochs=2).fit(photos, np.arange(8.0) * 3 % 8)
    assert_array_equal(model.predict(photos), plain["regressor"][0])


@pytest.mark.parametrize("state", STATES)
def test_state_is_as_it_was(state):
    def values():
        linear = torch.nn.Linear(2, 2)
        return (
            linear.weight.dtype,
            linear.weight.device.type,
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.is_autocast_enabled("cpu"),
        )

    with STATES[state]():
        before = values()
        with torch_work():
            inside = values()
        assert values() == before
    with torch_work():
        assert values() == inside
    assert inside == (torch.float32, "cpu", True, False, False)


def test_threads_share_what_a_process_has_one_of():
    """A thread that leaves first does not set back what another still needs."""
    entered, leave = threading.Event(), threading.Event()

    def work():
        with torch_work():
            entered.set()
            leave.wait()

    with default_dtype():
        with torch_work():
            thread = threading.Thread(target=work)
            thread.start()
            entered.wait()
        assert torch.get_default_dtype() == torch.float32
        leave.set()
        thread.join()
        assert torch.get_default_dtype() == torch.float64
