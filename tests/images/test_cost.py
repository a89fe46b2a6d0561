"""What reading any file may cost: 5 s and 600 MB, whether it is accepted or refused."""

import json
import re
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sklearn_popularity import read_image


def encode(image, format, **settings):
    file = BytesIO()
    image.save(file, format, **settings)
    return file.getvalue()


def bmp_of_runs(side, runs):
    """A run-length encoded BMP that declares a square."""
    data = runs + b"\x00\x01"
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(data), 0, 0, 3, 0)
    # Three colours: Pillow 12 cannot read runs of black and white alone.
    palette = b"\x00\x00\x00\x00\xff\xff\xff\x00\x00\x00\xff\x00"
    start = 14 + len(header) + len(palette)
    beginning = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    return beginning + header + palette + data


def repeat_last_scan(jpeg, n_scans):
    start = jpeg.rindex(b"\xff\xda")
    return jpeg[:start] + jpeg[start:-2] * n_scans + jpeg[-2:]


def with_comments(jpeg, n_comments):
    return jpeg[:2] + b"\xff\xfe\x00\x02" * n_comments + jpeg[2:]


def plain(kind, side, maximum=b"255"):
    n = side * side * (3 if kind == b"P3" else 1)
    beginning = b"%s\n%d %d\n" % (kind, side, side)
    return beginning + (b"" if kind == b"P1" else maximum + b"\n") + b"1 " * n


GREY = Image.new("L", (4800, 4800), 90)
FILES = {
    "run-length BMP of many pixels": lambda: bmp_of_runs(13_000, b"\xff\x01" * 600_000),
    "run-length BMP of short runs": lambda: bmp_of_runs(1000, b"\x01\x01" * 1_000_000),
    "plain PBM": lambda: plain(b"P1", 3000),
    "plain PGM": lambda: plain(b"P2", 3000),
    "plain PPM": lambda: plain(b"P3", 2000),
    "PGM of an odd maximum": lambda: b"P5\n3000 3000\n100\n" + bytes(9_000_000),
    "JPEG of many scans and pixels": lambda: repeat_last_scan(
        encode(GREY, "JPEG", progressive=True, quality=5), 90
    ),
    "JPEG of many comments": lambda: with_comments(
        encode(Image.new("RGB", (8, 8)), "JPEG"), 1_000_000
    ),
}


# Of the formats whose cost is that of their pixels, one file reaches the limit.
ACCEPTED = {
    "large JPEG": lambda: encode(Image.new("RGB", (8800, 8800)), "JPEG"),
    "large WebP": lambda: encode(Image.new("RGB", (3500, 3500)), "WEBP", method=0),
    "large TIFF": lambda: encode(
        Image.new("F", (3500, 3500), 0.5), "TIFF", compression="tiff_deflate"
    ),
}
READ = """
import json, sys, time
from sklearn_popularity import ImageError, read_image

for path in sys.argv[1:]:
    before, start, message = peak(), time.process_time(), ""
    try:
        read_image(path)
    except ImageError as error:
        message = str(error)
    cost = [time.process_time() - start, peak() - before]
    print(json.dumps([message, *cost]))
"""


@pytest.fixture(scope="module")
def costs(tmp_path_factory, peak_memory):
    """Message, seconds and megabytes of each file, all read by one new process."""
    folder = tmp_path_factory.mktemp("costly")
    makers = FILES | ACCEPTED
    paths = [str(folder / str(i)) for i in range(len(makers))]
    for path, make in zip(paths, makers.values(), strict=True):
        Path(path).write_bytes(make())
    command = [sys.executable, "-c", peak_memory + READ, *paths]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    lines = map(json.loads, run.stdout.splitlines())
    return dict(zip(makers, lines, strict=True))


@pytest.mark.parametrize("kind", FILES)
def test_costly_files_are_refused_by_name(kind, costs):
    assert re.search(r"(allowed|long to|are read|not enough)", costs[kind][0])


def test_any_file_costs_little(costs):
    assert [costs[kind][0] for kind in ACCEPTED] == [""] * 3
    _, seconds, megabytes = zip(*costs.values(), strict=True)
    assert max(seconds) < 5
    assert sum(megabytes) < 600, megabytes  # the peak that all of them left


def test_ordinary_files_are_read():
    photo = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    )
    expected = np.asarray(photo)
    assert (read_image(b"P6\n60 40\n255\n" + expected.tobytes()) == expected).all()
    values = " ".join(map(str, expected.ravel())).encode()
    assert (read_image(b"P3\n60 40\n255\n" + values) == expected).all()
    runs = b"".join(b"\x3c\x01\x00\x00" for _ in range(60))
    assert (read_image(bmp_of_runs(60, runs)) == 255).all()
    runs = (b"\x01\x01" * 380 + b"\x00\x00") * 380  # more than headers may take
    assert (read_image(bmp_of_runs(380, runs)) == 255).all()
    progressive = encode(photo, "JPEG", progressive=True)
    assert read_image(progressive).shape == (40, 60, 3)
