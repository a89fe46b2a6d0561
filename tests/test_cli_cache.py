"""The commands `extract` and `cache`: what they write, print and refuse."""

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from sklearn_popularity import ColorNamesLLC, ColorStatistics
from sklearn_popularity.cli import main


@pytest.fixture
def folder(images, tmp_path):
    """Photos in a folder and one below it, and what is no photo."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for i, image in enumerate(images):
        where = folder / "below" if i % 2 else folder
        Image.fromarray(image).save(where / f"{i}.PNG")
    (folder / "labels.csv").write_text("path\n")
    return folder


@pytest.fixture
def output(tmp_path):
    return tmp_path / "colors.npy"


def extract(*options, status=0):
    options = ["extract", *map(str, options), "--n-jobs", "1"]
    assert main(options) == status


def cache(*options, status=0):
    assert main(["cache", *map(str, options)]) == status


def photos_of(folder):
    return sorted(str(path) for path in folder.rglob("*.PNG"))


def test_extract_writes_features_of_a_folder(folder, output, capsys):
    extract("color-statistics", folder, "-o", output)
    expected = ColorStatistics().transform(photos_of(folder))
    assert_array_equal(np.load(output), expected)
    printed = capsys.readouterr()
    assert f"{output}: 7 rows of 6 features\n" in printed.out
    assert printed.err == "1 of 1: describing brightness and colour\n"
    names = {path.name for path in output.parent.iterdir()} - {"photos"}
    assert names == {"colors.npy", "colors.npy.index.csv", "colors.npy.cache"}


def test_parts_are_joined(folder, output, capsys):
    extract("color-statistics", folder, "-o", output)
    expected = output.read_bytes()
    output.unlink()
    for i in range(3):
        extract("color-statistics", folder, "-o", output, "--part", f"{i}/3")
        assert "colors.part" in capsys.readouterr().out
    assert not output.exists()
    assert main(["join", str(output), "3"]) == 0
    assert "3 parts joined" in capsys.readouterr().out
    assert output.read_bytes() == expected
    assert main(["join", str(output), "4"]) == 2
    assert "the parts [0, 1, 2, 3] are not there" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["3/3", "1", "a/b", "-1/3"])
def test_wrong_parts_are_refused(part, folder, output, capsys):
    extract("gist", folder, "-o", output, f"--part={part}", status=2)
    assert "I from 0 to N - 1 was expected" in capsys.readouterr().err


def test_extract_takes_photos_and_lists(folder, output, tmp_path):
    first, second, *_ = photos_of(folder)
    (tmp_path / "list.txt").write_text(f"{second}\n\n{first}\n")
    shared = tmp_path / "shared.cache"
    options = ("-o", output, first, tmp_path / "list.txt", "--cache", shared)
    extract("color-statistics", *options)
    expected = ColorStatistics().transform([first, second, first])
    assert_array_equal(np.load(output), expected)
    assert shared.exists() and not Path(f"{output}.cache").exists()


def test_extract_learns_words_once(folder, output, capsys):
    for _ in range(2):
        extract("color-names-llc", folder, "-o", output)
    photos = photos_of(folder)
    expected = ColorNamesLLC(flip=True, random_state=0).fit_transform(photos)
    assert_array_equal(np.load(output), expected)
    capsys.readouterr()
    cache("info", f"{output}.cache")
    assert "ColorNamesLLC" in capsys.readouterr().out
    cache("verify", f"{output}.cache")
    assert "all 8 rows are sound" in capsys.readouterr().out


def test_extract_reports_unreadable_photos(folder, output, bad_path, capsys):
    extract("color-statistics", bad_path, folder, "-o", output)
    assert np.isnan(np.load(output)).any(axis=1).tolist() == [True] + [False] * 7
    error = capsys.readouterr().err
    assert error.count("warning") == 1
    assert "1 of 8 photos could not be read" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["empty", "-o", "x.npy"], "Found no photos in empty."),
        (["photos", "-o", "x.csv"], "a name in .npy or .parquet was expected"),
        (["photos", "-o", "missing/x.npy"], "cannot be written"),
        (["missing.txt", "-o", "x.npy"], "There is no missing.txt"),
    ],
)
def test_extract_refuses(options, message, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    extract("color-statistics", *options, status=2)
    assert message in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "empty"}


def test_cache_is_verified_and_pruned(folder, output, capsys):
    path = f"{output}.cache"
    extract("color-statistics", folder, "-o", output)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE rows SET checksum = 'x' WHERE rowid = 2")
    capsys.readouterr()
    cache("verify", path, status=2)
    assert "1 row(s) of the cache" in capsys.readouterr().err
    cache("prune", path, "--max-size", "1GB")
    assert re.search(r"1 rows removed, \d+ kB left", capsys.readouterr().out)
    cache("verify", path)
    assert "all 6 rows are sound" in capsys.readouterr().out
    cache("prune", path, "--max-size", "0")
    assert "6 rows removed" in capsys.readouterr().out
    cache("info", path)
    assert re.match(rf"{path}: \d+ kB\n", capsys.readouterr().out)


def test_extract_refuses_other_files_as_cache(folder, output, bad_path, capsys):
    before = Path(bad_path).read_bytes()
    options = ("-o", output, "--cache", bad_path)
    extract("color-statistics", folder, *options, status=2)
    assert "the file is not a cache of sklearn-popularity" in capsys.readouterr().err
    assert Path(bad_path).read_bytes() == before and not output.exists()


def test_extract_needs_pyarrow_before_the_work(folder, output, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    output = output.with_suffix(".parquet")
    extract("color-names-llc", folder, "-o", output, status=2)
    assert "[parquet]" in capsys.readouterr().err
    assert [path.name for path in output.parent.iterdir()] == ["photos"]


@pytest.mark.parametrize("size", ["many", "-1", "10PB", "1.", ""])
def test_prune_refuses_sizes(size, tmp_path, capsys):
    cache("prune", tmp_path / "x.cache", f"--max-size={size}", status=2)
    assert "a size such as 500MB or 10GB" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["info", "verify", "prune"])
def test_cache_refuses_other_files(action, bad_path, tmp_path, capsys):
    cache(action, bad_path, status=2)
    assert "the file is not a cache of sklearn-popularity" in capsys.readouterr().err
    cache(action, tmp_path / "missing.cache", status=2)
    assert "No such file or directory" in capsys.readouterr().err
