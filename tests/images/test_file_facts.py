"""What headers say: formats and cameras, or one error."""

import importlib.util
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from sklearn_popularity.images import ImageError, file_facts

needs_heif = pytest.mark.skipif(
    importlib.util.find_spec("pi_heif") is None, reason="HEIC needs pi_heif."
)


def _encode(file_type, make=None, model=None):
    tags = Image.Exif()
    for tag, value in ((271, make), (272, model)):
        if value is not None:
            tags[tag] = value
    file = BytesIO()
    Image.new("RGB", (8, 6)).save(file, file_type, exif=tags)
    return file.getvalue()


@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_camera_is_maker_and_model(file_type):
    found = file_facts(_encode(file_type, "Canon", "EOS 5D"))
    assert found == (file_type, "Canon EOS 5D")


def test_photos_without_a_camera_have_none():
    assert file_facts(_encode("JPEG")) == ("JPEG", "")
    assert file_facts(_encode("JPEG", model="  X100 \0")) == ("JPEG", "X100")


def test_broken_tags_say_nothing():
    data = _encode("JPEG", "Canon", "EOS 5D")
    start = data.index(b"Exif\0\0") + 10
    broken = data[:start] + b"\xff" * 12 + data[start + 12 :]
    assert file_facts(broken) == ("JPEG", "")


@needs_heif
def test_heic_is_named():
    photo = Path(__file__).parent / "photo.heic"
    assert file_facts(photo.read_bytes()) == ("HEIF", "")


@pytest.mark.parametrize("data", [b"", b"no photo", b"GIF", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_photo_is_refused(data):
    with pytest.raises(ImageError):
        file_facts(data)
