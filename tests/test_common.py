"""What every estimator promises: scikit-learn's checks and those of our own."""

import inspect
import os
import pickle
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from unittest import SkipTest

import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_global_output_transform_pandas,
    check_global_set_output_transform_polars,
    check_inplace_ensure_writeable,
    check_param_validation,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_set_output_transform_polars,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    estimator_checks_generator,
    parametrize_with_checks,
)
from sklearn.utils.fixes import parse_version

import sklearn_popularity
from sklearn_popularity import (
    HOGLLC,
    CNNEmbedder,
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    ImageError,
    ImageTransformer,
    IntervalRegressor,
    KClassAggregatingClassifier,
    LatentRankSVM,
    LBPPyramid,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    NeighborPopularity,
    PairwiseRanker,
    PerUserRegressor,
    Preprocessing,
    ResidualRegressor,
    SocialFeatures,
    StackedLateFusion,
    UnreadablePhotosWarning,
    UserHistoryEncoder,
    ZeroShotTagger,
    load_model,
    save_model,
    spearman_scorer,
)

# A weight is a repetition where all rows fit into a batch and nothing is dropped.
TINY_NETWORK = {
    "branch_layers": (16,),
    "joint_layers": (8,),
    "dropout": 0.0,
    "learning_rate": 0.01,
    "batch_size": 500,
    "max_epochs": 30,
}

# Weights are float32: steps are so small that their rounding is below the 1e-7 within
# which a weight has to be a repetition.
TINY_CNN = {
    "embedder": CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        # Embeddings are small: another batch changes their rounding, and the checks
        # compare them to within 1e-7.
        preprocessing=Preprocessing(size=24, crop_share=0.875, std=(10, 10, 10)),
    ),
    "augment": False,
    "dropout": 0.0,
    "optimizer": "sgd",
    "learning_rate": 1e-6,
    "batch_size": 500,
    "max_epochs": 2,
}

# Of few numbers: the checks compare frames column by column.
ESTIMATORS = [
    HOGLLC(dictionary=16),
    # The same photo in another batch differs by rounding (1e-6), which the checks
    # compare with numbers near 0 unless these are probabilities.
    CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        layer="probabilities",
        preprocessing=Preprocessing(size=32),
    ),
    CNNFineTuneClassifier(**TINY_CNN),
    CNNFineTuneRegressor(**TINY_CNN),
    ColorHistogram(),
    ColorNamesLLC(dictionary=16),
    ColorStatistics(),
    GistTransformer(image_size=48, n_blocks=2),
    LBPPyramid(),
    LatentRankSVM(),
    StackedLateFusion([("all", Ridge(), slice(None))]),
    KClassAggregatingClassifier(LogisticRegression(max_iter=1000)),
    PairwiseRanker(),
    PerUserRegressor(Ridge()),
    ResidualRegressor(Ridge(), context=Ridge(alpha=10.0)),
    IntervalRegressor(Ridge()),
    MultiBranchMLPClassifier(**TINY_NETWORK),
    MultiBranchMLPRegressor(**TINY_NETWORK),
    NeighborPopularity(),
    SocialFeatures(),
    UserHistoryEncoder(),
    ZeroShotTagger(),
]

# Their input is text, for which scikit-learn has one check; tests/context has others.
TEXT_TRANSFORMERS = {"TagEmbedder"}

NETWORKS = {
    "CNNEmbedder",
    "CNNFineTuneClassifier",
    "CNNFineTuneRegressor",
    "MultiBranchMLPClassifier",
    "MultiBranchMLPRegressor",
}

# A check that scikit-learn drops silently is a promise that nobody tests.
N_CHECKS = {
    "HOGLLC": 47,
    "CNNEmbedder": 46,
    "CNNFineTuneClassifier": 68,
    "CNNFineTuneRegressor": 65,
    "ColorHistogram": 46,
    "ColorNamesLLC": 47,
    "ColorStatistics": 46,
    "GistTransformer": 46,
    "LBPPyramid": 46,
    "LatentRankSVM": 59,
    "StackedLateFusion": 59,
    "KClassAggregatingClassifier": 60,
    "PairwiseRanker": 63,
    "PerUserRegressor": 59,
    "ResidualRegressor": 59,
    "IntervalRegressor": 52,
    "MultiBranchMLPClassifier": 63,
    "MultiBranchMLPRegressor": 59,
    "NeighborPopularity": 48,
    "SocialFeatures": 48,
    "UserHistoryEncoder": 47,
    "ZeroShotTagger": 46,
}


def _words(n_numbers):
    return np.random.default_rng(0).random((5, n_numbers)) / n_numbers


# The same transformers for our own tests, which need no large square, and with ready
# dictionaries, so that they need no fit; learned ones have tests of their own.
TRANSFORMERS = [
    HOGLLC(dictionary={"hog2x2": _words(124), "hog3x3": _words(279)}),
    ColorHistogram(),
    ColorNamesLLC(dictionary=_words(50)),
    ColorStatistics(),
    GistTransformer(image_size=48),
    LBPPyramid(),
]

LEFT_OUT_CHECKS = [
    check_dataframe_column_names_consistency,
    check_inplace_ensure_writeable,
    check_param_validation,
]

# check_get_feature_names_out_error is missing: names need no fit in a stateless
# transformer, see test_feature_names_need_no_fit.
LEFT_OUT_TRANSFORMER_CHECKS = [
    check_global_output_transform_pandas,
    check_global_set_output_transform_polars,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_set_output_transform_polars,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
]

# scikit-learn's checks pass rows of numbers without saying that they are pixels.
rows_without_shape = pytest.mark.filterwarnings(
    "ignore::sklearn_popularity.ImageShapeWarning"
)
# They also fit ten rows of noise, in which not every sense finds something to say.
few_rows = pytest.mark.filterwarnings(
    "ignore::sklearn_popularity.models.DeadSensesWarning"
)


def name_of(estimator):
    return type(estimator).__name__


@pytest.fixture(autouse=True)
def extra_of_networks(request):
    """Skip what tests a network where its packages are not installed."""
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    if {name_of(each) for each in parameters.values()} & NETWORKS:
        for package in ("torch", "torchvision", "skorch"):
            pytest.importorskip(package, reason=f"Networks need {package}.")


def run_check(check, *args):
    try:
        check(*args)
    except SkipTest as error:
        pytest.fail(f"The check was skipped: {error}")


@pytest.fixture(params=TRANSFORMERS, ids=name_of)
def transformer(request):
    return clone(request.param)


@pytest.fixture
def posts(paths):
    """Twelve photos with a score, as a user has them."""
    photos = [paths[i % len(paths)] for i in range(12)]
    return pd.DataFrame({"photo": photos, "score": np.arange(12.0) * 5 % 12})


# --- scikit-learn's checks


def expected_failures(estimator):
    if name_of(estimator) != "UserHistoryEncoder":
        return {}
    reason = (
        "fit_transform describes a row without its own score, and transform describes "
        "a new row by all scores, as those of scikit-learn's TargetEncoder do."
    )
    checks = ("check_transformer_general", "check_transformer_data_not_an_array")
    return dict.fromkeys(checks, reason)


@rows_without_shape
@few_rows
@parametrize_with_checks(
    ESTIMATORS, expected_failed_checks=expected_failures, xfail_strict=True
)
def test_estimator_passes_sklearn_check(estimator, check):
    run_check(check, estimator)


@pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"),
    reason="scikit-learn 1.9 is the version whose checks are counted.",
)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_estimator_gets_every_check(estimator):
    assert (
        len(list(estimator_checks_generator(estimator))) == N_CHECKS[name_of(estimator)]
    )


def test_estimators_are_all_checked():
    public = [getattr(sklearn_popularity, name) for name in sklearn_popularity.__all__]
    estimators = {
        value.__name__
        for value in public
        if inspect.isclass(value)
        and issubclass(value, BaseEstimator)
        and hasattr(value, "fit")
        and not inspect.isabstract(value)
    }
    transformers = {
        name
        for name in estimators
        if issubclass(getattr(sklearn_popularity, name), ImageTransformer)
    }
    checked = {name_of(estimator) for estimator in ESTIMATORS}
    assert estimators == checked | TEXT_TRANSFORMERS
    # Networks agree up to rounding, and have tests of their own.
    exact = transformers - {"CNNEmbedder"}
    assert exact == {name_of(transformer) for transformer in TRANSFORMERS}


@rows_without_shape
@few_rows
@pytest.mark.parametrize("check", LEFT_OUT_CHECKS)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_estimator_passes_left_out_check(estimator, check):
    run_check(check, name_of(estimator), estimator)


# The checks of set_output mix frames and arrays, of which scikit-learn warns.
@rows_without_shape
@pytest.mark.filterwarnings("ignore:X .*feature names:UserWarning")
@pytest.mark.parametrize("check", LEFT_OUT_TRANSFORMER_CHECKS)
@pytest.mark.parametrize(
    "estimator", [e for e in ESTIMATORS if hasattr(e, "transform")], ids=name_of
)
def test_transformer_passes_left_out_check(estimator, check):
    if "polars" in check.__name__:
        import_polars()
    run_check(check, name_of(estimator), estimator)


@rows_without_shape
@few_rows
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_model_file_trusts_our_types_alone(estimator, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.random(size=(40, 4)), rng.normal(size=40)
    model = clone(estimator).fit(X, y > 0 if is_classifier(estimator) else y)
    data = skops.io.dumps(model)
    untrusted = skops.io.get_untrusted_types(data=data)
    assert all(name.startswith("sklearn_popularity.") for name in untrusted)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    use = "predict" if hasattr(model, "predict") else "transform"
    assert_array_equal(getattr(loaded, use)(X), getattr(model, use)(X))


# --- scikit-learn's callbacks

WITH_CALLBACKS = {
    "CNNFineTuneClassifier",
    "CNNFineTuneRegressor",
    "LatentRankSVM",
    "MultiBranchMLPClassifier",
    "MultiBranchMLPRegressor",
    "StackedLateFusion",
}
callbacks_exist = pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"),
    reason="scikit-learn has callbacks from 1.9.",
)


class Recorder:
    """Keeps what happens in a fit, and what the models of its tasks predict."""

    def __init__(self, n_tasks=None):
        self.n_tasks = n_tasks
        self.events, self.predictions = [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_id, context.task_name))

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.events.append(("end", context.task_id, context.task_name))
        if fitted_estimator is not None:
            self.predictions.append(fitted_estimator.predict(X))
        return context.task_id + 1 == self.n_tasks

    def teardown(self, estimator, context):
        self.events.append("teardown")


LISTENERS = [e for e in ESTIMATORS if name_of(e) in WITH_CALLBACKS]
in_passes = pytest.mark.parametrize(
    "with_callbacks",
    [e for e in LISTENERS if hasattr(e, "max_epochs")],
    ids=name_of,
    indirect=True,
)


@pytest.fixture(params=LISTENERS, ids=name_of)
def with_callbacks(request):
    """An estimator that knows of callbacks, and what it may learn from."""
    model = clone(request.param)
    if "random_state" in model.get_params():
        model.set_params(random_state=0)
    rng = np.random.default_rng(0)
    X, y = rng.random(size=(40, 4)), rng.normal(size=40)
    return model, X, y > 0 if is_classifier(model) else y


@callbacks_exist
def test_callbacks_are_supported():
    supported = {name_of(e) for e in ESTIMATORS if hasattr(e, "set_callbacks")}
    assert supported == WITH_CALLBACKS


@callbacks_exist
@rows_without_shape
@few_rows
def test_callbacks_see_each_task(with_callbacks):
    model, X, y = with_callbacks
    recorder = Recorder()
    expected = clone(model).fit(X, y).predict(X)
    model.set_callbacks(recorder).fit(X, y)
    assert_array_equal(model.predict(X), expected)
    first, *events, last = recorder.events
    assert (first, last) == ("setup", "teardown")
    assert events[0] == ("begin", 0, "fit") and events[-1] == ("end", 0, "fit")
    begun, ended = (
        [event[1:] for event in events[1:-1] if event[0] == kind]
        for kind in ("begin", "end")
    )
    n_tasks = getattr(model, "n_epochs_", 7)  # of a fusion: all rows, 5 folds, the last
    assert begun == ended and [number for number, _ in begun] == list(range(n_tasks))
    # After the last pass and after the fit the model is what is returned.
    for predicted in recorder.predictions[-2:]:
        assert_array_equal(predicted, expected)
    assert len(recorder.predictions) == 1 + getattr(model, "n_epochs_", 0)


@callbacks_exist
@rows_without_shape
@few_rows
@in_passes
def test_callbacks_end_a_fit(with_callbacks):
    model, X, y = with_callbacks
    shorter = clone(model).set_params(max_epochs=2).fit(X, y)
    model.set_callbacks(Recorder(2)).set_params(max_epochs=3).fit(X, y)
    assert model.n_epochs_ == 2
    assert_array_equal(model.predict(X), shorter.predict(X))


@callbacks_exist
@rows_without_shape
@few_rows
@in_passes
def test_callbacks_see_the_best_pass(with_callbacks):
    model, X, y = with_callbacks
    recorder = Recorder()
    model.set_params(early_stopping=True, learning_rate=0.01, n_iter_no_change=1)
    model.set_params(max_epochs=30).set_callbacks(recorder).fit(X, y)
    assert np.argmax(model.validation_scores_) < model.n_epochs_ - 1
    assert_array_equal(recorder.predictions[-2], model.predict(X))


@callbacks_exist
@rows_without_shape
@few_rows
def test_callbacks_of_scikit_learn_work(with_callbacks):
    from sklearn.callback import ProgressBar, ScoringMonitor

    model, X, y = with_callbacks
    monitor = ScoringMonitor(scoring="accuracy" if is_classifier(model) else "r2")
    weight = np.arange(40) % 3
    model.set_callbacks(monitor).fit(X, y, sample_weight=weight)
    scores = [row[next(reversed(row))] for row in monitor.get_logs().data]
    score = accuracy_score if is_classifier(model) else r2_score
    # The fit comes first in the log.
    expected = score(y, model.predict(X), sample_weight=weight)
    assert_allclose(scores[0], expected, rtol=1e-6)
    assert len(scores) == 1 + getattr(model, "n_epochs_", 0)
    pytest.importorskip("rich", reason="scikit-learn's bar of progress needs rich.")
    model.set_callbacks(ProgressBar()).fit(X, y)


@callbacks_exist
@rows_without_shape
@few_rows
def test_model_file_holds_no_callbacks(with_callbacks, tmp_path):
    model, X, y = with_callbacks
    model = make_pipeline(model.set_callbacks(Recorder())).fit(X, y)
    save_model(model.set_callbacks(Recorder()), tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert not hasattr(loaded, "_skl_callbacks")
    assert not hasattr(loaded[0], "_skl_callbacks")
    assert hasattr(model, "_skl_callbacks") and hasattr(model[0], "_skl_callbacks")
    assert_array_equal(loaded.predict(X), model.predict(X))


# --- the forms of X


def as_paths(batch, folder):
    paths = [str(folder / f"{i}.png") for i in range(len(batch))]
    for path, image in zip(paths, batch, strict=True):
        Image.fromarray(image).save(path)
    return paths


def as_pathlib(batch, folder):
    return [Path(path) for path in as_paths(batch, folder)]


def as_encoded(batch, folder):
    return [path.read_bytes() for path in as_pathlib(batch, folder)]


def as_pillow(batch, folder):
    return [Image.fromarray(image) for image in batch]


def as_pillow_files(batch, folder):
    return [Image.open(BytesIO(data)) for data in as_encoded(batch, folder)]


def as_objects(items):
    objects = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        objects[i] = item
    return objects


def as_memmap(batch, folder):
    np.save(folder / "batch.npy", batch)
    return np.load(folder / "batch.npy", mmap_mode="r")


def as_opaque(batch):
    return np.concatenate([batch, np.full_like(batch[..., :1], 255)], axis=-1)


def import_polars():
    return pytest.importorskip("polars", reason="This form of X needs polars.")


def import_pyarrow():
    return pytest.importorskip("pyarrow", reason="This form of X needs pyarrow.")


def as_tensor(batch):
    torch = pytest.importorskip("torch", reason="This form of X needs torch.")
    return torch.from_numpy(batch.copy())


def as_rows(batch):
    return batch.reshape(len(batch), -1)


FORMS = {
    "list of str": as_paths,
    "tuple of str": lambda b, f: tuple(as_paths(b, f)),
    "array of objects": lambda b, f: np.array(as_paths(b, f), dtype=object),
    "array of str": lambda b, f: np.array(as_paths(b, f)),
    "column of objects": lambda b, f: np.array(as_paths(b, f), dtype=object)[:, None],
    "column of str": lambda b, f: np.array(as_paths(b, f))[:, None],
    "lists of one": lambda b, f: [[path] for path in as_paths(b, f)],
    "tuples of one": lambda b, f: [(path,) for path in as_paths(b, f)],
    "list of Path": as_pathlib,
    "array of Path": lambda b, f: np.array(as_pathlib(b, f), dtype=object),
    "pandas series": lambda b, f: pd.Series(as_paths(b, f), index=[7, 7, 1, 0]),
    "pandas objects": lambda b, f: pd.Series(as_paths(b, f), dtype=object),
    "pandas categories": lambda b, f: pd.Series(as_paths(b, f), dtype="category"),
    "pandas frame": lambda b, f: pd.DataFrame({"photo": as_paths(b, f)}),
    "pandas series of Path": lambda b, f: pd.Series(as_pathlib(b, f)),
    "polars series": lambda b, f: import_polars().Series(as_paths(b, f)),
    "polars frame": lambda b, f: import_polars().DataFrame({"photo": as_paths(b, f)}),
    "polars bytes": lambda b, f: import_polars().Series(as_encoded(b, f)),
    "pyarrow array": lambda b, f: import_pyarrow().array(as_paths(b, f)),
    "pyarrow chunks": lambda b, f: import_pyarrow().chunked_array(
        [as_paths(b[:1], f), as_paths(b, f)[1:]]
    ),
    "pyarrow table": lambda b, f: import_pyarrow().table({"photo": as_paths(b, f)}),
    "pyarrow batch": lambda b, f: import_pyarrow().record_batch(
        {"photo": as_paths(b, f)}
    ),
    "pyarrow bytes": lambda b, f: import_pyarrow().array(as_encoded(b, f)),
    "list of bytes": as_encoded,
    "array of bytes": lambda b, f: as_objects(as_encoded(b, f)),
    "list of pillow": as_pillow,
    "array of pillow": lambda b, f: as_objects(as_pillow(b, f)),
    "open pillow files": as_pillow_files,
    "list of arrays": lambda b, f: list(b),
    "tuple of arrays": lambda b, f: tuple(b),
    "array of arrays": lambda b, f: as_objects(b),
    "pandas series of arrays": lambda b, f: pd.Series(list(b)),
    "mixed list": lambda b, f: [as_paths(b, f)[0], b[1], *as_pillow(b[2:], f)],
    "batch": lambda b, f: b,
    "fortran batch": lambda b, f: np.asfortranarray(b),
    "strided batch": lambda b, f: np.repeat(b, 2, axis=2)[:, :, ::2],
    "memmap": as_memmap,
    "opaque batch": lambda b, f: as_opaque(b),
    "opaque files": lambda b, f: as_paths(as_opaque(b), f),
    "nested lists": lambda b, f: b.tolist(),
    "tensor": lambda b, f: as_tensor(b),
    "permuted tensor": lambda b, f: as_tensor(
        np.ascontiguousarray(b.transpose(0, 3, 1, 2))
    ).permute(0, 2, 3, 1),
    "list of tensors": lambda b, f: list(as_tensor(b)),
    "rows": lambda b, f: as_rows(b),
    "rows of floats": lambda b, f: as_rows(b) / 255,
    "rows in lists": lambda b, f: as_rows(b).tolist(),
    "rows in a frame": lambda b, f: pd.DataFrame(as_rows(b)),
    "rows in a polars frame": lambda b, f: import_polars().DataFrame(as_rows(b)),
    "rows in a tensor": lambda b, f: as_tensor(as_rows(b)),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_x_agree(transformer, form, batch, tmp_path):
    expected = transformer.fit_transform(batch)
    transformer.set_params(image_shape=batch.shape[1:])
    X = FORMS[form](batch, tmp_path)
    assert_array_equal(transformer.fit_transform(X), expected)


def test_grey_forms_agree(transformer, batch, tmp_path):
    grey = batch[..., 1]
    expected = transformer.transform(np.repeat(grey[..., None], 3, axis=-1))
    assert len(np.unique(expected, axis=0)) == len(batch)
    for X in (grey, grey[..., None], list(grey), as_paths(grey, tmp_path)):
        assert_array_equal(transformer.transform(X), expected)
    transformer.set_params(image_shape=grey.shape[1:])
    assert_array_equal(transformer.transform(as_rows(grey)), expected)


def test_forms_of_different_sizes_agree(transformer, images, paths):
    expected = transformer.transform(paths)
    assert_array_equal(transformer.transform(images), expected)
    assert_array_equal(transformer.transform(as_objects(images)), expected)


# --- pixel ranges


@pytest.mark.parametrize(
    ("convert", "value_range"),
    [
        (lambda b: b.astype(np.uint16) * 257, None),
        (lambda b: b / 255, None),
        (lambda b: b.astype(np.float32) / 255, None),
        (lambda b: b.astype(np.int64), None),
        (lambda b: b.astype(np.float32), (0, 255)),
        (lambda b: b.astype(np.uint16), (0, 255)),
        (lambda b: b / 127.5 - 1, (-1, 1)),
    ],
    ids=["uint16", "float64", "float32", "int64", "0-255", "uint16 0-255", "-1-1"],
)
@pytest.mark.parametrize("as_X", [list, np.asarray], ids=["ragged", "batch"])
def test_pixel_ranges_agree(transformer, convert, value_range, as_X, batch):
    expected = transformer.transform(batch)
    transformer.set_params(value_range=value_range)
    assert_array_equal(transformer.transform(as_X(convert(batch))), expected)


def test_bool_pixels_are_black_and_white(transformer, batch):
    mask = batch > batch.mean()
    expected = transformer.transform(mask.astype(np.uint8) * 255)
    assert_array_equal(transformer.transform(mask), expected)


@pytest.mark.parametrize("as_X", [list, np.asarray], ids=["ragged", "batch"])
def test_photo_out_of_range_raises(transformer, as_X, batch):
    X = batch.astype(np.float32)
    with pytest.raises(ImageError, match=r"row 0: .*value_range=\(0, 255\)"):
        transformer.transform(as_X(X))


@pytest.mark.parametrize(
    ("dtype", "white", "value_range"),
    [
        (np.float64, 1, None),
        (np.float32, 1, None),
        (np.int64, 255, None),
        (np.int32, 255, None),
        (np.float64, 255, (0, 255)),
        (np.int64, 100, (0, 100)),
    ],
)
def test_rows_out_of_range_are_clipped(transformer, dtype, white, value_range, batch):
    rng = np.random.default_rng(0)
    X = rng.uniform(-white, 2 * white, size=(3, 108)).astype(dtype)
    transformer.set_params(image_shape=(6, 6, 3), value_range=value_range)
    expected = transformer.transform(X.clip(0, white))
    assert_array_equal(transformer.transform(X), expected)
    assert len(np.unique(expected, axis=0)) == 3


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.bool_])
def test_rows_follow_their_dtype(transformer, dtype, batch):
    pixels = batch if dtype != np.bool_ else batch > batch.mean()
    expected = transformer.transform(pixels)
    transformer.set_params(image_shape=batch.shape[1:])
    assert_array_equal(transformer.transform(as_rows(pixels.astype(dtype))), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_dark_photos_stay_dark(transformer, dtype, batch):
    dark = (batch // 8).astype(np.uint8)
    expected = transformer.transform(list(dark))
    both = np.concatenate([dark, np.full_like(dark[:1], 255)])
    if dtype == np.float64:
        both = both / 255
    assert_array_equal(transformer.transform(both)[:-1], expected)
    assert_array_equal(transformer.transform(both[:-1]), expected)


# --- one photo, one row


def test_rows_depend_on_one_photo(transformer, paths):
    features = transformer.fit_transform(paths)
    assert features.dtype == np.float32
    assert len(np.unique(features, axis=0)) == len(paths)
    for i in range(len(paths)):
        assert_array_equal(transformer.transform(paths[i : i + 1])[0], features[i])
    assert_array_equal(transformer.transform(paths[::-1])[::-1], features)


@pytest.mark.parametrize(
    "transformer",
    [t for t in TRANSFORMERS if "flip" in t.get_params()],
    ids=name_of,
)
def test_flip_averages_photo_and_mirror(transformer, images):
    mirrored = [image[:, ::-1] for image in images]
    plain = transformer.transform(images)
    expected = (plain + transformer.transform(mirrored)) / 2
    flipped = clone(transformer).set_params(flip=True)
    assert np.abs(expected - plain).max() > 1e-3
    assert_array_equal(flipped.transform(images), expected)
    assert_array_equal(flipped.transform(mirrored), expected)


@pytest.mark.parametrize(
    "settings",
    [
        {"n_jobs": 2},
        {"n_jobs": 2, "batch_size": 1},
        {"batch_size": 1},
        {"batch_size": 3},
        {"batch_size": 1000},
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["paths", "images"])
def test_schedule_leaves_result_alone(transformer, settings, form, request):
    X = request.getfixturevalue(form)
    expected = transformer.transform(X)
    assert_array_equal(transformer.set_params(**settings).transform(X), expected)


def test_cache_leaves_result_alone(transformer, paths, tmp_path):
    expected = transformer.transform(paths)
    transformer.set_params(cache=str(tmp_path / "features.cache"))
    for settings in ({}, {}, {"n_jobs": 2, "batch_size": 1}):  # cold, warm, warm
        transformer.set_params(**settings)
        assert_array_equal(transformer.transform(paths), expected)
        assert_array_equal(transformer.transform(paths[::-1]), expected[::-1])


def test_threads_leave_result_alone(transformer, threads, paths):
    results = []
    for n_threads in (1, 2):
        with threads(n_threads):
            results.append(transformer.transform(paths))
    assert_array_equal(*results)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_threads_are_restored(
    transformer, n_threads, threads, count_threads, paths, bad_path
):
    with threads(n_threads):
        before = count_threads()
        assert before["cv2"] == n_threads
        transformer.transform(paths)
        assert count_threads() == before
        with pytest.raises(ImageError):
            transformer.transform([*paths, bad_path])
        assert count_threads() == before


# --- as scikit-learn uses it


def test_copies_give_same_result(transformer, paths):
    expected = transformer.fit_transform(paths)
    for copied in (clone(transformer), pickle.loads(pickle.dumps(transformer))):
        assert repr(copied) == repr(transformer)
        assert_array_equal(copied.transform(paths), expected)


def test_transform_needs_no_fit(transformer, paths):
    unfitted = transformer.transform(paths)
    assert_array_equal(transformer.fit(paths).transform(paths), unfitted)
    learned = {name for name in vars(transformer) if name.endswith("_")}
    # What was given, kept for pickles.
    assert learned <= {"dictionaries_", "palette_", "n_colors_"}


def test_feature_names_need_no_fit(transformer, paths):
    names = transformer.get_feature_names_out()
    assert names.dtype == object
    assert len(set(names)) == len(names) == transformer.transform(paths).shape[1]
    assert_array_equal(transformer.fit(paths).get_feature_names_out(), names)


def test_set_output_keeps_pandas_index(transformer, posts):
    posts.index = posts.index[::-1] + 100
    frame = transformer.set_output(transform="pandas").fit_transform(posts[["photo"]])
    assert_array_equal(frame.index, posts.index)


@pytest.mark.parametrize("columns", ["photo", ["photo"]], ids=["scalar", "list"])
@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_column_transformer_selects_photos(transformer, columns, package, posts):
    frames = pytest.importorskip(package, reason=f"These columns need {package}.")
    expected = transformer.transform(posts["photo"])
    X = posts if package == "pandas" else frames.DataFrame(posts.to_dict("list"))
    columns = make_column_transformer((transformer, columns))
    assert_array_equal(columns.fit_transform(X), expected)
    names = columns.get_feature_names_out()
    assert names[0].endswith(f"__{transformer.get_feature_names_out()[0]}")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_cross_validation_equals_features_first(transformer, n_jobs, posts):
    settings = {"scoring": spearman_scorer, "cv": 3, "error_score": "raise"}
    expected = cross_val_score(
        Ridge(), transformer.transform(posts["photo"]), posts["score"], **settings
    )
    model = make_pipeline(make_column_transformer((transformer, "photo")), Ridge())
    scores = cross_val_score(model, posts, posts["score"], n_jobs=n_jobs, **settings)
    assert_array_equal(scores, expected)


def test_grid_search_sets_parameters(transformer, posts):
    model = make_pipeline(transformer, Ridge())
    name = f"{name_of(transformer).lower()}__max_size"
    search = GridSearchCV(
        model,
        {name: [4, None]},
        scoring=spearman_scorer,
        cv=3,
        n_jobs=2,
        error_score="raise",
    ).fit(posts["photo"], posts["score"])
    scores = search.cv_results_["mean_test_score"]
    expected = [
        cross_val_score(
            clone(model).set_params(**{name: max_size}),
            posts["photo"],
            posts["score"],
            scoring=spearman_scorer,
            cv=3,
        ).mean()
        for max_size in (4, None)
    ]
    assert_array_equal(scores, expected)
    assert search.predict(posts["photo"]).shape == (12,)


def test_refit_forgets_rows(transformer, paths):
    rows = pd.DataFrame(np.random.default_rng(0).uniform(size=(5, 36)))
    rows.columns = [f"pixel{i}" for i in range(36)]
    transformer.set_params(image_shape=(6, 6)).fit(rows)
    assert transformer.n_features_in_ == 36
    assert len(transformer.feature_names_in_) == 36
    with pytest.raises(ValueError, match="Feature names seen at fit time"):
        transformer.transform(rows.iloc[:, :30])
    transformer.fit(paths)
    assert not hasattr(transformer, "n_features_in_")
    assert not hasattr(transformer, "feature_names_in_")
    assert_array_equal(
        transformer.transform(paths), clone(transformer).transform(paths)
    )
    transformer.fit(rows.to_numpy())
    assert transformer.n_features_in_ == 36
    assert not hasattr(transformer, "feature_names_in_")
    with pytest.raises(ValueError, match="expecting 36 features"):
        transformer.transform(rows.to_numpy()[:, :30])
    assert transformer.transform(paths).shape[0] == len(paths)


# --- photos that cannot be read


@pytest.mark.parametrize("row", [0, 5])
def test_unreadable_photo_raises_its_place(transformer, row, paths, bad_path):
    X = [*paths[:row], bad_path, *paths[row:]]
    with pytest.raises(ImageError, match=rf"^row {row}, .*notes\.jpg: ") as caught:
        transformer.set_params(batch_size=2).transform(X)
    assert caught.value.row == row
    assert caught.value.path == bad_path


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_unreadable_photo_becomes_nan(transformer, n_jobs, paths, bad_path):
    transformer.set_params(n_jobs=n_jobs, batch_size=2, on_error="nan")
    expected = transformer.transform(paths)
    X = [bad_path, *paths[:3], f"{bad_path}.missing", *paths[3:]]
    with pytest.warns(UnreadablePhotosWarning) as caught:
        features = transformer.transform(X)
    assert features.dtype == np.float32
    assert np.isnan(features[[0, 4]]).all()
    assert_array_equal(np.delete(features, [0, 4], axis=0), expected)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "2 of 9 photos could not be read" in message
    assert f"row 0, {bad_path}: " in message
    assert f"row 4, {bad_path}.missing: " in message


@pytest.mark.parametrize("method", ["transform", "fit_transform"])
def test_unreadable_warning_points_to_caller(transformer, method, bad_path):
    transformer.set_params(on_error="nan")
    with pytest.warns(UnreadablePhotosWarning) as caught:
        getattr(transformer, method)([bad_path])
    assert "sklearn_popularity" not in Path(caught[0].filename).parts
    if method == "transform":
        assert caught[0].filename == __file__


# --- any photo, any number of photos


@pytest.mark.parametrize("max_size", [500, None])
@pytest.mark.parametrize(
    "shape",
    [(1, 1), (30, 40), (1, 50_000), (50_000, 1), (2, 3), (3, 3), (1, 2), (3, 2)],
    ids=str,
)
@pytest.mark.parametrize("content", ["noise", "constant"])
def test_any_shape_gives_finite_vector(transformer, shape, content, max_size):
    photo = np.full((1, *shape, 3), 7, dtype=np.uint8)
    if content == "noise":
        photo = np.random.default_rng(0).integers(0, 256, photo.shape, dtype=np.uint8)
    features = transformer.set_params(max_size=max_size).transform(photo)
    assert features.dtype == np.float32
    assert features.shape == (1, len(transformer.get_feature_names_out()))
    assert np.isfinite(features).all()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_verbose_shows_progress(transformer, n_jobs, paths, capsys):
    transformer.set_params(n_jobs=n_jobs, batch_size=2)
    transformer.transform(paths)
    assert capsys.readouterr() == ("", "")
    transformer.set_params(verbose=True).transform(paths)
    out, err = capsys.readouterr()
    assert out == ""
    assert type(transformer).__name__ in err
    assert f"{len(paths)}/{len(paths)}" in err and "photo" in err


MEMORY_SCRIPT = """
import sys
from sklearn_popularity import ColorStatistics

path, n_photos = sys.argv[1], int(sys.argv[2])
ColorStatistics().fit_transform([path] * 100)
before = peak()
features = ColorStatistics().fit_transform([path] * n_photos)
assert features.shape == (n_photos, 6)
print(peak() - before)
"""


def test_memory_does_not_grow_with_photos(peak_memory, tmp_path):
    path = tmp_path / "photo.png"
    # 2,500 of them decoded take 120 MB.
    Image.new("RGB", (128, 128), "teal").save(path)
    growth = subprocess.run(
        [sys.executable, "-c", peak_memory + MEMORY_SCRIPT, str(path), "2500"],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    ).stdout
    assert float(growth) < 50
