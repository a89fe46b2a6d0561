"""CNNEmbedder and CNNFineTuneRegressor on a GPU: speed, precision, memory, overlap.

Run ``python benchmarks/gpu.py [--n-jobs N]`` on a machine with one GPU: it takes less
than five minutes and prints Markdown tables. Without a GPU, or with ``--tiny``, the
same code runs with small networks and a few photos, in less than a minute: that shows
that it works, and nothing about speed. Weights are random, so nothing is downloaded.

- bare loop: plain torch code without this library, for normalised batches that are on
  the device already, channels last.
- arrays prepared: squares in memory, checked and passed on by one worker, no network.
- decode limit: reading and resizing JPEG files with the same workers, no network.
- arrays, files: `transform` of squares in memory, and of JPEG files.
- memory: peak device memory during `transform`, beyond the weights.
- waits: how often the CPU waits for the device.
"""

import argparse
import os
import subprocess
import sys
import warnings
from collections import deque
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import timm
import torch
import torchvision
from _tables import table
from PIL import Image
from scipy.stats import spearmanr
from skimage import data
from sklearn.base import clone
from timing import crops_of_coffee

from sklearn_popularity import (
    CNNEmbedder,
    CNNFineTuneRegressor,
    Preprocessing,
    save_model,
)
from sklearn_popularity.features._describe import describe_photos
from sklearn_popularity.images import Photos

PRECISIONS = ("float32", "bfloat16", "float16")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
MB = 2**20
LOAD = """
import sys
import numpy as np
from sklearn_popularity import load_model
model, photos, predictions = sys.argv[1:]
np.save(predictions, load_model(model).predict(np.load(photos)))
"""


def decode_alone(embedder, photos):
    """The preparation of photos for the network, without the network."""
    describe = embedder._describe()
    return lambda: deque(describe_photos(embedder, Photos(photos), describe), maxlen=0)


@dataclass(frozen=True)
class Sizes:
    """Numbers and sizes of what is measured on a GPU, files, workers and the start."""

    backbones: tuple[str, ...] = (  # the first one is fine-tuned too
        "resnet50",
        "timm/vit_base_patch16_224",
        "timm/vit_base_patch16_siglip_224",
    )
    n_arrays: int = 2048
    n_files: int = 4096
    batch_size: int = 64
    n_checked: int = 64  # photos whose features are compared
    n_tuned: int = 1024
    tuned_batch_size: int = 32
    learning_rate: float = 1e-5  # with which predictions differ from each other
    n_rounds: int = 2  # after one that warms up
    compiler: str = "inductor"  # backend of torch.compile
    seconds: int = 220  # after which no further network is compiled
    paths: tuple[str, ...] = ()
    n_jobs: int = 1
    started: float = 0.0

    @property
    def n_bare(self):
        """Number of batches of bare loops."""
        return max(1, self.n_arrays // self.batch_size // 2)


# Of convolutions, and a transformer that pools by attention as SigLIP's does.
TINY = Sizes(
    backbones=("timm/test_resnet.r160_in1k", "timm/test_vit3.r160_in1k"),
    n_arrays=8,
    n_files=8,
    batch_size=4,
    n_checked=6,
    n_tuned=8,
    tuned_batch_size=4,
    learning_rate=1e-3,
    n_rounds=1,
    compiler="eager",
    seconds=600,
)


# --- measuring


def synchronise():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def seconds_of(run):
    synchronise()
    start = perf_counter()
    run()
    synchronise()
    return perf_counter() - start


def speeds(sides, n_photos, n_rounds):
    """Median photos per second of each function, in alternating rounds."""
    rounds = [
        {name: n_photos / seconds_of(run) for name, run in sides.items()}
        for _ in range(n_rounds + 1)
    ]
    return {name: median(each[name] for each in rounds[1:]) for name in sides}


def whole(*numbers):
    return [f"{each:.0f}" for each in numbers]


def peak_memory(run):
    """Peak device memory beyond the memory used before, in MB."""
    if DEVICE == "cpu":
        return "no GPU"
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    run()
    return f"{(torch.cuda.max_memory_allocated() - before) / MB:.0f}"


@contextmanager
def products(precision):
    """Matrix products in the given precision, which torch's defaults are not."""
    conv, matmul = torch.backends.cudnn.conv, torch.backends.cuda.matmul
    found = conv.fp32_precision, matmul.fp32_precision
    kind = "tf32" if precision == "TF32" else "ieee"
    conv.fp32_precision = matmul.fp32_precision = kind
    try:
        if precision in ("float32", "TF32"):
            yield
        else:
            with torch.autocast(DEVICE, dtype=getattr(torch, precision)):
                yield
    finally:
        conv.fp32_precision, matmul.fp32_precision = found


def judged(value, holds, form=".2g"):
    return f"{value:{form}} {'holds' if holds else 'FALLS SHORT'}"


def judged_share(speed, limit):
    share = speed / limit
    # Speeds of a few photos on a CPU say nothing.
    return f"{share:.2f}" if DEVICE == "cpu" else judged(share, share >= 0.95, ".2f")


def count_waits(run):
    """How often the CPU waits for the device."""
    if DEVICE == "cpu":
        return 0
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchronizing CUDA" in str(each.message) for each in caught)


def per_batch(n_waits, n_batches):
    return "no GPU" if DEVICE == "cpu" else f"{n_waits / n_batches:.1f}"


# --- networks and photos


def bare_network(backbone):
    """The network without its classifier, created by its own package."""
    if backbone.startswith("timm/"):
        network = timm.create_model(backbone.removeprefix("timm/"), num_classes=0)
    else:
        network = torchvision.models.get_model(backbone, weights=None)
        network.fc = torch.nn.Identity()
    return network.eval().to(DEVICE).to(memory_format=torch.channels_last)


def bare_loop(network, planes, n_batches, precision):
    """A plain torch loop over batches that are on the device."""

    def run():
        with torch.inference_mode(), products(precision):
            for _ in range(n_batches):
                network(planes)

    return run


def side_of(backbone):
    return CNNEmbedder(backbone=backbone)._describe().size


def random_planes(backbone, n):
    side = side_of(backbone)
    planes = torch.randn(n, 3, side, side, device=DEVICE)
    return planes.contiguous(memory_format=torch.channels_last)


def make_embedder(backbone, **settings):
    # Squares that are as large as the network's are not changed by squeezing.
    squeeze = Preprocessing(resize="squeeze")
    settings = {"weights": "random", "preprocessing": squeeze} | settings
    return CNNEmbedder(backbone=backbone, **settings)


def various_squares(side, n):
    """Random crops of three photos."""
    rng, squares = np.random.default_rng(0), []
    photos = [Image.fromarray(each()) for each in (data.coffee, data.cat, data.rocket)]
    for photo, _ in zip(photos * n, range(n), strict=False):
        length = int(rng.integers(100, min(photo.size)))
        left, top = (int(rng.integers(0, each - length + 1)) for each in photo.size)
        box = (left, top, left + length, top + length)
        squares.append(np.asarray(photo.resize((side, side), box=box)))
    return np.stack(squares)


# --- the tables, in the order in which they are printed

TABLES = []


def titled(title, names):
    """Add the rows that a function yields to the tables."""

    def add(rows):
        TABLES.append((title, names, rows))
        return rows

    return add


@titled(
    "Photos per second of CNNEmbedder",
    "network | precision | bare loop | arrays prepared | arrays | share of the bare "
    "loop (aim 0.95) | decode limit | files | share of the lower limit (aim 0.95) | "
    "memory, MB | waits a batch (aim 1)",
)
def throughput(sizes):
    """Speeds of `transform` beside their limits."""
    for backbone in sizes.backbones:
        squares = various_squares(side_of(backbone), sizes.n_arrays)
        planes = random_planes(backbone, sizes.batch_size)
        network, n_batches = bare_network(backbone), len(squares) // len(planes)
        for precision in PRECISIONS:
            embedder = make_embedder(
                backbone, precision=precision, batch_size=sizes.batch_size
            )
            sides = {
                "bare": bare_loop(network, planes, n_batches, precision),
                "prepare": decode_alone(embedder, squares),
                "arrays": partial(embedder.transform, squares),
            }
            found = speeds(sides, len(squares), sizes.n_rounds)
            yield (
                backbone,
                precision,
                *whole(*found.values()),
                judged_share(found["arrays"], found["bare"]),
                *from_files(embedder, found["bare"], sizes),
                peak_memory(sides["arrays"]),
                per_batch(count_waits(sides["arrays"]), n_batches),
            )


def from_files(embedder, bare, sizes):
    """Speed of decoding, of `transform`, and the latter's share of the lower limit."""
    if embedder.precision != "bfloat16":  # decoding is the same for all
        return ["-"] * 3
    embedder = clone(embedder).set_params(n_jobs=sizes.n_jobs)
    sides = {
        "decode": decode_alone(embedder, sizes.paths),
        "files": partial(embedder.transform, sizes.paths),
    }
    decode, files = speeds(sides, len(sizes.paths), sizes.n_rounds).values()
    return [*whole(decode, files), judged_share(files, min(bare, decode))]


@titled(
    "Features",
    "network | precision | beside the CPU (aim 1e-4), or float32 (aim 0.999) | median "
    "rho of a column | batches of 1 and 5 (aims as before) | largest feature",
)
def correctness(sizes):
    """Features compared with those of float32, of the CPU and of other batch sizes."""
    for backbone in sizes.backbones:
        squares = various_squares(side_of(backbone), sizes.n_checked)
        exact = make_embedder(backbone, precision="float32").transform(squares)
        for precision in PRECISIONS:
            embedder = make_embedder(backbone, precision=precision)
            found = embedder.transform(squares)
            others = [clone(embedder).set_params(batch_size=n) for n in (1, 5)]
            others = [each.transform(squares) for each in others]
            if precision == "float32":
                beside = beside_cpu(backbone, squares, found)
                batches = judged_difference(found, *others)
            else:
                beside = judged_rho(exact, found)
                batches = judged_rho(found, *others)
            yield (
                backbone,
                precision,
                beside,
                f"{rho_of_columns(exact, found):.4f}",
                batches,
                f"{np.abs(exact).max():.3g}",
            )


def judged_difference(expected, *found):
    """The largest difference, relative to the largest feature."""
    difference = max(np.abs(each - expected).max() for each in found)
    difference /= np.abs(expected).max()
    return "difference " + judged(difference, difference <= 1e-4)


def judged_rho(expected, *found):
    """The lowest Spearman correlation with other results, over features and photos."""
    rho = min(spearmanr(each.ravel(), expected.ravel()).statistic for each in found)
    return "rho " + judged(rho, rho > 0.999, ".5f")


def rho_of_columns(expected, found):
    """Median correlation of a feature over photos, without constant features."""
    alive = (np.ptp(expected, axis=0) > 0) & (np.ptp(found, axis=0) > 0)
    pairs = zip(expected.T[alive], found.T[alive], strict=True)
    return median(spearmanr(*each).statistic for each in pairs)


def beside_cpu(backbone, squares, found):
    """Difference to the features of the CPU, relative to the largest feature."""
    if DEVICE == "cpu":
        return "no GPU"
    cpu = make_embedder(backbone, precision="float32", device="cpu")
    return judged_difference(cpu.transform(squares), found)


@titled(
    "Out of memory",
    "network | needed, MB | allowed, MB | halvings (aim 1 to 3) | beside features with "
    "all memory (aim 1e-4)",
)
def memory_shortage(sizes):
    """Features with all of the memory, and with too little memory for a batch."""
    if DEVICE == "cpu":
        return [("no GPU", "", "", "", "")]
    return [halved(backbone, sizes) for backbone in sizes.backbones]


def halved(backbone, sizes):
    squares = various_squares(side_of(backbone), 2 * sizes.batch_size)
    embedder = make_embedder(backbone, precision="float32", batch_size=sizes.batch_size)
    expected = embedder.transform(squares)
    needed = float(peak_memory(lambda: embedder.transform(squares))) * MB
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    allowed = torch.cuda.memory_reserved() + 0.4 * needed
    torch.cuda.set_per_process_memory_fraction(allowed / total)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = embedder.transform(squares)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    n_halved = sum("is halved" in str(each.message) for each in caught)
    return (
        backbone,
        f"{needed / MB:.0f}",
        f"{0.4 * needed / MB:.0f}",
        judged(n_halved, n_halved in (1, 2, 3), "d"),
        judged_difference(expected, found),
    )


@titled(
    "Photos per second of CNNFineTuneRegressor, from arrays",
    "network | precision | fit of one epoch | a further epoch | bare loop | share (aim "
    "0.95) | waits a batch (aim 0) | deviation of predictions | their difference on "
    "the CPU (aim 1e-4)",
)
def fine_tuning(sizes):
    """An epoch of CNNFineTuneRegressor beside a bare loop, and its predictions."""
    backbone, n = sizes.backbones[0], sizes.n_tuned
    squares = various_squares(side_of(backbone), n)
    y = np.random.default_rng(0).normal(size=n)
    starts = range(0, n, sizes.tuned_batch_size)
    for precision in ("float32", "bfloat16"):
        model = CNNFineTuneRegressor(
            embedder=CNNEmbedder(
                backbone=backbone,
                weights="random",
                precision=precision,
                n_jobs=sizes.n_jobs,
            ),
            batch_size=sizes.tuned_batch_size,
            learning_rate=sizes.learning_rate,
            max_epochs=1,
            random_state=0,
        )
        fit = partial(model.fit, squares, y)
        fit()  # warms up
        one, n_waits = seconds_of(fit), count_waits(fit)
        model.set_params(max_epochs=3)
        later = seconds_of(fit) - one
        epoch = later / 2 if later > 0 else np.nan  # noise on a loaded machine
        n_waits = count_waits(fit) - n_waits  # not those of building and copying back
        step = training_step(backbone, sizes.tuned_batch_size, precision)
        step()
        bare = seconds_of(lambda step=step: [step() for _ in starts])
        yield (
            backbone,
            precision,
            *whole(n / one, n / epoch, n / bare),
            judged_share(bare, epoch),
            per_batch(n_waits, 2 * len(starts)),
            *(elsewhere(model, squares[:16]) if precision == "float32" else "--"),
        )


def training_step(backbone, batch_size, precision):
    """One step of Adam on a batch that is on the device, with frozen statistics."""
    backbone_network = bare_network(backbone)
    planes = random_planes(backbone, batch_size)
    target = torch.randn(batch_size, device=DEVICE)
    with torch.no_grad():
        width = backbone_network(planes[:1]).shape[1]
    head = torch.nn.Linear(width, 1).to(DEVICE)
    network = torch.nn.Sequential(backbone_network, head).train()
    for each in network.modules():
        if isinstance(each, torch.nn.BatchNorm2d):
            each.eval()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-5)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with products("float32"):  # of the gradients too
            with products(precision):
                outputs = network(planes)[:, 0].float()
            (outputs - target).square().mean().backward()
        optimizer.step()

    return step


def elsewhere(model, photos):
    """Predictions in this process and in one without a GPU."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        save_model(model, folder / "model.skops")
        np.save(folder / "photos.npy", photos)
        files = [folder / each for each in ("model.skops", "photos.npy", "found.npy")]
        subprocess.run(
            [sys.executable, "-c", LOAD, *map(str, files)],
            env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
            check=True,
        )
        predicted, found = model.predict(photos), np.load(files[-1])
    # Scores have a standard deviation of 1.
    difference = np.abs(found - predicted).max()
    return f"{predicted.std():.2g}", judged(difference, difference <= 1e-4)


@titled(
    "Overlap of decoding and computing, seconds",
    "network | workers | decode alone | arrays alone | larger | sum | files | overlap "
    "(1 is all)",
)
def overlap(sizes):
    """Whether photos are decoded while the device computes."""
    for backbone in sizes.backbones:
        for n in sorted({1, sizes.n_jobs}):
            # One worker is slow.
            n_photos = len(sizes.paths) if n > 1 else max(8, len(sizes.paths) // 8)
            paths = sizes.paths[:n_photos]
            squares = various_squares(side_of(backbone), n_photos)
            embedder = make_embedder(backbone, batch_size=sizes.batch_size, n_jobs=n)
            sides = {
                "decode": decode_alone(embedder, paths),
                "forward": partial(embedder.transform, squares),
                "files": partial(embedder.transform, paths),
            }
            found = speeds(sides, n_photos, sizes.n_rounds)
            decode, forward, files = (n_photos / each for each in found.values())
            larger, both = max(decode, forward), decode + forward
            hidden = (both - files) / (both - larger)
            seconds = (decode, forward, larger, both, files)
            yield backbone, n, *(f"{each:.2f}" for each in (*seconds, hidden))


@titled(
    "Photos per second, bare loop only: CNNEmbedder has no such options",
    "network | precision | channels first | channels last | weights of that precision "
    "too",
)
def layouts(sizes):
    """Bare loops with variants that CNNEmbedder does not offer."""
    n_batches = sizes.n_bare
    n_photos = n_batches * sizes.batch_size
    for backbone in sizes.backbones:
        last = random_planes(backbone, sizes.batch_size)
        for precision in ("float32", "TF32", "bfloat16", "float16"):
            network = bare_network(backbone)
            first = deepcopy(network).to(memory_format=torch.contiguous_format)
            sides = {
                "first": bare_loop(first, last.contiguous(), n_batches, precision),
                "last": bare_loop(network, last, n_batches, precision),
            }
            if precision in ("bfloat16", "float16"):
                dtype = getattr(torch, precision)
                half = deepcopy(network).to(dtype), last.to(dtype)
                sides["weights"] = bare_loop(*half, n_batches, "float32")
            found = whole(*speeds(sides, n_photos, sizes.n_rounds).values())
            yield (backbone, precision, *found, *["-"] * (3 - len(found)))


@titled(
    "Photos per second, bare loop only: torch.compile, bfloat16",
    "network | eager | compiled | seconds to compile",
)
def compiled(sizes):
    """Bare loops of compiled networks, within a time limit."""
    for backbone in sizes.backbones:
        if perf_counter() - sizes.started > sizes.seconds:
            yield backbone, "out of time", "-", "-"
            continue
        network = bare_network(backbone)
        planes = random_planes(backbone, sizes.batch_size)
        quick = torch.compile(network, backend=sizes.compiler)
        first = seconds_of(bare_loop(quick, planes, 1, "bfloat16"))
        sides = {
            "eager": bare_loop(network, planes, sizes.n_bare, "bfloat16"),
            "compiled": bare_loop(quick, planes, sizes.n_bare, "bfloat16"),
        }
        found = speeds(sides, sizes.n_bare * sizes.batch_size, sizes.n_rounds)
        yield backbone, *whole(*found.values()), f"{first:.1f}"
        torch.compiler.reset()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="as without a GPU")
    parser.add_argument("--n-jobs", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)
    sizes = TINY if options.tiny or DEVICE == "cpu" else Sizes()
    name = torch.cuda.get_device_name() if DEVICE == "cuda" else "no GPU"
    print(
        f"{name}, torch {torch.__version__}, {os.cpu_count()} cores, "
        f"{options.n_jobs} workers, batches of {sizes.batch_size}"
    )
    sizes = replace(sizes, n_jobs=options.n_jobs, started=perf_counter())
    with TemporaryDirectory() as folder:
        n_made = min(1024, sizes.n_files)
        paths = crops_of_coffee(Path(folder), n_made) * (sizes.n_files // n_made)
        for title, names, rows in TABLES:
            print(f"\n## {title}")
            table(names, rows(replace(sizes, paths=tuple(paths))))
    print(f"\n{perf_counter() - sizes.started:.0f} s in all")


if __name__ == "__main__":
    main()
