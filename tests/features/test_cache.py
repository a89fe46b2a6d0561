"""The cache of rows: shared by all, known by what decides a row, never wrong."""

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import warnings
from contextlib import closing, nullcontext
from dataclasses import InitVar, dataclass
from functools import partial, wraps
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    HOGLLC,
    CacheWarning,
    CNNEmbedder,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    ImageError,
    ImageTransformer,
    LBPPyramid,
    Preprocessing,
    UnreadablePhotosWarning,
)
from sklearn_popularity.features import (
    _cache,
    _cache_file,
    _describe,
    cache_info,
    prune_cache,
    verify_cache,
)
from sklearn_popularity.features._cache_file import checksum_of
from sklearn_popularity.features._cache_keys import NotCacheableError, settings_digest
from sklearn_popularity.images import _photos

N_NUMBERS = 300


def pixels(image):
    return np.resize(image, N_NUMBERS)


class Pixels(ImageTransformer):
    """The first pixels, which cost nothing to describe."""

    def _describe(self):
        return pixels

    def _feature_names(self):
        return [f"pixel{i}" for i in range(N_NUMBERS)]


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "features.cache")


@pytest.fixture(scope="module")
def photos():
    """Forty small photos, as one array."""
    return np.random.default_rng(0).integers(0, 256, (40, 8, 12, 3), np.uint8)


@pytest.fixture
def filled(path, photos):
    """A cache with their pixels."""
    Pixels(cache=path).transform(photos)
    return path


def execute(path, statement, *parameters):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, parameters).fetchall()


def count_writes(path):
    """Let the file count the rows that are written to it, by whichever process."""
    execute(path, "CREATE TABLE writes (n INTEGER)")
    execute(
        path,
        "CREATE TRIGGER count AFTER INSERT ON rows "
        "BEGIN INSERT INTO writes VALUES (1); END",
    )


def n_writes(path):
    return execute(path, "SELECT COUNT(*) FROM writes")[0][0]


@pytest.fixture
def counting(path):
    """A cache that counts what is written to it."""
    Pixels(cache=path).transform(np.zeros((1, 8, 12, 3), np.uint8))
    count_writes(path)
    return path


def forbid(*args, **kwargs):
    raise AssertionError("This is not to be called.")


def n_cache_warnings(transformer, X):
    """Rows, and the warnings of the cache."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = transformer.transform(X)
    assert all(each.category is CacheWarning for each in caught)
    return rows, len(caught)


def assert_one_warning(transformer, X, match):
    """Rows that are right, and one warning that says why the cache was of no use."""
    expected = clone(transformer).set_params(cache=None).transform(X)
    with pytest.warns(CacheWarning, match=match) as caught:
        rows = transformer.transform(X)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert_array_equal(rows, expected)


# --- hits


def test_known_photos_are_not_decoded(paths, path, tmp_path, monkeypatch):
    """Whatever their order and their names."""
    transformer = ColorStatistics(cache=path)
    expected = transformer.transform(paths)
    assert_array_equal(expected, ColorStatistics().transform(paths))
    encoded = [Path(each).read_bytes() for each in paths]
    moved = [tmp_path / f"{i}.moved" for i in range(len(paths))]
    for new, content in zip(moved, encoded, strict=True):
        new.write_bytes(content)
    monkeypatch.setattr(_photos, "decode_file", forbid)
    assert_array_equal(transformer.transform(paths[::-1]), expected[::-1])
    for X in (moved, encoded):
        assert_array_equal(transformer.transform(X), expected)


def test_replaced_photo_gets_a_new_row(images, path, tmp_path):
    photo = tmp_path / "photo.png"
    for image in images:
        Image.fromarray(image).save(photo)
        row = ColorStatistics(cache=path).transform([photo])
        assert_array_equal(row, ColorStatistics().transform([image]))


def test_file_is_read_once(paths, path, monkeypatch):
    """What is decoded is what was looked up, even if the file changes meanwhile."""
    read = []

    def read_file(source, folder):
        read.append(source)
        return Path(source).read_bytes()

    monkeypatch.setattr(_photos, "read_file", read_file)
    ColorStatistics(cache=path).transform(paths)
    assert read == paths


def test_arrays_and_images_are_known_by_pixels(images, path):
    transformer = ColorStatistics(cache=path)
    expected = transformer.transform(images)
    count_writes(path)
    for X in (images, [Image.fromarray(i) for i in images], [i / 255 for i in images]):
        assert_array_equal(transformer.transform(X), expected)
    assert n_writes(path) == 0


def test_shape_belongs_to_pixels(path):
    transformer = Pixels(cache=path, max_size=2)
    tall = np.arange(48, dtype=np.uint8).reshape(1, 8, 2, 3)
    for X in (tall, tall.reshape(1, 4, 4, 3)):
        expected = Pixels(max_size=2).transform(X)
        assert_array_equal(transformer.transform(X), expected)


def test_repeated_photo_is_described_once(photos, counting):
    Pixels(cache=counting).transform(np.repeat(photos, 3, axis=0))
    assert n_writes(counting) == len(photos)


def test_unreadable_photos_are_not_kept(paths, bad_path, path):
    transformer = ColorStatistics(cache=path, on_error="nan")
    for _ in range(2):
        with pytest.warns(UnreadablePhotosWarning, match="1 of 8 photos") as caught:
            rows = transformer.transform([bad_path, *paths])
        assert [error.path for error in caught[0].message.errors] == [bad_path]
        assert np.isnan(rows[0]).all() and not np.isnan(rows[1:]).any()
    assert cache_info(path)["n_rows"].tolist() == [len(paths)]


def test_photos_before_an_error_are_kept(paths, bad_path, path):
    transformer = ColorStatistics(cache=path)
    with pytest.raises(ImageError, match="row 3"):
        transformer.transform([*paths[:3], bad_path, *paths[3:]])
    assert cache_info(path)["n_rows"].tolist() == [3]


# --- what decides a row


def settings_of(transformer):
    return transformer._row_cache(transformer._describe(), None).settings


DIFFERENT = [
    (GistTransformer(), {"image_size": 64, "n_blocks": 2, "flip": True}),
    (GistTransformer(), {"orientations_per_scale": (8, 8, 4), "max_size": 100}),
    (LBPPyramid(), {"flip": True, "max_size": None}),
    (ColorHistogram(), {"palette": [[0, 0, 0], [9, 9, 9]], "max_size": 200}),
    (HOGLLC(), {"blocks": ("2x2",), "spacing": 8, "n_neighbors": 2, "n_levels": 2}),
    (HOGLLC(), {"flip": True, "max_size": 300}),
    (ColorNamesLLC(), {"patch_sizes": (6, 10), "spacing": 5, "n_neighbors": 2}),
]
SAME = {
    "n_jobs": 2,
    "batch_size": 1,
    "on_error": "nan",
    "verbose": True,
    "value_range": (0, 255),
}


@pytest.mark.parametrize(("transformer", "changes"), DIFFERENT)
def test_parameters_decide_rows(transformer, changes, path, images):
    transformer = clone(transformer).set_params(cache=path)
    if hasattr(transformer, "dictionary"):
        transformer.set_params(dictionary=4, random_state=0)
    settings = settings_of(transformer.fit(images))
    for name, value in SAME.items():
        changed = clone(transformer).set_params(**{name: value})
        assert settings_of(changed.fit(images)) == settings, name
    for name, value in changes.items():
        changed = clone(transformer).set_params(**{name: value})
        assert settings_of(changed.fit(images)) != settings, name


def test_words_decide_rows(images, path):
    learned = ColorNamesLLC(dictionary=5, random_state=0, cache=path).fit(images)
    words = learned.dictionaries_["colorpatch"]
    given = ColorNamesLLC(dictionary=words, cache=path)
    assert settings_of(given) == settings_of(learned)
    other = ColorNamesLLC(dictionary=np.nextafter(words, 2), cache=path)
    assert settings_of(other) != settings_of(learned)


def test_contents_of_a_palette_decide_rows(images, path, tmp_path):
    palette = tmp_path / "palette.npy"
    rows = []
    for seed in (0, 1):
        np.save(palette, np.random.default_rng(seed).integers(0, 256, (5, 3)))
        transformer = ColorHistogram(palette=str(palette), cache=path)
        expected = clone(transformer).set_params(cache=None).transform(images)
        rows.append(transformer.transform(images))
        assert_array_equal(rows[-1], expected)
    assert np.abs(rows[0] - rows[1]).max() > 0.1


def test_versions_decide_rows(monkeypatch, path):
    from sklearn_popularity.features import _cache_keys

    def digest():
        _cache_keys._environment.cache_clear()
        return settings_of(ColorStatistics(cache=path))

    before = digest()
    assert digest() == before
    for module in ("PIL", "cv2", "np", "scipy"):
        with monkeypatch.context() as patch:
            patch.setattr(getattr(_cache_keys, module), "__version__", "0.0")
            assert digest() != before, module
    with monkeypatch.context() as patch:
        patch.setattr(_cache_keys.pillow_features, "version", lambda name: "0.0")
        assert digest() != before
    with monkeypatch.context() as patch:
        patch.setattr(_cache_keys, "__version__", "0.0")
        assert digest() != before
    assert digest() == before


def test_digests_tell_values_apart():
    values = [
        *(None, 0, 1, True, 1.0, "1", b"1", "", (), (1,), ((1,),), (1, 2), ("1", "2")),
        *([1, "2"], {"a": 1}, {"a": 2}, {"b": 1}, pixels, Pixels, np.zeros(2)),
        *(np.zeros(2, np.float32), np.zeros((2, 1)), np.zeros((1, 2)), -0.0, "12"),
        *(("a", "bc"), ("ab", "c"), np.ones(2), float("nan"), float("inf")),
    ]
    assert len({settings_digest(value) for value in values}) == len(values)
    assert len({settings_digest(*value) for value in [(1, 2), ((1, 2),), (12,)]}) == 3
    assert settings_digest(np.int64(3)) == settings_digest(3)


@pytest.mark.parametrize(
    "value",
    [object(), np.array([None]), {1, 2}, np.ma.masked_array([1]), np.mean, len],
    ids=["object", "objects", "set", "masked", "ufunc", "builtin"],
)
def test_values_without_digest_are_refused(value):
    with pytest.raises(NotCacheableError):
        settings_digest((1, value))


def scaled(factor):
    """A decorator that leaves the name of what it decorates."""

    def decorate(function):
        @wraps(function)
        def describe(image):
            return function(image) * factor

        return describe

    return decorate


def with_default(factor):
    def describe(image, factor=factor):
        return pixels(image) * factor

    return describe


@dataclass
class Scaled:
    """Its state is a field, and what `__post_init__` makes of it."""

    factor: int
    offset: InitVar[int] = 0

    def __post_init__(self, offset):
        self.more = offset

    def describe(self, image):
        return pixels(image) * self.factor + self.more

    def __call__(self, image):
        return self.describe(image)


class Stateful:
    def __init__(self, factor):
        self.factor = factor

    def describe(self, image):
        return pixels(image) * self.factor


CAPTURING = {
    "closure": lambda factor: scaled(factor)(pixels),
    "closure in a closure": lambda factor: scaled(1)(scaled(factor)(pixels)),
    "default": with_default,
    "partial": lambda factor: partial(with_default(0), factor=factor),
    "partial of a lambda": lambda factor: partial(lambda f, image: f, factor),
    "partial of a closure": lambda factor: partial(scaled(factor)(pixels)),
    "method": lambda factor: Scaled(factor).describe,
    "method with more state": lambda factor: Scaled(1, factor).describe,
    "dataclass": Scaled,
    "array": lambda factor: scaled(np.full(3, factor))(pixels),
}


@pytest.mark.parametrize("kind", CAPTURING)
def test_captured_values_decide_rows(kind):
    digests = [settings_digest(CAPTURING[kind](factor)) for factor in (2, 3, 2)]
    assert digests[0] == digests[2] != digests[1]


def test_lambdas_of_one_place_are_told_apart():
    functions = [lambda i: i + 1, lambda i: i + 2, lambda i: i - 1, lambda i: i.x]
    assert len(set(map(settings_digest, functions))) == 4


def recursive(factor):
    def describe(image):
        return describe(image) if factor else 0

    return describe


@pytest.mark.parametrize(
    "describe",
    [Stateful(2).describe, scaled(Stateful(2))(pixels), recursive(1), Stateful(2)],
    ids=["method", "closure", "recursion", "object"],
)
def test_state_that_cannot_be_told_is_refused(describe, photos, path):
    class Captured(Pixels):
        def _describe(self):
            return describe

    with pytest.raises(ValueError, match=r"of Captured cannot be stored: it holds"):
        Captured(cache=path).transform(photos)


def test_source_code_of_others_decides_rows(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for body in ("1", "2"):
        (tmp_path / "theirs.py").write_text(f"def describe(image):\n    return {body}")
        sys.modules.pop("theirs", None)
        import theirs

        digests.append(settings_digest(theirs.describe))
    assert digests[0] != digests[1]


# --- networks, which finish rows in the calling process


@pytest.fixture
def embedder(path):
    for package in ("torch", "torchvision"):
        pytest.importorskip(package, reason=f"Networks need {package}.")
    return CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        preprocessing=Preprocessing(size=32),
        batch_size=3,
        cache=path,
    )


def test_rows_of_networks_are_kept(embedder, paths, path, monkeypatch):
    plain = clone(embedder).set_params(cache=None).transform(paths)
    expected = embedder.transform(paths)
    assert_array_equal(expected, plain)
    monkeypatch.setattr(_photos, "decode_file", forbid)
    for settings in ({}, {"batch_size": 2}, {"batch_size": 100}):
        changed = clone(embedder).set_params(**settings)
        assert_array_equal(changed.transform(paths[::-1]), expected[::-1])


def test_rows_of_networks_are_found_by_workers(embedder, paths, bad_path, path):
    expected = embedder.transform(paths)
    count_writes(path)
    embedder.set_params(n_jobs=2, on_error="nan")
    with pytest.warns(UnreadablePhotosWarning, match="1 of 8"):
        rows = embedder.transform([*paths, bad_path])
    assert_array_equal(rows[:-1], expected)
    assert np.isnan(rows[-1]).all()
    assert n_writes(path) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"random_state": 1},
        {"layer": ["penultimate", "probabilities"]},
        {"pooling": "std"},
        {"preprocessing__flip": True},
        {"preprocessing__size": 48, "preprocessing__resize": "keep"},
        {"max_size": 10},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_parameters_of_networks_decide_rows(embedder, changes, images, path):
    before = embedder.transform(images[:2])
    count_writes(path)
    changed = clone(embedder).set_params(**changes)
    expected = clone(changed).set_params(cache=None).transform(images[:2])
    assert_array_equal(changed.transform(images[:2]), expected)
    assert n_writes(path) == 2
    assert_array_equal(embedder.transform(images[:2]), before)
    assert n_writes(path) == 2


def test_fault_of_a_network_makes_one_warning(embedder, paths, path):
    embedder.transform(paths)
    execute(path, "UPDATE rows SET checksum = NULL")
    assert_one_warning(embedder, paths, match="it holds damaged rows")
    assert n_cache_warnings(embedder, paths)[1] == 0


# --- shared


def test_cross_validated_grid_describes_each_photo_once(photos, counting):
    posts = pd.DataFrame({"photo": list(photos), "score": np.arange(40.0) * 7 % 40})
    features = make_column_transformer(
        (Pixels(cache=counting), "photo"),
        (Pixels(cache=counting, batch_size=7), "photo"),
    )
    search = GridSearchCV(
        make_pipeline(features, Ridge(solver="svd")),
        {"ridge__alpha": [0.1, 1, 10]},
        cv=5,
    )
    search.fit(posts, posts["score"])
    assert n_writes(counting) == len(photos)
    expected = search.predict(posts)
    clone(search).fit(posts, posts["score"])
    assert_array_equal(search.predict(posts), expected)
    assert n_writes(counting) == len(photos)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_share_the_file(backend, paths, counting):
    transformer = ColorStatistics(cache=counting, batch_size=2)
    expected = ColorStatistics().transform(paths)
    with parallel_config(backend, n_jobs=2):
        for _ in range(2):
            assert_array_equal(transformer.transform(paths), expected)
            assert n_writes(counting) == len(paths)


def test_processes_side_by_side_start_in_different_places(photos, path, monkeypatch):
    class Nested:
        nesting_level = 1

    orders = []

    def seen(image):
        orders[-1].append(int(image[0, 0, 0]))
        return np.resize(image, N_NUMBERS)

    monkeypatch.setattr(_describe, "get_active_backend", lambda: (Nested(), 1))
    monkeypatch.setattr(Pixels, "_describe", lambda self: seen)
    monkeypatch.setattr(_cache, "settings_digest", lambda *settings: b"")
    expected = np.stack([np.resize(photo, N_NUMBERS) for photo in photos])
    for pid in (1, 2):
        monkeypatch.setattr(os, "getpid", lambda pid=pid: pid)
        orders.append([])
        transformer = Pixels(cache=f"{path}{pid}", batch_size=4)
        assert_array_equal(transformer.transform(photos), expected)
        assert sorted(orders[-1]) == sorted(photos[:, 0, 0, 0])
    assert orders[0] != orders[1]


def test_pathlike_and_missing_folder_are_accepted(photos, tmp_path):
    path = tmp_path / "new" / "folder" / "a b.cache"
    Pixels(cache=path).transform(photos)
    assert verify_cache(path) == 0
    assert [each.name for each in path.parent.iterdir()] == ["a b.cache"]


WRITER = """
import sys
import numpy as np
from sklearn_popularity import LBPPyramid

path, first, last, batch_size = sys.argv[1], *map(int, sys.argv[2:])
photos = np.random.default_rng(0).integers(0, 256, (last, 16, 16, 3), np.uint8)
print("ready", flush=True)
LBPPyramid(cache=path, batch_size=batch_size).transform(photos[first:last])
"""


def start_writer(path, *numbers):
    command = [sys.executable, "-c", WRITER, path, *map(str, numbers)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"ready\n"
    return writer


def writer_photos(n=200):
    return np.random.default_rng(0).integers(0, 256, (n, 16, 16, 3), np.uint8)


def test_threads_keep_the_locks_of_each_other(path):
    """POSIX takes a process's locks away when any of its threads closes the file."""
    errors, X = [], writer_photos()
    writer = start_writer(path, 0, 200, 1)

    def work(seed):
        order = np.random.default_rng(seed).permutation(len(X))
        for _ in range(2):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    LBPPyramid(cache=path, batch_size=5).transform(X[order])
                except CacheWarning as warning:
                    errors.append(warning)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert writer.wait(60) == 0
    writer.stdout.close()
    assert errors == []
    assert verify_cache(path) == 0
    assert n_kept(path) == len(X)
    assert_array_equal(LBPPyramid(cache=path).transform(X), LBPPyramid().transform(X))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Signals are of POSIX.")
def test_killed_writers_leave_what_they_committed(path):
    n = 2000  # more than a writer keeps before it is killed, however busy the machine
    writer = start_writer(path, 0, n, 4)
    while kept_so_far(path) < 40:
        assert writer.poll() is None
    writer.send_signal(signal.SIGKILL)
    writer.wait(60)
    writer.stdout.close()
    assert verify_cache(path) == 0
    n_rows = n_kept(path)
    assert n_rows % 4 == 0
    assert 40 <= n_rows < n
    X = writer_photos(n)[: n_rows + 8]
    rows, n_warnings = n_cache_warnings(LBPPyramid(cache=path), X)
    assert_array_equal(rows, LBPPyramid().transform(X))
    assert n_warnings == 0


def kept_so_far(path):
    """As `n_kept`, of a file that another process may be making."""
    return cache_info(path)["n_rows"].sum() if Path(path).exists() else 0


def n_kept(path):
    return execute(path, "SELECT COUNT(*) FROM rows")[0][0]


# --- faults: never a wrong row, one warning


def damaged_copies(contents, path, n_copies, seed):
    """Copies of a file with one bit flipped."""
    bits = np.random.default_rng(seed).integers(0, 8 * len(contents), n_copies)
    for bit in bits:
        copy = bytearray(contents)
        copy[bit // 8] ^= 1 << (bit % 8)
        for beside in ("-wal", "-shm", "-journal"):
            Path(path + beside).unlink(missing_ok=True)
        Path(path).write_bytes(copy)
        yield path


@pytest.fixture
def hobbled(monkeypatch):
    """Connect as if the file or its disk had a defect."""

    def hobble(*pragmas):
        def connect(*args, **kwargs):
            connection = connect_as_ever(*args, **kwargs)
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
            return connection

        connect_as_ever = _cache.open_file
        monkeypatch.setattr(_cache, "open_file", connect)

    return hobble


@pytest.fixture
def quick(monkeypatch, hobbled):
    """Without waiting for the disk, and without a look at all libraries per batch."""
    hobbled("synchronous = OFF")
    monkeypatch.setattr(_describe, "single_threaded", nullcontext)


def test_flipped_bits_give_no_wrong_row(photos, filled, quick):
    contents = Path(filled).read_bytes()
    n_noticed = 0
    for path in damaged_copies(contents, filled, 200, seed=0):
        rows, n_warnings = n_cache_warnings(Pixels(cache=path, batch_size=40), photos)
        assert_array_equal(rows, pixels_of(photos))
        assert n_warnings <= 1
        n_noticed += n_warnings
    assert n_noticed > 60


def pixels_of(photos):
    return np.stack([pixels(photo) for photo in photos]).astype(np.float32)


@pytest.mark.parametrize("n_bits", [1, 1000])
def test_damaged_journals_give_no_wrong_row(n_bits, photos, filled, path, quick):
    """A journal is left behind by a process that was killed while it wrote."""
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_spill = 1")
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE rows SET numbers = ZEROBLOB(1200)")
        half, journal = Path(path).read_bytes(), Path(path + "-journal").read_bytes()
    assert journal
    rng = np.random.default_rng(n_bits)
    for _ in range(30):
        damaged = np.frombuffer(journal, np.uint8).copy()
        at = rng.integers(0, len(damaged), n_bits)
        damaged[at] ^= np.uint8(1) << rng.integers(0, 8, n_bits).astype(np.uint8)
        Path(path).write_bytes(half)
        Path(path + "-journal").write_bytes(damaged.tobytes())
        rows, n_warnings = n_cache_warnings(Pixels(cache=path), photos)
        assert_array_equal(rows, pixels_of(photos))
        assert n_warnings <= 1


def test_truncated_files_give_no_wrong_row(photos, filled, quick):
    contents = Path(filled).read_bytes()
    for size in np.linspace(2, len(contents) - 1, 30).astype(int):
        Path(filled).write_bytes(contents[:size])
        rows, n_warnings = n_cache_warnings(Pixels(cache=filled), photos)
        assert_array_equal(rows, pixels_of(photos))
        assert n_warnings == 1


def test_damaged_row_is_computed_and_kept_again(photos, filled):
    execute(filled, "UPDATE rows SET numbers = ZEROBLOB(1200) WHERE rowid = 3")
    assert verify_cache(filled) == 1
    assert_one_warning(Pixels(cache=filled), photos, match="it holds damaged rows")
    assert verify_cache(filled) == 0
    assert n_cache_warnings(Pixels(cache=filled), photos)[1] == 0


def test_swapped_rows_are_noticed(photos, filled):
    (first,), (second,) = execute(filled, "SELECT key FROM rows LIMIT 2")
    for old, new in ((first, b"none"), (second, first), (b"none", second)):
        execute(filled, "UPDATE rows SET key = ? WHERE key = ?", new, old)
    assert verify_cache(filled) == 2
    assert_one_warning(Pixels(cache=filled), photos, match="it holds damaged rows")


def test_row_of_another_length_is_not_used(photos, filled):
    ((key,),) = execute(filled, "SELECT key FROM rows WHERE rowid = 3")
    numbers = bytes(8)
    statement = "UPDATE rows SET numbers = ?, checksum = ? WHERE key = ?"
    execute(filled, statement, numbers, checksum_of(key, numbers), key)
    assert_one_warning(Pixels(cache=filled), photos, match="it holds damaged rows")


class Malicious:
    def __reduce__(self):
        return (forbid, ())


def test_planted_pickles_are_not_run(photos, filled):
    planted = pickle.dumps(Malicious())
    with pytest.raises(AssertionError):
        pickle.loads(planted)
    execute(filled, "UPDATE rows SET numbers = ?, kind = ?", planted, planted)
    assert_one_warning(Pixels(cache=filled), photos, match="it holds damaged rows")
    Path(filled).write_bytes(planted)
    assert_one_warning(Pixels(cache=filled), photos, match="is not a cache")
    assert Path(filled).read_bytes() == planted


def other_database(path):
    execute(path, "CREATE TABLE photos (name TEXT)")


FOREIGN = {
    "database": other_database,
    "photo": lambda path: Image.new("RGB", (9, 9)).save(path, "PNG"),
    "text": lambda path: Path(path).write_text("not a cache"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_files_of_others_are_left_alone(kind, photos, path, tmp_path):
    FOREIGN[kind](path)
    contents = Path(path).read_bytes()
    message = "is not a cache((?!elete).)*Name a cache or a new file((?!elete).)*$"
    assert_one_warning(Pixels(cache=path), photos, match=message)
    assert Path(path).read_bytes() == contents
    assert len(list(tmp_path.iterdir())) == 1
    for function in (cache_info, verify_cache, prune_cache):
        with pytest.raises(OSError, match=message):
            function(path)
    assert Path(path).read_bytes() == contents


def test_empty_file_becomes_a_cache(photos, path):
    Path(path).touch()
    rows, n_warnings = n_cache_warnings(Pixels(cache=path), photos)
    assert_array_equal(rows, pixels_of(photos))
    assert n_warnings == 0
    assert n_kept(path) == len(photos)


def test_empty_path_is_refused(photos):
    with pytest.raises(ValueError, match=r"Got cache='', .* None for no cache"):
        Pixels(cache="").fit_transform(photos)


def test_folder_in_place_of_a_file_is_reported(photos, tmp_path):
    match = r"opened \(it is a folder\).*Name a cache or a new file"
    assert_one_warning(Pixels(cache=tmp_path), photos, match=match)


def test_folder_that_cannot_be_written_is_reported(photos):
    if not sys.platform.startswith("linux"):
        pytest.skip("Nobody, not even root, may write to /proc of Linux.")
    assert_one_warning(Pixels(cache="/proc/features.cache"), photos, match="opened")


def test_full_disk_is_reported(photos, path, hobbled):
    Pixels(cache=path).transform(photos[:4])
    hobbled("max_page_count = 3")
    assert_one_warning(
        Pixels(cache=path, batch_size=8), photos, match=r"written \(.* is full\)"
    )
    assert verify_cache(path) == 0
    assert n_kept(path) >= 4


def test_read_only_file_gives_its_rows(photos, path, hobbled):
    Pixels(cache=path).transform(photos[:20])
    execute(path, "UPDATE rows SET used = 0")
    hobbled("query_only = 1")
    rows, n_warnings = n_cache_warnings(Pixels(cache=path), photos[:20])
    assert_array_equal(rows, pixels_of(photos[:20]))
    assert n_warnings == 0
    assert_one_warning(
        Pixels(cache=path, batch_size=8),
        photos,
        match=r"written \(it is read-only\).* writable",
    )


def test_locked_file_is_reported(photos, path, monkeypatch):
    Pixels(cache=path).transform(photos[:4])
    monkeypatch.setattr(_cache_file, "_TIMEOUT", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert_one_warning(
            Pixels(cache=path, batch_size=8), photos, match=r"written \(.* is locked\)"
        )
    assert n_cache_warnings(Pixels(cache=path), photos)[1] == 0


def test_faults_of_workers_make_one_warning(paths, path):
    transformer = ColorStatistics(cache=path, n_jobs=2, batch_size=1)
    transformer.transform(paths)
    execute(path, "UPDATE rows SET checksum = NULL")
    assert_one_warning(transformer, paths, match="it holds damaged rows")


def test_file_that_cannot_be_opened_is_tried_once(photos, path, monkeypatch):
    opened, open_file = [], _cache.open_file
    monkeypatch.setattr(
        _cache, "open_file", lambda path: opened.append(path) or open_file(path)
    )
    Path(path).mkdir()
    transformer = Pixels(cache=path, batch_size=1)
    assert_one_warning(transformer, photos, match="cannot be opened")
    assert len(opened) == 1


# --- care


def test_info_counts_by_transformer(photos, filled):
    ColorStatistics(cache=filled).transform(photos[:5])
    table = cache_info(filled)
    assert table["kind"].tolist() == ["ColorStatistics", "Pixels"]
    assert table["n_rows"].tolist() == [5, 40]
    assert table["n_bytes"].tolist() == [5 * 24, 40 * 1200]
    execute(filled, "UPDATE rows SET used = 20000")
    assert cache_info(filled)["last_used"].tolist() == ["2024-10-04"] * 2


def test_prune_removes_damaged_and_old_rows(photos, filled):
    execute(filled, "UPDATE rows SET checksum = NULL WHERE rowid <= 2")
    execute(filled, "UPDATE rows SET used = used - 10 WHERE rowid <= 7")
    assert prune_cache(filled) == 2
    assert prune_cache(filled, max_days=10) == 0
    assert prune_cache(filled, max_days=9) == 5
    assert n_cache_warnings(Pixels(cache=filled), photos)[1] == 0


def test_prune_keeps_what_was_used_last(photos, path):
    transformer = Pixels(cache=path)
    X = np.random.default_rng(1).integers(0, 256, (400, 8, 12, 3), np.uint8)
    transformer.transform(X)
    execute(path, "UPDATE rows SET used = 20000")
    transformer.transform(X[100:200])  # is noted
    before = Path(path).stat().st_size
    limit = before // 2
    n_removed = prune_cache(path, max_bytes=limit)
    assert limit / 2 < Path(path).stat().st_size <= limit
    assert n_kept(path) == 400 - n_removed
    count_writes(path)
    transformer.transform(X[100:200])
    assert n_writes(path) == 0
    transformer.transform(X)
    assert n_writes(path) == n_removed


def test_prune_ends_at_rows_that_take_no_room(filled):
    key = b"of a transformer without numbers"
    row = (key, 99_999, "Empty", checksum_of(key, b""), b"")
    execute(filled, "INSERT INTO rows VALUES (?, ?, ?, ?, ?)", *row)
    assert prune_cache(filled, max_bytes=0) == 40
    assert cache_info(filled)["kind"].tolist() == ["Empty"]


def test_care_needs_a_file(path):
    for function in (cache_info, verify_cache, prune_cache):
        with pytest.raises(FileNotFoundError):
            function(path)
    assert not Path(path).exists()


@pytest.mark.parametrize(
    ("start", "way_out"), [(200, "Name a cache or a new file"), (17_000, "Delete the")]
)
def test_damaged_file_is_reported_by_verify(start, way_out, filled):
    contents = bytearray(Path(filled).read_bytes())
    contents[start:40000] = bytes(40000 - start)
    Path(filled).write_bytes(contents)
    for function in (cache_info, verify_cache, prune_cache):
        with pytest.raises(OSError, match=f"cannot be used.*{way_out}"):
            function(filled)


@pytest.mark.parametrize("name", ["max_bytes", "max_days"])
@pytest.mark.parametrize("value", [-1, 1.5, "10"])
def test_prune_refuses_what_is_no_number(filled, name, value):
    with pytest.raises(ValueError, match=f"Got {name}={value!r}, but a whole number"):
        prune_cache(filled, **{name: value})
    assert verify_cache(filled) == 0
