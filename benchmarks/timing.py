"""CPU time of features, rankers, networks and the cache, by sections of RESULTS.md.

Run ``python benchmarks/timing.py SECTION``. Both sides of a ratio alternate in one run
on one thread, and the ratio is the median over rounds, to reduce noise.
"""

import cProfile
import pstats
import time
import warnings
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from _plain import (
    opencv_decode,
    plain_color_names_llc,
    plain_gabor_bank,
    plain_gist,
    plain_histogram,
    plain_hog_llc,
    plain_lbp_pyramid,
    plain_statistics,
)
from _tables import run, section, table
from PIL import Image
from skimage import data
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVR
from threadpoolctl import threadpool_limits

from sklearn_popularity import (
    HOGLLC,
    CNNEmbedder,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    LatentRankSVM,
    LBPPyramid,
    load_folder,
    read_image,
    spearman_scorer,
)
from sklearn_popularity.images import limit_size


def cpu_seconds(function, *arguments):
    """CPU time of a call, including workers, and what it returned."""
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def compare(ours, theirs, rounds, n=1):
    """Cells of the median CPU milliseconds of both, for each of n, and their ratio."""
    ours(), theirs()
    times = [(cpu_seconds(ours)[0], cpu_seconds(theirs)[0]) for _ in range(rounds)]
    mine, other = 1e3 / n * np.transpose(times)
    return [f"{np.median(each):.2f}" for each in (mine, other, other / mine)]


@contextmanager
def one_thread():
    n_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(n_threads)


def photos_of(max_size):
    photos = (data.astronaut, data.chelsea, data.coffee)
    return [limit_size(photo(), max_size) for photo in photos]


def encode(image):
    file = BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90)
    return file.getvalue()


@one_thread()
@section("what | instead | ms | ms instead | times faster")
def features(*, rounds=15, max_size=500):
    """CPU milliseconds per photo of each feature, beside a plain implementation.

    Photos are three of scikit-image; codebooks take four fifths of ``--max-size`` and a
    third of the rounds.
    """
    photos, small = photos_of(max_size), photos_of(max_size * 4 // 5)
    colors, names = ColorHistogram().fit(photos), ColorNamesLLC(random_state=0)
    palette, words = colors.palette_, names.fit(small).dictionaries_["colorpatch"]
    gist = partial(plain_gist, bank=plain_gabor_bank(320))
    cases = [
        (ColorStatistics(), "scikit-image, scipy", plain_statistics),
        (colors, "NumPy", partial(plain_histogram, table=palette)),
        (GistTransformer(), "NumPy", gist),
        (LBPPyramid(), "scikit-image", plain_lbp_pyramid),
    ]
    plain = partial(plain_color_names_llc, table=palette, words=words)
    codebooks = [(names, "NumPy", plain)]
    for spacing in (6, 4):
        hog = HOGLLC(spacing=spacing, random_state=0).fit(small)
        settings = {"dictionaries": hog.dictionaries_, "spacing": spacing}
        codebooks.append((hog, "NumPy", partial(plain_hog_llc, **settings)))

    files = [encode(photo) for photo in photos]
    sides = partial(on_each, read_image, files), partial(on_each, opencv_decode, files)
    yield "read a JPEG", "OpenCV decode", *compare(*sides, rounds, len(files))
    fewer = max(rounds // 3, 1)
    for images, n, both in ((photos, rounds, cases), (small, fewer, codebooks)):
        for transformer, instead, plain in both:
            ours = partial(transformer.fit(images).transform, images)
            cells = compare(ours, partial(on_each, plain, images), n, len(images))
            yield transformer, instead, *cells


def on_each(function, photos):
    for photo in photos:
        function(photo)


@one_thread()
@section("feature | function | with what it calls | itself")
def stages(*, rounds=15):
    """CPU time of the codebook features, by function."""
    [photo] = photos_of(400)[2:]
    for kind in (HOGLLC(spacing=6), HOGLLC(), ColorNamesLLC()):
        fitted = kind.set_params(random_state=0).fit([photo])
        fitted.transform([photo])
        profile = cProfile.Profile()
        for _ in range(rounds):
            profile.runcall(fitted.transform, [photo])
        found = pstats.Stats(profile).get_stats_profile()
        by_time = sorted(found.func_profiles.items(), key=lambda it: -it[1].cumtime)
        for name, spent in by_time:
            share = spent.cumtime / found.total_tt
            if share >= 0.05 and Path(spent.file_name).parent.name == "codebook":
                own = spent.tottime / found.total_tt
                yield kind, f"`{name}`", f"{share:.0%}", f"{own:.0%}"


@one_thread()
@section("features | beside | ms | ms beside | ratio")
def ranker(*, rounds=7, widths=(512, 1280, 4096)):
    """An epoch of LatentRankSVM, beside torch's autograd and beside two products.

    2,000 rows, 10 senses, batches of 100, float32. "autograd" is the same loop in
    torch; "two products" are a batch times the senses, and the transposed gradient of
    scores times the batch.
    """
    rng = np.random.default_rng(0)
    for width in widths:
        X = rng.normal(size=(2000, width)).astype(np.float32)
        y = X[:, :8].max(axis=1) - X[:, 8:16].max(axis=1)
        model = LatentRankSVM(n_senses=5, n_unpopular_senses=5, batch_size=100)
        epoch = partial(model.set_params(random_state=0).partial_fit, X, y)
        others = {"two products": two_products(X)}
        if find_spec("torch"):
            others["autograd"] = autograd_epoch(X, y)
        for name, other in others.items():
            yield width, name, *compare(epoch, other, rounds)


def two_products(X):
    rng = np.random.default_rng(0)
    senses = rng.normal(size=(10, X.shape[1])).astype(np.float32)
    by_score = rng.normal(size=(100, 10)).astype(np.float32)

    def epoch():
        for start in range(0, len(X), 100):
            rows = X[start : start + 100]
            rows @ senses.T
            by_score.T @ rows

    return epoch


def autograd_epoch(X, y):
    """A plain torch loop: batches, loss, penalty and Adam."""
    import torch

    torch.set_num_threads(1)
    X = torch.from_numpy((X - X.mean(axis=0)) / (X.std(axis=0) * X.shape[1] ** 0.5))
    y = torch.from_numpy(y)
    senses = torch.nn.Parameter(torch.randn(10, X.shape[1]) / X.shape[1] ** 0.5)
    constants = torch.nn.Parameter(torch.zeros(10))
    optimizer = torch.optim.Adam([senses, constants], lr=0.01, weight_decay=0.001)

    def epoch():
        for rows in torch.randperm(len(X)).split(100):
            scores = X[rows] @ senses.T + constants
            popular, unpopular = scores[:, :5].amax(dim=1), scores[:, 5:].amax(dim=1)
            higher, lower = torch.nonzero(y[rows][:, None] > y[rows], as_tuple=True)
            loss = torch.relu(1 - popular[higher] + popular[lower])
            loss = (loss + torch.relu(1 - unpopular[lower] + unpopular[higher])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


@section("forward alone | arrays | share | files | share")
def embedder(*, photos=128, rounds=3):
    """Photos per second of CNNEmbedder, beside a bare loop of the same network.

    SqueezeNet 1.0 with random weights, which do not change the time, on the CPU, in
    batches of 32: squares ready in memory, and JPEG files read by two workers.
    """
    import torch
    from torchvision.models import squeezenet1_0

    rng = np.random.default_rng(0)
    squares = rng.integers(0, 256, (photos, 224, 224, 3), np.uint8)
    batches = np.array_split(squares, range(32, photos, 32))
    network = squeezenet1_0().eval()

    def bare():
        with torch.inference_mode():
            for batch in batches:
                planes = torch.from_numpy(batch).permute(0, 3, 1, 2) / 255
                network((planes - 0.45) / 0.225)

    ours = CNNEmbedder(
        backbone="squeezenet1_0", weights="random", layer="projection", device="cpu"
    )
    with TemporaryDirectory() as folder:
        paths = crops_of_coffee(folder, photos)
        ready, workers = clone(ours).fit(squares), ours.set_params(n_jobs=2).fit(paths)
        sides = [
            bare,
            partial(ready.transform, list(squares)),
            partial(workers.transform, paths),
        ]
        times = np.empty((rounds + 1, len(sides)))
        for row, side in np.ndindex(times.shape):
            start = time.perf_counter()
            sides[side]()
            times[row, side] = time.perf_counter() - start
    limit, arrays, files = photos / np.median(times[1:], axis=0)  # the first warms up
    _, of_arrays, of_files = np.median(times[1:, :1] / times[1:], axis=0)
    speeds = f"{limit:.1f}", f"{arrays:.1f}", f"{of_arrays:.2f}", f"{files:.1f}"
    yield *speeds, f"{of_files:.2f}"


def crops_of_coffee(folder, n_photos):
    """Different JPEG files of 500 x 333 pixels."""
    photo = Image.fromarray(data.coffee()).resize((600, 400))
    rng = np.random.default_rng(0)
    paths = [f"{folder}/{i}.jpg" for i in range(n_photos)]
    for path in paths:
        left, top = rng.integers(0, 100), rng.integers(0, 67)
        photo.crop((left, top, left + 500, top + 333)).save(path, quality=90)
    return paths


def cache(folder, *, sample=20, rounds=5):
    """What a cache of features saves and costs: CPU time with and without it.

    FOLDER contains OASIS. Measured are a second `transform` of photos; the cost of a
    cache in the first one, of 200 photos; and ten half splits times five values of C,
    for GIST and for HOGLLC with given words, on a sample both ways, then on all photos.
    """
    warnings.simplefilter("ignore", ConvergenceWarning)
    posts = load_folder(folder)
    with TemporaryDirectory() as scratch:
        print(second_transform(scratch, rounds))
        table("a first transform | CPU added", first_transform(posts, scratch, rounds))
        names = "photos | cache | CPU s of one extraction | of all splits"
        table(names, half_splits(posts, sample, scratch))


def second_transform(scratch, rounds):
    paths = crops_of_coffee(scratch, 1000)
    kilobytes = np.mean([Path(path).stat().st_size for path in paths]) / 1e3
    gist = GistTransformer(cache=f"{scratch}/warm.cache").fit(paths)
    gist.transform(paths)
    seconds = median(cpu_seconds(gist.transform, paths)[0] for _ in range(rounds))
    speed = f"{len(paths) / seconds:,.0f} rows of 512 numbers a second of CPU"
    return f"A second transform: {speed}, photos of {kilobytes:.0f} KB"


def first_transform(posts, scratch, rounds):
    paths = posts["photo"][:200].tolist()
    for transformer in (ColorStatistics(), LBPPyramid(), GistTransformer()):
        ratios = []
        for i in range(rounds):
            plain, _ = cpu_seconds(transformer.set_params(cache=None).transform, paths)
            transformer.set_params(cache=f"{scratch}/{type(transformer).__name__}{i}")
            ratios.append(cpu_seconds(transformer.transform, paths)[0] / plain)
        yield type(transformer).__name__, f"{median(ratios) - 1:+.1%}"


def half_splits(posts, sample, scratch):
    words = HOGLLC(subsample=(200, 200), random_state=0).fit(posts["photo"])
    words = words.dictionaries_

    def described(cache):
        gist, hog = GistTransformer(cache=cache), HOGLLC(dictionary=words, cache=cache)
        return make_column_transformer((gist, "photo"), (hog, "photo"))

    def search(posts, cache):
        """Scores of the values of C over ten half splits, without refitting."""
        svr = LinearSVR(random_state=0, max_iter=200, tol=1e-2, dual=True)
        model = make_pipeline(described(cache), StandardScaler(), svr)
        return (
            GridSearchCV(
                model,
                {"linearsvr__C": np.logspace(-4, 0, 5)},
                cv=ShuffleSplit(10, test_size=0.5, random_state=0),
                scoring=spearman_scorer,
                refit=False,
                error_score="raise",
            )
            .fit(posts, posts["beauty"])
            .cv_results_["mean_test_score"]
        )

    few = posts.sample(sample, random_state=0)
    seconds, expected = cpu_seconds(search, few, None)
    yield sample, "none", "", f"{seconds:.1f}"
    seconds, scores = cpu_seconds(search, few, f"{scratch}/few.cache")
    np.testing.assert_array_equal(scores, expected)
    yield sample, "new", "", f"{seconds:.1f}"
    once, _ = cpu_seconds(described(None).fit_transform, posts)
    for cache in ("new", "full"):
        seconds, _ = cpu_seconds(search, posts, f"{scratch}/all.cache")
        yield len(posts), cache, f"{once:.1f}", f"{seconds:.1f}"


COMMANDS = (features, stages, ranker, embedder, cache)

if __name__ == "__main__":
    run(__doc__, *COMMANDS)
