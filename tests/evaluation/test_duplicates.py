"""near_duplicates: copies are found, different photos are not, straddling is told."""

from io import BytesIO

import numpy as np
import pandas as pd
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


def _crop(photo, share, corner=(0, 0)):
    """What is left of a photo without a share of both axes, at one of its corners."""
    height, width = photo.shape[:2]
    cut = round(share * height), round(share * width)
    top, left = (int(c * at) for c, at in zip(cut, corner, strict=True))
    return photo[top : top + height - cut[0], left : left + width - cut[1]]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.1])
def test_mirrored_and_cropped_copies_are_found(photos, share, mirrored):
    corners = [(0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5), (0.2, 0.7)]
    copies = [
        _recompressed(np.ascontiguousarray(_crop(p, share, c)[:, :: 1 - 2 * mirrored]))
        for p, c in zip(photos, corners, strict=False)
    ]
    found = near_duplicates([*photos, *copies]).tolist()
    assert [[i, 30 + i] for i in range(6)] == [p for p in found if p[1] >= 30]


def test_pairs_of_real_photos_are_copies(shared):
    files = sorted((shared / "data" / "oasis" / "img").glob("*.jpg"))[:150]
    photos = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    copies = [np.ascontiguousarray(_crop(p, 0.1, (1, 0))[:, ::-1]) for p in photos]
    pairs = near_duplicates([*photos, *copies]).tolist()
    found = [(i, 150 + i) for i in range(150) if [i, 150 + i] in pairs]
    assert len(found) >= 147  # 98 %
    assert len(pairs) == len(found)


def _slow_distance(first, second):
    """The least of one less the cosine, view by view, mirrored or not."""
    spans = [(0, 1), (0.08, 1), (0, 0.92), (0.04, 0.96)]
    w, h = first.size
    boxes = [(a * w, c * h, b * w, d * h) for a, b in spans for c, d in spans]
    views = [np.asarray(first.resize((32, 32), 1, box)) for box in boxes]
    target = _roots(np.asarray(second.resize((32, 32), 1)))
    return min(
        1 - _roots(view[:, ::step]) @ target for view in views for step in (1, -1)
    )


def _roots(view):
    angles = np.outer(np.arange(8), np.arange(32) + 0.5) * np.pi / 32
    scale = np.where(np.arange(8) == 0, 0.5, 1)[:, np.newaxis] ** 0.5
    waves = scale * np.cos(angles)
    found = (waves @ view.astype(float) @ waves.T).ravel()[1:]
    roots = np.sign(found) * np.abs(found) ** 0.5
    return roots / np.linalg.norm(roots)


def test_pairs_equal_slow_distances(photos, monkeypatch):
    monkeypatch.setattr("sklearn_popularity.evaluation._duplicates._BLOCK", 7)
    small = [Image.fromarray(limit_size(p, 64)).convert("L") for p in photos[:20]]
    distance = np.array([[_slow_distance(a, b) for b in small] for a in small])
    distance = np.minimum(distance, distance.T)
    for max_distance in (0.1, 0.4, 0.6):
        expected = np.argwhere(np.triu(distance <= max_distance, 1)).tolist()
        found = near_duplicates(photos[:20], max_distance=max_distance).tolist()
        assert found == expected
    assert expected


@pytest.mark.parametrize("max_distance", [10, 1.0, -0.1])
def test_distances_in_bits_are_refused(photos, max_distance):
    with pytest.raises(ValueError, match=r"'max_distance' .* float in"):
        near_duplicates(photos, max_distance=max_distance)


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


def test_rows_are_numbered_as_they_were_given(photos):
    X = pd.Series([b"no image", photos[0], b"no image", photos[1], photos[0]])
    X.index = [10, 20, 30, 40, 50]
    assert near_duplicates(X).tolist() == [[1, 4]]


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


def test_straddling_pairs_keep_the_numbers_of_the_caller(photos):
    X = [b"no image", photos[0], b"no image", photos[1], photos[0], photos[1]]
    kept = np.array([1, 3, 4, 5])
    rows = np.arange(4)
    folds = [(rows[2:], rows[:2]), (rows[:2], rows[2:])]  # of the rows kept
    pairs = near_duplicates(X)
    assert pairs.tolist() == [[1, 4], [3, 5]]
    assert straddling_pairs(pairs, [folds], kept=kept).tolist() == [[1, 4], [3, 5]]
    folds = [(rows[1::2], rows[::2]), (rows[::2], rows[1::2])]
    assert straddling_pairs(pairs, [folds], kept=kept).tolist() == []
    with_unread = np.array([[0, 1], [1, 3]])
    assert straddling_pairs(with_unread, [folds], kept=kept).tolist() == [[1, 3]]
