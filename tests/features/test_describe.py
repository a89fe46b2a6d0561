"""The way from photos to rows: order, batches, errors."""

import inspect
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import sklearn_popularity
from sklearn_popularity import (
    ColorStatistics,
    ImageError,
    ImageTransformer,
    UnreadablePhotosWarning,
)
from sklearn_popularity.features import _cache, _describe


def level(image):
    return image[0, 0, :2]


class Levels(ImageTransformer):
    """Two numbers, unless `described` gives others."""

    described = staticmethod(level)

    def _describe(self):
        return self.described

    def _feature_names(self):
        return ["red", "green"]


def transform(photos, described=level, **settings):
    transformer = Levels(**{"batch_size": 2} | settings)
    transformer.described = described
    return transformer.transform(photos)


@pytest.fixture
def photos():
    """Seven photos that hold their row in red and twice their row in green."""
    rows = np.arange(7, dtype=np.uint8)
    return [np.full((2, 3, 3), (row, 2 * row, 9), dtype=np.uint8) for row in rows]


@pytest.mark.parametrize(
    ("n_jobs", "batch_size"), [(1, 1), (1, 3), (1, 7), (1, 100), (2, 2)]
)
def test_rows_keep_their_order(n_jobs, batch_size, photos):
    features = transform(photos, n_jobs=n_jobs, batch_size=batch_size)
    assert features.dtype == np.float32
    assert_array_equal(features, np.arange(7)[:, None] * [1, 2])


def test_unreadable_rows_are_nan(photos):
    photos[1] = photos[6] = np.full((2, 3, 3), 2.0)
    with pytest.warns(UnreadablePhotosWarning, match="2 of 7 photos") as caught:
        features = transform(photos, on_error="nan", batch_size=3)
    assert_array_equal(np.isnan(features[:, 0]), np.isin(np.arange(7), [1, 6]))
    assert_array_equal(features[2:6], np.arange(2, 6)[:, None] * [1, 2])
    message = str(caught[0].message)
    assert "row 1: got float64 pixels" in message
    assert "row 6: got float64 pixels" in message
    assert "more" not in message


def test_long_list_of_unreadable_is_cut():
    paths = [f"missing{i}.jpg" for i in range(13)]
    with pytest.warns(UnreadablePhotosWarning) as caught:
        transform(paths, on_error="nan")
    message = str(caught[0].message)
    assert "13 of 13 photos could not be read" in message
    assert message.count("missing") == 10
    assert "row 9, missing9.jpg: " in message
    assert message.endswith("and 3 more")


@pytest.mark.parametrize("on_error", ["raise", "nan"])
def test_error_of_description_is_not_hidden(on_error, photos):
    def fail(image):
        raise ZeroDivisionError("in the description")

    with pytest.raises(ZeroDivisionError, match="in the description"):
        transform(photos, fail, on_error=on_error)


def test_photo_that_kills_workers_is_unreadable(photos, monkeypatch):
    def run(n_jobs, function, batches, **settings):
        for batch in batches:
            died = batch.rows[0] == 3
            yield batch, batch.error(0, "it died") if died else function(batch)

    monkeypatch.setattr(_describe, "run_in_order", run)
    with pytest.warns(UnreadablePhotosWarning, match="row 3: it died"):
        features = transform(photos, on_error="nan", batch_size=1)
    assert_array_equal(np.flatnonzero(np.isnan(features[:, 0])), [3])
    with pytest.raises(ImageError, match=r"^row 3: it died$"):
        transform(photos, batch_size=1)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_first_unreadable_photo_raises(n_jobs, photos):
    photos[3] = photos[5] = np.zeros((2, 3, 5))
    with pytest.raises(ImageError, match=r"^row 3: ") as caught:
        transform(photos * 10, n_jobs=n_jobs)
    assert caught.value.row == 3


def test_photos_after_an_error_are_not_described(photos):
    described = []

    def describe(image):
        described.append(image)
        return level(image)

    photos[2] = np.zeros((2, 3, 5))
    with pytest.raises(ImageError):
        transform(photos, describe)
    assert len(described) == 2


@pytest.mark.parametrize("n_numbers", [0, 1, 3])
@pytest.mark.parametrize("cached", [False, True])
def test_description_of_another_length_is_refused(n_numbers, cached, photos, tmp_path):
    cache = tmp_path / "features.cache" if cached else None
    with pytest.raises(
        ValueError, match=rf"shape \({n_numbers},\), but shape \(2,\) was"
    ):
        transform(photos, partial(resized, length=n_numbers), cache=cache)


def resized(image, length):
    return np.resize(image, length)


def test_photos_are_reduced():
    big = [np.zeros((40, 60, 3), dtype=np.uint8)]
    assert_array_equal(transform(big, side_lengths, max_size=30), [[20, 30]])


@pytest.mark.parametrize("cached", [False, True])
def test_description_is_few_frames_away(cached, photos, tmp_path, monkeypatch):
    ours, found = str(Path(sklearn_popularity.__file__).parent), []

    def describe(image):
        frames = [frame.function for frame in inspect.stack(0) if ours in frame[1]]
        found.append(frames[::-1])
        return level(image)

    cache = tmp_path / "features.cache" if cached else None
    monkeypatch.setattr(_cache, "settings_digest", lambda *settings: b"digest")
    transform(photos, describe, cache=cache)
    assert len(found) == len(photos)
    for frames in found:
        assert frames[0] == "transform"
        assert len(frames) <= 4  # and the description is the fifth


def side_lengths(image):
    return image.shape[:2]


def test_threads_of_the_caller_agree(images):
    expected = ColorStatistics().transform(images)
    results = {}

    def work(number):
        results[number] = ColorStatistics(batch_size=1).transform(images)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert len(results) == 4
    for features in results.values():
        assert_array_equal(features, expected)


def test_relative_paths_start_where_the_caller_is(tmp_path, monkeypatch):
    for name, level in [("black", 0), ("white", 255)]:
        (tmp_path / name).mkdir()
        image = np.full((20, 30, 3), level, np.uint8)
        Image.fromarray(image).save(tmp_path / name / "x.png")
    found = []
    for name in ("black", "white"):
        # The workers of the first turn serve the second one too.
        monkeypatch.chdir(tmp_path / name)
        statistics = ColorStatistics(n_jobs=2, batch_size=1)
        found.append(statistics.fit_transform(["x.png"] * 4)[:, 2])
    assert_array_equal(found, [[0.0] * 4, [1.0] * 4])
