"""CPU time per image of each feature, beside what a user would pick instead.

Run ``python benchmarks/speed.py``. Both sides get the same images (scikit-image's
astronaut, chelsea and coffee, longest side 500 pixels, 400 for codebooks) on one
thread; runs alternate, and the ratio is the median over rounds, so that it holds on a
noisy machine.
"""

import time
from io import BytesIO
from statistics import median

import numpy as np
from PIL import Image
from plain import (
    opencv_decode,
    plain_color_patches,
    plain_gabor_bank,
    plain_gist,
    plain_histogram,
    plain_hog_blocks,
    plain_lbp_pyramid,
    plain_llc_pool,
    plain_statistics,
)
from skimage import data

from sklearn_popularity import (
    HOGLLC,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    LBPPyramid,
    read_image,
)
from sklearn_popularity.features._color import color_index
from sklearn_popularity.features._palettes import load_palette
from sklearn_popularity.features._threads import single_threaded
from sklearn_popularity.images import limit_size


def make_images(max_size):
    """Three photos, and as JPEG files."""
    photos = (data.astronaut, data.chelsea, data.coffee)
    images = [limit_size(photo(), max_size) for photo in photos]
    files = []
    for image in images:
        file = BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=90)
        files.append(file.getvalue())
    return images, files


def milliseconds(function, inputs):
    """CPU time per input."""
    start = time.process_time()
    for item in inputs:
        function(item)
    return (time.process_time() - start) / len(inputs) * 1e3


def compare(ours, theirs, inputs, n_rounds):
    """Median times of both sides in alternating rounds, and the median ratio."""
    milliseconds(ours, inputs), milliseconds(theirs, inputs)
    rounds = [
        (milliseconds(ours, inputs), milliseconds(theirs, inputs))
        for _ in range(n_rounds)
    ]
    return (
        median(ours for ours, _ in rounds),
        median(theirs for _, theirs in rounds),
        median(theirs / ours for ours, theirs in rounds),
    )


def describer(transformer, images):
    """The function that a fitted transformer applies to each image in its workers."""
    return transformer.fit(images)._describe()


def plain_color_names(image, palette, dictionary):
    index = color_index(image, palette.table)
    values, positions = plain_color_patches(index)
    return plain_llc_pool(values, positions, dictionary, image.shape[:2])


def plain_hog_llc(image, dictionaries, spacing):
    vectors = []
    for n_cells, dictionary in zip((2, 3), dictionaries.values(), strict=True):
        values, positions = plain_hog_blocks(image, n_cells, spacing)
        vector = plain_llc_pool(values, positions, dictionary, image.shape[:2])
        vectors.append(vector)
    return np.concatenate(vectors)


def simple_cases():
    images, files = make_images(500)
    palette = load_palette("perceptual")
    bank = plain_gabor_bank(256 + 2 * 32)
    return [
        ("read a JPEG", "OpenCV decode", read_image, opencv_decode, files),
        (
            "ColorStatistics",
            "scikit-image, scipy",
            describer(ColorStatistics(), images),
            plain_statistics,
            images,
        ),
        (
            "ColorHistogram",
            "NumPy",
            describer(ColorHistogram(), images),
            lambda image: plain_histogram(image, palette.table),
            images,
        ),
        (
            "GistTransformer",
            "NumPy",
            describer(GistTransformer(), images),
            lambda image: plain_gist(image, bank),
            images,
        ),
        (
            "LBPPyramid",
            "scikit-image",
            describer(LBPPyramid(), images),
            plain_lbp_pyramid,
            images,
        ),
    ]


def codebook_cases():
    images, _ = make_images(400)
    palette = load_palette("perceptual")
    colors = ColorNamesLLC(random_state=0)
    cases = [
        (
            "ColorNamesLLC",
            "NumPy",
            describer(colors, images),
            lambda image: plain_color_names(
                image, palette, colors.dictionaries_["colorpatch"]
            ),
            images,
        )
    ]
    for spacing in (6, 4):
        hog = HOGLLC(spacing=spacing, random_state=0)
        ours = describer(hog, images)

        def theirs(image, dictionaries=hog.dictionaries_, spacing=spacing):
            return plain_hog_llc(image, dictionaries, spacing)

        cases.append((f"HOGLLC, spacing {spacing}", "NumPy", ours, theirs, images))
    return cases


def main():
    print(f"{'what':<19}{'instead':<21}{'ms':>8}{'ms instead':>12}{'times faster':>14}")
    for cases, n_rounds in ((simple_cases, 15), (codebook_cases, 5)):
        with single_threaded():
            for name, instead, ours, theirs, inputs in cases():
                mine, other, ratio = compare(ours, theirs, inputs, n_rounds)
                print(
                    f"{name:<19}{instead:<21}{mine:>8.2f}{other:>12.2f}{ratio:>14.2f}"
                )


if __name__ == "__main__":
    main()
