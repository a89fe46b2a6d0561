"""A cluster is one line: `joblib.parallel_config("dask")`, on a real one of two."""

import os
import signal

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    HOGLLC,
    CNNEmbedder,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    ImageError,
    KClassAggregatingClassifier,
    LatentRankSVM,
    LBPPyramid,
    PerUserRegressor,
    Preprocessing,
    StackedLateFusion,
    UnreadablePhotosWarning,
    compare_features,
    make_popularity,
)
from sklearn_popularity.features._workers import run_in_order
from sklearn_popularity.images import Photos

distributed = pytest.importorskip("distributed", reason="A cluster needs dask.")

# Dictionaries are learned by k-means, which is exact on one thread.
SMALL = {"dictionary": 8, "subsample": (500, 20), "random_state": 0}
TRANSFORMERS = [
    ColorStatistics(),
    ColorHistogram(),
    GistTransformer(image_size=48),
    LBPPyramid(),
    ColorNamesLLC(**SMALL),
    HOGLLC(**SMALL),
]
ESTIMATORS = [
    StackedLateFusion([("a", Ridge(), [0, 1]), ("b", Ridge(), [2, 3])], cv=3),
    PerUserRegressor(Ridge(), user=0, min_samples=5),
    KClassAggregatingClassifier(LogisticRegression(max_iter=1000), n_classes=3),
    LatentRankSVM(random_state=0),
]


def name_of(estimator):
    return type(estimator).__name__


def _start_cluster(n_workers):
    return distributed.LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",  # any free port: others may run beside
        worker_dashboard_address=None,
        silence_logs=50,
    )


@pytest.fixture(scope="module")
def client():
    import dask

    # dask gives a task three more workers to die on; these tests have none to spare.
    settings = {"distributed.scheduler.allowed-failures": 0}
    with (
        dask.config.set(settings),
        _start_cluster(2) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def on_cluster(client):
    with parallel_config("dask"):
        yield client


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=name_of)
def test_features_are_bit_identical(transformer, images, paths, client):
    for X in (paths, images):
        expected = transformer.fit_transform(X)
        with parallel_config("dask"):
            there = clone(transformer).set_params(n_jobs=-1, batch_size=2)
            assert_array_equal(there.fit_transform(X), expected)


def test_embeddings_agree(paths, client):
    pytest.importorskip("torch", reason="Networks need torch.")
    embedder = CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        preprocessing=Preprocessing(size=64),
    )
    expected = embedder.fit_transform(paths)
    with parallel_config("dask"):
        embedder.set_params(n_jobs=-1, batch_size=2)
        assert_allclose(embedder.fit_transform(paths), expected, rtol=1e-5, atol=1e-5)


def pid_of(photos):
    return os.getpid()


def test_work_runs_on_the_cluster(images, on_cluster):
    done = run_in_order(-1, pid_of, Photos(images * 5).batches(1))
    assert {pid for _, pid in done} <= set(on_cluster.run(os.getpid).values())


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_estimators_predict_the_same(estimator, client):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.normal(size=60)
    X[:, 0] = np.arange(60) % 3
    expected = clone(estimator).fit(X, y).predict(X)
    folds = cross_val_predict(clone(estimator), X, y, cv=3)
    with parallel_config("dask"):
        there = clone(estimator)
        if "n_jobs" in there.get_params():
            there.set_params(n_jobs=-1)
        assert_allclose(there.fit(X, y).predict(X), expected, rtol=1e-9)
        found = cross_val_predict(there, X, y, cv=3, n_jobs=-1)
    assert_allclose(found, folds, rtol=1e-9)


def test_folds_and_features_nest(paths, client):
    y = np.arange(len(paths)) * 3.0 % 7
    model = make_pipeline(ColorHistogram(), Ridge())
    expected = cross_val_predict(model, paths, y, cv=3)
    with parallel_config("dask"):
        model.set_params(colorhistogram__n_jobs=-1, colorhistogram__batch_size=1)
        assert_array_equal(
            cross_val_predict(model, paths, y, cv=3, n_jobs=-1), expected
        )


def test_comparison_is_the_same(client):
    posts, _ = make_popularity(40, image_size=(48, 64), random_state=0)
    settings = {"features": ["color-statistics", "color-histogram"], "n_repeats": 1}
    expected = compare_features(posts["photo"], posts["score"], **settings)
    with parallel_config("dask"):
        found = compare_features(posts["photo"], posts["score"], n_jobs=-1, **settings)
    assert_allclose(
        found.held_out["late-fusion"].raw, expected.held_out["late-fusion"].raw
    )


def test_unreadable_photos_are_reported(paths, bad_path, on_cluster):
    photos = [*paths[:3], bad_path, *paths[3:]]
    transformer = ColorStatistics(n_jobs=-1, batch_size=2)
    with pytest.raises(ImageError, match=r"^row 3, .*notes\.jpg: ") as caught:
        transformer.transform(photos)
    assert caught.value.path == bad_path
    with pytest.warns(UnreadablePhotosWarning, match="1 of 8 photos"):
        features = transformer.set_params(on_error="nan").transform(photos)
    assert_array_equal(np.flatnonzero(np.isnan(features).any(axis=1)), [3])


def sum_or_die(photos):
    if photos.read(0).min() == 255:
        os.kill(os.getpid(), signal.SIGKILL)
    return int(photos.read(0).sum())


def test_culprit_of_dead_workers_is_named(images, on_cluster):
    photos = [*images, np.full((2, 2, 3), 255, np.uint8), *images]
    sums = [int(image.sum()) for image in images]
    batches = Photos(photos).batches(1)
    found = [
        str(result) if isinstance(result, ImageError) else result
        for _, result in run_in_order(-1, sum_or_die, batches)
    ]
    message = "row 7: its worker died, twice, perhaps out of memory"
    assert found == [*sums, message, *sums]


def test_results_that_are_left_open_outlive_their_client():
    """After an error a generator may be closed long after its cluster."""
    local = _start_cluster(1)
    with local, distributed.Client(local) as client, parallel_config("dask"):
        results = run_in_order(2, len, [[1], [2, 3]] * 4)
        assert next(results)[1] == 1
    assert client.status == "closed"
    results.close()


def test_work_is_over_when_an_error_is_told(paths, bad_path, on_cluster):
    """Nothing is left open, which garbage collection would close in any thread."""
    with pytest.raises(ImageError) as told:
        ColorStatistics(batch_size=2, n_jobs=2).fit_transform(
            [*paths, bad_path, *paths]
        )
    frames = [entry.frame for entry in told.traceback]
    results = [f.f_locals["results"] for f in frames if "results" in f.f_locals]
    assert len(results) == 1 and results[0].gi_frame is None
