"""Fine-tuned networks: torch as oracle, losses, views, checkpoints, bad photos."""

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
from sklearn.model_selection import GridSearchCV

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

from sklearn_popularity.models.networks import _checkpoints  # noqa: E402
from sklearn_popularity.models.networks._batches import PhotoBatches  # noqa: E402
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

LEARNING = TINY | {"learning_rate": 3e-4, "batch_size": 16, "max_epochs": 9}


@pytest.fixture(scope="module")
def squares():
    return np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def scores():
    return np.random.default_rng(1).normal(3, 2, size=20)


@pytest.fixture(params=[CNNFineTuneRegressor, CNNFineTuneClassifier])
def model(request):
    return clone(request.param(**TINY))


def target_of(model, scores):
    return np.digitize(scores, [2, 4]) if hasattr(model, "class_weight") else scores


def outputs_of(model, X):
    return getattr(model, "predict_proba", model.predict)(X)


def assert_same_weights(model, other):
    assert list(model.weights_) == list(other.weights_)
    for name, values in model.weights_.items():
        assert_array_equal(values, other.weights_[name])


# --- one step, by hand


def normalised(squares):
    pixels = torch.from_numpy(squares).permute(0, 3, 1, 2) / 255
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


@pytest.mark.parametrize("multiplier", [1, 20])
@pytest.mark.parametrize("classes", [False, True], ids=["score", "classes"])
def test_sgd_steps_equal_those_by_hand(multiplier, classes, squares, scores):
    kind = CNNFineTuneClassifier if classes else CNNFineTuneRegressor
    model = kind(**PLAIN, optimizer="sgd", head_multiplier=multiplier, alpha=0.01)
    y = target_of(model, scores)
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
                rate = 1e-3 * (multiplier if name.startswith("head") else 1)
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
        ("alexnet-lrn", [4096, 4096]),
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


@pytest.fixture(scope="module")
def posts():
    posts, truth = make_popularity(160, image_size=(40, 48), random_state=0)
    causes = truth.effects[["saturation", "theme"]]
    return list(posts["photo"]), causes.sum(axis=1).to_numpy()


def test_network_ranks_unseen_photos(posts):
    X, y = posts
    model = CNNFineTuneRegressor(**LEARNING)
    model.fit(X[:120], y[:120])
    assert model.loss_curve_[-1] < 0.8 * y[:120].var() / 2
    assert spearman_score(y[120:], model.predict(X[120:])) > 0.4


def test_classifier_beats_most_frequent(posts):
    X, y = posts
    labels = np.where(y > np.median(y), "liked", "dull")
    model = CNNFineTuneClassifier(**LEARNING | {"max_epochs": 12})
    model.fit(X[:120], labels[:120])
    assert model.loss_curve_[-1] < 0.8 * np.log(2)
    frequent = max(np.mean(labels[120:] == label) for label in model.classes_)
    assert model.score(X[120:], labels[120:]) > frequent + 0.1


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
    model = CNNFineTuneRegressor(**PLAIN, n_bins=4).fit(squares, scores)
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
    weights = model.fit(squares, scores).weights_
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


@pytest.mark.parametrize("kind", [CNNFineTuneRegressor, CNNFineTuneClassifier])
def test_weights_equal_repetitions(kind, squares, scores):
    model = kind(**PLAIN, optimizer="sgd")
    y, weight = target_of(model, scores), np.arange(20) % 3
    weighted = clone(model).fit(squares, y, sample_weight=weight)
    repeated = clone(model).fit(squares.repeat(weight, axis=0), y.repeat(weight))
    X = squares[:5]
    assert_allclose(outputs_of(weighted, X), outputs_of(repeated, X), rtol=1e-4)
    scaled = clone(model).fit(squares, y, sample_weight=weight * 7.0)
    assert_allclose(outputs_of(scaled, X), outputs_of(weighted, X), rtol=1e-4)


def test_photo_of_weight_zero_is_not_read(paths, bad_path):
    model = CNNFineTuneRegressor(**TINY)
    model.fit([bad_path, *paths], np.arange(8.0), sample_weight=[0] + [1] * 7)
    assert model.n_epochs_ == 2


# --- early stopping


def test_groups_are_held_out_together(squares, scores, model):
    y, groups = target_of(model, scores), np.arange(20) % 5
    model.set_params(early_stopping=True, validation_fraction=0.4, max_epochs=1)
    by_array = clone(model).fit(squares, y, groups=groups)
    held_out = by_array.validation_rows_
    assert len(np.unique(groups[held_out])) == 2
    assert not np.intersect1d(groups[held_out], np.delete(groups, held_out)).size
    by_call = clone(model).set_params(groups=lambda X: groups).fit(squares, y)
    assert_same_weights(by_call, by_array)


def test_best_epoch_is_kept(squares, scores):
    model = CNNFineTuneRegressor(**TINY | {"max_epochs": 30, "learning_rate": 3e-3})
    model.set_params(early_stopping=True, validation_fraction=0.4).fit(squares, scores)
    best = np.argmax(model.validation_scores_)
    assert len(model.validation_scores_) == model.n_epochs_ == best + 1 + 3 < 30
    rows = model.validation_rows_
    half_error = np.mean((model.predict(squares[rows]) - scores[rows]) ** 2) / 2
    assert_allclose(-model.validation_scores_[best], half_error, rtol=1e-4)
    train = np.delete(np.arange(20), rows)
    assert_allclose(model.target_offset_, scores[train].mean())


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
    X = [*paths[:3], bad_path, *paths[3:]]
    y = np.arange(8) % 2
    with pytest.raises(ImageError, match=r"^row 3, .*notes\.jpg: "):
        model.fit(X, y)
    model.fit(paths, y[:7])
    with pytest.raises(ImageError, match=r"^row 3, .*notes\.jpg: "):
        model.predict(X)


def test_forms_of_x_agree(squares, scores, tmp_path):
    for i, square in enumerate(squares):
        Image.fromarray(square).save(tmp_path / f"{i:02}.png")
    files = sorted(tmp_path.glob("*.png"))
    expected = CNNFineTuneRegressor(**TINY).fit(squares, scores)
    forms = [
        files,
        pd.DataFrame({"photo": [str(file) for file in files]}),
        [file.read_bytes() for file in files],
        [Image.fromarray(square) for square in squares],
        squares.reshape(20, -1),
    ]
    for X in forms:
        model = clone(expected).set_params(embedder__image_shape=(32, 32, 3))
        model.fit(X, scores)
        assert_same_weights(model, expected)
        assert_array_equal(model.predict(X), expected.predict(squares))
    assert model.n_features_in_ == 3072
    assert not hasattr(model.fit(files, scores), "n_features_in_")


# --- checkpoints


def interrupt_after(monkeypatch, n_epochs, error=KeyboardInterrupt):
    """Stop in the pass after some."""
    batches = PhotoBatches.__call__

    def run(self, epoch):
        if epoch == n_epochs:
            raise error
        return batches(self, epoch)

    monkeypatch.setattr(PhotoBatches, "__call__", run)


@pytest.mark.parametrize("n_epochs", [1, 3])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_interrupted_fit_goes_on(
    monkeypatch, n_epochs, optimizer, model, squares, scores, tmp_path
):
    y = target_of(model, scores)
    model.set_params(max_epochs=4, optimizer=optimizer, early_stopping=True)
    model.set_params(learning_rate=1e-4, step_epochs=2)
    if hasattr(model, "class_weight"):
        model.set_params(class_weight="balanced")
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


def test_finished_fit_is_taken_as_it_is(monkeypatch, squares, scores, tmp_path):
    model = CNNFineTuneRegressor(**TINY, checkpoint=str(tmp_path / "state.pt"))
    expected = clone(model).fit(squares, scores)
    longer = CNNFineTuneRegressor(**TINY | {"max_epochs": 3}).fit(squares, scores)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 0)
        assert_same_weights(clone(model).fit(squares, scores), expected)
    assert_same_weights(
        clone(model).set_params(max_epochs=3).fit(squares, scores), longer
    )
    with pytest.warns(CheckpointWarning, match="more epochs than max_epochs=2"):
        assert_same_weights(clone(model).fit(squares, scores), expected)


def test_fit_that_stopped_early_makes_no_pass(monkeypatch, squares, scores, tmp_path):
    model = CNNFineTuneRegressor(**TINY | {"max_epochs": 30, "learning_rate": 3e-3})
    model.set_params(early_stopping=True, checkpoint=tmp_path / "state.pt")
    expected = clone(model).fit(squares, scores)
    assert expected.n_epochs_ < 30
    interrupt_after(monkeypatch, expected.n_epochs_)
    again = clone(model).fit(squares, scores)
    assert_same_weights(again, expected)
    assert again.validation_scores_ == expected.validation_scores_


@pytest.mark.parametrize(
    "change",
    [
        lambda model, X, y: model.set_params(learning_rate=2e-3),
        lambda model, X, y: model.set_params(random_state=1),
        lambda model, X, y: y.__setitem__(3, 100),
        lambda model, X, y: X.__setitem__((3, 0, 0, 0), 255 - X[3, 0, 0, 0]),
    ],
    ids=["setting", "seed", "score", "pixel"],
)
def test_foreign_checkpoint_is_not_used(change, squares, scores, tmp_path):
    X, y = squares.copy(), scores.copy()
    model = CNNFineTuneRegressor(**TINY, checkpoint=str(tmp_path / "state.pt")).fit(
        X, y
    )
    change(model, X, y)
    with pytest.warns(CheckpointWarning, match="data .pass a folder") as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__
    assert_same_weights(model, clone(model).set_params(checkpoint=None).fit(X, y))


@pytest.mark.parametrize("place", [40, 5000, -1])
def test_damaged_checkpoint_is_not_used(place, squares, scores, tmp_path):
    path = tmp_path / "state.pt"
    model = CNNFineTuneRegressor(**TINY, checkpoint=path)
    expected = clone(model).fit(squares, scores)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.warns(CheckpointWarning, match="is damaged"):
        assert_same_weights(clone(model).fit(squares, scores), expected)
    path.write_bytes(path.read_bytes()[: len(content) // 2])
    with pytest.warns(CheckpointWarning, match="is damaged"):
        assert_same_weights(clone(model).fit(squares, scores), expected)


class _Malicious:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_checkpoint_runs_no_code(squares, scores, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _checkpoints.Checkpoint("state", "any").save({"losses": [_Malicious()]})
    model = CNNFineTuneRegressor(**TINY, checkpoint="state")
    with pytest.warns(CheckpointWarning, match="is damaged"):
        model.fit(squares, scores)
    assert not Path("executed").exists()


def test_file_of_something_else_is_not_replaced(squares, scores, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"a photo")
    model = CNNFineTuneRegressor(**TINY, checkpoint=path)
    with pytest.raises(
        ValueError, match=r"photo\.jpg', which exists but is not a check"
    ):
        model.fit(squares, scores)
    assert path.read_bytes() == b"a photo"
    with pytest.raises(FileNotFoundError, match="does not exist"):
        model.set_params(checkpoint=tmp_path / "a" / "b").fit(squares, scores)
    with pytest.raises(ValueError, match="random_state=None, with which each fit"):
        model.set_params(random_state=None).fit(squares, scores)


def test_checkpoint_is_replaced_in_one_step(monkeypatch, squares, scores, tmp_path):
    path = tmp_path / "state.pt"
    model = CNNFineTuneRegressor(**TINY | {"max_epochs": 1}, checkpoint=path)
    model.fit(squares, scores)
    content = path.read_bytes()

    def full(self, target):
        raise OSError("no space left on the device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        model.set_params(max_epochs=2).fit(squares, scores)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


# --- as scikit-learn uses it


def test_row_is_the_same_in_any_batch(model, images, paths):
    y = np.arange(7) % 3
    model.fit(images, y)
    expected = outputs_of(model, images)
    for batch_size in (1, 2):
        model.set_params(batch_size=batch_size)
        assert_allclose(outputs_of(model, paths), expected, atol=1e-5)
    for i in range(7):
        assert_allclose(outputs_of(model, paths[i : i + 1])[0], expected[i], atol=1e-5)


def test_seed_decides(model, squares, scores):
    y, state = target_of(model, scores), torch.random.get_rng_state()
    one, same = (clone(model).fit(squares, y) for _ in range(2))
    assert_same_weights(one, same)
    assert torch.equal(torch.random.get_rng_state(), state)
    other = clone(model).set_params(random_state=1).fit(squares, y)
    assert np.abs(outputs_of(one, squares) - outputs_of(other, squares)).max() > 1e-4


def test_network_is_that_of_fit(model, squares, scores):
    model.fit(squares, target_of(model, scores))
    expected = outputs_of(model, squares)
    model.set_params(embedder__backbone="alexnet", embedder__preprocessing__size=64)
    assert_array_equal(outputs_of(model, squares), expected)


def test_two_models_keep_their_weights_apart(squares, scores):
    one = CNNFineTuneRegressor(**TINY).fit(squares, scores)
    expected = one.predict(squares)
    other = CNNFineTuneRegressor(**TINY).fit(squares, -scores)
    assert np.abs(other.predict(squares) - expected).max() > 0.1
    assert_array_equal(one.predict(squares), expected)


def test_threads_share_the_network(squares, scores):
    model = CNNFineTuneRegressor(**TINY).fit(squares, scores)
    expected = pickle.loads(pickle.dumps(model)).predict(squares)
    with ThreadPoolExecutor(3) as pool:
        for predicted in pool.map(model.predict, [squares] * 6):
            assert_allclose(predicted, expected, atol=1e-5)


def test_fits_in_threads_do_not_share_random_numbers(squares, scores):
    models = [CNNFineTuneRegressor(**TINY | {"random_state": i}) for i in range(2)]
    with ThreadPoolExecutor(2) as pool:
        fitted = list(pool.map(lambda each: clone(each).fit(squares, scores), models))
    for each, expected in zip(fitted, models, strict=True):
        assert_same_weights(each, expected.fit(squares, scores))


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


# joblib replaces workers that have grown by torch.
@pytest.mark.filterwarnings("ignore:A worker stopped:UserWarning")
def test_search_is_the_same_in_workers(paths):
    model = CNNFineTuneClassifier(**TINY | {"learning_rate": 1e-2})
    y = np.array(["dull", "liked"])[np.arange(7) % 3 % 2]
    grid = {"class_weight": [None, "balanced"]}
    settings = {"cv": 2, "scoring": "neg_log_loss", "error_score": "raise"}
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)  # as in workers
        scores = [
            GridSearchCV(model, grid, n_jobs=n_jobs, **settings)
            .fit(np.array(paths), y)
            .cv_results_["mean_test_score"]
            for n_jobs in (1, 2)
        ]
    finally:
        torch.set_num_threads(before)
    assert_array_equal(*scores)
    assert scores[0][0] != scores[0][1]


def test_memory_shortage_names_the_way_out(monkeypatch, squares, scores):
    model = CNNFineTuneRegressor(**PLAIN).fit(squares, scores)

    def short(*args):
        raise torch.OutOfMemoryError("full")

    for room in ("_fine_tune", "_batches"):
        path = f"sklearn_popularity.models.networks.{room}.to_planes"
        monkeypatch.setattr(path, short)
    for method in (lambda: model.predict(squares), lambda: model.fit(squares, scores)):
        with pytest.raises(ValueError, match=r"A batch of 20 photos does not fit"):
            method()


def test_verbose_shows_progress(model, squares, scores, capsys):
    y = target_of(model, scores)
    model.fit(squares, y)
    assert capsys.readouterr() == ("", "")
    model.set_params(verbose=True).fit(squares, y)
    out, err = capsys.readouterr()
    assert out == "" and "40/40" in err and "photo" in err


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
        model.set_params(**change).fit(squares, target_of(model, scores))


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
