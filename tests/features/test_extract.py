"""Features to a file: whole or not there, the same bytes whatever happened before."""

import os
import shutil
import signal
import subprocess
import sys
import tracemalloc
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.pipeline import FeatureUnion

from sklearn_popularity import (
    CacheWarning,
    ColorNamesLLC,
    ColorStatistics,
    ImageError,
    LatentRankSVM,
    LBPPyramid,
    UnreadablePhotosWarning,
    extract,
)
from sklearn_popularity.features import (
    _cache_keys,
    _feature_files,
    cache_info,
    join_parts,
)


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of three photos, so that a few photos make several."""
    monkeypatch.setattr(_feature_files, "_MAX_PHOTOS", 3)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "features.npy"


def test_matrix_and_index_are_written(paths, out, small_pieces):
    index = extract(ColorStatistics(), iter(paths), out)
    matrix = np.load(out, mmap_mode="r")
    assert matrix.dtype == np.float32
    assert_array_equal(matrix, ColorStatistics().transform(paths))
    table = pd.read_csv(index, keep_default_na=False)
    assert table["path"].tolist() == paths
    assert table["reason"].tolist() == [""] * len(paths)
    assert sorted(out.parent.iterdir()) == [out, index]


@pytest.mark.parametrize("as_X", [list, tuple, pd.Series, lambda x: map(Path, x)])
def test_paths_may_be_any_iterable(as_X, paths, out):
    extract(ColorStatistics(), as_X(paths), str(out))
    assert len(np.load(out)) == len(paths)


def test_parquet_has_named_columns(paths, tmp_path, small_pieces):
    parquet = pytest.importorskip("pyarrow.parquet", reason="This file needs pyarrow.")
    out = tmp_path / "features.parquet"
    transformer = ColorStatistics()
    extract(transformer, paths, out)
    table = parquet.read_table(out)
    assert table.column_names == list(transformer.get_feature_names_out())
    assert_array_equal(table.to_pandas().to_numpy(), transformer.transform(paths))
    first = out.read_bytes()
    extract(transformer, paths, out)
    assert out.read_bytes() == first


def test_unreadable_rows_have_a_reason(paths, bad_path, out, small_pieces):
    X = [bad_path, *paths, "gone.jpg"]
    with pytest.warns(UnreadablePhotosWarning, match="2 of 9 photos") as caught:
        index = extract(ColorStatistics(on_error="nan"), X, out)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    unreadable = np.isnan(np.load(out)).all(axis=1)
    reasons = pd.read_csv(index, keep_default_na=False)["reason"]
    assert_array_equal(unreadable, np.isin(np.arange(9), [0, 8]))
    assert_array_equal(reasons != "", unreadable)
    assert reasons[8] == "the file cannot be read (No such file or directory)"


def test_unreadable_photo_raises_its_row_and_leaves_nothing(
    paths, bad_path, out, small_pieces
):
    with pytest.raises(ImageError, match=r"^row 5, .*notes\.jpg: ") as caught:
        extract(ColorStatistics(), [*paths[:5], bad_path], out)
    assert caught.value.row == 5
    assert list(out.parent.iterdir()) == []


def test_other_warnings_come_once(paths, out, small_pieces, tmp_path):
    (tmp_path / "notes.cache").write_text("not a cache")
    transformer = ColorStatistics(cache=tmp_path / "notes.cache")
    with pytest.warns(CacheWarning, match="is not a cache") as caught:
        extract(transformer, paths, out)
    assert len(caught) == 1
    assert_array_equal(np.load(out), ColorStatistics().transform(paths))


def test_unions_are_extracted(paths, bad_path, out, small_pieces):
    union = FeatureUnion(
        [("a", ColorStatistics(on_error="nan")), ("b", LBPPyramid(on_error="nan"))]
    )
    with pytest.warns(UnreadablePhotosWarning, match="1 of 8 photos") as caught:
        extract(union, [*paths, bad_path], out)
    assert len(caught) == 1
    assert_array_equal(np.load(out)[:7], union.transform(paths))


def test_frames_are_extracted(paths, out):
    transformer = ColorStatistics().set_output(transform="pandas")
    extract(transformer, paths, out)
    assert_array_equal(np.load(out), ColorStatistics().transform(paths))


@pytest.mark.parametrize(
    ("paths", "name", "message"),
    [
        ([], "x.npy", "Got no paths"),
        ("a.jpg", "x.npy", "Got paths='a.jpg', a single path"),
        (["a.jpg", 3], "x.npy", "Got type int as path 1"),
        (["a.jpg"], "x.csv", r"x\.csv', but a name in \.npy or \.parquet"),
    ],
)
def test_wrong_arguments_are_refused(paths, name, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        extract(ColorStatistics(), paths, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/x.npy", "there is no folder"),
        ("folder.npy", "cannot be written: it is a folder"),
        ("taken.npy", r"taken.npy' and so the index .* written: it is a folder"),
        (246 * "x" + ".npy", "and so the index '.*', which cannot be written"),
    ],
)
def test_wrong_place_is_reported_before_work(
    name, message, paths, tmp_path, monkeypatch
):
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "taken.npy.index.csv").mkdir()
    monkeypatch.setattr(ColorStatistics, "transform", None)
    with pytest.raises(OSError, match=message):
        extract(ColorStatistics(), paths, tmp_path / name)


def test_progress_is_shown_on_demand(paths, out, capsys):
    extract(ColorStatistics(), paths, out)
    assert capsys.readouterr() == ("", "")
    extract(ColorStatistics(), paths, out, verbose=True)
    assert f"{len(paths)}/{len(paths)}" in capsys.readouterr().err


# --- parts


def extract_parts(transformer, paths, out, n_parts):
    for i in range(n_parts):
        extract(transformer, paths, out, part=(i, n_parts))


@pytest.mark.parametrize("suffix", [".npy", ".parquet"])
@pytest.mark.parametrize("n_parts", [1, 2, 5, 12])
def test_parts_join_to_the_bytes_of_one_run(
    n_parts, suffix, paths, bad_path, tmp_path, small_pieces
):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow.parquet", reason="This file needs pyarrow.")
    X = [*paths, bad_path, tmp_path / 'quote"and,\nline.png', *paths[:2]]
    transformer = ColorStatistics(on_error="nan")
    once, joined = tmp_path / f"once{suffix}", tmp_path / f"joined{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnreadablePhotosWarning)
        index = extract(transformer, X, once)
        extract_parts(transformer, X, joined, n_parts)
    index_of_parts = join_parts(joined, n_parts)
    assert joined.read_bytes() == once.read_bytes()
    assert index_of_parts.read_bytes() == index.read_bytes()


def test_part_holds_its_rows_alone(paths, out):
    index = extract(ColorStatistics(), paths, out, part=(1, 3))
    assert index.name == "features.part1of3.npy.index.csv"
    found = np.load(out.with_name("features.part1of3.npy"))
    assert_array_equal(found, ColorStatistics().transform(paths[2:4]))
    assert not out.exists()


def test_error_in_a_part_counts_rows_of_the_whole(paths, bad_path, out):
    with pytest.raises(ImageError, match=r"^row 7, .*notes\.jpg: "):
        extract(ColorStatistics(), [*paths, bad_path], out, part=(1, 2))


@pytest.mark.parametrize("part", [(2, 2), (-1, 2), (0.0, 2), 3, "12", (0, 1, 2)])
def test_wrong_parts_are_refused(part, paths, out):
    with pytest.raises(ValueError, match=r"Got part=.*0 <= i < n was expected"):
        extract(ColorStatistics(), paths, out, part=part)


@pytest.mark.parametrize("n_parts", [0, -1, 2.0, "2"])
def test_wrong_numbers_of_parts_are_refused(n_parts, out):
    with pytest.raises(ValueError, match=r"Got n_parts=.*at least 1 was expected"):
        join_parts(out, n_parts)


def test_missing_parts_are_named(paths, out):
    for i in (0, 2):
        extract(ColorStatistics(), paths, out, part=(i, 4))
    with pytest.raises(FileNotFoundError, match=r"the parts \[1, 3\] are not there"):
        join_parts(out, 4)
    assert not out.exists()


def test_parts_of_other_features_are_refused(paths, out):
    extract(ColorStatistics(), paths, out, part=(0, 2))
    extract(LBPPyramid(), paths, out, part=(1, 2))
    with pytest.raises(ValueError, match="has 1239 columns, and they are not the 6"):
        join_parts(out, 2)


# --- killed and run again

N_PHOTOS, BATCH_SIZE = 50, 4
# Scripts are files, of which the cache reads the source.
COUNTING = """
import os, signal, sys
import numpy as np
from sklearn_popularity import ImageTransformer, extract
from sklearn_popularity.features import _feature_files

_feature_files._MAX_PHOTOS = 20
folder, dies_at, batch_size, *paths = sys.argv[1:]

def describe(image):
    with open(f"{folder}/described", "ab") as log:
        log.write(b".")
        if log.tell() == int(dies_at):
            log.close()
            os.kill(os.getpid(), signal.SIGKILL)
    return np.resize(image, 9)

class Counting(ImageTransformer):
    def _describe(self):
        return describe

    def _feature_names(self):
        return [f"number{i}" for i in range(9)]

counting = Counting(cache=f"{folder}/features.cache", batch_size=int(batch_size))
extract(counting, paths, f"{folder}/features.npy")
"""


def run_script(folder, text, *arguments):
    script = folder / "script.py"
    script.write_text(text)
    command = [sys.executable, script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def many_paths(write_photos):
    rng = np.random.default_rng(0)
    return write_photos(rng.integers(0, 256, (N_PHOTOS, 4, 5, 3), np.uint8))


@pytest.mark.skipif(os.name == "nt", reason="Signals are of POSIX.")
def test_killed_run_goes_on_where_it_was(many_paths, tmp_path):
    settings = [BATCH_SIZE, *many_paths]
    killed = run_script(tmp_path, COUNTING, tmp_path, 45, *settings)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "features.npy").exists()
    resumed = run_script(tmp_path, COUNTING, tmp_path, 0, *settings)
    assert resumed.returncode == 0, resumed.stderr
    n_again = (tmp_path / "described").stat().st_size - N_PHOTOS
    assert 1 <= n_again <= BATCH_SIZE
    photos = [np.asarray(Image.open(path)) for path in many_paths]
    expected = tmp_path / "expected.npy"
    np.save(expected, np.stack([np.resize(p, 9) for p in photos]).astype("f4"))
    assert (tmp_path / "features.npy").read_bytes() == expected.read_bytes()
    index = (tmp_path / "features.npy.index.csv").read_text()
    assert index == "path,reason\n" + "".join(f"{path},\n" for path in many_paths)
    assert len(list(tmp_path.glob("*.part"))) == 1  # of the killed run


# --- bounded memory

MEMORY = """
import sys
import numpy as np
from sklearn_popularity import ImageTransformer, extract

path, out = sys.argv[1:]

def describe(image):
    return np.resize(image, 10_000)

class Wide(ImageTransformer):
    def _describe(self):
        return describe

    def _feature_names(self):
        return [f"number{i}" for i in range(10_000)]

wide = Wide(cache=f"{out}.cache")
extract(wide, [path] * 10, out)
before = peak()
extract(wide, [path] * 2000, out)
print(peak() - before)
"""


def test_memory_does_not_grow_with_photos(peak_memory, paths, out):
    ran = run_script(out.parent, peak_memory + MEMORY, paths[0], out)
    assert out.stat().st_size >= 80e6, ran.stderr
    assert float(ran.stdout) < 50


def test_ranker_learns_from_the_file_in_pieces(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "X.npy", rng.normal(size=(12_000, 300)).astype(np.float32))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    y = np.asarray(X[:, 0] - X[:, 1])
    pieces = [slice(start, start + 1000) for start in range(0, len(X), 400)]
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)
    tracemalloc.start()
    for piece in pieces:
        ranker.partial_fit(X[piece], y[piece])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.nbytes / 3
    assert ranker.score(X[:2000], y[:2000]) > 0.8
    in_memory = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)
    for piece in pieces:
        in_memory.partial_fit(np.array(X[piece]), y[piece])
    assert_array_equal(ranker.coef_, in_memory.coef_)


def test_parts_of_different_lists_are_refused(paths, tmp_path):
    colors, out = ColorStatistics(), tmp_path / "colors.npy"
    extract(colors, paths[:4], out, part=(0, 2))
    # As many photos, one of which has another name.
    extract(colors, [paths[4], *paths[1:4]], out, part=(1, 2))
    with pytest.raises(ValueError, match=r"part0of2.*part1of2.* different lists"):
        join_parts(out, 2)
    assert not out.exists()


DAMAGED = "damaged.*Extract part 1 again"


def half_file(path):
    os.truncate(path, path.stat().st_size // 2)


def flip_bit(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 64
    path.write_bytes(content)


@pytest.mark.parametrize("suffix", [".npy", ".parquet"])
@pytest.mark.parametrize(
    ("of_index", "change"),
    [
        (False, half_file),
        (False, lambda path: os.truncate(path, 0)),
        (False, lambda path: flip_bit(path, -7)),
        (False, lambda path: flip_bit(path, path.stat().st_size // 2)),
        (True, half_file),
        (True, lambda path: os.truncate(path, 0)),
        (True, lambda path: flip_bit(path, 20)),
        (True, lambda path: path.write_bytes(path.read_bytes() + b"\xff,,\n")),
    ],
)
def test_damaged_parts_are_refused(of_index, change, suffix, paths, tmp_path):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow.parquet", reason="This file needs pyarrow.")
    out = tmp_path / f"colors{suffix}"
    extract_parts(ColorStatistics(), paths, out, 2)
    part = tmp_path / f"colors.part1of2{suffix}"
    change(part.with_name(f"{part.name}.index.csv") if of_index else part)
    with pytest.raises(ValueError, match=rf"colors\.part1of2.*{DAMAGED}"):
        join_parts(out, 2)
    assert not any("of2" not in path.name for path in tmp_path.glob("colors*"))


def copy_part(out, i, j, n):
    for end in ("", ".index.csv"):
        names = [f"{out.stem}.part{each}of{n}{out.suffix}{end}" for each in (i, j)]
        shutil.copy(*map(out.with_name, names))


def test_copies_of_parts_are_refused(paths, out):
    extract_parts(ColorStatistics(), paths, out, 2)
    copy_part(out, 0, 1, 2)
    with pytest.raises(ValueError, match=r"part1of2.*holds part 0/2.*part 1 again"):
        join_parts(out, 2)
    # A part of no photos holds no number.
    extract_parts(ColorStatistics(), paths[:2], out, 3)
    copy_part(out, 0, 1, 3)
    with pytest.raises(ValueError, match=r"part1of3.*0 rows.* has 1.*part 1 again"):
        join_parts(out, 3)


def fitted(**settings):
    photos = np.random.default_rng(0).integers(0, 256, (9, 40, 40, 3), np.uint8)
    dictionary = ColorNamesLLC(dictionary=8, max_size=40, **settings)
    return dictionary.fit(photos)


def union_of(transformer):
    return FeatureUnion([("colors", transformer)])


@pytest.mark.parametrize("wrap", [lambda each: each, union_of])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: ColorStatistics(), lambda: ColorStatistics(max_size=20)),
        (lambda: fitted(random_state=0), lambda: fitted(random_state=1)),
    ],
)
def test_parts_of_other_settings_are_refused(one, other, wrap, paths, out):
    extract(wrap(one()), paths, out, part=(0, 2))
    extract(wrap(other()), paths, out, part=(1, 2))
    message = r"part0of2.*part1of2.*different parameters.*Extract part 1 again"
    with pytest.raises(ValueError, match=message):
        join_parts(out, 2)
    extract(wrap(one()), paths, out, part=(1, 2))
    join_parts(out, 2)


def test_parts_of_another_version_are_refused(paths, out, monkeypatch):
    extract(ColorStatistics(), paths, out, part=(0, 2))
    with monkeypatch.context() as patch:
        patch.setattr(_cache_keys, "_environment", lambda: "another version")
        extract(ColorStatistics(), paths, out, part=(1, 2))
    with pytest.raises(ValueError, match="different versions of sklearn-popularity"):
        join_parts(out, 2)
    index = out.with_name("features.part1of2.npy.index.csv")
    index.write_text("path,reason,list\n" + "a.jpg,,26bf18f6c818ac70\n" * 4)
    with pytest.raises(ValueError, match=r"part1of2.*another version.*part 1 again"):
        join_parts(out, 2)


@pytest.mark.parametrize("wrap", [lambda each: each, union_of])
def test_parts_of_other_runs_are_joined(wrap, paths, out, tmp_path):
    plain, other = (
        ColorStatistics(),
        ColorStatistics(
            n_jobs=2,
            batch_size=2,
            cache=tmp_path / "x.cache",
            on_error="nan",
            verbose=True,
        ),
    )
    extract(wrap(plain), paths, out, part=(0, 2))
    extract(wrap(other), paths, out, part=(1, 2))
    join_parts(out, 2)
    assert_array_equal(np.load(out), plain.transform(paths))


class Captured(ColorStatistics):
    """Describes photos by what cannot be hashed."""

    def _describe(self):
        return partial(describe_with, object())


def describe_with(anything, image):
    return np.zeros(6)


def test_settings_that_cannot_be_hashed_are_joined(paths, out):
    extract_parts(Captured(), paths, out, 2)
    join_parts(out, 2)
    extract(ColorStatistics(), paths, out, part=(1, 2))
    with pytest.raises(ValueError, match="different parameters"):
        join_parts(out, 2)


def test_names_with_line_ends_are_joined(paths, tmp_path):
    strange = [tmp_path / name for name in ("a\rb.png", "a\nb.png", 'a",b.png')]
    for path in strange:
        shutil.copy(paths[0], path)
    strange.append(strange[0].with_name(os.fsdecode(b"\xff.png")))
    shutil.copy(paths[0], strange[-1])
    index = extract(ColorStatistics(), strange, tmp_path / "once.npy")
    extract_parts(ColorStatistics(), strange, tmp_path / "parts.npy", 2)
    joined = join_parts(tmp_path / "parts.npy", 2)
    assert joined.read_bytes() == index.read_bytes()


def test_another_number_of_parts_is_named(paths, tmp_path):
    out = tmp_path / "colors.npy"
    for i in range(3):
        extract(ColorStatistics(), paths, out, part=(i, 3))
    with pytest.raises(FileNotFoundError, match="There are parts of 3: join that many"):
        join_parts(out, 2)


def test_files_are_written_at_home(paths, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    colors = ColorStatistics(cache="~/colors.cache")
    extract_parts(colors, paths, "~/colors.npy", 2)
    assert join_parts("~/colors.npy", 2) == tmp_path / "colors.npy.index.csv"
    assert cache_info("~/colors.cache")["n_rows"].tolist() == [len(paths)]
    assert not (tmp_path / "~").exists()


def test_index_is_utf8_whatever_the_names(paths, tmp_path):
    strange = tmp_path / os.fsdecode(b"caf\xe9.png")
    shutil.copy(paths[0], strange)
    index = extract(ColorStatistics(), [strange], tmp_path / "colors.npy")
    assert pd.read_csv(index)["path"].item().endswith(r"caf\udce9.png")
