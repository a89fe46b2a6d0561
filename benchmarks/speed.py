"""CPU time per image of each feature, beside what a user would pick instead.

Run ``python benchmarks/speed.py``. Both sides get the same images (scikit-image's
astronaut, chelsea and coffee, longest side 500 pixels) on one thread; runs alternate,
and the ratio is the median over rounds, so that it holds on a noisy machine.
"""

import time
from io import BytesIO
from statistics import median

import cv2
import numpy as np
from PIL import Image
from scipy.stats import skew
from skimage import data
from skimage.color import rgb2hsv
from skimage.feature import local_binary_pattern

from sklearn_popularity import read_image
from sklearn_popularity.features import _color, _gist, _lbp, _palettes
from sklearn_popularity.features._intensity import intensity_levels
from sklearn_popularity.features._threads import single_threaded
from sklearn_popularity.images import limit_size

N_ROUNDS = 15
ORIENTATIONS = (8, 8, 8, 8)


def plain_lbp_pyramid(image):
    """scikit-image's patterns, counted over 1, 2 x 2 and 4 x 4 regions."""
    grey = np.rint(image.mean(axis=2)).astype(np.uint8)
    patterns = local_binary_pattern(grey, 8, 1, method="nri_uniform").astype(int)
    pyramid = []
    for n_cells, weight in ((1, 1), (2, 4), (4, 32)):
        rows = np.array_split(patterns, n_cells)
        cells = [c for row in rows for c in np.array_split(row, n_cells, axis=1)]
        counts = np.array([np.bincount(c.ravel(), minlength=59) for c in cells])
        pyramid.append(weight * counts / counts.sum())
    return np.concatenate(pyramid, axis=None)


def plain_gabor_bank(size):
    """The transfer functions, computed once by both sides."""
    bank = []
    fx, fy = np.meshgrid(
        np.arange(-size // 2, size // 2), np.arange(-size // 2, size // 2)
    )
    radius = np.fft.fftshift(np.hypot(fx, fy))
    angle = np.fft.fftshift(np.arctan2(fy, fx))
    for scale in range(4):
        for orientation in range(8):
            turned = angle + np.pi * orientation / 8
            turned = np.where(turned > np.pi, turned - 2 * np.pi, turned)
            relative = radius / size / (0.3 / 1.85**scale) - 1
            bank.append(np.exp(-3.5 * relative**2 - 2 * np.pi * turned**2))
    return bank


def plain_gist(image, bank):
    """GIST in NumPy, line by line as the toolbox computes it, in double precision."""
    size = 256
    scale = size / min(image.shape[:2])
    grey = Image.fromarray(image.mean(axis=2).astype(np.float32))
    width, height = (round(side * scale) for side in grey.size)
    grey = np.asarray(grey.resize((width, height), Image.Resampling.BILINEAR), float)
    top, left = (grey.shape[0] - size) // 2, (grey.shape[1] - size) // 2
    grey = grey[top : top + size, left : left + size]
    grey = 255 * (grey - grey.min()) / (grey.max() - grey.min())
    log = np.pad(np.log(grey + 1), 5, mode="symmetric")
    f = np.fft.fftfreq(len(log), 1 / len(log))
    low_pass = np.exp(-(f[:, None] ** 2 + f**2) * np.log(2) / 16)
    detail = log - np.fft.ifft2(np.fft.fft2(log) * low_pass).real
    contrast = np.sqrt(np.abs(np.fft.ifft2(np.fft.fft2(detail**2) * low_pass)))
    whitened = (detail / (0.2 + contrast))[5:-5, 5:-5]
    spectrum = np.fft.fft2(np.pad(whitened, 32, mode="symmetric"))
    blocks = []
    for gain in bank:
        energy = np.abs(np.fft.ifft2(spectrum * gain))[32:-32, 32:-32]
        blocks.append(energy.reshape(4, 64, 4, 64).mean(axis=(1, 3)).T.ravel())
    return np.concatenate(blocks)


def plain_statistics(image):
    """scikit-image's HSV and scipy's moments."""
    grey = image.mean(axis=2) / 255
    moments = [grey.mean(), grey.var(), skew(grey, axis=None)]
    return np.concatenate([rgb2hsv(image).mean(axis=(0, 1)), moments])


def plain_histogram(image, table):
    """The table looked up as the toolbox does, and counted."""
    red, green, blue = (np.floor(image[..., i].astype(float) / 8) for i in range(3))
    index = table[(red + 32 * green + 1024 * blue).astype(int)]
    return np.histogram(index, bins=np.arange(51))[0] / index.size


def opencv_decode(encoded):
    """OpenCV's decoder, to RGB."""
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def make_images():
    """Three photos of which the longest side has 500 pixels, and their JPEG files."""
    images = [
        limit_size(photo(), 500)
        for photo in (data.astronaut, data.chelsea, data.coffee)
    ]
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


def compare(ours, theirs, inputs):
    """Median times of both sides in alternating rounds, and the median ratio."""
    milliseconds(ours, inputs), milliseconds(theirs, inputs)
    rounds = [
        (milliseconds(ours, inputs), milliseconds(theirs, inputs))
        for _ in range(N_ROUNDS)
    ]
    return (
        median(ours for ours, _ in rounds),
        median(theirs for _, theirs in rounds),
        median(theirs / ours for ours, theirs in rounds),
    )


def main():
    images, files = make_images()
    palette = _palettes.load_palette("perceptual")
    bank = plain_gabor_bank(256 + 2 * 32)

    def gist(image):
        return _gist.gist(
            intensity_levels(image) / 3, size=256, n_blocks=4, orientations=ORIENTATIONS
        )

    cases = [
        ("read a JPEG", "OpenCV decode", read_image, opencv_decode, files),
        (
            "ColorStatistics",
            "scikit-image and scipy",
            _color._describe_statistics,
            plain_statistics,
            images,
        ),
        (
            "ColorHistogram",
            "NumPy lookup",
            lambda image: _color.color_histogram(image, palette),
            lambda image: plain_histogram(image, palette.table),
            images,
        ),
        (
            "GistTransformer",
            "NumPy FFT",
            gist,
            lambda image: plain_gist(image, bank),
            images,
        ),
        (
            "LBPPyramid",
            "scikit-image",
            _lbp._describe_lbp,
            plain_lbp_pyramid,
            images,
        ),
    ]
    print(f"{'what':<17}{'instead':<24}{'ms':>8}{'ms instead':>12}{'times faster':>14}")
    with single_threaded():
        for name, instead, ours, theirs, inputs in cases:
            mine, other, ratio = compare(ours, theirs, inputs)
            print(f"{name:<17}{instead:<24}{mine:>8.2f}{other:>12.2f}{ratio:>14.2f}")


if __name__ == "__main__":
    main()
