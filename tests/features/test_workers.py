"""Batches in worker processes: in order, few at a time, whichever workers die."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from PIL import Image

from sklearn_popularity import ColorStatistics, ImageError
from sklearn_popularity.features import _workers
from sklearn_popularity.features._workers import run_in_order
from sklearn_popularity.images import Photos

POISON = 255

# Where a worker is killed while joblib takes its executor down, the thread that fed the
# worker may end with a KeyError of its own; the work is done by the next executor.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception in thread ExecutorManagerThread"
    ":pytest.PytestUnhandledThreadExceptionWarning"
)


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


def run_photos(photos, batch_size, *, poison=None, n_jobs=2):
    batches = Photos(photos).batches(batch_size)
    return run_in_order(n_jobs, make_sum(poison), batches)


def kill_workers():
    """All of them: one alone may be left over from another call, and idle."""
    for worker in multiprocessing.active_children():
        os.kill(worker.pid, signal.SIGKILL)


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

    def spy(n_jobs, function, batch):
        sizes.append(len(batch))
        return run_alone(n_jobs, function, batch)

    monkeypatch.setattr(_workers, "_run_alone", spy)
    return sizes


def killing(n_jobs, function, batches, *, at, **settings):
    """As `run_in_order`, and workers die after some results."""
    for i, done in enumerate(run_in_order(n_jobs, function, batches, **settings)):
        if i in at:
            kill_workers()
        yield done


def test_killed_workers_cost_nothing(photos, alone):
    batches = Photos(photos).batches(10)
    results = killing(2, make_sum(), batches, at=(30, 150))
    found = [each for _, sums in results for each in sums]
    assert_array_equal(found, photos.sum(axis=(1, 2, 3)))
    assert 1 <= len(alone) <= 2 * 8  # all other batches were not under way


def test_culprits_are_named(photos):
    """Two of one batch, and the last batch, which is that photo alone."""
    photos, culprits = photos[:10].copy(), [3, 4, 9]
    photos[culprits] = POISON
    expected = photos.sum(axis=(1, 2, 3)).tolist()
    for row in culprits:
        expected[row] = f"row {row}: its worker died, twice, perhaps out of memory"
    found = []
    for _, result in run_photos(photos, 3, poison=POISON):
        found += [str(result)] if isinstance(result, ImageError) else result
    assert found == expected


def test_errors_of_tasks_pass_through(photos):
    def divide(photos):
        return 1 // 0

    with pytest.raises(ZeroDivisionError):
        list(run_in_order(2, divide, Photos(photos[:8]).batches(2)))


ORPHANS = """
import os, signal, time
from sklearn_popularity.features._workers import run_in_order
from sklearn_popularity.images import Photos

def pid(photos):
    return os.getpid()

if __name__ == "__main__":
    batches = Photos([b""] * 8).batches(1)
    print(*{pid for _, pid in run_in_order(2, pid, batches)}, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Where nobody waits for orphans, as in a container, they stay as zombies.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(os.name == "nt", reason="Signals are of POSIX.")
def test_workers_end_with_a_killed_parent(tmp_path):
    (tmp_path / "orphans.py").write_text(ORPHANS)
    argv = [sys.executable, tmp_path / "orphans.py"]
    # Workers hold the pipe, so that it would be read until they end.
    with (tmp_path / "pids").open("w") as file:
        assert subprocess.run(argv, stdout=file).returncode == -signal.SIGKILL
    workers = [int(each) for each in (tmp_path / "pids").read_text().split()]
    until = time.monotonic() + 60
    while any(map(is_running, workers)) and time.monotonic() < until:
        time.sleep(0.2)
    assert workers and not any(map(is_running, workers))


def test_workers_start_only_for_work(paths, tmp_path, monkeypatch):
    transformer = ColorStatistics(n_jobs=2, cache=tmp_path / "features.cache")
    monkeypatch.setattr(_workers, "_run", None)  # it would start them
    rows = transformer.transform(paths)  # less than a batch
    transformer.set_params(batch_size=2)
    assert_array_equal(transformer.transform(paths), rows)
    with pytest.raises(TypeError):
        transformer.transform(paths * 150)  # takes longer to look up than to start
    with pytest.raises(TypeError):
        transformer.set_params(cache=None).transform(paths)


def test_one_process_is_the_caller(photos):
    batches = Photos(photos[:4]).batches(2)
    pids = run_in_order(1, lambda photos: os.getpid(), batches)
    assert [pid for _, pid in pids] == [os.getpid()] * 2


def leave_a_mark(photos, folder):
    (folder / str(photos.rows[0])).touch()


@pytest.mark.parametrize(
    ("backend", "n_jobs"),
    [("loky", 1), ("loky", 2), ("threading", 3)],
)
def test_slow_caller_has_few_batches_waiting(photos, tmp_path, backend, n_jobs):
    """What workers have done before the caller comes back is bounded."""
    batches = Photos(photos[:36]).batches(1)
    n_most = 0
    with parallel_config(backend):
        results = run_in_order(n_jobs, partial(leave_a_mark, folder=tmp_path), batches)
        for n_taken, _ in enumerate(results, start=1):
            time.sleep(0.02)
            n_most = max(n_most, len(list(tmp_path.iterdir())) - n_taken)
    assert len(list(tmp_path.iterdir())) == 36
    assert n_most <= 4 * n_jobs
    assert n_most > 0 or n_jobs == 1


@pytest.mark.parametrize("n_batches", [0, 1, 2, 7])
def test_single_worker_is_one_batch_ahead(photos, n_batches):
    batches = Photos(photos[:n_batches]).batches(1) if n_batches else []
    begun = [threading.Event() for _ in batches]
    found = []
    results = run_in_order(
        1, lambda each: begun[each.rows[0]].set(), batches, ahead=True
    )
    for batch, _ in results:
        found.append(batch)
        ahead = begun[len(found) : len(found) + 1]
        assert all(each.wait(60) for each in ahead)
        assert sum(each.is_set() for each in begun) == len(found) + len(ahead)
    assert found == batches


def test_single_worker_stops_with_its_caller(photos, tmp_path):
    batches = Photos(photos[:9]).batches(1)
    mark = partial(leave_a_mark, folder=tmp_path)
    results = run_in_order(1, mark, batches, ahead=True)
    next(results)
    results.close()
    assert len(list(tmp_path.iterdir())) <= 2


def test_errors_of_a_single_worker_pass_through(photos):
    batches = Photos(photos[:4]).batches(1)
    results = run_in_order(1, lambda photos: 1 // photos.rows[0], batches, ahead=True)
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_caller_who_leaves_early_stops_the_work(photos, tmp_path, backend):
    batches = Photos(photos).batches(1)
    with parallel_config(backend):
        results = run_in_order(2, partial(leave_a_mark, folder=tmp_path), batches)
        next(results)
        results.close()
        assert len(list(tmp_path.iterdir())) <= 9
        again = list(run_in_order(2, first_row, batches[:40]))
    assert again == [(batch, batch.rows[0]) for batch in batches[:40]]


# Images that Pillow opened


OPENED = ["16 bit", "float", "inverted", "ppm"]


def make_opened(kind):
    """A function that opens the same file anew."""
    file, options = BytesIO(), {}
    pixels = np.linspace(0, 60_000, 48).reshape(6, 8)
    if kind == "float":
        image = Image.fromarray((pixels / 65535).astype(np.float32))
    elif kind == "broken":
        image = Image.fromarray(pixels.astype(np.uint8))
    else:
        image = Image.fromarray(pixels.astype(np.uint16))
    if kind == "inverted":
        options = {"tiffinfo": {262: 0}}
    image.save(file, "PPM" if kind == "ppm" else "TIFF", **options)
    data = file.getvalue()
    return lambda: Image.open(BytesIO(data[:-20] if kind == "broken" else data))


@pytest.mark.parametrize("kind", OPENED)
def test_opened_image_is_sent_with_its_file(kind):
    make = make_opened(kind)
    sent = pickle.loads(pickle.dumps(Photos([make()], value_range=(0, 9))))
    assert_array_equal(sent.read(0), Photos([make()]).read(0))
    file = make().fp.getvalue()
    assert_array_equal(sent.read(0), Photos([file]).read(0))


def test_broken_opened_image_is_one_error():
    X = [make_opened("float")(), make_opened("broken")()]
    with pytest.raises(ImageError, match=r"^row 1: the image cannot be decoded"):
        ColorStatistics(n_jobs=2, batch_size=1).fit_transform(X)


def test_opened_tiff_without_its_tags_is_refused():
    sent = pickle.loads(pickle.dumps(make_opened("inverted")()))
    with pytest.raises(ImageError, match=r"tags did not come with it.*pass its path"):
        Photos([sent]).read(0)
