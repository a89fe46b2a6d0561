"""Fine-tuned networks: torch as oracle, losses, views, checkpoints, bad photos."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.base import clone

from sklearn_popularity import (
    CNNEmbedder,
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    ImageError,
    Preprocessing,
    make_popularity,
    spearman_score,
)
from sklearn_popularity.images import Photos
from sklearn_popularity.models import CheckpointWarning
from sklearn_popularity.networks import Squares

torch = pytest.importorskip("torch", reason="Networks need torch.")
models = pytest.importorskip("torchvision.models", reason="Networks need torchvision.")

from sklearn_popularity.models.networks._batches import PhotoBatches  # noqa: E402
from sklearn_popularity.models.networks._checkpoints import Checkpoint  # noqa: E402
from sklearn_popularity.models.networks._fine_tune_module import (  # noqa: E402
    Architecture,
    build_module,
)
from sklearn_popularity.models.networks._photo_stream import (  # noqa: E402
    PhotoStream,
    RandomViews,
    even_parts,
)


def tiny_embedder(*, crop_share=0.875, **params):
    network = {"backbone": "squeezenet1_1", "weights": "random"}
    small = Preprocessing(size=32, crop_share=crop_share)
    return CNNEmbedder(preprocessing=small).set_params(**network | params)


TINY = {
    "embedder": tiny_embedder(),
    "learning_rate": 1e-3,
    "max_epochs": 2,
    "batch_size": 8,
    "random_state": 0,
}
# One step sees all photos, as they are.
PLAIN = TINY | {
    "embedder": tiny_embedder(crop_share=1.0),
    "augment": False,
    "dropout": 0.0,
    "batch_size": 100,
}


@pytest.fixture
def model():
    return clone(CNNFineTuneRegressor(**TINY))


@pytest.fixture(scope="module")
def kept(squares, scores):
    return clone(CNNFineTuneRegressor(**TINY)).fit(squares, scores)


@pytest.fixture
def fitted(kept):
    """A model fitted to the scores of the squares, to be changed at will."""
    return copy.deepcopy(kept)


def assert_same_weights(model, other):
    assert list(model.weights_) == list(other.weights_)
    for name, values in model.weights_.items():
        assert_array_equal(values, other.weights_[name])


# --- one step, by hand


def normalised(squares):
    pixels = torch.tensor(squares).permute(0, 3, 1, 2) / 255
    mean, std = (
        torch.tensor(v).view(1, 3, 1, 1)
        for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    return (pixels - mean) / std


class Plain(torch.nn.Module):
    """The network that TINY stands for, with its head beside it."""

    def __init__(self, seed, n_outputs):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.features = models.squeezenet1_1().features
        self.head = torch.nn.Linear(512, n_outputs)
        for values in self.head.parameters():
            torch.nn.init.zeros_(values)

    def forward(self, squares):
        return self.head(self.features(normalised(squares)).mean(dim=(2, 3)))


def plain_network(n_outputs=1):
    return Plain(np.random.RandomState(0).randint(2**31 - 1), n_outputs)


@pytest.mark.parametrize("classes", [False, True], ids=["score", "classes"])
def test_sgd_steps_equal_those_by_hand(classes, squares, scores):
    kind = CNNFineTuneClassifier if classes else CNNFineTuneRegressor
    model = kind(**PLAIN, optimizer="sgd", head_multiplier=7, alpha=0.01)
    y = np.digitize(scores, [2, 4]) if classes else scores
    network = plain_network(3 if classes else 1)
    truth = torch.from_numpy(y if classes else (y - y.mean()) / y.std())
    velocity = {name: 0.0 for name, _ in network.named_parameters()}
    losses = []
    for _ in range(2):
        outputs = network(squares)
        if classes:
            loss = torch.nn.functional.cross_entropy(outputs, truth)
        else:
            loss = ((outputs[:, 0] - truth) ** 2).mean() / 2
        losses.append(loss.item())
        network.zero_grad()
        loss.backward()
        with torch.no_grad():
            for name, values in network.named_parameters():
                decay = 0.01 * values if values.ndim > 1 else 0
                velocity[name] = 0.9 * velocity[name] + values.grad + decay
                rate = 1e-3 * (7 if name.startswith("head") else 1)
                values -= rate * velocity[name]
    model.fit(squares, y)
    for name, values in network.state_dict().items():
        name = name if name.startswith("head") else f"backbone.{name}"
        assert_allclose(model.weights_[name], values, rtol=1e-4, atol=1e-6)
    units = 1 if classes else y.var()
    assert_allclose(model.loss_curve_, np.multiply(losses, units), rtol=1e-4)


def test_raw_scores_are_learned_as_they_are(squares, scores):
    model = CNNFineTuneRegressor(**PLAIN, loss="raw_squared_error").set_params(
        max_epochs=1
    )
    model.fit(squares, scores)
    # The first prediction is the mean: half the mean square, as Caffe's loss.
    assert_allclose(model.loss_curve_, [scores.var() / 2], rtol=1e-5)
    assert_allclose([model.target_offset_, model.target_scale_], [scores.mean(), 1])


def test_raw_steps_are_smaller_by_the_variance(squares, scores):
    counts = 300 * (scores - scores.mean())
    variance = counts.var()
    plain = CNNFineTuneRegressor(**PLAIN, optimizer="sgd", alpha=0.0)
    raw = clone(plain).set_params(
        loss="raw_squared_error", learning_rate=1e-8, head_multiplier=1e6, max_epochs=4
    )
    standardised = clone(raw).set_params(
        loss="squared_error",
        learning_rate=1e-8 * variance,
        head_multiplier=1e6 / variance,
    )
    first = plain_network().features[0].weight.detach().numpy()
    name = "backbone.features.0.weight"
    moved, expected = (
        model.fit(squares, counts).weights_[name] - first
        for model in (raw, standardised)
    )
    assert np.abs(expected).max() > 1e-5
    assert_allclose(moved, expected, atol=0.02 * np.abs(expected).max())
    assert_allclose(raw.loss_curve_, standardised.loss_curve_, rtol=1e-4)


@pytest.mark.parametrize("backbone", ["squeezenet1_1", "mobilenet_v3_small"])
def test_head_sees_what_the_classifier_saw(backbone):
    module = build_module(
        Architecture(backbone, Squares(size=64), 2, 0.5), "random", 0
    ).eval()
    torch.nn.init.normal_(module.head.weight, generator=torch.manual_seed(0))
    squares = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    embedder = tiny_embedder(backbone=backbone).set_params(
        preprocessing=Preprocessing(size=64, resize="squeeze")
    )
    seen = embedder.fit_transform(squares)
    with torch.inference_mode():
        outputs = module(normalised(squares)).numpy()
    assert_allclose(outputs, seen @ module.head.weight.detach().numpy().T, atol=1e-3)


@pytest.mark.parametrize(
    ("backbone", "widths"),
    [
        ("alexnet", [4096, 4096]),
        ("caffenet", [4096, 4096]),
        ("mobilenet_v3_small", [1024]),
        ("squeezenet1_1", [512]),
    ],
)
def test_dropout_acts_after_fully_connected_layers(backbone, widths):
    """Of Caffe's networks after fc6 and fc7, not on the flattened convolutions."""
    module = build_module(
        Architecture(backbone, Squares(size=227), 1, 0.25), "random", 0
    )
    seen = []
    for each in module.modules():
        if isinstance(each, torch.nn.Dropout) and each.p:
            each.register_forward_hook(
                lambda part, inputs, _: seen.append((part.p, inputs[0].shape[1]))
            )
    module.train()(torch.zeros(1, 3, 227, 227))
    assert seen == [(0.25, width) for width in widths]


# --- learning


def test_network_ranks_unseen_photos():
    posts, truth = make_popularity(160, image_size=(40, 48), random_state=0)
    X = list(posts["photo"])
    y = truth.effects[["saturation", "theme"]].sum(axis=1).to_numpy()
    model = CNNFineTuneRegressor(**TINY | {"learning_rate": 3e-4, "max_epochs": 5})
    model.set_params(batch_size=16, embedder__preprocessing__size=24)
    model.fit(X[:120], y[:120])
    assert model.loss_curve_[-1] < 0.8 * y[:120].var() / 2
    assert spearman_score(y[120:], model.predict(X[120:])) > 0.4


def test_bins_hold_equally_many_rows(squares):
    y = np.random.default_rng(0).permutation(20) ** 3.0
    model = CNNFineTuneRegressor(**PLAIN, n_bins=10).fit(squares, y)
    assert_array_equal(model.bin_means_, np.sort(y).reshape(10, 2).mean(axis=1))
    # The head starts at the mean, whose loss is the 4.125 of section 5.3.
    assert_allclose(model.loss_curve_[0], 4.125, rtol=1e-5)
    numbers = model.predict_bins(squares)
    expected = np.interp(numbers, np.arange(10), model.bin_means_)
    assert_allclose(model.predict(squares), expected, rtol=1e-6)
    assert model.predict(squares).min() >= model.bin_means_[0]


def test_bins_of_rows_held_out_follow_the_edges(squares, scores):
    model = CNNFineTuneRegressor(**PLAIN, n_bins=4, early_stopping=True)
    model.set_params(validation_fraction=0.5, max_epochs=1).fit(squares, scores)
    rows = model.validation_rows_
    bins = np.searchsorted(model.bin_edges_[1:-1], scores[rows], side="right")
    errors = model.predict_bins(squares[rows]) - bins
    assert_allclose(model.validation_scores_, [-np.mean(errors**2) / 2], rtol=1e-4)


def test_predict_bins_needs_bins(squares, scores):
    model = CNNFineTuneRegressor(**PLAIN | {"max_epochs": 1}, n_bins=4)
    model.fit(squares, scores)
    assert not hasattr(CNNFineTuneRegressor(), "predict_bins")
    model.set_params(n_bins=None).fit(squares, scores)
    assert not hasattr(model, "bin_means_")


def test_steps_become_a_tenth(monkeypatch, squares, scores):
    rates = []
    step = torch.optim.Adam.step

    def watch(self, closure=None):
        rates.append([group["lr"] for group in self.param_groups])
        return step(self, closure)

    monkeypatch.setattr(torch.optim.Adam, "step", watch)
    model = CNNFineTuneRegressor(**TINY | {"max_epochs": 5}, step_epochs=2)
    model.fit(squares, scores)
    expected = np.outer([1, 1, 0.1, 0.1, 0.01], [1e-3, 1e-3, 2e-2, 2e-2])
    assert_allclose(rates, expected.repeat(3, axis=0))


@pytest.mark.parametrize("frozen", [True, False])
def test_statistics_can_be_frozen(frozen, squares, scores):
    embedder = tiny_embedder(backbone="resnet18")
    model = CNNFineTuneRegressor(**TINY | {"embedder": embedder})
    model.set_params(
        trainable="weights" if frozen else "all", learning_rate=1e-5, max_epochs=1
    )
    model.set_params(batch_size=4)  # the first step moves the head alone
    weights = model.fit(squares[:8], scores[:8]).weights_
    assert (weights["backbone.bn1.running_mean"] == 0).all() == frozen
    assert (weights["backbone.bn1.weight"] != 1).any()


def test_huge_steps_raise(squares, scores):
    model = CNNFineTuneRegressor(**TINY | {"learning_rate": 1e9}, optimizer="sgd")
    with pytest.raises(ValueError, match="with which the loss became"):
        model.fit(squares, scores)


def test_half_precision_changes_rounding_alone(squares, scores):
    exact = CNNFineTuneRegressor(**PLAIN, optimizer="sgd").fit(squares, scores)
    rough = clone(exact).set_params(embedder__precision="bfloat16").fit(squares, scores)
    assert rough.weights_["head.weight"].dtype == np.float32
    assert rough.loss_curve_ != exact.loss_curve_
    assert_allclose(rough.loss_curve_, exact.loss_curve_, rtol=0.01)


# --- weights of rows


def test_weights_equal_repetitions(squares, scores):
    model, weight = CNNFineTuneRegressor(**PLAIN, optimizer="sgd"), np.arange(20) % 3
    X, y = squares.repeat(weight, axis=0), scores.repeat(weight)
    expected = clone(model).fit(X, y).predict(squares)
    for scale in (1, 7.0):
        weighted = clone(model).fit(squares, scores, sample_weight=scale * weight)
        assert_allclose(weighted.predict(squares), expected, rtol=1e-4)


def test_photo_of_weight_zero_is_not_read(model, paths, bad_path):
    model.fit([bad_path, *paths], np.arange(8.0), sample_weight=[0] + [1] * 7)
    assert model.n_epochs_ == 2


# --- early stopping


def test_groups_are_held_out_together(squares, scores, model):
    groups = np.arange(20) % 5
    model.set_params(early_stopping=True, validation_fraction=0.4, max_epochs=1)
    by_array = clone(model).fit(squares, scores, groups=groups)
    held_out = by_array.validation_rows_
    assert len(np.unique(groups[held_out])) == 2
    assert not np.intersect1d(groups[held_out], np.delete(groups, held_out)).size
    by_call = clone(model).set_params(groups=lambda X: groups).fit(squares, scores)
    assert_same_weights(by_call, by_array)


def test_best_epoch_is_kept(model, monkeypatch, squares, scores, tmp_path):
    model.set_params(early_stopping=True, validation_fraction=0.4, max_epochs=30)
    model.set_params(learning_rate=3e-3, checkpoint=tmp_path / "state.pt")
    model.fit(squares, scores)
    best = np.argmax(model.validation_scores_)
    assert len(model.validation_scores_) == model.n_epochs_ == best + 1 + 3 < 30
    rows = model.validation_rows_
    half_error = np.mean((model.predict(squares[rows]) - scores[rows]) ** 2) / 2
    assert_allclose(-model.validation_scores_[best], half_error, rtol=1e-4)
    train = np.delete(np.arange(20), rows)
    assert_allclose(model.target_offset_, scores[train].mean())
    interrupt_after(monkeypatch, model.n_epochs_)  # again makes no further pass
    again = clone(model).fit(squares, scores)
    assert_same_weights(again, model)
    assert again.validation_scores_ == model.validation_scores_


# --- views of photos


def test_views_are_of_training_alone(monkeypatch, squares, scores):
    seen = []
    batches = PhotoStream.batches

    def watch(self, photos, parts, views=None):
        seen.append((len(photos), views))
        return batches(self, photos, parts, views)

    monkeypatch.setattr(PhotoStream, "batches", watch)
    model = CNNFineTuneRegressor(**TINY, early_stopping=True).fit(squares, scores)
    model.predict(squares)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    epochs = [[(18, RandomViews(seed, i)), (2, None)] for i in range(2)]
    assert seen == [*epochs[0], *epochs[1], (20, None)]
    seen.clear()
    model.set_params(augment=False).fit(squares, scores)
    assert [views for _, views in seen] == [None] * 4


def test_view_is_a_shifted_square():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    stream = PhotoStream(Squares(size=30, crop_share=0.75), None, None)

    class Corner:
        def __call__(self, row):
            return (row, 1 - row), bool(row)

    photos = Photos([image, image])
    [views] = stream.batches(photos, [np.arange(2)], Corner())
    # The central square begins at column 10, and the view moves within it.
    assert_array_equal(views[0], image[10:40, 10:40])
    assert_array_equal(views[1], image[0:30, 20:50][:, ::-1])
    [centre] = stream.batches(photos, [np.arange(1)])
    assert_array_equal(centre[0], image[5:35, 15:45])


def test_views_are_uniform_and_mirror_half():
    views = [RandomViews(0, 3)(row) for row in range(2000)]
    places, mirrored = np.array([v[0] for v in views]), [v[1] for v in views]
    assert_allclose(places.mean(axis=0), 0.5, atol=0.03)
    assert_allclose(places.var(axis=0), 1 / 12, atol=0.01)
    assert_allclose(np.mean(mirrored), 0.5, atol=0.05)
    assert RandomViews(0, 3)(7) == views[7] != RandomViews(0, 4)(7)


@pytest.mark.parametrize(("n", "size"), [(1, 5), (5, 5), (6, 5), (33, 32), (100, 7)])
def test_parts_are_even(n, size):
    lengths = [len(part) for part in even_parts(np.arange(n), size)]
    assert sum(lengths) == n and max(lengths) <= size
    assert len(lengths) == -(-n // size) and max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_memory_holds_few_photos(monkeypatch, n_jobs, squares):
    alive, most, lock = [0], [0], threading.Lock()

    class Square(np.ndarray):
        def __del__(self):
            with lock:
                alive[0] -= 1

    stack = np.stack

    def count(arrays):
        with lock:
            alive[0] += 1
            most[0] = max(most[0], alive[0])
        return stack(arrays).view(Square)

    monkeypatch.setattr(np, "stack", count)
    stream = PhotoStream(Squares(size=32), None, n_jobs)
    photos = Photos([squares[0]] * 200)
    for batch in stream.batches(photos, even_parts(np.arange(200), 4)):
        assert len(batch) == 4
    # Those that wait, the one in use, and the one before it while it is replaced.
    assert 1 < most[0] <= n_jobs + 3


def test_threads_that_read_leave_result_alone(paths):
    y = np.arange(7.0)
    fitted = [
        clone(CNNFineTuneRegressor(**TINY | {"batch_size": 2}))
        .set_params(embedder__n_jobs=n_jobs)
        .fit(paths, y)
        for n_jobs in (1, 3)
    ]
    assert_same_weights(*fitted)
    assert_array_equal(*(model.predict(paths) for model in fitted))


def test_unreadable_photo_raises_its_place(paths, bad_path, model):
    X, y = [*paths[:3], bad_path, *paths[3:]], np.arange(8.0)
    with pytest.raises(ImageError, match=r"^row 3, .*notes\.jpg: "):
        model.fit(X, y)
    model.fit(paths, y[:7])
    with pytest.raises(ImageError, match=r"^row 3, .*notes\.jpg: "):
        model.predict(X)


def test_forms_of_x_agree(model, squares, scores, tmp_path):
    for i, square in enumerate(squares):
        Image.fromarray(square).save(tmp_path / f"{i:02}.png")
    files = sorted(tmp_path.glob("*.png"))
    model.set_params(max_epochs=1, embedder__image_shape=(32, 32, 3))
    expected = clone(model).fit(squares, scores)
    forms = [
        files,
        pd.DataFrame({"photo": [str(file) for file in files]}),
        [file.read_bytes() for file in files],
        [Image.fromarray(square) for square in squares],
        squares.reshape(20, -1),
    ]
    for X in forms:
        model.fit(X, scores)
        assert_same_weights(model, expected)
        assert_array_equal(model.predict(X), expected.predict(squares))
    assert model.n_features_in_ == 3072
    model.fit(files, scores)
    assert not hasattr(model, "n_features_in_")


# --- checkpoints


def interrupt_after(monkeypatch, n_epochs, error=KeyboardInterrupt):
    """Stop in the pass after some."""
    batches = PhotoBatches.__call__

    def run(self, epoch):
        if epoch == n_epochs:
            raise error
        return batches(self, epoch)

    monkeypatch.setattr(PhotoBatches, "__call__", run)


@pytest.mark.parametrize(
    ("kind", "settings", "n_epochs"),
    [
        (CNNFineTuneRegressor, {"optimizer": "adam"}, 1),
        (CNNFineTuneClassifier, {"optimizer": "sgd", "class_weight": "balanced"}, 3),
    ],
)
def test_interrupted_fit_goes_on(
    monkeypatch, kind, settings, n_epochs, squares, scores, tmp_path
):
    y = scores.round() if kind is CNNFineTuneRegressor else np.digitize(scores, [2, 4])
    model = kind(**TINY, **settings).set_params(max_epochs=4, early_stopping=True)
    model.set_params(learning_rate=1e-4, step_epochs=2)
    groups = np.arange(20) % 5
    expected = clone(model).fit(squares, y, groups=groups)
    model.set_params(checkpoint=tmp_path / "state.pt")
    with monkeypatch.context() as patch:
        interrupt_after(patch, n_epochs)
        with pytest.raises(KeyboardInterrupt):
            clone(model).fit(squares, y, groups=groups)
    resumed = clone(model).fit(squares, y, groups=groups)
    assert_same_weights(resumed, expected)
    assert_array_equal(resumed.validation_rows_, expected.validation_rows_)
    assert resumed.loss_curve_ == expected.loss_curve_
    assert resumed.validation_scores_ == expected.validation_scores_
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_finished_fit_is_taken_as_it_is(
    monkeypatch, kept, model, squares, scores, tmp_path
):
    longer = clone(model).set_params(max_epochs=3).fit(squares, scores)
    model.set_params(checkpoint=str(tmp_path / "state.pt")).fit(squares, scores)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 0)
        assert_same_weights(clone(model).fit(squares, scores), kept)
    assert_same_weights(
        clone(model).set_params(max_epochs=3).fit(squares, scores), longer
    )
    with pytest.warns(CheckpointWarning, match="more epochs than max_epochs=2"):
        assert_same_weights(model.fit(squares, scores), kept)


def test_foreign_checkpoint_is_not_used(model, squares, scores, tmp_path):
    X, y = squares.copy(), scores.copy()
    model.set_params(checkpoint=str(tmp_path / "state.pt"), max_epochs=1).fit(X, y)
    for change in (
        lambda: model.set_params(learning_rate=2e-3),
        lambda: model.set_params(random_state=1),
        lambda: y.__setitem__(3, 100),
        lambda: X.__setitem__((3, 0, 0, 0), 255 - X[3, 0, 0, 0]),
    ):
        change()
        with pytest.warns(CheckpointWarning, match="data .pass a folder") as caught:
            model.fit(X, y)
        assert caught[0].filename == __file__
    assert_same_weights(model, clone(model).set_params(checkpoint=None).fit(X, y))


def test_damaged_checkpoint_is_not_used(kept, model, squares, scores, tmp_path):
    path = tmp_path / "state.pt"
    checkpoint, state = Checkpoint(path, "any"), {"history": [], "seed": 3}
    checkpoint.save(state)
    content = path.read_bytes()
    assert checkpoint.load(2) == state
    for place in (40, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        for damaged in (changed, content[:place]):
            path.write_bytes(damaged)
            with pytest.warns(CheckpointWarning, match="is damaged"):
                assert checkpoint.load(2) is None
    with pytest.warns(CheckpointWarning, match="is damaged"):
        model.set_params(checkpoint=path).fit(squares, scores)
    assert_same_weights(model, kept)


class _Malicious:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_checkpoint_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint("state", "any")
    checkpoint.save({"history": [_Malicious()]})
    with pytest.warns(CheckpointWarning, match="is damaged"):
        assert checkpoint.load(2) is None
    assert not Path("executed").exists()


def test_file_of_something_else_is_not_replaced(model, squares, scores, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"a photo")
    message = r"photo\.jpg', which exists but is not a check"
    with pytest.raises(ValueError, match=message):
        model.set_params(checkpoint=path).fit(squares, scores)
    assert path.read_bytes() == b"a photo"
    with pytest.raises(FileNotFoundError, match="does not exist"):
        model.set_params(checkpoint=tmp_path / "a" / "b").fit(squares, scores)
    with pytest.raises(ValueError, match="random_state=None, with which each fit"):
        model.set_params(random_state=None).fit(squares, scores)


def test_checkpoint_is_replaced_in_one_step(monkeypatch, tmp_path):
    path = tmp_path / "state.pt"
    checkpoint = Checkpoint(path, "any")
    checkpoint.save({"history": []})
    content = path.read_bytes()

    def full(self, target):
        raise OSError("no space left on the device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        checkpoint.save({"history": [1]})
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


# --- as scikit-learn uses it


def test_row_is_the_same_in_any_batch(fitted, images, paths):
    expected = fitted.predict(images)
    for batch_size in (1, 2):
        fitted.set_params(batch_size=batch_size)
        assert_allclose(fitted.predict(paths), expected, atol=1e-5)
    for i in range(7):
        assert_allclose(fitted.predict(paths[i : i + 1]), expected[i], atol=1e-5)


def test_network_is_that_of_fit(fitted, kept, squares):
    fitted.set_params(embedder__backbone="alexnet", embedder__preprocessing__size=64)
    assert_array_equal(fitted.predict(squares), kept.predict(squares))


def test_two_models_keep_their_weights_apart(kept, model, squares, scores):
    expected = kept.predict(squares)
    model.fit(squares, -scores)
    assert np.abs(model.predict(squares) - expected).max() > 0.1
    assert_array_equal(kept.predict(squares), expected)


def test_threads_share_the_network(fitted, squares):
    expected = pickle.loads(pickle.dumps(fitted)).predict(squares)
    with ThreadPoolExecutor(3) as pool:
        for predicted in pool.map(fitted.predict, [squares] * 6):
            assert_allclose(predicted, expected, atol=1e-5)


def test_fits_in_threads_do_not_share_random_numbers(kept, model, squares, scores):
    other = clone(model).set_params(random_state=1)
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda each: clone(each).fit(squares, scores), [model, other])
    for each, expected in zip(found, [kept, other.fit(squares, scores)], strict=True):
        assert_same_weights(each, expected)
    assert np.abs(other.predict(squares) - kept.predict(squares)).max() > 1e-4


def test_threads_of_torch_change_rounding_alone(squares, scores):
    model = CNNFineTuneRegressor(**PLAIN, optimizer="sgd")
    before, predictions = torch.get_num_threads(), []
    try:
        for n_threads in (1, 3):
            torch.set_num_threads(n_threads)
            predictions.append(clone(model).fit(squares, scores).predict(squares))
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert_allclose(*predictions, rtol=1e-4)


def test_memory_shortage_names_the_way_out(monkeypatch, fitted, squares, scores):
    fitted.set_params(batch_size=100)

    def short(*args):
        raise torch.OutOfMemoryError("full")

    for room in ("_fine_tune", "_batches"):
        path = f"sklearn_popularity.models.networks.{room}.to_planes"
        monkeypatch.setattr(path, short)
    for method in (fitted.predict, lambda X: fitted.fit(X, scores)):
        with pytest.raises(ValueError, match=r"A batch of 20 photos does not fit"):
            method(squares)


def test_verbose_shows_progress(model, squares, scores, capsys):
    model.set_params(max_epochs=1).fit(squares, scores)
    assert capsys.readouterr() == ("", "")
    model.set_params(verbose=True).fit(squares, scores)
    out, err = capsys.readouterr()
    assert out == "" and "20/20" in err and "photo" in err


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"embedder__backbone": "resnet5"}, ValueError, "Did you mean 'resnet50'"),
        ({"embedder__weights": "missing.npz"}, FileNotFoundError, "no such file"),
        ({"embedder__preprocessing__mean": (0, 0)}, ValueError, "3 finite numbers"),
        ({"embedder__preprocessing__std": (0, 1, 1)}, ValueError, "above 0"),
        ({"embedder__preprocessing__size": 5}, ValueError, "squares of size=5"),
        ({"embedder__preprocessing__crop_share": 1.5}, ValueError, "'crop_share' par"),
        ({"embedder__device": "foo"}, ValueError, "device='foo'"),
        ({"embedder__precision": "float8"}, ValueError, "'precision' parameter"),
        ({"embedder__layer": "features.3"}, ValueError, "with layer='features.3'"),
        ({"embedder__pooling": "std"}, ValueError, "with pooling='std'"),
        ({"embedder__preprocessing__flip": True}, ValueError, "flip=True"),
        ({"embedder__preprocessing__resize": "keep"}, ValueError, "resize='keep'"),
        ({"embedder": "resnet50"}, ValueError, "'embedder' parameter"),
        ({"head_multiplier": 0}, ValueError, "'head_multiplier' parameter"),
        ({"groups": lambda X: [1]}, ValueError, "inconsistent numbers of samples"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_setting_raises(change, error, message, model, squares, scores):
    with pytest.raises(error, match=message):
        model.set_params(**change).fit(squares, scores)


# --- real weights


def test_real_weights_learn_on(shared, paths):
    caffe = Preprocessing(
        size=64,
        mean=(104, 117, 123),
        std=(1, 1, 1),
        scale=255,
        channel_order="bgr",
        crop_share=0.875,
    )
    embedder = CNNEmbedder(
        backbone="squeezenet1_0",
        weights=shared / "weights" / "squeezenet1_0_tvkeys_f16.npz",
        preprocessing=caffe,
    )
    model = CNNFineTuneRegressor(
        embedder=embedder,
        dropout=0.0,
        augment=False,
        max_epochs=8,
        random_state=0,
    )
    model.fit(paths, np.arange(7.0))
    assert model.loss_curve_[-1] < model.loss_curve_[0] / 2
