"""What the tests of several rooms share."""

import os
import re
import shutil
import socket

# scikit-learn skips check_array_api_input unless SciPy is loaded with this.
os.environ["SCIPY_ARRAY_API"] = "1"
# What tests compute is small, so that threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# No test, nor a process that it starts, may write to the user's own cache.
os.environ["SKLEARN_POPULARITY_CACHE"] = "none"

from contextlib import contextmanager
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_popularity import make_popularity

SHARED = Path(__file__).parents[2] / "shared"

# No two alike, one less than three pixels high, none with the height of its width.
SIZES = ((24, 32), (40, 24), (17, 19), (2, 30), (33, 31), (26, 60), (21, 20))


@pytest.fixture(scope="session")
def shared():
    """Folder of reference outputs beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("The shared folder of reference outputs is not there.")
    return SHARED


@pytest.fixture(scope="session")
def load_script():
    """A function that imports a script of benchmarks/, under a name of its own."""
    folder = Path(__file__).parents[1] / "benchmarks"

    def load(name):
        spec = spec_from_file_location(f"benchmarks_{name}", folder / f"{name}.py")
        module = module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)
            spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def images():
    """Photos of different sizes: a colour gradient under noise."""
    rng = np.random.default_rng(0)
    return [_photo(rng, height, width) for height, width in SIZES]


@pytest.fixture(scope="session")
def batch():
    """Four photos of one size, as one array."""
    rng = np.random.default_rng(1)
    photos = np.stack([_photo(rng, 20, 26) for _ in range(4)])
    photos.flags.writeable = False
    return photos


@pytest.fixture(scope="session")
def write_photos(tmp_path_factory):
    """A function that writes photos as PNG files, and returns their paths."""

    def write(photos):
        folder = tmp_path_factory.mktemp("photos")
        names = [str(folder / f"photo{i}.png") for i in range(len(photos))]
        for name, photo in zip(names, photos, strict=True):
            Image.fromarray(photo).save(name)
        return names

    return write


@pytest.fixture(scope="session")
def paths(images, write_photos):
    """PNG files of `images`."""
    return write_photos(images)


@pytest.fixture(scope="session")
def bad_path(tmp_path_factory):
    """A file that is no image."""
    path = tmp_path_factory.mktemp("bad") / "notes.jpg"
    path.write_text("not a photo")
    return str(path)


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory):
    """A function that gives a folder of n made-up posts, which nobody may change."""

    @cache
    def make(n):
        folder = tmp_path_factory.mktemp("photos") / "made-up"
        make_popularity(n, folder=folder, image_size=(48, 64), random_state=0)
        return folder

    return make


@pytest.fixture(scope="session")
def with_table():
    """A function that copies a folder of posts with a table that has been changed."""

    def copy(folder, to, change):
        shutil.copytree(folder, to, copy_function=os.link)
        table = change(pd.read_csv(to / "labels.csv"))
        (to / "labels.csv").unlink()
        table.to_csv(to / "labels.csv", index=False)
        return to

    return copy


@pytest.fixture(scope="session")
def with_noise(with_table):
    """A function that copies a folder of posts with scores that are noise."""

    def change(table):
        noise = np.random.default_rng(0).permutation(len(table))
        return table.assign(score=noise)

    return lambda folder, to: with_table(folder, to, change)


@pytest.fixture(scope="session")
def peak_memory():
    """Source of a function `peak`: the most memory in MB that the process has taken.

    `resource` would tell the peak of the process that started it, if that is more.
    """
    if not Path("/proc/self/status").exists():
        pytest.skip("Peak memory is measured by /proc.")
    return """
def peak():
    with open("/proc/self/status") as status:
        return int(status.read().partition("VmHWM:")[2].split()[0]) / 2**10
"""


@pytest.fixture
def check_one_line(capsys):
    """A function that checks that a command printed an error, and nothing else."""

    def check(message):
        printed = capsys.readouterr()
        assert printed.out == ""
        # Which step it was in is told before.
        [line] = [line for line in printed.err.splitlines() if " of 2: " not in line]
        assert re.search(f"^sklearn-popularity: error: .*{message}", line)

    return check


def _photo(rng, height, width):
    rows, cols = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    mixture = rng.uniform(0, 85, size=(3, 3))
    planes = np.stack([rows, cols, rng.uniform(size=rows.shape)], axis=-1) @ mixture
    image = planes.astype(np.uint8)
    image.flags.writeable = False
    return image


@pytest.fixture(scope="session")
def threads():
    """A context in which OpenCV and BLAS have some threads, as a user may have set."""

    @contextmanager
    def context(n_threads):
        before = cv2.getNumThreads()
        cv2.setNumThreads(n_threads)
        try:
            with threadpool_limits(n_threads):
                yield
        finally:
            cv2.setNumThreads(before)

    return context


@pytest.fixture(scope="session")
def count_threads():
    """A function that tells the threads of OpenCV and of each other library."""

    def count():
        pools = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
        return pools | {"cv2": cv2.getNumThreads()}

    return count


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Let no test reach beyond this machine."""
    connect = socket.socket.connect

    def connect_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            if address[0] not in ("127.0.0.1", "localhost", "::1"):
                raise AssertionError(f"A test tried to reach {address}.")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
