"""Where the time of the codebook features goes, and the memory of a worker.

Run ``python benchmarks/codebook_stages.py``: one thread, scikit-image's coffee with a
longest side of 400 pixels, dictionaries of the default sizes.
"""

import resource
import sys
import time
from statistics import median

import cv2
import numpy as np
from skimage import data

from sklearn_popularity import HOGLLC, ColorNamesLLC
from sklearn_popularity.features._color import color_index
from sklearn_popularity.features._palettes import load_palette
from sklearn_popularity.features._threads import single_threaded
from sklearn_popularity.features.codebook import _hog, _llc
from sklearn_popularity.features.codebook._color_patches import color_patches
from sklearn_popularity.features.codebook._pyramid import finest_regions, max_pool
from sklearn_popularity.images import limit_size

N_ROUNDS = 15


def milliseconds(function, *args, **kwargs):
    """Median time of a call, and its result."""
    function(*args, **kwargs)
    times = []
    for _ in range(N_ROUNDS):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        times.append(time.perf_counter() - start)
    return median(times) * 1e3, result


def code_stages(descriptors, dictionary, size):
    """Times of coding and pooling the descriptors of one kind."""
    distinct, (first, _) = milliseconds(_llc._distinct_rows, descriptors.values)
    values = descriptors.values[first]
    used = values.any(axis=0)
    blocks = np.array_split(
        values[:, used].astype(np.float64),
        range(_llc._BLOCK, len(values), _llc._BLOCK),
    )
    b = dictionary[:, used]
    product, products = milliseconds(lambda: [x @ b.T for x in blocks])
    search, _ = milliseconds(
        lambda: [_llc.nearest_words(p.copy(), 3) for p in products]
    )
    total, codes = milliseconds(
        _llc.llc_codes, descriptors.values, dictionary, n_neighbors=3
    )
    regions = finest_regions(descriptors.positions, size, 3)
    pool, _ = milliseconds(max_pool, codes, regions, len(dictionary), 3)
    return {
        "equal descriptors": distinct,
        "matrix product": product,
        "neighbours beside it": search,
        "systems and solution": total - distinct - product - search,
        "pool": pool,
    }


def hog_stages(image, spacing):
    """Times of each stage of HOGLLC."""
    pad = 4 * _hog.CELL
    padded = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REFLECT)
    gradient, _ = milliseconds(_hog.oriented_gradients, padded)
    blocks, described = milliseconds(
        _hog.hog_blocks, image, blocks=("2x2", "3x3"), spacing=spacing
    )
    stages = {"gradient and binning": gradient, "cells and blocks": blocks - gradient}
    rng = np.random.default_rng(0)
    for descriptors in described.values():
        words = rng.choice(descriptors.values, 256, replace=False).astype(np.float64)
        for stage, ms in code_stages(descriptors, words, image.shape[:2]).items():
            stages[stage] = stages.get(stage, 0) + ms
    return stages


def color_stages(image):
    """Times of each stage of ColorNamesLLC."""
    palette = load_palette("perceptual")
    naming, index = milliseconds(color_index, image, palette.table)
    counting, patches = milliseconds(
        color_patches, index, 50, sizes=(6, 10, 16), spacing=6
    )
    distinct = np.unique(patches.values, axis=0)
    words = np.random.default_rng(0).choice(distinct, 200, replace=False)
    stages = {"colour names": naming, "patches": counting}
    return stages | code_stages(patches, words.astype(np.float64), image.shape[:2])


def print_stages(title, stages):
    print(f"{title}: {sum(stages.values()):.1f} ms")
    for stage, ms in stages.items():
        print(f"    {stage:<24}{ms:>7.1f} ms")
    search = stages["matrix product"] + stages["neighbours beside it"]
    ratio = search / stages["matrix product"]
    print(f"    the neighbour search takes {ratio:.1f} times its bare matrix product")


def peak_megabytes():
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def print_memory(image):
    """Growth of the process over describing a photo, as a worker does."""
    print(f"after imports the process has {peak_megabytes():.0f} MB")
    words = np.random.default_rng(0).random
    ready = {"hog2x2": words((256, 124)), "hog3x3": words((256, 279))}
    for transformer in (
        ColorNamesLLC(dictionary=words((200, 50))),
        HOGLLC(dictionary=ready),
    ):
        transformer.transform([image] * 4)
        name = type(transformer).__name__
        print(f"after {name} its peak was {peak_megabytes():.0f} MB")


def main():
    image = limit_size(data.coffee(), 400)
    with single_threaded():
        print_memory(image)
        for spacing in (6, 4):
            print_stages(f"HOGLLC, spacing {spacing}", hog_stages(image, spacing))
        print_stages("ColorNamesLLC, spacing 6", color_stages(image))


if __name__ == "__main__":
    main()
