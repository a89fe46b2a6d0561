"""Files that are written: refused before the work, whole or not there after it."""

import re
from pathlib import Path

import pytest

from sklearn_popularity._files import check_destination, whole_file


@pytest.mark.parametrize("before", [None, "old"])
def test_file_appears_when_it_is_whole(before, tmp_path):
    path = tmp_path / "a.csv"
    if before is not None:
        path.write_text(before)
    with whole_file(path) as unfinished:
        unfinished.write_text("new")
        assert path.exists() == (before is not None)
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(str(path)) as unfinished:
        unfinished.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.csv", "a.html"])
def test_good_destination_passes(name, tmp_path):
    check_destination(tmp_path / name, [".csv", ".html"], name)
    check_destination(Path(name), [".csv", ".html"], name)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a.txt", ValueError, "Got x, but a name in .csv or .html was expected."),
        ("a", ValueError, "Got x, but a name in"),
        ("missing/a.csv", OSError, "Got x, which cannot be written there"),
        ("folder.csv", OSError, "Got x, which cannot be written there"),
    ],
)
def test_wrong_destination_is_refused(name, error, message, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(error, match=re.escape(message)):
        check_destination(tmp_path / name, [".csv", ".html"], "x")
