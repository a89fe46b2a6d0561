"""Photos as phones and cameras write them: read rightly, or refused with a reason."""

import importlib.util
import struct
import sys
import zlib
from contextlib import suppress
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageCms, ImageFile

from sklearn_popularity.images import (
    PHOTO_SUFFIXES,
    REFUSED_SUFFIXES,
    ImageError,
    Photos,
    read_image,
    to_rgb8,
)

# Two pictures, the second the primary one: turned (EXIF 6), with a colour profile.
HEIC = Path(__file__).parent / "photo.heic"

needs_heif = pytest.mark.skipif(
    importlib.util.find_spec("pi_heif") is None, reason="HEIC needs pi_heif."
)


@pytest.fixture(scope="module")
def photo():
    """What the fixture was made of, and other files are."""
    rows, cols = np.mgrid[0:1:48j, 0:1:64j]
    channels = [rows * 255, cols * 255, 255 * (rows + cols**2) / 2]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def as_png(array, **options):
    file = BytesIO()
    Image.fromarray(array).save(file, "PNG", **options)
    return file.getvalue()


# HEIC


@needs_heif
def test_heic_is_read_as_any_other_format(photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    # The sRGB profile with red and green exchanged.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in ((b"rXYZ", b"?XYZ"), (b"gXYZ", b"rXYZ"), (b"?XYZ", b"gXYZ")):
        profile = profile.replace(old, new, 1)
    expected = read_image(as_png(photo, exif=exif, icc_profile=profile))
    rgb = read_image(HEIC)
    assert rgb.dtype == np.uint8 and rgb.shape == (64, 48, 3)
    assert rgb.flags.c_contiguous and rgb.flags.writeable
    difference = np.abs(rgb.astype(int) - expected)
    assert difference.mean() < 3 and difference.max() < 20
    assert_array_equal(read_image(HEIC.read_bytes()), rgb)
    assert read_image(HEIC, max_size=32).shape == (32, 24, 3)


@needs_heif
def test_heic_may_be_opened_by_its_own_package():
    import pi_heif

    opened = pi_heif.open_heif(HEIC).to_pillow()
    assert_array_equal(to_rgb8(opened), read_image(HEIC))


@needs_heif
@pytest.mark.parametrize("permissive", [False, True])
@pytest.mark.parametrize("part", [0.02, 0.1, 0.5, 0.9, 0.99])
def test_heic_that_is_cut_short_is_refused(part, permissive, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", permissive)
    data = HEIC.read_bytes()
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(data[: int(part * len(data))])


@needs_heif
def test_heic_of_many_pixels_is_refused_undecoded(monkeypatch):
    import pi_heif

    monkeypatch.setattr(pi_heif.HeifFile, "size", (50_000, 20_000))
    monkeypatch.setattr(pi_heif.HeifFile, "to_pillow", None)
    with pytest.raises(ImageError, match="declares 50000 x 20000 pixels"):
        read_image(HEIC)


@needs_heif
@pytest.mark.parametrize("size", [(8, 8), (64, 4800), (60_000, 60_000)])
def test_heic_whose_header_lies_is_refused(size):
    data = bytearray(HEIC.read_bytes())
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", *size)
    with pytest.raises(ImageError, match=r"[Ii]mage size"):
        read_image(bytes(data))


def test_heic_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(ImageError, match=r"photo\.heic: A HEIC.*\[heic\].*to JPEG"):
        read_image(HEIC)
    with pytest.raises(ImageError, match=r"^row 0, .*\[heic\]"):
        Photos([HEIC]).read(0)


# What a photo may be called


def test_suffixes_are_of_known_formats():
    assert not PHOTO_SUFFIXES & REFUSED_SUFFIXES.keys()
    for suffix in (*PHOTO_SUFFIXES, *REFUSED_SUFFIXES):
        assert suffix == suffix.lower() and suffix.startswith(".")
    Image.init()
    ours = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "AVIF", "MPO", "DIB")
    for suffix in PHOTO_SUFFIXES - {".heic", ".heif", ".hif"}:
        if suffix in Image.EXTENSION:  # AVIF is not in every build
            assert Image.EXTENSION[suffix] in ours, suffix


@pytest.mark.parametrize(
    ("beginning", "reason"),
    [
        (b"\xff\x0a", "JPEG XL is not read; convert"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL is not read; convert"),
        (b"II*\0\x10\0\0\0CR\x02\0", "raw file of a camera"),
        (b"\0\0\0\x18ftypcrx ", "raw file of a camera"),
        (b"FUJIFILMCCD-RAW 0201", "raw file of a camera"),
        (b"IIU\0\x18\0\0\0", "raw file of a camera"),
    ],
)
def test_known_formats_are_refused_by_name(beginning, reason):
    with pytest.raises(ImageError, match=reason):
        read_image(beginning + bytes(100))


@pytest.mark.parametrize("tags", [{254: 1}, {50706: b"\1\4\0\0"}], ids=["copy", "dng"])
def test_thumbnail_of_raw_file_is_refused(photo, tags):
    file = BytesIO()
    Image.fromarray(photo).save(file, "TIFF", tiffinfo=tags)
    with pytest.raises(ImageError, match="raw file of a camera is not read; save it"):
        read_image(file.getvalue())


def test_first_picture_of_mpo_is_read(photo):
    file = BytesIO()
    first, second = Image.fromarray(photo), Image.fromarray(255 - photo[:9, :9])
    options = {"quality": 95, "subsampling": 0}
    first.save(file, "MPO", save_all=True, append_images=[second], **options)
    alone = BytesIO()
    first.save(alone, "JPEG", **options)
    with Image.open(BytesIO(file.getvalue())) as opened:
        assert (opened.format, opened.n_frames) == ("MPO", 2)
        assert_array_equal(to_rgb8(opened), read_image(alone.getvalue()))
    assert_array_equal(read_image(file.getvalue()), read_image(alone.getvalue()))


# Layouts of TIFF


def pack(data, compression):
    if compression == "deflate":
        return zlib.compress(data)
    if compression == "packbits":  # runs of one kind: as they are
        parts = [data[i : i + 128] for i in range(0, len(data), 128)]
        return b"".join(bytes([len(part) - 1]) + part for part in parts)
    return data


COMPRESSIONS = {None: 1, "deflate": 8, "packbits": 32773}


def make_tiff(values, separate, order, compression):
    """A TIFF with one strip for each plane, or for all samples together."""
    rows, cols, n = values.shape
    values = values.astype(values.dtype.newbyteorder(order))
    planes = np.moveaxis(values, -1, 0) if separate else [values]
    strips = [pack(plane.tobytes(), compression) for plane in planes]
    starts = np.cumsum([8, *map(len, strips)]).tolist()
    tags = {256: [cols], 257: [rows], 258: [8 * values.itemsize] * n}
    tags |= {259: [COMPRESSIONS[compression]], 262: [2 if n > 2 else 1]}
    tags |= {273: starts[:-1], 277: [n], 278: [rows], 279: list(map(len, strips))}
    tags |= {284: [2 if separate else 1], 339: [3 if values.dtype.kind == "f" else 1]}
    if n in (2, 4):
        tags[338] = [2]
    entries, beyond, end = b"", b"", starts[-1] + 2 + 12 * len(tags) + 4
    for tag in sorted(tags):
        body = struct.pack(f"{order}{len(tags[tag])}I", *tags[tag])
        place = body
        if len(body) > 4:
            place = struct.pack(order + "I", end + len(beyond))
            beyond += body
        entries += struct.pack(order + "HHI", tag, 4, len(tags[tag])) + place
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HI", 42, starts[-1])
    count = struct.pack(order + "H", len(tags))
    return head + b"".join(strips) + count + entries + bytes(4) + beyond


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
def test_tiff_of_any_layout_is_right_or_refused(dtype, separate, n_channels):
    unit = np.random.default_rng(0).random((32, 48, n_channels))
    unit[:, :9] = 0.25  # even where other bytes would make no NaN
    unit[:, :9, 0] = 1
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    values = (unit * top).astype(dtype)
    color, alpha = unit[..., : 1 if n_channels < 3 else 3], 1
    if n_channels in (2, 4):
        alpha = unit[..., -1:]
    expected = np.broadcast_to(255 * (1 - (1 - color) * alpha), (32, 48, 3))
    n_read = 0
    for order, compression in product("<>", COMPRESSIONS):
        data = make_tiff(values, separate, order, compression)
        with suppress(ImageError):
            rgb = read_image(data)
            assert np.abs(rgb - expected).max() <= 3, (order, compression)
            n_read += 1
    if dtype == "uint8" and not separate:
        assert n_read == 6


@pytest.mark.parametrize(
    ("dtype", "n_channels", "options", "reason"),
    [
        ("uint16", 3, (True, "<", None), "uncompressed planes of 16 bits"),
        ("uint8", 2, (True, "<", "deflate"), "planes of grey and opacity"),
        ("float32", 1, (False, ">", "deflate"), "big-endian floating-point"),
    ],
)
def test_refused_layout_is_named(dtype, n_channels, options, reason):
    values = np.ones((4, 5, n_channels), dtype)
    with pytest.raises(ImageError, match=f"a TIFF with .*{reason}.*another layout"):
        read_image(make_tiff(values, *options))
