"""Edits of photos do what their names say, and nothing else."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_popularity.inspection._edits import (
    EDITS,
    change_exposure,
    change_saturation,
    crop,
)


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(0, 256, (30, 45, 3), dtype=np.uint8)


def _light(photo):
    """Linear light of sRGB (IEC 61966-2-1)."""
    x = photo / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize(
    "edit",
    [
        lambda photo: crop(photo, 1.0, (1 / 3, 2 / 3)),
        lambda photo: change_exposure(photo, 0.0),
        lambda photo: change_saturation(photo, 1.0),
    ],
)
def test_edits_of_nothing_change_nothing(photo, edit):
    assert_array_equal(edit(photo), photo)


@pytest.mark.parametrize("stops", [-1.0, -0.5, 0.5, 1.0])
def test_exposure_multiplies_light_up_to_white(photo, stops):
    found, expected = change_exposure(photo, stops), _light(photo) * 2**stops
    step = 0.01  # of light between neighbouring values near white
    assert_allclose(_light(found), expected.clip(max=1), atol=step)
    assert (found[expected >= 1] == 255).all()


def test_grey_stays_grey_under_saturation():
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    for factor in (0.0, 0.5, 3.0):
        assert_array_equal(change_saturation(grey, factor), grey)


@pytest.mark.parametrize("factor", [0.4, 0.7, 1.3])
def test_saturation_multiplies_the_distance_from_grey(factor):
    rng = np.random.default_rng(1)
    photo = rng.integers(90, 160, (20, 20, 3), dtype=np.uint8)  # none is clipped
    found = change_saturation(photo, factor).astype(float)
    luma = np.array([0.2126, 0.7152, 0.0722])
    assert_allclose(found @ luma, photo @ luma, atol=0.5)
    assert_allclose(np.ptp(found, axis=2), factor * np.ptp(photo, axis=2), atol=1)


def test_no_saturation_is_grey(photo):
    assert (np.ptp(change_saturation(photo, 0.0), axis=2) == 0).all()


def test_crops_are_parts_of_the_photo():
    place = np.indices((40, 60)).transpose(1, 2, 0)
    photo = np.dstack([place, np.zeros((40, 60))]).astype(np.uint8)
    middles = {}
    for name, edit in EDITS["crops"].items():
        part = edit(photo)
        top, left = part[0, 0, :2]
        height, width = part.shape[:2]
        assert_array_equal(part, photo[top : top + height, left : left + width])
        share = 0.9 if "90" in name else 0.75
        assert (height, width) == (round(share * 40), round(share * 60))
        middles[name] = (top + height / 2) / 40, (left + width / 2) / 60
    assert_allclose(middles["crop 75%, centre"], (0.5, 0.5), atol=0.02)
    assert_allclose(middles["crop 75%, top left"], (0.375, 0.375), atol=0.02)
    assert_allclose(middles["crop 75%, bottom right"], (0.625, 0.625), atol=0.02)


def test_edits_take_the_smallest_photos():
    for kind in EDITS.values():
        for edit in kind.values():
            found = edit(np.full((1, 1, 3), 100, np.uint8))
            assert found.shape == (1, 1, 3)
            assert found.dtype == np.uint8
