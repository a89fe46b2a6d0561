"""Reading files: what must decode, what must be refused, and how."""

import csv
import errno
import importlib.util
import json
import os
import socket
import struct
import subprocess
import sys
import time
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageCms, ImageFile, features

from sklearn_popularity.images import ImageError, limit_size, read_image
from sklearn_popularity.images import _reader as reader
from sklearn_popularity.images._pillow import _srgb_transform

ROOT = Path(__file__).parents[2]
BAD_IMAGES = ROOT.parent / "shared" / "badimages"

# Mean absolute difference of a lossy file from its source, in levels. Single pixels
# of a lossy file may differ by tens.
LOSSY_TOLERANCE = 4

needs_avif = pytest.mark.skipif(
    not features.check("avif"), reason="This Pillow was built without AVIF."
)


@pytest.fixture(scope="module")
def photo():
    """A smooth colour image without symmetry, so that every turn of it differs."""
    rows, cols = np.mgrid[0:1:48j, 0:1:64j]
    channels = [rows * 255, cols * 255, 255 * (rows + cols**2) / 2]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def encode(array, format, mode=None, **options):
    file = BytesIO()
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(file, format, **options)
    return file.getvalue()


def png_chunk(kind, data):
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
    )


def make_png(width, height, bits, color_type, rows, *chunks):
    """A PNG of any bit depth, which Pillow cannot write."""
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    body = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in body)


def make_grey_tiff(width, bits, pixels, *, white_is_zero=False, sample_format=1):
    """An uncompressed grey TIFF of one row, of any bit depth."""
    tags = {256: width, 257: 1, 258: bits, 259: 1, 262: int(not white_is_zero)}
    tags |= {273: 8, 277: 1, 278: 1, 279: len(pixels), 339: sample_format}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in tags)
    start = struct.pack("<2sHI", b"II", 42, 8 + len(pixels))
    return start + pixels + struct.pack("<H", len(tags)) + entries + bytes(4)


def mean_difference(a, b):
    assert a.shape == b.shape
    return np.abs(a.astype(float) - b).mean()


# Formats and sources


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_lossless_format_is_exact(photo, format):
    options = {"lossless": True} if format == "WEBP" else {}
    rgb = read_image(encode(photo, format, **options))
    assert rgb.dtype == np.uint8 and rgb.flags.c_contiguous and rgb.flags.writeable
    np.testing.assert_array_equal(rgb, photo)


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"quality": 90}),
        ("JPEG", {"quality": 90, "progressive": True}),
        ("WEBP", {"quality": 90}),
        ("GIF", {}),
        pytest.param("AVIF", {"quality": 90}, marks=needs_avif),
    ],
)
def test_lossy_format_is_close(photo, format, options):
    rgb = read_image(encode(photo, format, **options))
    assert mean_difference(rgb, photo) < LOSSY_TOLERANCE


def test_sources_agree(photo, tmp_path):
    data = encode(photo, "PNG")
    # The contents decide about the format, not the name.
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    for source in (path, str(path), data):
        np.testing.assert_array_equal(read_image(source), photo)


@pytest.mark.parametrize(
    "source", [None, 3.5, np.zeros((2, 2)), Image.new("L", (1, 1))]
)
def test_foreign_source_is_type_error(source):
    with pytest.raises(TypeError, match=r"sklearn_popularity\.images\.to_rgb8"):
        read_image(source)


# Upright


ORIENTATIONS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize(
    "format", ["JPEG", "PNG", "TIFF", "WEBP", pytest.param("AVIF", marks=needs_avif)]
)
def test_orientation_is_applied(photo, format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(photo, format, exif=exif)
    upright = ORIENTATIONS[orientation](photo)
    assert mean_difference(read_image(data), upright) < LOSSY_TOLERANCE


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_unknown_orientation_is_ignored(photo, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(read_image(encode(photo, "PNG", exif=exif)), photo)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0garbage",
        b"Exif\0\0MM\0*\0\0\0\x08\0\xff",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0",
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_corrupt_exif_is_ignored(photo, format, exif):
    plain = read_image(encode(photo, format))
    np.testing.assert_array_equal(read_image(encode(photo, format, exif=exif)), plain)


# Colour


def swapped_profile():
    """The sRGB profile with red and green exchanged, and so its effect is known."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"?XYZ", 1).replace(b"gXYZ", b"rXYZ", 1)
    return profile.replace(b"?XYZ", b"gXYZ", 1)


def test_profile_is_converted_to_srgb(photo):
    data = encode(photo, "PNG", icc_profile=swapped_profile())
    difference = read_image(data).astype(int) - photo[:, :, [1, 0, 2]]
    assert np.abs(difference).max() <= 2


def test_profile_that_is_nearly_srgb_is_converted():
    """With the exponent 2.5 in place of 2.4, which moves no level by more than 8."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"\x00\x02\x66\x66", b"\x00\x02\x80\x00")
    levels = np.arange(40, 256, dtype=np.uint8)
    grey = np.repeat(levels[np.newaxis, :, np.newaxis], 3, axis=2)
    found = read_image(encode(grey, "PNG", icc_profile=profile))[0, :, 0]
    linear = ((levels / 255 + 0.055) / 1.055) ** 2.5
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    assert 2 < np.abs(expected - levels).max() < 8
    np.testing.assert_allclose(found, expected, atol=1)


def test_profile_applies_before_alpha(photo):
    alpha = np.full((*photo.shape[:2], 1), 128, np.uint8)
    rgba = np.concatenate([photo, alpha], axis=-1)
    data = encode(rgba, "PNG", icc_profile=swapped_profile())
    expected = 255 - (255 - photo[:, :, [1, 0, 2]]) * (128 / 255)
    assert np.abs(read_image(data) - expected).max() <= 2


def test_srgb_profile_changes_nothing(photo):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(photo, "PNG", icc_profile=profile)
    np.testing.assert_array_equal(read_image(data), photo)
    assert _srgb_transform(profile, "RGB") is None


@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        swapped_profile()[:200],
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    ],
    ids=["foreign", "truncated", "other-mode"],
)
def test_unusable_profile_is_ignored(photo, profile):
    data = encode(photo, "PNG", icc_profile=profile)
    np.testing.assert_array_equal(read_image(data), photo)


def test_cmyk_jpeg_is_not_inverted():
    # Pillow writes the inverted values and the marker that Adobe's programs write.
    cmyk = np.full((16, 16, 4), [255, 0, 0, 51], np.uint8)
    file = BytesIO()
    image = Image.frombytes("CMYK", (16, 16), cmyk.tobytes())
    image.save(file, "JPEG", quality=95)
    assert b"Adobe" in file.getvalue()
    rgb = read_image(file.getvalue())
    assert mean_difference(rgb, np.full((16, 16, 3), [0, 204, 204])) < 2


def test_deep_grey_png_is_scaled():
    grey = np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)
    rgb = read_image(encode(grey, "PNG"))
    np.testing.assert_array_equal(rgb[:, :, 0], np.rint(grey / 257))


def test_deep_color_png_is_scaled():
    values = np.arange(0, 65536, 257, dtype=">u2")
    data = make_png(256, 1, 16, 2, [np.repeat(values, 3).tobytes()])
    assert np.abs(read_image(data)[0, :, 0] - np.arange(256)).max() <= 1


@pytest.mark.parametrize(
    ("bits", "pixels", "options", "expected"),
    [
        (16, struct.pack("<3H", 0, 13107, 65535), {}, [0, 51, 255]),
        (16, struct.pack("<2H", 0, 65535), {"white_is_zero": True}, [255, 0]),
        (12, b"\x00\x0f\xff", {}, [0, 255]),
        (32, struct.pack("<3f", 0, 0.2, 1), {"sample_format": 3}, [0, 51, 255]),
        (8, bytes([0, 51, 255]), {}, [0, 51, 255]),
    ],
    ids=["16", "16-white-is-zero", "12", "float", "8"],
)
def test_deep_tiff_is_scaled_by_format(bits, pixels, options, expected):
    data = make_grey_tiff(len(expected), bits, pixels, **options)
    assert read_image(data)[0, :, 2].tolist() == expected


def test_float_tiff_outside_unit_raises():
    data = make_grey_tiff(2, 32, struct.pack("<2f", 0, 255), sample_format=3)
    with pytest.raises(ImageError, match="0 to 1"):
        read_image(data)


def test_deep_pgm_is_scaled():
    data = b"P5 3 1 65535\n" + struct.pack(">3H", 0, 13107, 65535)
    assert read_image(data)[0, :, 0].tolist() == [0, 51, 255]


def test_one_bit_and_palette_are_exact(photo):
    bits = photo[:, :, 0] > 99
    expected = np.repeat(bits[:, :, np.newaxis] * np.uint8(255), 3, axis=2)
    for format in ("PNG", "TIFF", "BMP", "GIF"):
        np.testing.assert_array_equal(read_image(encode(bits, format)), expected)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_composited_on_white(photo, format):
    alpha = np.linspace(0, 255, photo[..., 0].size).reshape(*photo.shape[:2], 1)
    rgba = np.concatenate([photo, alpha.astype(np.uint8)], axis=-1)
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    weight = rgba[..., 3:] / 255
    expected = np.rint(photo * weight + 255 * (1 - weight))
    rgb = read_image(encode(rgba, format, **options))
    np.testing.assert_array_equal(rgb, expected)


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_transparent_palette_entry_is_white(format):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putpixel((1, 0), 1)
    file = BytesIO()
    image.save(file, format, transparency=1)
    expected = [[[10, 20, 30], [255, 255, 255]]]
    assert read_image(file.getvalue()).tolist() == expected


@pytest.mark.parametrize(
    ("bits", "row", "expected"),
    [
        (1, b"\x40", [0, 255]),
        (2, b"\x1b", [0, 255, 170, 255]),
        (4, b"\x01\x23", [0, 255, 34, 51]),
        (8, b"\x00\x01\x02\x03", [0, 255, 2, 3]),
        (16, struct.pack(">4H", 0, 1, 257, 514), [0, 255, 1, 2]),
    ],
)
def test_transparent_grey_of_any_depth(bits, row, expected):
    key = (b"tRNS", struct.pack(">H", 1))
    data = make_png(len(expected), 1, bits, 0, [row], key)
    assert read_image(data)[0, :, 0].tolist() == expected


def test_transparent_deep_color_is_white():
    key = struct.pack(">3H", 0x1234, 0xAB00, 0xFF01)
    row = key + struct.pack(">3H", 0, 65535, 0)
    data = make_png(2, 1, 16, 2, [row], (b"tRNS", key))
    assert read_image(data).tolist() == [[[255, 255, 255], [0, 255, 0]]]


@pytest.mark.parametrize(
    "format", ["GIF", "PNG", "TIFF", "WEBP", pytest.param("AVIF", marks=needs_avif)]
)
def test_first_frame_is_read(format):
    frames = [Image.new("RGB", (16, 16), (i, 0, 255 - i)) for i in (0, 100, 200)]
    file = BytesIO()
    frames[0].save(file, format, save_all=True, append_images=frames[1:])
    rgb = read_image(file.getvalue())
    assert mean_difference(rgb, np.full((16, 16, 3), [0, 0, 255])) < LOSSY_TOLERANCE


# Size


@pytest.mark.parametrize("format", ["PNG", "WEBP", "BMP"])
def test_max_size_reduces_any_format(photo, format):
    options = {"lossless": True} if format == "WEBP" else {}
    rgb = read_image(encode(photo, format, **options), max_size=20)
    np.testing.assert_array_equal(rgb, limit_size(photo, 20))


@pytest.mark.parametrize("max_size", [1, 50, 63, 64, 199, 1000])
@pytest.mark.parametrize("shape", [(300, 400), (400, 300), (1, 500), (500, 2)])
def test_max_size_of_jpeg(shape, max_size):
    rows, cols = np.mgrid[0 : 1 : shape[0] * 1j, 0 : 1 : shape[1] * 1j]
    image = np.stack([rows, cols, rows * cols], axis=-1) * 255
    data = encode(image.astype(np.uint8), "JPEG", quality=95, subsampling=0)
    reduced = read_image(data, max_size=max_size)
    whole = limit_size(read_image(data), max_size)
    assert max(reduced.shape[:2]) == min(max_size, max(shape))
    assert mean_difference(reduced, whole) < LOSSY_TOLERANCE


def test_max_size_of_turned_jpeg(photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = np.tile(photo, (1, 4, 1))
    rgb = read_image(encode(wide, "JPEG", exif=exif), max_size=64)
    assert rgb.shape == (64, 12, 3)


def test_max_size_decodes_jpeg_reduced(photo, monkeypatch):
    decoded = []
    to_rgb8 = reader.to_rgb8
    monkeypatch.setattr(
        reader, "to_rgb8", lambda image: decoded.append(image.size) or to_rgb8(image)
    )
    read_image(encode(np.tile(photo, (2, 20, 1)), "JPEG"), max_size=100)
    assert decoded == [(160, 12)]


def test_max_size_refuses_nonpositive(photo):
    with pytest.raises(ValueError, match="Got max_size=0") as caught:
        read_image(encode(photo, "JPEG"), max_size=0)
    assert not isinstance(caught.value, ImageError)


# What is refused


CUT_FORMATS = {
    "jpeg": ("JPEG", {}),
    "progressive": ("JPEG", {"progressive": True}),
    "png": ("PNG", {}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "ppm": ("PPM", {}),
    "tiff": ("TIFF", {}),
    "lzw": ("TIFF", {"compression": "tiff_lzw"}),
    "webp": ("WEBP", {}),
    "lossless": ("WEBP", {"lossless": True}),
}


@pytest.mark.parametrize("permissive", [False, True])
@pytest.mark.parametrize("case", CUT_FORMATS)
def test_truncation_is_refused(photo, case, permissive, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", permissive)
    format, options = CUT_FORMATS[case]
    data = encode(photo, format, **options)
    read_image(data)
    for part in (0.02, 0.1, 0.5, 0.9):
        with pytest.raises(ImageError):
            read_image(data[: int(part * len(data))])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is permissive


def test_missing_end_marker_is_accepted(photo):
    data = encode(photo, "PNG")
    assert data.endswith(b"IEND\xaeB`\x82")
    np.testing.assert_array_equal(read_image(data[:-12]), photo)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n" * 100, "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (b"%PDF-1.7\n", "not an image"),
        (b"\x93NUMPY\x01\0", "not an image"),
        (b"\xff\xd8\xff\xd9", "not an image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "Truncated"),
    ],
)
def test_foreign_bytes_are_refused(data, reason):
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(data)
    assert caught.value.path is None


@pytest.mark.parametrize("format", ["ICNS", "TGA", "PCX", "SGI", "DDS", "JPEG2000"])
def test_unlisted_format_is_refused(photo, format):
    if format == "JPEG2000" and not features.check("jpg_2000"):
        pytest.skip("This Pillow was built without JPEG 2000.")
    with pytest.raises(ImageError, match="not an image in a format that is read"):
        read_image(encode(photo, format))


def bombs():
    """Files of a few bytes whose headers declare billions of pixels."""
    tiny = np.zeros((8, 8, 3), np.uint8)
    jpeg, bmp = encode(tiny, "JPEG"), encode(tiny, "BMP")
    canvas = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\x00" * 2
    tiff = encode(tiny[..., 0], "TIFF")
    side = struct.pack("<HHI", 256, 4, 1), struct.pack("<HHI", 257, 4, 1)
    for tag in side:
        at = tiff.index(tag[:2] + b"\x04\0\x01\0\0\0")
        tiff = tiff[: at + 8] + struct.pack("<I", 60_000) + tiff[at + 12 :]
    sof = jpeg.index(b"\xff\xc0") + 5
    return {
        "png": make_png(100_000, 100_000, 1, 0, [b"\0"]),
        "jpeg": jpeg[:sof] + b"\xff\xdc\xff\xdc" + jpeg[sof + 4 :],
        "bmp": bmp[:18] + struct.pack("<II", 50_000, 50_000) + bmp[26:],
        "webp": b"RIFF" + struct.pack("<I", len(canvas)) + canvas,
        "tiff": tiff,
        "gif": b"GIF89a" + b"\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08",
        "ppm": b"P6 50000 50000 255\n" + bytes(9),
    }


# Runs with 200 MB more than it has after its imports, so that a bomb cannot go off.
BOMB_SCRIPT = """
import json, pathlib, resource, sys, time
from PIL import Image
from sklearn_popularity.images import ImageError, read_image
try:
    read_image(b"P7")
except ImageError:
    pass
pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 200_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for limit_of_pillow in (Image.MAX_IMAGE_PIXELS, None):
    Image.MAX_IMAGE_PIXELS = limit_of_pillow
    for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        start = time.process_time()
        try:
            reason = f"decoded to {read_image(path).shape}"
        except ImageError as error:
            reason = error.reason
        print(json.dumps([path.name, reason, time.process_time() - start]), flush=True)
"""


def run_script(script, *arguments, timeout):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=timeout
    )
    lines = result.stdout.splitlines()
    assert result.returncode == 0, f"died after {lines[-1:]}: {result.stderr[-500:]}"
    return [json.loads(line) for line in lines]


@pytest.mark.skipif(sys.platform != "linux", reason="Measures memory by /proc.")
def test_bombs_are_refused_from_header(tmp_path):
    for name, data in bombs().items():
        (tmp_path / name).write_bytes(data)
    results = run_script(BOMB_SCRIPT, tmp_path, timeout=60)
    assert len(results) == 2 * 7
    for name, reason, seconds in results:
        assert "header declares" in reason, (name, reason)
        assert seconds < 0.5, name


def repeat_last_scan(jpeg, n_scans):
    """Repeat the last scan of a JPEG, which adds time but no information."""
    start = jpeg.rindex(b"\xff\xda")
    return jpeg[:start] + jpeg[start:-2] * n_scans + jpeg[-2:]


def test_many_scans_are_refused_undecoded(photo, monkeypatch):
    data = encode(photo, "JPEG", progressive=True)
    read_image(repeat_last_scan(data, 80))
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(ImageError, match="more than 100 scans"):
        read_image(repeat_last_scan(data, 1500))


def test_many_scans_behind_comment_are_refused(photo):
    # The comment holds the bytes of an end marker.
    data = encode(photo, "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    data = data[:start] + b"\xff\xfe\0\x04\xff\xd9" + data[start:]
    with pytest.raises(ImageError, match="more than 100 scans"):
        read_image(repeat_last_scan(data, 1500))


def test_scan_markers_after_end_do_not_count(photo):
    data = encode(photo, "JPEG")
    video = b"\xff\xda" * 1000
    np.testing.assert_array_equal(read_image(data + video), read_image(data))


def test_pillow_warnings_do_not_leak(photo):
    data = encode(photo, "PNG")
    # Two animation headers: Pillow warns, and reads the still image.
    control = png_chunk(b"acTL", struct.pack(">II", 2, 0))
    data = data[:33] + control * 2 + data[33:]
    with pytest.warns(UserWarning, match="Invalid APNG"):
        Image.open(BytesIO(data))
    np.testing.assert_array_equal(read_image(data), photo)  # warnings are errors


def test_decoder_failure_is_chained(photo):
    data = encode(photo, "PNG")
    with pytest.raises(ImageError) as caught:
        read_image(data[: len(data) // 2])
    assert isinstance(caught.value.__cause__, OSError)


# Paths


def check_refused(path, reason):
    start = time.perf_counter()
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(path)
    assert time.perf_counter() - start < 5
    assert caught.value.path == os.fspath(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing.jpg", os.strerror(errno.ENOENT)),
        (".", "cannot be read|not a regular file"),
        ("ok.png\0.jpg", "NUL"),
        ("c:/missing/a.jpg", "cannot be read"),  # no scheme of a URL
        ("\ud800.png", "cannot be read"),
    ],
    ids=["missing", "folder", "nul", "drive", "unencodable"],
)
def test_path_of_no_file_is_refused(path, reason, photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ok.png").write_bytes(encode(photo, "PNG"))
    check_refused(path, reason)


def test_broken_file_carries_path(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"no image")
    check_refused(path, "broken.jpg: not an image")
    check_refused(str(path), "broken.jpg: not an image")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="This system has no FIFOs.")
def test_fifo_is_refused_without_waiting(tmp_path):
    path = tmp_path / "fifo.jpg"
    os.mkfifo(path)
    check_refused(path, "not a regular file")


def test_photos_are_read_where_the_system_has_no_such_flags(paths, monkeypatch):
    for flag in ("O_NONBLOCK", "O_NOCTTY"):
        monkeypatch.delattr(os, flag, raising=False)
    name = "sklearn_popularity.images._reader_elsewhere"
    spec = importlib.util.spec_from_file_location(name, reader.__file__)
    elsewhere = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(elsewhere)
    assert elsewhere._OPEN_FLAGS == 0
    assert_array_equal(elsewhere.read_image(paths[0]), read_image(paths[0]))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="No /dev/zero here.")
def test_device_is_refused():
    check_refused("/dev/zero", "not a regular file")


def test_symlink_loop_is_refused(tmp_path):
    path = tmp_path / "loop.jpg"
    path.symlink_to(path)
    check_refused(path, os.strerror(errno.ELOOP))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="Root may read every file."
)
def test_denied_file_is_refused(photo, tmp_path):
    path = tmp_path / "denied.png"
    path.write_bytes(encode(photo, "PNG"))
    path.chmod(0)
    check_refused(path, os.strerror(errno.EACCES))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/a.jpg",
        "HTTPS://localhost/a.jpg",
        "ftp://localhost/a.jpg",
        "s3://bucket/a.jpg",
        "file:///a.jpg",
        "data:image/png;base64,AAAA",
        Path("https://localhost/a.jpg"),
    ],
)
def test_url_is_refused_without_connection(url, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    check_refused(url, "nothing is downloaded")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names.")
def test_name_that_is_not_utf8_is_read(photo, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    check_refused(path, "cannot be read")
    Path(path).write_bytes(encode(photo, "PNG"))
    np.testing.assert_array_equal(read_image(path), photo)


def test_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.tif"
    with path.open("wb") as file:
        file.truncate(2**40)
    check_refused(path, "1,099,511,627,776 bytes")


# Real hard files


# Decodes each file within 2 GB and 20 s. A crash or a hang ends the script, and the
# last line names the file before.
BATCH_SCRIPT = """
import json, pathlib, resource, signal, sys, time
from sklearn_popularity.images import ImageError, read_image
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
print(json.dumps(sorted({"sklearn", "scipy", "pandas"} & set(sys.modules))))
for name in json.loads(sys.argv[2]):
    path = pathlib.Path(sys.argv[1]) / name
    signal.alarm(20)
    start = time.process_time()
    try:
        outcome = list(read_image(path).shape)
    except ImageError as error:
        outcome = "refused" if error.path == str(path) else f"path {error.path}"
    except BaseException as error:
        outcome = repr(error)
    print(json.dumps([name, outcome, time.process_time() - start]), flush=True)
"""


def read_manifest():
    if not BAD_IMAGES.exists():
        return []
    with (BAD_IMAGES / "manifest.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


MANIFEST = read_manifest()
needs_bad_images = pytest.mark.skipif(
    not MANIFEST, reason="The collection ../shared/badimages is not here."
)


@pytest.fixture(scope="module")
def outcomes():
    names = json.dumps([entry["file"] for entry in MANIFEST])
    loaded, *results = run_script(BATCH_SCRIPT, BAD_IMAGES, names, timeout=120)
    assert loaded == []  # reading photos starts in a quarter of a second
    return {name: (outcome, seconds) for name, outcome, seconds in results}


@needs_bad_images
@pytest.mark.parametrize(
    ("expected", "allowed"),
    [("error", {"refused"}), ("decodes", {"decoded"}), ("any", {"refused", "decoded"})],
)
def test_hard_files_decode_or_raise(outcomes, expected, allowed):
    names = [entry["file"] for entry in MANIFEST if entry["expected"] == expected]
    assert len(names) > 50
    for name in names:
        outcome, seconds = outcomes[name]
        assert ("decoded" if isinstance(outcome, list) else outcome) in allowed, name
        assert seconds < 5, name


# Encoded again from their references with loss; all others hold the same pixels.
REENCODED = {
    "animated": {".gif", ".avif"},
    "exif-orientation": {".jpg", ".webp", ".avif"},
    "icc-profile": {".jpg", ".webp", ".avif"},
    "progressive-jpeg": {".jpg"},
}


@needs_bad_images
@pytest.mark.parametrize(
    "entry",
    [entry for entry in MANIFEST if entry["expected"] == "decodes" and entry["ref"]],
    ids=lambda entry: entry["file"],
)
def test_hard_files_match_reference(entry):
    path = BAD_IMAGES / entry["file"]
    with Image.open(BAD_IMAGES / "refs" / entry["ref"]) as image:
        reference = np.asarray(image.convert("RGB"))
    rgb = read_image(path)
    assert mean_difference(rgb, reference) <= LOSSY_TOLERANCE
    if path.suffix not in REENCODED.get(entry["category"], ()):
        difference = np.abs(rgb.astype(int) - reference)
        assert np.quantile(difference, 0.999) <= 4
