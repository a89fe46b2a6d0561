"""Arrays and Pillow images to 8-bit sRGB, and the limit of their size."""

from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from sklearn_popularity.images import ImageError, limit_size, read_image, to_rgb8


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 256, (13, 17, 3), dtype=np.uint8)


def area_mean(array, n, axis):
    """Exact means of n equal areas along an axis, by cumulative sums."""
    array = np.moveaxis(array.astype(float), axis, 0)
    total = np.concatenate([np.zeros((1, *array.shape[1:])), array.cumsum(axis=0)])
    edges = np.linspace(0, len(array), n + 1)
    whole = np.minimum(edges.astype(int), len(array) - 1)
    part = (edges - whole)[:, np.newaxis, np.newaxis]
    means = np.diff(total[whole] + part * array[whole], axis=0) * n / len(array)
    return np.moveaxis(means, 0, axis)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (bool, [0, 1]),
        (np.uint8, range(256)),
        # Those beside a half: 257 values become one level.
        (np.uint16, [i for i in range(65536) if i % 257 in (0, 128, 129)]),
        (">u2", range(0, 65536, 257)),
        (np.int16, range(256)),
        (np.uint32, range(256)),
        (np.int64, range(256)),
        (np.float16, [0, 0.25, 0.5, 1]),
        (np.float32, np.linspace(0, 1, 998)),
        (np.float64, np.linspace(0, 1, 998)),
    ],
)
def test_range_follows_dtype(dtype, values):
    array = np.array([values]).astype(dtype)
    kind = array.dtype.kind
    white = 1 if kind in "bf" else 65535 if array.dtype.str[1:] == "u2" else 255
    expected = [round(Fraction(value.item()) * 255 / white) for value in array[0]]
    assert to_rgb8(array)[0, :, 1].tolist() == expected


@pytest.mark.parametrize(
    ("dtype", "white"),
    [(np.uint8, 255), (np.uint16, 65535), (np.int32, 255), (np.float32, 1)],
)
def test_range_ignores_maximum(dtype, white):
    dark = (np.full((2, 2), white) * 0.2).astype(dtype)
    assert to_rgb8(dark).max() == 51


@pytest.mark.parametrize(
    ("dtype", "value_range", "values", "expected"),
    [
        (np.float64, (0, 255), [0, 127.4, 255], [0, 127, 255]),
        (np.float32, (-1, 1), [-1, 0.2, 1], [0, 153, 255]),
        (np.uint16, (0, 4095), [0, 819, 4095], [0, 51, 255]),
        (np.uint8, (0, 51), [0, 17, 51], [0, 85, 255]),
        (np.int32, (1_000_000_000, 1_000_000_005), [1_000_000_001] * 3, [51] * 3),
    ],
)
def test_value_range_scales(dtype, value_range, values, expected):
    image = np.array([values], dtype=dtype)
    assert to_rgb8(image, value_range=value_range)[0, :, 0].tolist() == expected


@pytest.mark.parametrize("value", [-0.01, 1.01, 255.0])
def test_float_outside_range_names_value_range(value):
    with pytest.raises(ImageError, match=r"0 to 1.*value_range=\(0, 255\)"):
        to_rgb8(np.array([[0.5, value]]))


@pytest.mark.parametrize("value", [-1, 256])
def test_integer_outside_range_raises(value):
    with pytest.raises(ImageError, match=r"from 0 to 255.*value_range="):
        to_rgb8(np.array([[7, value]]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nonfinite_values_raise(value):
    with pytest.raises(ImageError, match="NaN or infinite"):
        to_rgb8(np.array([[0.5, value]]))


@pytest.mark.parametrize("as_range", [tuple, list, np.array])
def test_value_range_may_be_any_sequence(as_range):
    image = np.array([[0, 51, 255]])
    assert to_rgb8(image, value_range=as_range([0, 255]))[0, :, 0].tolist() == [
        *image[0]
    ]


@pytest.mark.parametrize(
    "value_range",
    [(1, 0), (0, 0), (0, np.inf), (np.nan, 1), (-1.5e308, 1.5e308), (0, 10**400)],
)
def test_bad_value_range_is_no_image_error(value_range):
    with pytest.raises(ValueError, match="Got value_range=") as caught:
        to_rgb8(np.zeros((2, 2)), value_range=value_range)
    assert not isinstance(caught.value, ImageError)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1)])
def test_grey_is_replicated(shape):
    grey = np.arange(35, dtype=np.uint8).reshape(shape)
    rgb = to_rgb8(grey)
    assert rgb.shape == (5, 7, 3)
    assert (rgb == grey.reshape(5, 7, 1)).all()


def test_alpha_uint8_is_rounded_exactly():
    color, alpha = np.meshgrid(np.arange(256), np.arange(256))
    rgba = np.stack([color, color, color, alpha], axis=-1).astype(np.uint8)
    exact = (color * alpha + 255 * (255 - alpha)) / 255
    np.testing.assert_array_equal(to_rgb8(rgba)[:, :, 0], np.rint(exact))


@pytest.mark.parametrize(("dtype", "white"), [(np.float64, 1), (np.uint16, 65535)])
def test_alpha_is_rounded_once(dtype, white):
    rgba = np.random.default_rng(0).random((9, 9, 4)) * white
    rgba = rgba.astype(dtype)
    unit = rgba / white
    exact = unit[..., :3] * unit[..., 3:] + 1 - unit[..., 3:]
    np.testing.assert_array_equal(to_rgb8(rgba), np.rint(255 * exact))


def test_hidden_colors_become_white():
    assert (to_rgb8(np.zeros((2, 3, 4))) == 255).all()


@pytest.mark.parametrize("shape", [(3, 20, 30), (1, 20, 30), (4, 20, 30)])
def test_channels_first_names_permute(shape):
    with pytest.raises(ImageError, match=r"transpose\(1, 2, 0\).*permute"):
        to_rgb8(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(), (9,), (9, 9, 2), (9, 9, 5), (2, 9, 9, 3)])
def test_wrong_shape_raises(shape):
    with pytest.raises(ImageError, match=r"expected \(H, W\)"):
        to_rgb8(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(0, 5), (5, 0, 3), (0, 0, 4)])
def test_empty_image_raises(shape):
    with pytest.raises(ImageError, match="without pixels"):
        to_rgb8(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("array", [[["a"]], [[None]], [[1j]]])
@pytest.mark.parametrize("value_range", [None, (0, 255)])
def test_wrong_dtype_raises(array, value_range):
    with pytest.raises(ImageError, match="expected numbers"):
        to_rgb8(array, value_range=value_range)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 1, 4)])
def test_single_pixel_works(shape):
    image = np.full(shape, 255, np.uint8)
    assert to_rgb8(image).tolist() == [[[255, 255, 255]]]


def test_views_become_contiguous(rgb):
    view = rgb.transpose(1, 0, 2)[::-1]
    converted = to_rgb8(view)
    assert converted.flags.c_contiguous
    np.testing.assert_array_equal(converted, view)
    assert np.shares_memory(to_rgb8(rgb), rgb)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_pillow_image_equals_its_file(rgb, mode):
    if mode == "I;16":
        image = Image.fromarray(rgb[:, :, 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(rgb).convert(mode)
    file = BytesIO()
    image.save(file, "TIFF" if mode == "CMYK" else "PNG")
    converted = to_rgb8(image)
    assert converted.flags.c_contiguous and converted.flags.writeable
    np.testing.assert_array_equal(converted, read_image(file.getvalue()))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int32, np.float32])
def test_pillow_image_equals_its_array(rgb, dtype):
    grey = rgb[:, :, 0]
    array = {"b": grey > 99, "f": grey / 255}.get(np.dtype(dtype).kind, grey)
    array = array.astype(dtype)
    np.testing.assert_array_equal(to_rgb8(Image.fromarray(array)), to_rgb8(array))


def test_pillow_image_that_breaks_raises(rgb):
    file = BytesIO()
    Image.fromarray(rgb).save(file, "BMP")
    lazy = Image.open(BytesIO(file.getvalue()[:-100]))
    with pytest.raises(ImageError, match="truncated"):
        to_rgb8(lazy)


def test_to_rgb8_clips_to_range_of_dtype():
    def grey(values, **kwargs):
        return to_rgb8(np.array([values]), clip=True, **kwargs)[0, :, 0].tolist()

    assert grey([-1.0, 0.2, 2.0]) == [0, 51, 255]
    assert grey([-1, 7, 300]) == [0, 7, 255]
    assert grey([-1, 1, 7], value_range=(0, 5)) == [0, 51, 255]


@pytest.mark.parametrize(
    "shape",
    [
        (13, 17),
        (17, 13),
        (1000, 333),
        (1, 65500),
        (1, 200_000),
        (200_000, 1),
        (3, 9999),
    ],
)
@pytest.mark.parametrize("max_size", [1, 12, 320, 999])
def test_limit_size_takes_area_means(shape, max_size):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    reduced = limit_size(image, max_size)
    if max(shape) <= max_size:
        assert reduced is image
        return
    expected = [max(1, round(side * max_size / max(shape))) for side in shape]
    assert reduced.shape == (*expected, 3)
    exact = area_mean(area_mean(image, expected[0], 0), expected[1], 1)
    assert np.abs(reduced - exact).max() <= 1


def test_limit_size_none_returns_input(rgb):
    assert limit_size(rgb, None) is rgb


@pytest.mark.parametrize("max_size", [0, -3])
def test_limit_size_refuses_nonpositive(rgb, max_size):
    with pytest.raises(ValueError, match=f"Got max_size={max_size}"):
        limit_size(rgb, max_size)
