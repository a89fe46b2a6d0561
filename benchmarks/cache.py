"""What a cache of rows saves and costs: CPU time with one, beside none.

Run ``python benchmarks/cache.py [FOLDER]`` with a folder of photos and ``labels.csv``
(by default OASIS in ``../shared``). CPU time counts worker processes too.

1. Ten half splits times five values of C, GIST and HOGLLC with ready words: all of it
   on a sample of photos both ways, then with a cache on all photos, beside one
   extraction.
2. Rows per second and core of a second `transform` of photos of 30 KB to 512 numbers.
3. CPU time of a first `transform` with a cache over one without, in alternating rounds.
"""

import sys
import time
import warnings
from io import BytesIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVR

from sklearn_popularity import (
    HOGLLC,
    ColorStatistics,
    GistTransformer,
    LBPPyramid,
    load_folder,
    spearman_scorer,
)

N_SAMPLE, N_ROUNDS = 20, 5
C = [1e-4, 1e-3, 1e-2, 1e-1, 1]


def cpu(function, *args):
    """CPU time in seconds of a call, and what it returned."""
    start = time.process_time()
    result = function(*args)
    return time.process_time() - start, result


def words(photos):
    """Words that are ready before any split, learned without scores."""
    return HOGLLC(subsample=(200, 200), random_state=0).fit(photos).dictionaries_


def features(dictionary, cache):
    return make_column_transformer(
        (GistTransformer(cache=cache), "photo"),
        (HOGLLC(dictionary=dictionary, cache=cache), "photo"),
    )


def half_splits(posts, dictionary, cache):
    """Scores of a grid of values of C over ten half splits, without a refit."""
    model = make_pipeline(
        features(dictionary, cache),
        StandardScaler(),
        LinearSVR(random_state=0, max_iter=200, tol=1e-2, dual=True),
    )
    search = GridSearchCV(
        model,
        {"linearsvr__C": C},
        cv=ShuffleSplit(10, test_size=0.5, random_state=0),
        scoring=spearman_scorer,
        refit=False,
        error_score="raise",
    )
    return search.fit(posts, posts["beauty"]).cv_results_["mean_test_score"]


def compare_splits(posts, folder):
    dictionary = words(posts["photo"])
    sample = posts.sample(N_SAMPLE, random_state=0)
    plain, expected = cpu(half_splits, sample, dictionary, None)
    cached, scores = cpu(half_splits, sample, dictionary, f"{folder}/sample.cache")
    np.testing.assert_array_equal(scores, expected)
    print(
        f"{N_SAMPLE} photos: {plain:.1f} s without a cache, {cached:.1f} s with one, "
        f"{plain / cached:.1f} times less; the scores are the same",
        flush=True,
    )
    once, _ = cpu(features(dictionary, None).fit_transform, posts)
    print(f"{len(posts)} photos: one extraction {once:.1f} s", flush=True)
    cached, _ = cpu(half_splits, posts, dictionary, f"{folder}/all.cache")
    again, _ = cpu(half_splits, posts, dictionary, f"{folder}/all.cache")
    print(f"  all splits with a cache {cached:.1f} s, and once more {again:.1f} s")


def files_of_30_kilobytes(folder, n_files):
    """JPEG files of noise that is smooth enough to be of that size."""
    rng = np.random.default_rng(0)
    paths = []
    for i in range(n_files):
        coarse = Image.fromarray(rng.integers(0, 256, (75, 100, 3), np.uint8))
        file = BytesIO()
        coarse.resize((400, 300), Image.Resampling.BICUBIC).save(
            file, "JPEG", quality=72
        )
        paths.append(f"{folder}/{i}.jpg")
        Path(paths[-1]).write_bytes(file.getvalue())
    return paths


def warm_speed(folder):
    paths = files_of_30_kilobytes(folder, 1000)
    size = np.mean([Path(path).stat().st_size for path in paths]) / 1e3
    gist = GistTransformer(cache=f"{folder}/warm.cache")
    gist.transform(paths)
    seconds = [cpu(gist.transform, paths)[0] for _ in range(N_ROUNDS)]
    print(
        f"warm: {len(paths) / median(seconds):,.0f} rows of 512 numbers per second of "
        f"CPU, photos of {size:.0f} KB"
    )


def cold_overhead(paths, folder):
    for transformer in (ColorStatistics(), LBPPyramid(), GistTransformer()):
        ratios = []
        for i in range(N_ROUNDS):
            name = type(transformer).__name__
            plain, _ = cpu(transformer.set_params(cache=None).transform, paths)
            transformer.set_params(cache=f"{folder}/{name}{i}.cache")
            ratios.append(cpu(transformer.transform, paths)[0] / plain)
        print(f"cold: {name} {100 * (median(ratios) - 1):+.1f} % CPU")


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "../shared/data/oasis"
    posts = load_folder(folder)
    warnings.simplefilter("ignore", ConvergenceWarning)
    with TemporaryDirectory() as scratch:
        warm_speed(scratch)
        cold_overhead(posts["photo"][:200].tolist(), scratch)
        compare_splits(posts, scratch)


if __name__ == "__main__":
    main()
