"""Throughput and memory of the parent as photos become many.

    python benchmarks/scale.py [N ...]

Small made-up photos (64 x 64 pixels, hard links to 1,000 of them) are described by
ColorStatistics on one and on two workers, each run in a process of its own. Memory is
the peak of the parent alone, from after a first run of 1,000 photos, less the output.
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
from sklearn_popularity import ColorStatistics

folder, n_photos, n_jobs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10

def photo(i):
    return f"{folder}/{i // 1000:03d}/{i % 1000:03d}.jpg"

transformer = ColorStatistics(n_jobs=n_jobs)
transformer.transform([photo(i) for i in range(1000)])
before = peak_megabytes()
start = time.perf_counter()
features = transformer.transform([photo(i) for i in range(n_photos)])
seconds = time.perf_counter() - start
grown = peak_megabytes() - before
assert features.shape == (n_photos, 6)
print(json.dumps([seconds, grown - features.nbytes / 2**20]))
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


def measure(folder, n_photos, n_jobs):
    arguments = [str(folder), str(n_photos), str(n_jobs)]
    run = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(run.stdout)


def main(counts):
    print(f"{'photos':>8}{'workers':>9}{'s':>9}{'photos/s':>10}{'ms each':>9}{'MB':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        link_photos(Path(scratch), max(counts))
        for n_photos in counts:
            for n_jobs in (1, 2):
                seconds, grown = measure(scratch, n_photos, n_jobs)
                print(
                    f"{n_photos:>8,}{n_jobs:>9}{seconds:>9.1f}"
                    f"{n_photos / seconds:>10,.0f}{1000 * seconds / n_photos:>9.2f}"
                    f"{grown:>8.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1000, 10_000, 100_000])
