"""GIST against the toolbox, a plain version of its description, and its meaning."""

from itertools import pairwise, product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from skimage import data

from sklearn_popularity import GistTransformer
from sklearn_popularity.features._central_square import central_square
from sklearn_popularity.features._gist import whiten
from sklearn_popularity.images import limit_size

# Photos that scikit-image brings along: square, wide, and one no side of which fits.
PHOTOS = {
    "astronaut": lambda: data.astronaut()[::2, ::2],
    "coffee": lambda: data.coffee()[::2, ::3],
    "chelsea": lambda: data.chelsea(),
    "camera": lambda: np.repeat(data.camera()[::4, ::5, None], 3, axis=-1),
    "noise": lambda: np.random.default_rng(0).integers(0, 256, (70, 91, 3), np.uint8),
    "narrow": lambda: data.coffee()[:9, :300],
}


def reference_square(grey, size):
    """Resize and crop by dense matrices, mirrored inputs added up one by one."""
    height, width = grey.shape
    scale = max(size / height, size / width)
    for axis, n_in in enumerate((height, width)):
        n_out = int(np.floor(n_in * scale + 0.5))
        ratio = n_out / n_in
        sharpness = min(ratio, 1)
        reach = int(2 / sharpness) + 2
        mirrored = np.pad(np.arange(n_in), reach, mode="symmetric")
        matrix = np.zeros((size, n_in))
        for row in range(size):
            i = row + (n_out - size) // 2 + 1
            u = i / ratio + (1 - 1 / ratio) / 2
            j = np.arange(1 - reach, n_in + reach + 1)
            weight = sharpness * np.maximum(0, 1 - np.abs(sharpness * (u - j)))
            np.add.at(matrix[row], mirrored, weight / weight.sum())
        grey = matrix @ grey if axis == 0 else grey @ matrix.T
    return grey


def reference_whitened(grey):
    """Prefilter in double precision, by full complex transforms."""
    size = len(grey)
    log = np.pad(np.log(grey + 1), 5, mode="symmetric")
    side = len(log) + len(log) % 2
    log = np.pad(log, [(0, side - len(log))] * 2, mode="symmetric")
    frequency = np.arange(-side // 2, side // 2)
    radius2 = frequency[:, None] ** 2 + frequency**2
    low_pass = np.fft.ifftshift(np.exp(-radius2 / (4 / np.sqrt(np.log(2))) ** 2))
    detail = log - np.fft.ifft2(np.fft.fft2(log) * low_pass).real
    contrast = np.sqrt(np.abs(np.fft.ifft2(np.fft.fft2(detail**2) * low_pass)))
    return (detail / (0.2 + contrast))[5 : size + 5, 5 : size + 5]


def reference_gist(image, size=256, n_blocks=4, orientations=(8, 8, 8, 8)):
    """The description of the toolbox, followed line by line in double precision."""
    grey = reference_square(image.sum(axis=-1) / 3, size)
    scaled = 255 * (grey - grey.min()) / (grey.max() - grey.min())
    padded = np.pad(reference_whitened(scaled), 32, mode="symmetric")
    spectrum = np.fft.fft2(padded)
    n = len(padded)
    frequency = np.arange(n) - n // 2
    columns, rows = np.meshgrid(frequency, frequency)
    radius = np.fft.ifftshift(np.hypot(columns, rows))
    angle = np.fft.ifftshift(np.arctan2(rows, columns))
    edges = np.trunc(np.linspace(0, size, n_blocks + 1)).astype(int)
    numbers = []
    for scale, n_orientations in enumerate(orientations):
        for orientation in range(n_orientations):
            turned = angle + np.pi * orientation / n_orientations
            turned[turned > np.pi] -= 2 * np.pi
            f0 = 0.3 / 1.85**scale
            sharpness = 16 * n_orientations**2 / 32**2
            gain = np.exp(
                -3.5 * (radius / n / f0 - 1) ** 2 - 2 * np.pi * sharpness * turned**2
            )
            energy = np.abs(np.fft.ifft2(spectrum * gain))[32:-32, 32:-32]
            for left, right in pairwise(edges):
                for top, bottom in pairwise(edges):
                    numbers.append(energy[top:bottom, left:right].mean())
    return np.array(numbers)


# --- the toolbox


@pytest.mark.parametrize("photo", ["camera", "chelsea", "coffee", "noise", "const"])
def test_gist_equals_toolbox(photo, shared):
    case = np.load(shared / "oracle" / "cases" / f"gist_sq256_{photo}.npz")
    features = GistTransformer().transform(case["image"][None])[0]
    if photo == "const":
        assert np.isnan(case["gist_f64"]).all()
        assert_array_equal(features, np.zeros(512))
    else:
        assert_allclose(features, case["gist_f64"], rtol=1e-5, atol=0)


@pytest.mark.parametrize("photo", ["camera", "chelsea", "coffee", "noise"])
def test_whitened_photo_equals_toolbox(photo, shared):
    case = np.load(shared / "oracle" / "cases" / f"gist_sq256_{photo}.npz")
    grey = case["image"].sum(axis=-1) / 3
    scaled = 255 * (grey - grey.min()) / (grey.max() - grey.min())
    assert_allclose(whiten(scaled), case["prefilt_f64"], atol=1e-5)


# --- a plain version


@pytest.mark.parametrize("photo", PHOTOS)
def test_gist_equals_description(photo):
    image = PHOTOS[photo]()
    features = GistTransformer().transform(image[None])[0]
    assert_allclose(features, reference_gist(image), rtol=1e-5, atol=0)


@pytest.mark.parametrize(
    ("size", "n_blocks", "orientations"),
    [
        (64, 4, (8, 8, 8, 8)),
        (63, 4, (8, 8)),
        (49, 3, (6, 4, 1)),
        (16, 16, (3,)),
        (50, 1, (2, 5)),
        (101, 7, [4, 4, 4]),
    ],
)
def test_parameters_follow_description(size, n_blocks, orientations):
    image = PHOTOS["noise"]()
    transformer = GistTransformer(
        image_size=size, n_blocks=n_blocks, orientations_per_scale=orientations
    )
    expected = reference_gist(image, size, n_blocks, orientations)
    assert_allclose(transformer.transform(image[None])[0], expected, rtol=1e-5, atol=0)
    assert len(transformer.get_feature_names_out()) == len(expected)


# --- resizing


@pytest.mark.parametrize(
    "shape", [(10, 10), (16, 16), (17, 40), (200, 31), (1, 7), (5, 1), (300, 299)]
)
@pytest.mark.parametrize("size", [16, 31, 64])
def test_square_equals_dense_matrices(shape, size):
    grey = np.random.default_rng(0).uniform(size=shape)
    assert_allclose(
        central_square(grey, size), reference_square(grey, size), atol=1e-12
    )


@pytest.mark.parametrize("shape", [(100, 140), (211, 97), (24, 25)])
def test_square_equals_pillow_inside(shape):
    size = 40
    grey = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    scale = size / min(shape)
    height, width = (int(side * scale + 0.5) for side in shape)
    resized = Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR)
    top, left = (height - size) // 2, (width - size) // 2
    expected = np.asarray(resized)[top : top + size, left : left + size]
    # At the edges Pillow leaves out what lies beyond, instead of mirroring.
    inside = np.s_[2:-2, 2:-2]
    assert_allclose(central_square(grey, size)[inside], expected[inside], atol=1e-5)


# --- meaning


def layout(transformer):
    """Position of each feature, as an array (scale, orientation, row, column)."""
    positions = {name: i for i, name in enumerate(transformer.get_feature_names_out())}
    names = [
        f"gist_scale{scale}_orientation{orientation}_r{row}c{col}"
        for scale, orientation, row, col in product(*map(range, (4, 8, 4, 4)))
    ]
    return np.reshape([positions[name] for name in names], (4, 8, 4, 4))


def make_waves(size, frequency, angle):
    """A wave of `frequency` cycles a pixel that runs at `angle` from right to up."""
    rows, cols = np.mgrid[:size, :size]
    phase = 2 * np.pi * frequency * (cols * np.cos(angle) - rows * np.sin(angle))
    wave = np.rint(127.5 + 60 * np.cos(phase)).astype(np.uint8)
    return np.repeat(wave[..., None], 3, axis=-1)


@pytest.fixture(scope="module")
def transformer():
    return GistTransformer(image_size=128)


@pytest.mark.parametrize("scale", range(4))
@pytest.mark.parametrize("orientation", range(8))
def test_waves_excite_their_filter(scale, orientation, transformer):
    frequency = 0.3 / 1.85**scale
    image = make_waves(128, frequency, np.pi * orientation / 8)
    features = transformer.transform(image[None])[0][layout(transformer)]
    energy = features.mean(axis=(2, 3))
    assert np.unravel_index(energy.argmax(), energy.shape) == (scale, orientation)


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("col", range(4))
def test_texture_excites_its_block(row, col, transformer):
    image = np.full((128, 128, 3), 128, dtype=np.uint8)
    block = np.s_[32 * row : 32 * row + 32, 32 * col : 32 * col + 32]
    image[block] = make_waves(32, 0.3, 0)
    energy = transformer.transform(image[None])[0][layout(transformer)][0, 0]
    assert np.unravel_index(energy.argmax(), (4, 4)) == (row, col)


def test_mirrored_photo_mirrors_features(transformer):
    image = data.astronaut()[::4, ::4]
    features = transformer.transform(image[None])[0][layout(transformer)]
    mirrored = transformer.transform(image[None, :, ::-1])[0][layout(transformer)]
    # A direction t becomes pi - t, and orientation j of 8 becomes -j.
    expected = features[:, -np.arange(8) % 8, :, ::-1]
    # The highest frequency of the transform has no counterpart of the other sign.
    assert_allclose(mirrored, expected, rtol=0.01)
    assert np.abs(mirrored / features - 1).max() > 0.5


def test_contrast_and_brightness_do_not_matter(transformer):
    image = (data.astronaut()[::4, ::4] // 4).astype(np.uint8)
    features = transformer.transform(np.stack([image, image * 2 + 50]))
    assert_allclose(features[0], features[1], rtol=1e-5)


@pytest.mark.parametrize("level", [0, 1, 85, 200, 255])
@pytest.mark.parametrize("shape", [(7, 7), (100, 37), (300, 301)])
def test_constant_photo_gives_zeros(level, shape, transformer):
    image = np.full((1, *shape, 3), level, dtype=np.uint8)
    assert_array_equal(transformer.transform(image), np.zeros((1, 512)))


# --- parameters


@pytest.mark.parametrize("orientations", [(), (0, 8), (8, 2.5), ("8",), (8, -1)])
def test_wrong_orientations_raise(orientations):
    transformer = GistTransformer(orientations_per_scale=orientations)
    with pytest.raises(ValueError, match=r"orientations_per_scale=\(.*positive int"):
        transformer.fit_transform(np.zeros((1, 8, 8, 3), np.uint8))


def test_max_size_reduces_first():
    image = data.chelsea()
    reduced = GistTransformer(max_size=100).transform([image])
    by_hand = GistTransformer(max_size=None).transform([limit_size(image, 100)])
    assert_array_equal(reduced, by_hand)
    assert np.abs(reduced / GistTransformer().transform([image]) - 1).max() > 0.1
