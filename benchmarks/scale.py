"""Throughput and memory for many photos, by sections of RESULTS.md.

Run ``python benchmarks/scale.py SECTION``. Each measurement runs in its own process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from _tables import run, section

from sklearn_popularity import make_popularity

#: A run in a process of its own: which workload, folder, photos, workers, and photos
#: before. It prints its seconds, the megabytes that it grew by beyond the features, and
#: its seconds of CPU.
MEASURE = """
import json, sys, time
import workloads
from workloads import megabytes

kind, folder = sys.argv[1:3]
n_photos, n_jobs, n_before = map(int, sys.argv[3:])
paths = [f"{folder}/{i // 1000:03d}/{i % 1000:03d}.jpg" for i in range(n_photos)]
transformer = getattr(workloads, kind)(n_jobs=n_jobs)
transformer.fit_transform(paths[:n_before])
before, cpu, start = megabytes(), time.process_time(), time.perf_counter()
features = transformer.transform(paths)
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
print(json.dumps([seconds, megabytes() - before - features.nbytes / 2**20, cpu]))
"""
#: Its peak memory is not that of `resource`, which a process inherits from its parent.
WORKLOADS = """
import time
from pathlib import Path
import numpy as np
from sklearn_popularity import ColorStatistics, ImageTransformer

def megabytes():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10

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
MEMORY = """
import numpy as np
from workloads import megabytes
from sklearn_popularity import HOGLLC, ColorNamesLLC

rng = np.random.default_rng(0)
image, words = rng.integers(0, 256, (267, 400, 3), np.uint8), rng.random
shapes = {"hog2x2": words((256, 124)), "hog3x3": words((256, 279))}
print(f"imports | {megabytes():.0f}")
colors = ColorNamesLLC(dictionary=words((200, 50)))
for transformer in (colors, HOGLLC(dictionary=shapes)):
    transformer.fit_transform([image] * 4)
    print(f"{type(transformer).__name__} | {megabytes():.0f}")
"""


def in_process(code, *arguments):
    """What code prints in a new Python process, which can import the workloads."""
    with TemporaryDirectory() as folder:
        Path(folder, "workloads.py").write_text(WORKLOADS)
        variables = os.environ | {"PYTHONPATH": os.pathsep.join([folder, *sys.path])}
        arguments = [sys.executable, "-c", code, *map(str, arguments)]
        found = subprocess.run(arguments, env=variables, capture_output=True, text=True)
    if found.returncode:
        raise SystemExit(found.stderr)
    return found.stdout


def link_photos(folder, n_photos):
    """Folders of 1,000 photos of 64 pixels, all hard links to the first folder."""
    posts, _ = make_popularity(
        min(n_photos, 1000),
        folder=folder / "made-up",
        image_size=(64, 64),
        random_state=0,
    )
    for start in range(0, n_photos, 1000):
        part = folder / f"{start // 1000:03d}"
        part.mkdir()
        for i, path in enumerate(posts["photo"]):
            os.link(path, part / f"{i:03d}.jpg")


@section("kind | photos | workers | s | photos/s | MB | CPU of 0.1 s a photo")
def photos(
    *, counts=(1000, 10_000, 100_000), ahead=(3000, 6000), wide=2048, workers=64
):
    """Speed, and memory of the calling process, with ColorStatistics of many photos.

    Then workers that are far ahead of a network, which takes 0.4 s per batch; and rows
    of 10,752 features from workers that sleep for 0.1 s per photo, so that the CPU time
    of the calling process is that of receiving rows.
    """
    runs = [("ColorStatistics", n, n_jobs, 1000) for n in counts for n_jobs in (1, 2)]
    runs += [("SlowNetwork", n, 2, 32) for n in ahead]
    runs.append(("Wide", wide, workers, wide))
    with TemporaryDirectory() as folder:
        link_photos(Path(folder), max(*counts, *ahead, wide))
        for kind, n_photos, n_jobs, n_before in runs:
            arguments = kind, folder, n_photos, n_jobs, min(n_before, n_photos)
            seconds, grown, cpu = json.loads(in_process(MEASURE, *arguments))
            speed = f"{n_photos / seconds:,.0f}"
            share = f"1/{0.1 * n_photos / cpu:.0f}" if kind == "Wide" else ""
            row = f"{n_photos:,}", n_jobs, f"{seconds:.1f}", speed
            yield kind, *row, f"{grown:.1f}", share


@section("after | MB")
def memory():
    """Peak memory in MB of a process that describes photos by codebooks."""
    return (line.split(" | ") for line in in_process(MEMORY).splitlines())


COMMANDS = (photos, memory)

if __name__ == "__main__":
    run(__doc__, *COMMANDS)
