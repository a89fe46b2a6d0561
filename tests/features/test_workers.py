"""Workers that die: what they had in hand is done again, and the culprit is named."""

import multiprocessing
import os
import signal

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from PIL import Image

from sklearn_popularity import ColorStatistics, ImageError, UnreadablePhotosWarning
from sklearn_popularity.features import _workers
from sklearn_popularity.features._workers import run_in_order
from sklearn_popularity.images import Photos

POISON = 255


class ColorStatisticsUntilPoison(ColorStatistics):
    """Dies as of a decoder that crashes, on photos with a white corner."""

    def _describe(self):
        return describe_or_die


def describe_or_die(image):
    if image[0, 0, 0] == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return ColorStatistics()._describe()(image)


def make_sum(poison=None):
    """A function from photos to their sums, which dies on some of them."""

    # Nested, so that it is pickled whole: a worker then starts in no time.
    def sum_photos(photos):
        images = [photos.read(i) for i in range(len(photos))]
        if any((image == poison).all() for image in images):
            os.kill(os.getpid(), signal.SIGKILL)
        return [int(image.sum()) for image in images]

    return sum_photos


def first_row(photos):
    return photos.rows[0]


def fail(error):
    raise AssertionError(f"a photo was lost: {error}")


def run_photos(photos, batch_size, *, poison=None, lost=fail, n_jobs=2):
    batches = Photos(photos).batches(batch_size)
    return run_in_order(n_jobs, make_sum(poison), batches, lost)


def kill_one_worker():
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def photos():
    """2,000 photos, none of which is white."""
    rng = np.random.default_rng(0)
    return rng.integers(0, POISON, (2000, 12, 16, 3), dtype=np.uint8)


@pytest.fixture
def alone(monkeypatch):
    """Sizes of the batches that ran with nothing beside them."""
    sizes = []
    run_alone = _workers._run_alone

    def spy(n_jobs, function, batch, lost):
        sizes.append(len(batch))
        return run_alone(n_jobs, function, batch, lost)

    monkeypatch.setattr(_workers, "_run_alone", spy)
    return sizes


def test_killed_workers_cost_nothing(photos, alone, monkeypatch):
    take, kills = _workers._Started.__next__, []

    def kill_twice(tasks):
        if tasks.n == 30 and len(kills) < 2:
            kills.append(kill_one_worker())
        return take(tasks)

    monkeypatch.setattr(_workers._Started, "__next__", kill_twice)
    found = [each for sums in run_photos(photos, 10) for each in sums]
    assert kills  # a death may be noticed too late for a second one
    assert_array_equal(found, photos.sum(axis=(1, 2, 3)))
    assert len(alone) < 190  # most batches were not under way


def test_kill_during_transform_costs_nothing(photos, alone, monkeypatch):
    expected = ColorStatistics().transform(photos)
    take = _workers._Started.__next__

    def kill_half_way(tasks):
        if tasks.n == 100:
            kill_one_worker()
        return take(tasks)

    monkeypatch.setattr(_workers._Started, "__next__", kill_half_way)
    transformer = ColorStatistics(n_jobs=2, batch_size=10)
    assert_array_equal(transformer.transform(photos), expected)
    assert len(alone) < 190


def test_culprit_becomes_nan(photos):
    photos = photos[:40].copy()
    expected = ColorStatistics().transform(photos)
    photos[17, 0, 0] = POISON
    transformer = ColorStatisticsUntilPoison(n_jobs=2, batch_size=8, on_error="nan")
    with pytest.warns(UnreadablePhotosWarning, match="1 of 40 photos") as caught:
        features = transformer.transform(photos)
    assert len(caught) == 1
    assert "row 17: its worker died, twice" in str(caught[0].message)
    assert_array_equal(np.flatnonzero(np.isnan(features).all(axis=1)), [17])
    assert_array_equal(np.delete(features, 17, 0), np.delete(expected, 17, 0))


@pytest.mark.parametrize(
    ("batch_size", "culprits"), [(1, [17]), (32, [17]), (3, [0, 30, 31, 39])]
)
def test_culprits_are_named(photos, batch_size, culprits):
    photos = photos[:40].copy()
    photos[culprits] = POISON
    expected = photos.sum(axis=(1, 2, 3)).tolist()
    for row in culprits:
        expected[row] = f"row {row}: its worker died, twice, perhaps out of memory"
    results = run_photos(photos, batch_size, poison=POISON, lost=lambda e: [str(e)])
    assert [each for result in results for each in result] == expected


def test_culprit_raises_its_place(paths, tmp_path):
    poison = str(tmp_path / "poison.png")
    Image.new("RGB", (16, 12), "white").save(poison)

    def lost(error):
        raise error

    results = run_photos([*paths, poison, *paths], 4, poison=POISON, lost=lost)
    with pytest.raises(ImageError, match=r"^row 7, .*poison\.png: its worker died"):
        list(results)


def test_errors_of_tasks_pass_through(photos):
    def divide(photos):
        return 1 // 0

    with pytest.raises(ZeroDivisionError):
        list(run_in_order(2, divide, Photos(photos[:8]).batches(2), fail))


def test_one_process_is_the_caller(photos):
    batches = Photos(photos[:4]).batches(2)
    pids = run_in_order(1, lambda photos: os.getpid(), batches, fail)
    assert list(pids) == [os.getpid()] * 2


@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_other_backends_keep_order(photos, backend):
    batches = Photos(photos[:200]).batches(1)
    with parallel_config(backend):
        found = list(run_in_order(2, first_row, batches, fail))
    assert found == list(range(200))
