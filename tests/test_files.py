"""Files that are written: refused before the work, whole or not there after it."""

import errno
import os
import re
import subprocess
import sys
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


def test_last_of_several_writers_wins(tmp_path):
    path = tmp_path / "a.csv"
    with whole_file(path) as slow:
        slow.write_text("slow")
        with whole_file(path) as quick:
            quick.write_text("quick")
        assert path.read_text() == "quick"
    assert path.read_text() == "slow"
    assert list(tmp_path.iterdir()) == [path]


WRITER = """
import sys
from sklearn_popularity._files import whole_file

path, letter = sys.argv[1:]
for _ in range(50):
    with whole_file(path) as unfinished:
        unfinished.write_text(100_000 * letter)
"""


def test_processes_may_write_the_same_file(tmp_path):
    path = tmp_path / "a.csv"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, letter])
        for letter in "abc"
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert path.read_text() in [100_000 * letter for letter in "abc"]
    assert list(tmp_path.iterdir()) == [path]


def test_file_has_the_permissions_of_any_other(tmp_path):
    with whole_file(tmp_path / "a") as unfinished:
        unfinished.write_text("a")
    (tmp_path / "b").write_text("b")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="The whole path is limited there.")
@pytest.mark.parametrize(("letter", "n_letters"), [("a", 251), ("\u6d77", 83)])
def test_name_may_be_as_long_as_names_can_be(letter, n_letters, tmp_path):
    path = tmp_path / f"{n_letters * letter}.csv"
    check_destination(path, [".csv"], "x")
    with whole_file(path) as unfinished:
        unfinished.write_text("new")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "whose"),
    [(errno.ENOSPC, "a.csv"), (errno.EFBIG, "a.csv"), (errno.EMFILE, None)],
)
def test_full_disk_alone_names_the_file(number, whose, tmp_path):
    with pytest.raises(OSError) as caught, whole_file(tmp_path / "a.csv"):
        raise OSError(number, os.strerror(number))
    assert caught.value.filename == (whose and str(tmp_path / whose))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "taken"), [("no/a.csv", False), ("a.csv", True)])
def test_errors_name_the_path_that_was_given(name, taken, tmp_path):
    path = tmp_path / name
    if taken:
        path.mkdir()
    with pytest.raises(OSError) as caught, whole_file(path) as unfinished:
        unfinished.write_text("new")
    assert caught.value.filename == str(path)
    assert str(caught.value).endswith(f"{str(path)!r}")


needs_links = pytest.mark.skipif(
    sys.platform == "win32", reason="Only administrators make links there."
)


@needs_links
@pytest.mark.parametrize("n_links", [1, 3])
@pytest.mark.parametrize("before", [None, "old"])
def test_links_are_followed(n_links, before, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    target = folder / "a.csv"
    if before is not None:
        target.write_text(before)
    last = Path("elsewhere", "a.csv")  # from the folder of the link
    for i in range(n_links):
        link = tmp_path / f"link{i}.csv"
        link.symlink_to(last)
        last = link
    check_destination(link, [".csv"], "x")
    with whole_file(link) as unfinished:
        unfinished.write_text("new")
        assert unfinished.parent == folder
    assert link.is_symlink()
    assert target.read_text() == "new" and not target.is_symlink()
    assert list(folder.iterdir()) == [target]
    assert len(list(tmp_path.iterdir())) == 1 + n_links


@needs_links
def test_error_leaves_what_a_link_leads_to(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to("a.csv")
    with pytest.raises(ZeroDivisionError), whole_file(link):
        raise ZeroDivisionError
    assert link.is_symlink() and link.read_text() == "old"


@needs_links
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("missing/a.csv", "no folder"),
        ("link.csv", os.strerror(errno.ELOOP)),
        (".", "a folder"),
        ("/dev/null", "not a regular file"),
    ],
)
def test_links_to_nowhere_are_refused(target, reason, tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    with pytest.raises(OSError, match=f"Got x, which cannot be written.*{reason}"):
        check_destination(link, [".csv"], "x")
    with pytest.raises(OSError), whole_file(link) as unfinished:
        unfinished.write_text("new")
    assert link.is_symlink() and [link] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.csv", "a.html"])
def test_good_destination_passes(name, tmp_path):
    check_destination(tmp_path / name, [".csv", ".html"], name)
    check_destination(Path(name), [".csv", ".html"], name)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a.txt", ValueError, "Got x, but a name in .csv or .html was expected."),
        ("a", ValueError, "Got x, but a name in"),
        ("missing/a.csv", OSError, "Got x, which cannot be written"),
        ("folder.csv", OSError, "Got x, which cannot be written"),
        (252 * "a" + ".csv", OSError, "Got x, which cannot be written"),
    ],
)
def test_wrong_destination_is_refused(name, error, message, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(error, match=re.escape(message)):
        check_destination(tmp_path / name, [".csv", ".html"], "x")
