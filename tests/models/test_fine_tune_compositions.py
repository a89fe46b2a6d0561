"""Fine-tuned networks in compositions: frozen layers, shared backbones, two heads."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy.special import logit
from sklearn.base import clone
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    CNNEmbedder,
    CNNFineTuneRegressor,
    Preprocessing,
)
from sklearn_popularity.images import Photos
from sklearn_popularity.networks import squares_for

torch = pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("torchvision", reason="Networks need torchvision.")

from torchvision.ops import StochasticDepth  # noqa: E402

from sklearn_popularity.models.networks import _fine_tune, _training  # noqa: E402
from sklearn_popularity.models.networks._fine_tune_module import (  # noqa: E402
    Architecture,
    build_module,
    freeze_before,
)

EMBEDDER = CNNEmbedder(
    backbone="squeezenet1_1",
    weights="random",
    preprocessing=Preprocessing(size=32, resize="crop"),
    random_state=0,
)
#: One step of an epoch sees all photos as they are.
PLAIN = {
    "embedder": EMBEDDER,
    "augment": False,
    "dropout": 0.0,
    "alpha": 0.0,
    "batch_size": 100,
    "max_epochs": 3,
    "random_state": 0,
}
#: Outputs of a head are independent, and steps proportional to the learning rate.
HEAD = PLAIN | {"trainable": "head", "optimizer": "sgd", "learning_rate": 1e-4}
N = 20


@pytest.fixture
def files(squares, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(N)]
    for path, square in zip(paths, squares, strict=True):
        Image.fromarray(square).save(path)
    return paths


@pytest.fixture
def reads(monkeypatch):
    """Numbers of the photos that were decoded, in order."""
    found = []
    read = Photos.read

    def watch(self, index, **settings):
        found.append(self.rows[index])
        return read(self, index, **settings)

    monkeypatch.setattr(Photos, "read", watch)
    return found


# --- what learns


def test_head_alone_learns_from_the_embeddings_of_the_network(squares, scores):
    model = CNNFineTuneRegressor(**HEAD, head_multiplier=1).fit(squares, scores)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    published = clone(EMBEDDER)
    published.set_params(random_state=int(seed))
    embeddings = published.fit_transform(squares)
    assert_allclose(model.transform(squares), embeddings, rtol=1e-4, atol=1e-6)
    # Steps of gradient descent with momentum on half the mean squared error.
    z = (scores - scores.mean()) / scores.std()
    w, b, velocity = np.zeros(embeddings.shape[1]), 0.0, 0.0
    for _ in range(3):
        error = (embeddings @ w + b - z) / N
        gradient = np.append(embeddings.T @ error, error.sum())
        velocity = 0.9 * velocity + gradient
        w, b = w - 1e-4 * velocity[:-1], b - 1e-4 * velocity[-1]
    assert_allclose(model.weights_["head.weight"][0], w, rtol=1e-3, atol=1e-7)


def test_layers_before_the_first_that_learns_stay(squares, scores):
    model = CNNFineTuneRegressor(**PLAIN, learning_rate=1e-3)
    model.set_params(trainable="head")
    before = model.fit(squares, scores).weights_
    after = model.set_params(trainable="features.12").fit(squares, scores).weights_
    learned = {
        name.removesuffix(".weight").removesuffix(".bias")
        for name in after
        if (after[name] != before[name]).any()
    }
    last = [f"backbone.features.12.{part}" for part in ("squeeze", "expand1x1")]
    assert learned == {"head", *last, "backbone.features.12.expand3x3"}


@pytest.mark.parametrize("trainable", ["weights", "features.7", "head"])
def test_frozen_layers_are_evaluated(trainable):
    squares = squares_for("efficientnet_b0", Preprocessing(size=32, resize="crop"))
    module = build_module(Architecture("efficientnet_b0", squares, 1, 0.5), "random", 0)
    freeze_before(trainable, module)
    _training._evaluate_frozen(torch, module.train())
    learning = {name for name, each in module.named_modules() if each.training}
    assert {"dropout", "head"} <= learning
    # Blocks of its features are left out at random.
    frozen = {"weights": 0, "features.7": 7, "head": 9}[trainable]
    for i, stage in enumerate(module.backbone.features):
        depths = [m for m in stage.modules() if isinstance(m, StochasticDepth)]
        assert all(each.training == (i >= frozen) for each in depths)


@pytest.mark.parametrize(
    "name", ["features.99", "features.2", "weight", "backbone", ""]
)
def test_unknown_layers_are_refused(name, squares, scores):
    model = CNNFineTuneRegressor(**PLAIN, trainable=name)  # features.2 pools
    message = f"trainable='{name}', but 'weights', .* such as"
    with pytest.raises(ValueError, match=message):
        model.fit(squares, scores)


@pytest.mark.parametrize(
    ("old", "new"),
    [("freeze_statistics", "trainable="), ("standardize", "loss=")],
)
def test_old_names_say_the_new_ones(old, new):
    with pytest.raises(TypeError, match=f"no parameter '{old}' any more. Pass {new}"):
        CNNFineTuneRegressor(**{old: False})


# --- what is minimised


def test_log_loss_is_of_shares_of_the_range(squares, scores):
    model = CNNFineTuneRegressor(**HEAD, loss="log_loss").fit(squares, scores)
    # The first output is 0, whose sigmoid is a half.
    assert_allclose(model.loss_curve_[0], np.log(2), rtol=1e-6)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    low, high = scores.min(), scores.max()
    assert (model.target_offset_, model.target_scale_) == (low, high - low)
    predicted = model.predict(squares)
    assert ((low < predicted) & (predicted < high)).all()
    outputs = model.transform(squares) @ model.weights_["head.weight"][0]
    outputs += model.weights_["head.bias"]
    assert_allclose(logit((predicted - low) / (high - low)), outputs, atol=1e-5)


def test_log_loss_takes_bins_and_held_out_scores_beyond_the_range(squares, scores):
    settings = HEAD | {"loss": "log_loss", "early_stopping": True}
    model = CNNFineTuneRegressor(**settings, validation_fraction=0.9)
    model.fit(squares, scores)
    assert np.isfinite(model.validation_scores_).all()
    model = CNNFineTuneRegressor(**settings, n_bins=4).fit(squares, scores)
    bins = model.predict_bins(squares)
    assert ((bins > 0) & (bins < 3)).all()


def test_constant_scores_have_a_log_loss(squares):
    model = CNNFineTuneRegressor(**HEAD, loss="log_loss").fit(squares, np.full(N, 2.0))
    assert np.isfinite(model.predict(squares)).all()


# --- several scores


def test_outputs_of_a_shared_backbone_are_standardised_apart(squares, scores):
    y = np.column_stack([scores, 100 - scores**2])
    both = CNNFineTuneRegressor(**HEAD).fit(squares, y)
    assert both.predict(squares).shape == y.shape
    for j in range(2):
        alone = CNNFineTuneRegressor(**HEAD).fit(squares, y[:, j])
        assert_allclose(both.predict(squares)[:, j], alone.predict(squares), rtol=1e-5)


def test_unknown_scores_add_no_loss(squares, scores):
    y = np.column_stack([scores, 100 - scores**2])
    y[5:, 1] = np.nan
    both = CNNFineTuneRegressor(**HEAD).fit(squares, y)
    # Means are over all rows, so its steps are those of a fourth of the rate.
    alone = CNNFineTuneRegressor(**HEAD | {"learning_rate": 1e-4 * 5 / N})
    alone.fit(squares[:5], y[:5, 1])
    assert_allclose(both.predict(squares)[:, 1], alone.predict(squares), rtol=1e-5)


def test_score_is_of_the_known_rows_of_each_column(squares, scores):
    y = np.column_stack([scores, 100 - scores**2])
    model = CNNFineTuneRegressor(**HEAD | {"max_epochs": 1}).fit(squares, y)
    told, weight = model.predict(squares), np.arange(1.0, N + 1)
    assert_allclose(model.score(squares, y), r2_score(y, told))
    y[5:, 1] = np.nan
    parts = [
        r2_score(y[:n, j], told[:n, j], sample_weight=weight[:n])
        for j, n in enumerate((N, 5))
    ]
    assert_allclose(model.score(squares, y, weight), np.mean(parts))
    with pytest.raises(ValueError, match="NaN alone in column 1"):
        model.score(squares[5:], y[5:])


def test_data_sets_with_different_scores_share_a_backbone(squares, scores):
    y = np.full((N, 2), np.nan)
    y[:12, 0], y[12:, 1] = scores[:12], scores[12:]
    settings = PLAIN | {"early_stopping": True, "trainable": "features.12"}
    model = CNNFineTuneRegressor(**settings).fit(squares, y)
    assert np.isfinite(model.predict(squares)).all()
    assert model.weights_["head.weight"].shape[0] == 2


@pytest.mark.parametrize(
    ("y", "settings", "message"),
    [
        (np.c_[np.ones(N), np.full(N, np.nan)], {}, "NaN alone in column 1"),
        (
            np.vstack([np.ones((N - 1, 2)), [np.nan] * 2]),
            {},
            f"NaN alone in row {N - 1}",
        ),
        (np.ones((N, 2)), {"n_bins": 3}, "n_bins=3 with y of 2 columns"),
        (np.full((N, 2), np.inf), {}, "y contains infinity"),
        (np.ones((N - 1, 2)), {}, "inconsistent numbers of samples"),
    ],
    ids=["column", "row", "bins", "infinity", "length"],
)
def test_bad_outputs_are_refused(y, settings, message, squares):
    with pytest.raises(ValueError, match=message):
        CNNFineTuneRegressor(**PLAIN, **settings).fit(squares, y)


def test_score_that_no_training_row_has_is_an_error(squares, scores):
    y = np.column_stack([scores, scores])
    y[1:, 1] = np.nan
    weight = np.ones(N)
    weight[0] = 0
    with pytest.raises(ValueError, match="column of y without a known score"):
        CNNFineTuneRegressor(**PLAIN).fit(squares, y, sample_weight=weight)


# --- two heads, and what is not done twice


def test_two_heads_train_one_network(squares, scores, reads, tmp_path):
    network = CNNFineTuneRegressor(**PLAIN, checkpoint=tmp_path, learning_rate=1e-3)
    second = make_pipeline(network, Ridge())
    heads = VotingRegressor([("network", network), ("ridge", second)])
    heads.fit(squares, scores)
    assert len(reads) == (3 + 1) * N  # epochs, and embeddings for the second head
    assert len(list(tmp_path.iterdir())) == 1
    first, pipeline = heads.estimators_
    embeddings = first.transform(squares)
    expected = Ridge().fit(embeddings, scores).predict(embeddings)
    assert_allclose(pipeline.predict(squares), expected, rtol=1e-5)
    mean = (first.predict(squares) + expected) / 2
    assert_allclose(heads.predict(squares), mean, rtol=1e-5)


@pytest.mark.parametrize("name", ["checkpoints", "there.already"])
def test_folder_holds_a_checkpoint_of_each_fit(name, squares, scores, reads, tmp_path):
    folder = tmp_path / name
    if folder.suffix:
        folder.mkdir()
    model = CNNFineTuneRegressor(**PLAIN | {"max_epochs": 1}, checkpoint=folder)
    for rows in (slice(10), slice(10, 20), slice(10)):
        model.fit(squares[rows], scores[rows])
    model.set_params(learning_rate=1e-3).fit(squares[:10], scores[:10])
    assert len(list(folder.iterdir())) == 3
    assert len(reads) == 3 * 10


def test_photos_are_decoded_once(files, scores, reads, monkeypatch):
    model = CNNFineTuneRegressor(**PLAIN | {"augment": True, "batch_size": 6})
    kept = model.fit(files, scores).weights_
    assert sorted(reads) == list(range(N))
    reads.clear()
    size = 32 * 32 * 3
    make = _fine_tune.KeptPhotos
    monkeypatch.setattr(_fine_tune, "KeptPhotos", lambda: make(room=4 * size + 1))
    model.fit(files, scores)
    assert len(reads) == 4 + 3 * (N - 4)
    for name, values in model.weights_.items():
        assert_array_equal(values, kept[name])


def test_embeddings_have_names(squares, scores):
    model = CNNFineTuneRegressor(**HEAD).set_output(transform="pandas")
    frame = model.fit_transform(squares, scores)
    assert list(frame.columns) == list(model.get_feature_names_out())
    assert frame.columns[0] == "cnnfinetuneregressor0"
    assert frame.shape == (N, 512)
