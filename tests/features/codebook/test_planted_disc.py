"""A red disc in a known place changes the words of its regions, and no others."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_popularity import HOGLLC, ColorNamesLLC, make_popularity
from sklearn_popularity.features._color import color_index
from sklearn_popularity.features._palettes import load_palette

RED = (230, 10, 20)
RADIUS = 5
# How far from a pixel a descriptor that sees it can be centred, see test_hog.py.
REACH = {"colorpatch": 8, "hog2x2": 20, "hog3x3": 24}
CASES = {
    "ColorNamesLLC": (ColorNamesLLC(dictionary=40, random_state=0), (120, 160)),
    "HOGLLC": (HOGLLC(dictionary=40, spacing=6, random_state=0), (240, 320)),
}


@pytest.fixture(scope="module", params=CASES)
def planted(request):
    """A fitted transformer, photos, and their discs in the four corners."""
    transformer, size = CASES[request.param]
    made = make_popularity(n_photos=2, image_size=size, random_state=3)[0]
    photos = made["photo"].tolist()
    places = [
        ((2 * row + 1) * size[0] // 8, (2 * col + 1) * size[1] // 8)
        for row in (0, 3)
        for col in (0, 3)
    ]
    painted = [[paint(photo, place) for place in places] for photo in photos]
    transformer = clone(transformer).fit([*photos, *painted[0], *painted[1]])
    return transformer, photos, painted, places


def paint(photo, place):
    return cv2.circle(photo.copy(), place[::-1], RADIUS, RED, thickness=-1)


def regions_of(corner):
    """Index of the regions of each level that a corner lies in."""
    row, col = divmod(corner, 2)
    return [0, 1 + 2 * row + col, 5 + 4 * (3 * row) + 3 * col]


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize("photo", range(2))
def test_only_regions_of_the_disc_change(planted, photo, corner):
    transformer, photos, painted, places = planted
    encoder = transformer._describe()
    before, after = encoder.pool(photos[photo]), encoder.pool(painted[photo][corner])
    for kind in before:
        (old, _), (new, descriptors) = before[kind], after[kind]
        others = np.setdiff1d(np.arange(21), regions_of(corner))
        assert_array_equal(new.values[others], old.values[others])
        changed = (
            new.values[regions_of(corner)[-1]] != old.values[regions_of(corner)[-1]]
        )
        assert changed.any()
        for region in regions_of(corner):
            risen = new.values[region] > old.values[region]
            winners = descriptors.positions[new.winners[region, risen]]
            distance = np.abs(winners - 0.5 - places[corner]).max(axis=1, initial=0)
            # A weight below 0 may rise as well, to the 0 of those that lost the word.
            lost = new.winners[region, risen] == -1
            assert (distance[~lost] <= RADIUS + REACH[kind]).all()


@pytest.mark.parametrize("corner", range(4))
def test_features_of_other_regions_keep_their_ratio(planted, corner):
    transformer, photos, painted, _ = planted
    kinds = transformer.dictionaries_
    old, new = transformer.transform([photos[0], painted[0][corner]])
    old, new = (np.split(features, len(kinds)) for features in (old, new))
    for before, after in zip(old, new, strict=True):
        before, after = before.reshape(21, -1), after.reshape(21, -1)
        mine = regions_of(corner)
        rest = np.delete(before, mine, axis=0), np.delete(after, mine, axis=0)
        ratio = np.linalg.norm(rest[1]) / np.linalg.norm(rest[0])
        assert_allclose(rest[1], ratio * rest[0], atol=1e-6)
        change = np.abs(after[mine[-1]] - ratio * before[mine[-1]])
        assert change.max() > 1e-3


@pytest.mark.parametrize("planted", ["ColorNamesLLC"], indirect=True)
@pytest.mark.parametrize("corner", range(4))
def test_word_of_the_disc_is_red(planted, corner):
    _, photos, painted, _ = planted
    # Each word is a patch of one colour.
    transformer = ColorNamesLLC(dictionary=np.eye(50))
    old, new = transformer.transform([photos[0], painted[0][corner]])
    gain = (new - old).reshape(21, 50)[regions_of(corner)[-1]]
    red = color_index(np.uint8([[RED]]), load_palette("perceptual").table).item()
    assert gain.argmax() == red
    assert gain[red] > 2 * np.delete(gain, red).max()
