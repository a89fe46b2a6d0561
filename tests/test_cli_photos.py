"""Photos on the command line: folders, lists, and what is left out of them."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sklearn_popularity.cli._main import main
from sklearn_popularity.cli._posts import find_photos, read_posts

GREY = Image.new("RGB", (40, 32), "grey")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.PNG"):
        GREY.save(folder / name)
    return folder


def extract(*paths, output):
    command = ["extract", "color-statistics", *map(str, paths), "--n-jobs=1"]
    status = main([*command, f"--output={output}"])
    return status


def test_what_is_no_photo_is_told_once(folder, tmp_path, capsys):
    for name in ("x.jxl", "y.jxl", "r.CR2", "manual.pdf", "a.txt", "b.txt", "c.csv"):
        (folder / name).touch()
    (folder / ".hidden").mkdir()
    GREY.save(folder / ".hidden" / "h.jpg")
    GREY.save(folder / "._a.jpg")
    assert extract(folder, output=tmp_path / "rows.npy") == 0
    assert np.load(tmp_path / "rows.npy").shape[0] == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 4
    assert told[0].startswith("warning: left out r.CR2: the raw")
    assert told[1].startswith("warning: left out x.jxl, y.jxl: JPEG XL")
    assert told[2] == "warning: skipped 3 file(s) that are not photos (1 .pdf, 2 .txt)"


def test_many_refused_photos_are_one_line(folder, capsys):
    for i in range(9):
        (folder / f"{i}.nef").touch()
    with pytest.warns(
        UserWarning, match=r"left out 0\.nef, .*4\.nef and 4 more: the raw"
    ):
        assert len(find_photos([folder])) == 2


def test_folders_of_other_photos_alone_are_an_error(tmp_path, capsys):
    (tmp_path / "IMG_1.dng").touch()
    assert extract(tmp_path, output=tmp_path / "rows.npy") == 2
    told = capsys.readouterr().err.splitlines()
    assert "IMG_1.dng" in told[0] and "Found no photos in" in told[1]


def test_heic_is_a_photo(folder):
    (folder / "IMG_1.HEIC").touch()
    names = [Path(path).name for path in find_photos([folder])]
    assert names == ["IMG_1.HEIC", "a.jpg", "b.PNG"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=repr)
def test_lists_are_read(tmp_path, encoding, end):
    lines = ["/x/ü.jpg", "", "a b.png", "c\u2028d.png"]
    path = tmp_path / "list.TXT"
    path.write_bytes(end.join([*lines, ""]).encode(encoding))
    assert find_photos([path]) == [line for line in lines if line]


def test_names_of_lists_may_be_no_text(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xff.jpg\n")
    assert find_photos([path]) == ["\udcff.jpg"]


def test_groups_and_labels_are_as_written(folder):
    table = {"path": ["a.jpg", "b.PNG", "a.jpg"], "user": ["007", "7", "07"]}
    pd.DataFrame(table | {"score": ["1", "NA", "1.5"]}).to_csv(
        folder / "labels.csv", index=False
    )
    options = Namespace(
        folder=folder, label="score", group="user", photo=None, per_day=None, log=False
    )
    with (
        pytest.warns(UserWarning, match="1 of 3 rows have no 'score'"),
        pytest.warns(UserWarning, match="line 4 repeats the photo of an earlier line"),
    ):
        posts, groups = read_posts(options)
    assert posts["score"].tolist() == [1.0, 1.5]
    assert groups.tolist() == ["007", "07"]


def test_linked_folders_are_told(folder, tmp_path, capsys):
    (folder / "linked").symlink_to(folder, target_is_directory=True)
    assert extract(folder, output=tmp_path / "rows.npy") == 0
    assert np.load(tmp_path / "rows.npy").shape[0] == 2
    assert "left out linked: a linked folder; name it" in capsys.readouterr().err


def test_no_photo_that_can_be_read_is_a_failure(tmp_path, capsys):
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    assert extract(tmp_path / "broken.jpg", output=tmp_path / "rows.npy") == 2
    assert "None of the photos could be read" in capsys.readouterr().err
    assert np.isnan(np.load(tmp_path / "rows.npy")).all()
