"""Measures of photos: borders, repeated marks, and what files say."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont
from sklearn.metrics import roc_auc_score

from sklearn_popularity import make_popularity
from sklearn_popularity.evaluation._photo_measures import (
    PHOTO_MEASURES,
    border_share,
    fine_detail,
    measure_photos,
    watermark_likeness,
)


@pytest.fixture(scope="module")
def photos():
    return make_popularity(120, random_state=0)[0]["photo"].tolist()


def _stamp(photo):
    image = Image.fromarray(photo).convert("RGBA")
    layer = Image.new("RGBA", image.size)
    width, height = image.size
    ImageDraw.Draw(layer).text(
        (0.97 * width, 0.96 * height),
        "PHOTO.CLUB",
        font=ImageFont.load_default(size=10),
        anchor="rs",
        fill=(255, 255, 255, 150),
    )
    return np.asarray(Image.alpha_composite(image, layer).convert("RGB"))


@pytest.mark.parametrize("color", [0, 120, 255])
@pytest.mark.parametrize("widths", [(9, 9, 0, 0), (0, 0, 7, 30), (4, 6, 8, 2)])
def test_border_is_what_was_added(photos, color, widths):
    top, bottom, left, right = widths
    padded = np.pad(
        photos[0], ((top, bottom), (left, right), (0, 0)), constant_values=color
    )
    noise = np.random.default_rng(0).integers(-2, 3, padded.shape)
    inner = photos[0].shape[0] * photos[0].shape[1]
    share = 1 - inner / (padded.shape[0] * padded.shape[1])
    found = border_share((padded + noise).clip(0, 255).astype(np.uint8))
    assert found - border_share(photos[0]) == pytest.approx(share, abs=0.03)


def test_plain_photo_is_border_throughout():
    assert border_share(np.full((5, 8, 3), 9, np.uint8)) == 1


def test_noise_has_no_border():
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert border_share(noise) == 0


def test_marks_are_found_where_some_photos_have_them(photos):
    marked = np.random.default_rng(0).random(len(photos)) < 0.4
    details = np.stack(
        [
            fine_detail(_stamp(photo) if stamped else photo)
            for photo, stamped in zip(photos, marked, strict=True)
        ]
    )
    assert roc_auc_score(marked, watermark_likeness(details)) > 0.98


def test_photos_without_marks_are_all_alike(photos):
    details = np.stack([fine_detail(photo) for photo in photos])
    assert (watermark_likeness(details) == 0).all()


def test_detail_is_that_of_a_brighter_photo(photos):
    darker = (photos[0] // 2).astype(np.uint8)
    a, b = (fine_detail(p).astype(float).ravel() for p in (photos[0], darker))
    assert np.corrcoef(a, b)[0, 1] > 0.9


def test_files_are_measured(tmp_path, photos):
    image, tags = Image.fromarray(photos[0]), Image.Exif()
    tags[271], tags[272] = "Canon", "EOS 5D"
    image.save(tmp_path / "a.jpg", exif=tags)
    image.save(tmp_path / "b.png")
    (tmp_path / "c.jpg").write_bytes(b"broken")
    paths = [str(tmp_path / name) for name in ("a.jpg", "b.png", "c.jpg")]
    posts = pd.DataFrame({"photo": [*paths, photos[0]]})
    found = measure_photos(posts, list(PHOTO_MEASURES), "photo")
    assert found["file_type"].tolist() == ["JPEG", "PNG", "unreadable", "array"]
    assert found["camera"].tolist() == ["Canon EOS 5D", "none", "unreadable", "none"]
    for name, value in (("size", 160 * 120), ("aspect", 4 / 3)):
        assert found[name][[0, 1, 3]] == pytest.approx(value)
        assert np.isnan(found[name][2])
