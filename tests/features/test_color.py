"""Colour features against other implementations and brute force."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.spatial.distance import cdist
from skimage import data
from skimage.color import rgb2hsv, rgb2lab

from sklearn_popularity import ColorHistogram, ColorStatistics
from sklearn_popularity.features._color import color_index, intensity_moments
from sklearn_popularity.features._palettes import perceptual_palette

PHOTOS = {
    "astronaut": lambda: data.astronaut()[::8, ::8],
    "coffee": lambda: data.coffee()[::3, ::5],
    "noise": lambda: np.random.default_rng(0).integers(0, 256, (31, 43, 3), np.uint8),
    "grey": lambda: np.repeat(data.camera()[::8, ::8, None], 3, axis=-1),
    "dark": lambda: data.coffee()[::7, ::7] // 32,
    "two pixels": lambda: np.array([[[3, 2, 1], [3, 2, 2]]], dtype=np.uint8),
}
TOOLBOX_PHOTOS = ["camera", "chelsea", "coffee", "noise", "const"]


@pytest.fixture(params=PHOTOS)
def photo(request):
    return PHOTOS[request.param]()


@pytest.fixture(scope="module")
def discriminative(shared):
    """The published table of colour names, 0 to 49."""
    return np.load(shared / "oracle" / "dd50.npz")["argmax"] - 1


# --- statistics


def test_intensity_moments_equal_scipy(photo):
    intensity = photo.mean(axis=-1).ravel() / 255
    expected = [intensity.mean(), intensity.var(), stats.skew(intensity)]
    assert_allclose(intensity_moments(photo), expected, rtol=1e-9, atol=1e-12)


def test_statistics_are_in_the_order_of_their_names(photo):
    features = dict(
        zip(
            ColorStatistics().get_feature_names_out(),
            ColorStatistics().transform([photo])[0],
            strict=True,
        )
    )
    hue, saturation, value = rgb2hsv(photo).mean(axis=(0, 1))
    intensity = photo.mean(axis=-1).ravel() / 255
    expected = {
        "mean_hue": hue,
        "mean_saturation": saturation,
        "mean_value": value,
        "mean_intensity": intensity.mean(),
        "variance_intensity": intensity.var(),
        "skewness_intensity": stats.skew(intensity),
    }
    assert features == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("color", "hsv"),
    [
        ((255, 0, 0), (0, 1, 1)),
        ((0, 255, 0), (1 / 3, 1, 1)),
        ((0, 0, 255), (2 / 3, 1, 1)),
        ((255, 0, 255), (5 / 6, 1, 1)),
        ((0, 0, 0), (0, 0, 0)),
        ((51, 51, 51), (0, 0, 0.2)),
        ((255, 204, 204), (0, 0.2, 1)),
    ],
    ids=str,
)
def test_colors_have_their_hue(color, hsv):
    image = np.full((1, 3, 4, 3), color, dtype=np.uint8)
    expected = [*hsv, sum(color) / 765, 0, 0]
    assert_allclose(ColorStatistics().transform(image)[0], expected, atol=1e-6)


@pytest.mark.parametrize("level", [0, 1, 77, 254, 255])
def test_constant_photo_has_no_variance(level):
    image = np.full((50, 60, 3), level, dtype=np.uint8)
    assert_array_equal(intensity_moments(image)[1:], [0, 0])


def test_skewness_tells_dark_from_light():
    image = np.zeros((10, 10, 3), dtype=np.uint8)
    image[:2] = 255
    assert intensity_moments(image)[2] == pytest.approx(1.5)
    assert intensity_moments(255 - image)[2] == pytest.approx(-1.5)


# --- histograms


def nearest_by_brute_force(photo, colors):
    """Nearest colour, in CIELAB, to the centre of the bin of each pixel."""
    centres = photo // 8 * 8 + 3.5
    points = rgb2lab(centres / 255).reshape(-1, 3)
    return cdist(points, rgb2lab(np.asarray(colors) / 255.0)).argmin(axis=1)


@pytest.mark.parametrize("n_colors", [2, 5, 256, None])
def test_histogram_equals_brute_force(n_colors, photo):
    transformer, colors = ColorHistogram(), perceptual_palette()
    if n_colors is not None:
        colors = np.random.default_rng(n_colors).uniform(0, 255, size=(n_colors, 3))
        transformer.set_params(palette=colors)
    index = nearest_by_brute_force(photo, colors)
    expected = np.bincount(index, minlength=len(colors)) / index.size
    assert_allclose(transformer.transform([photo])[0], expected, rtol=1e-6)


@pytest.mark.parametrize("photo", TOOLBOX_PHOTOS)
def test_index_equals_toolbox(photo, discriminative, shared):
    case = np.load(shared / "oracle" / "cases" / f"color_crop128_{photo}.npz")
    assert_array_equal(color_index(case["image"], discriminative) + 1, case["idx"])


@pytest.mark.parametrize("photo", TOOLBOX_PHOTOS)
@pytest.mark.parametrize("key", ["argmax", "w2c"])
def test_histogram_equals_toolbox(photo, key, shared):
    case = np.load(shared / "oracle" / "cases" / f"color_crop128_{photo}.npz")
    table = np.load(shared / "oracle" / "dd50.npz")[key]
    palette = table - 1 if key == "argmax" else table
    histogram = ColorHistogram(palette=palette).transform(case["image"][None])[0]
    assert_array_equal(histogram, case["hist50"].astype(np.float32))


def test_names_show_the_colors_that_are_counted():
    colors = np.array([[255, 0, 0], [0, 0, 255], [250, 250, 250], [5, 5, 5]])
    transformer = ColorHistogram(palette=colors)
    names = transformer.get_feature_names_out()
    photos = np.repeat(colors[:, None, None], 4, axis=2).astype(np.uint8)
    assert_array_equal(transformer.transform(photos), np.eye(4))
    for i, (name, color) in enumerate(zip(names, colors, strict=True)):
        number, code = name.split("_")
        assert number == f"color{i:02d}"
        shown = [int(code[j : j + 2], 16) for j in (0, 2, 4)]
        # The mean of all bins that are nearest to this colour.
        distances = ((colors - shown) ** 2).sum(axis=1)
        assert distances.argmin() == i, (name, color)


def test_names_are_the_published_mean_colors(discriminative, shared):
    expected = np.load(shared / "oracle" / "dd50.npz")["mean_rgb"].round().astype(int)
    names = ColorHistogram(palette=discriminative).get_feature_names_out()
    codes = ["".join(f"{level:02x}" for level in color) for color in expected]
    assert [name.split("_")[1] for name in names] == codes


def test_position_of_pixels_does_not_matter(photo):
    shuffled = np.random.default_rng(0).permutation(photo.reshape(-1, 3))
    shuffled = shuffled.reshape(photo.shape)
    for transformer in (ColorHistogram(), ColorStatistics()):
        features = transformer.transform([photo, shuffled])
        assert_allclose(features[0], features[1], rtol=1e-6)
