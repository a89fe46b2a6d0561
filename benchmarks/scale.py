"""Throughput and memory of the parent as photos become many.

    python benchmarks/scale.py [N ...]

Small made-up photos (64 x 64 pixels, hard links to 1,000 of them) are described by
ColorStatistics on one and on two workers, each run in a process of its own. Memory is
the peak of the parent alone, from after a first run of 1,000 photos, less the output.

Then workers cut squares of 224 pixels for a network that takes 0.4 s a batch, so that
they are far ahead of it; and rows of 10,752 numbers come from workers that sleep for
0.1 s a photo, beside which the CPU time of the parent is that of handing rows over.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sklearn_popularity import make_popularity

N_ORIGINALS = 1000

RUN = """
import json, resource, sys, time
from workloads import *

kind, folder = sys.argv[1:3]
n_photos, n_jobs, n_before = map(int, sys.argv[3:])

def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10

def photo(i):
    return f"{folder}/{i // 1000:03d}/{i % 1000:03d}.jpg"

transformer = globals()[kind](n_jobs=n_jobs)
transformer.fit_transform([photo(i) for i in range(n_before)])
before, cpu = peak_megabytes(), time.process_time()
start = time.perf_counter()
features = transformer.transform([photo(i) for i in range(n_photos)])
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
grown = peak_megabytes() - before
assert len(features) == n_photos
print(json.dumps([seconds, grown - features.nbytes / 2**20, cpu]))
"""

WORKLOADS = """
import time
import numpy as np
from sklearn_popularity import ColorStatistics, ImageTransformer

def square(image):
    return np.resize(image, (224, 224, 3))

class SlowNetwork(ImageTransformer):
    def _describe(self):
        return square

    def _finish(self):
        return forward

    def _feature_names(self):
        return [f"number{i}" for i in range(1280)]

def forward(squares):
    time.sleep(0.4)
    return squares.reshape(len(squares), -1)[:, :1280]

def sleep(image):
    time.sleep(0.1)
    return np.resize(image, 10_752).astype(np.float32)

class Wide(ImageTransformer):
    def _describe(self):
        return sleep

    def _feature_names(self):
        return [f"number{i}" for i in range(10_752)]
"""


def link_photos(folder, n_photos):
    """Folders of 1,000 photos, each of them hard links to the first."""
    posts, _ = make_popularity(
        N_ORIGINALS, folder=folder / "made-up", image_size=(64, 64), random_state=0
    )
    for start in range(0, n_photos, N_ORIGINALS):
        part = folder / f"{start // N_ORIGINALS:03d}"
        part.mkdir()
        for i, path in enumerate(posts["photo"]):
            os.link(path, part / f"{i:03d}.jpg")


def measure(kind, folder, n_photos, n_jobs, n_before=1000):
    """Seconds, megabytes that the parent grew by, and its seconds of CPU."""
    (folder / "workloads.py").write_text(WORKLOADS)
    arguments = [kind, *map(str, (folder, n_photos, n_jobs, n_before))]
    run = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(run.stdout)


def compare_counts(folder, counts):
    print(f"{'photos':>8}{'workers':>9}{'s':>9}{'photos/s':>10}{'ms each':>9}{'MB':>8}")
    for n_photos in counts:
        for n_jobs in (1, 2):
            seconds, grown, _ = measure("ColorStatistics", folder, n_photos, n_jobs)
            print(
                f"{n_photos:>8,}{n_jobs:>9}{seconds:>9.1f}"
                f"{n_photos / seconds:>10,.0f}{1000 * seconds / n_photos:>9.2f}"
                f"{grown:>8.1f}",
                flush=True,
            )


def slow_network(folder):
    for n_photos in (3000, 6000):
        seconds, grown, _ = measure("SlowNetwork", folder, n_photos, 2, n_before=32)
        print(
            f"network of 0.4 s a batch, {n_photos:,} photos, 2 workers: "
            f"{seconds:.1f} s ({0.4 * n_photos / 32:.1f} s of them the network), "
            f"the parent grew by {grown:.0f} MB",
            flush=True,
        )


def wide_rows(folder, n_photos=2048, n_jobs=64):
    seconds, _, cpu = measure("Wide", folder, n_photos, n_jobs, n_before=2048)
    share = cpu / n_photos / 0.1
    print(
        f"rows of 10,752 numbers, {n_jobs} workers that sleep: {seconds:.1f} s "
        f"({0.1 * n_photos / n_jobs:.1f} s of them asleep), CPU of the parent "
        f"1/{1 / share:.0f} of the time to describe a batch"
    )


def main(counts):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        link_photos(folder, max(*counts, 6000))
        compare_counts(folder, counts)
        slow_network(folder)
        wide_rows(folder)


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1000, 10_000, 100_000])
