"""Photos per second of CNNEmbedder, beside a bare loop of the same network.

Run ``python benchmarks/embedder_speed.py [--backbone NAME] [--n-photos N]``. Weights
are random: they do not change the time. On a machine with a GPU it is used, in
bfloat16 where it has it.

- forward limit: the network alone, on batches that are ready in memory.
- decode limit: reading and resizing JPEG files with the worker processes, no network.
- arrays: `transform` of squares in memory, whose share of the forward limit is the
  overhead of the embedder.
- files: `transform` of JPEG files, beside the lower of the two limits.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from skimage import data
from sklearn.base import clone

from sklearn_popularity import CNNEmbedder
from sklearn_popularity.features._describe import describe_photos
from sklearn_popularity.images import Photos
from sklearn_popularity.networks import torch_work

N_ROUNDS = 3


def make_files(folder, n_photos):
    """JPEG files of 500 x 333 pixels, no two alike."""
    photo = Image.fromarray(data.coffee()).resize((600, 400))
    rng = np.random.default_rng(0)
    paths = [str(folder / f"{i}.jpg") for i in range(n_photos)]
    for path in paths:
        left, top = rng.integers(0, 100), rng.integers(0, 67)
        crop = photo.crop((left, top, left + 500, top + 333))
        crop.save(path, quality=90)
    return paths


def per_second(function, n_photos):
    start = time.perf_counter()
    function()
    return n_photos / (time.perf_counter() - start)


def bare_loop(embedder, batches):
    """What a torch user would write for batches that are ready."""
    spec, module = embedder._spec(), embedder._finish()._network.module
    mean, std = (
        torch.tensor(v, device=spec.device).view(1, 3, 1, 1)
        for v in (spec.squares.mean, spec.squares.std)
    )

    def run():
        for batch in batches:
            with torch_work(spec.device, spec.precision, gradients=False):
                pixels = torch.from_numpy(batch).to(spec.device)
                pixels = pixels.permute(0, 3, 1, 2) / 255
                module((pixels - mean) / std).float().cpu().numpy()

    return run


def decode_alone(embedder, paths):
    describe = embedder._describe()
    return lambda: deque(describe_photos(embedder, Photos(paths), describe), maxlen=0)


def measure(embedder, paths, n_jobs):
    """Median photos per second of each of the four, in alternating rounds."""
    squares = [embedder._describe()(Photos(paths).read(i)) for i in range(len(paths))]
    batches = [
        np.stack(squares[i : i + embedder.batch_size])
        for i in range(0, len(squares), embedder.batch_size)
    ]
    ready = clone(embedder).set_params(preprocessing__resize="squeeze").fit(paths)
    from_files = clone(embedder).set_params(n_jobs=n_jobs).fit(paths)
    sides = {
        "forward limit": bare_loop(embedder, batches),
        "arrays": lambda: ready.transform(squares),
        "decode limit": decode_alone(from_files, paths),
        "files": lambda: from_files.transform(paths),
    }
    rounds = []
    for i in range(N_ROUNDS + 1):
        speeds = {name: per_second(run, len(paths)) for name, run in sides.items()}
        if i:  # the first one warms up
            rounds.append(speeds)
    return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="squeezenet1_0")
    parser.add_argument("--n-photos", type=int, default=128)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    embedder = CNNEmbedder(
        backbone=options.backbone,
        weights="random",
        layer="projection",
        batch_size=options.batch_size,
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = make_files(Path(folder), options.n_photos)
        rounds = measure(embedder.fit(paths), paths, options.n_jobs)
    report(embedder, rounds)


def report(embedder, rounds):
    device = embedder._spec().device
    print(f"{embedder.backbone} on {device}, {embedder._spec().precision}")
    for name in rounds[0]:
        print(f"{name:<15}{median(r[name] for r in rounds):>9.1f} photos per second")
    overhead = median(r["arrays"] / r["forward limit"] for r in rounds)
    limit = median(
        r["files"] / min(r["forward limit"], r["decode limit"]) for r in rounds
    )
    print(f"arrays reach {overhead:.2f} of the forward limit (aim 0.9)")
    print(f"files reach {limit:.2f} of the lower limit (aim 0.7)")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(f"peak memory of the process {peak:.0f} MB", end="")
    if device.startswith("cuda"):
        print(
            f", of the GPU {torch.cuda.max_memory_allocated() / 2**20:.0f} MB", end=""
        )
    print()


if __name__ == "__main__":
    main()
