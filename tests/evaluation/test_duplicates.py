"""near_duplicates: copies are found, different photos are not, straddling is told."""

from io import BytesIO

import imagehash
import numpy as np
import pytest
from PIL import Image

from sklearn_popularity import make_popularity
from sklearn_popularity.evaluation import near_duplicates, straddling_pairs
from sklearn_popularity.images import limit_size


@pytest.fixture(scope="module")
def photos():
    return list(make_popularity(30, random_state=0)[0]["photo"])


def _recompressed(photo):
    file = BytesIO()
    Image.fromarray(photo).resize((120, 90)).save(file, "JPEG", quality=60)
    return file.getvalue()


def test_copies_are_found(photos):
    X = [*photos, _recompressed(photos[3]), photos[8]]
    pairs = near_duplicates(X).tolist()
    assert [3, 30] in pairs
    assert [8, 31] in pairs


def test_pairs_equal_hash_differences(photos, monkeypatch):
    monkeypatch.setattr("sklearn_popularity.evaluation._duplicates._BLOCK", 7)
    # The hash of the package itself, pair by pair, on the same reduced photos.
    hashes = [imagehash.phash(Image.fromarray(limit_size(p, 64))) for p in photos]
    for max_distance in (6, 24):
        expected = [
            [i, j]
            for i in range(len(hashes))
            for j in range(i + 1, len(hashes))
            if hashes[i] - hashes[j] <= max_distance
        ]
        found = near_duplicates(photos, max_distance=max_distance).tolist()
        assert sorted(found) == expected


def test_many_copies_give_few_pairs(photos):
    X = [photos[0], *[photos[1]] * 50, photos[0]]
    pairs = near_duplicates(X).tolist()
    assert pairs == [[0, 51], *([1, i] for i in range(2, 51))]


def test_blank_photos_are_no_copies():
    X = [np.full((20, 20), value, np.uint8) for value in (0, 100, 200)]
    assert near_duplicates(X).shape == (0, 2)


def test_unreadable_photos_are_in_no_pair(photos):
    X = [b"no image", b"no image", photos[0], photos[0]]
    assert near_duplicates(X, n_jobs=2).tolist() == [[2, 3]]


@pytest.mark.parametrize(
    ("X", "message"), [(np.zeros((3, 4)), "table of numbers"), ([], "no photos")]
)
def test_other_input_is_rejected(X, message):
    with pytest.raises(ValueError, match=message):
        near_duplicates(X)


def test_straddling_pairs_are_those_split_apart():
    pairs = np.array([[0, 1], [2, 3], [0, 3]])
    rows = np.arange(4)
    folds = [(rows[2:], rows[:2]), (rows[:2], rows[2:])]
    other = [(rows[1:], rows[:1]), (rows[:1], rows[1:])]
    assert straddling_pairs(pairs, [folds]).tolist() == [[0, 3]]
    assert straddling_pairs(pairs, [folds, other]).tolist() == [[0, 1], [0, 3]]
    assert straddling_pairs(pairs[:0], [folds]).shape == (0, 2)
