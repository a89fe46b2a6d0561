"""Tables as people write them: nothing that is written is lost or taken for another."""

import sys
import unicodedata

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sklearn_popularity import load_folder
from sklearn_popularity.datasets import MissingPhotosWarning
from sklearn_popularity.datasets._photo_files import photos_below
from sklearn_popularity.datasets._tables import read_table, with_numbers

IDS = ["1234567890123456789", "1234567890123456790", ""]


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        Image.new("RGB", (8, 6)).save(tmp_path / name)
    return tmp_path


def write(folder, column, cells, **settings):
    frame = pd.DataFrame({"path": ["a.jpg", "b.jpg", "c.jpg"], column: cells})
    frame.to_csv(folder / "labels.csv", index=False, **settings)


NAMES_OF_LABELS = ("Theme", "owner_id", "tags", "user.id_str", "description")
LABELS = [
    IDS,
    ["007", "7", "07"],
    ["1e5", "100000", "1E5"],
    ["NA", "null", "None"],
    ["nan", "N/A", "1"],
    ["1.0", "1", ""],
    ["True", "true", "1"],
    ["-0", "0", "+0"],
    ["\uff11", "1", "2"],
    ["0x10", "1_000", "inf"],
    ["1" * 400, "2", "3"],
]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        *(("user", cells) for cells in LABELS),
        *((name, ["7", "8", "9"]) for name in NAMES_OF_LABELS),
    ],
)
def test_labels_stay_as_written(folder, column, cells):
    write(folder, column, cells)
    found = load_folder(folder)[column]
    assert found.where(found.notna(), "").tolist() == cells


@pytest.mark.parametrize("cells", [*LABELS[:3], LABELS[5], *LABELS[7:]], ids=repr)
def test_no_two_texts_become_one_number(folder, cells):
    write(folder, "shoot", cells)
    found = load_folder(folder)["shoot"]
    assert found.where(found.notna(), "").tolist() == cells


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "22", "3"], np.array([1, 22, 3])),
        (["1", "", "3"], np.array([1.0, np.nan, 3.0])),
        (["1.5", "NA", "3"], np.array([1.5, np.nan, 3.0])),
        (["null", "None", "nan"], np.array(["null", "None", "nan"], dtype=object)),
        (["1.5", "-2e3", " .5"], np.array([1.5, -2000.0, 0.5])),
        (["9007199254740993", "1", "2"], np.array([9007199254740993, 1, 2])),
        (["True", "False", "True"], np.array([True, False, True])),
        (["", "", ""], np.array([np.nan] * 3)),
    ],
    ids=repr,
)
def test_other_columns_become_numbers(folder, cells, expected):
    write(folder, "beauty", cells)
    found = load_folder(folder)["beauty"].to_numpy()
    assert found.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(found, expected)


def test_columns_that_are_renamed_to_labels_stay(folder):
    write(folder, "by", ["007", "008", "009"])
    posts = load_folder(folder, columns={"user": "by"})
    assert posts["user"].tolist() == ["007", "008", "009"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_marks_and_line_ends_are_read(folder, encoding, end):
    lines = ["path, theme,score", "a.jpg,Zoë,1", "", '"b.jpg","Ann, ""Bo""",2', ""]
    (folder / "labels.csv").write_bytes(end.join(lines).encode(encoding))
    posts = load_folder(folder)
    assert list(posts) == ["photo", "theme", "score"]
    assert posts["theme"].tolist() == ["Zoë", 'Ann, "Bo"']
    assert posts["score"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "path,score,\na.jpg,1,\nb.jpg,2,\n",
        "path,score\na.jpg,1,\nb.jpg,2,,\n",
        "path,score,,\na.jpg,1\nb.jpg,2,\n,,,\n",
    ],
    ids=repr,
)
def test_commas_at_the_ends_of_rows_do_not_matter(folder, text):
    (folder / "labels.csv").write_text(text)
    posts = load_folder(folder)
    assert list(posts) == ["photo", "score"]
    assert posts["score"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"path,y\na.jpg,1,x\n", r"has 3 cells in line 2, .* names 2 columns"),
        (
            b"path,y\na.jpg,1\nb.jpg,\xff\n",
            r"line 3 has the byte 0xff.*UTF-8\. .*Excel",
        ),
        ("path,y\na.jpg,1\n".encode("utf-16-le"), r"line 1 has a null.*Save it as"),
        (b'path,y\na.jpg,1\n\n"b\n.jpg",1\nc.jpg,1,x\n', r"3 cells in line 5"),
        (b'path,y\na.jpg,1\n\nb.jpg,"1\n', r"unexpected end of data \(line 4"),
        (b"path,path,y\na.jpg,b.jpg,1\n", "more than one column 'path'"),
        (b"path;y\na.jpg;1\n", "separated by semicolons"),
        (b"path\ty\na.jpg\t1\n", "separated by tabs"),
        (b'path,y\na.jpg,"1\n', r"unexpected end of data \(line"),
        (b"", "it is empty"),
        (b"\n,\n", "it is empty"),
        (b"path,y\n,\n", "has no rows"),
    ],
)
def test_other_tables_are_one_clear_error(folder, data, message):
    (folder / "labels.csv").write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        load_folder(folder)
    assert "\n" not in str(caught.value)


def test_names_of_columns_are_those_of_pandas(tmp_path):
    text = ",a,a, a ,b\n1,2,3,4,5\n"
    (tmp_path / "t.csv").write_text(text)
    table = read_table(tmp_path / "t.csv")
    assert list(table) == ["Unnamed: 0", "a", "a.1", "a.2", "b"]
    assert with_numbers(table).iloc[0].tolist() == [1, 2, 3, 4, 5]


def test_plain_tables_are_read_as_pandas_does(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": rng.integers(0, 10**6, 200),
            "x": rng.normal(size=200),
            "gaps": np.where(rng.random(200) < 0.3, np.nan, rng.normal(size=200)),
            "yes": rng.random(200) < 0.5,
            "words": rng.choice(["a, b", 'c "d"', "é\nf"], 200),
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = with_numbers(read_table(tmp_path / "t.csv"))
    assert table.index.tolist() == [*range(2, 202)]  # lines, as in a spreadsheet
    table = table.reset_index(drop=True)
    pd.testing.assert_frame_equal(table, pd.read_csv(tmp_path / "t.csv"))


# --- names of photos


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("other", ["NFC", "NFD"])
def test_names_in_another_form_of_unicode_are_found(tmp_path, form, other):
    place = tmp_path / unicodedata.normalize(form, "Ürlaub")
    place.mkdir()
    name = unicodedata.normalize(form, "é.jpg")
    Image.new("RGB", (8, 6)).save(place / name)
    written = unicodedata.normalize(other, "Ürlaub/é.jpg")
    (tmp_path / "labels.csv").write_text(f"path,y\n{written},1\n", encoding="utf-8")
    assert load_folder(tmp_path)["photo"].tolist() == [str(place / name)]


@pytest.mark.parametrize(
    "name",
    [
        "17",
        "sub/17",
        r"sub\17.jpg",
        " sub/17.jpg ",
        "Sub/17.JPG",
        r"sub\17",
    ],
)
def test_names_from_other_systems_are_found(tmp_path, name):
    (tmp_path / "sub").mkdir()
    photo = tmp_path / ("17.jpg" if name == "17" else "sub/17.jpg")
    Image.new("RGB", (8, 6)).save(photo)
    (photo.parent / "17.txt").touch()
    (tmp_path / "labels.csv").write_text(f"id,path,y\n1,{name},1\n")
    assert load_folder(tmp_path)["photo"].tolist() == [str(photo)]


def test_ids_without_ends_are_read_as_text(tmp_path):
    Image.new("RGB", (8, 6)).save(tmp_path / "007.png")
    (tmp_path / "labels.csv").write_text("picture,y\n007,1\n")
    posts = load_folder(tmp_path, photo_column="picture")
    assert posts["photo"].tolist() == [str(tmp_path / "007.png")]


@pytest.mark.parametrize("written", ["a", "A.Jpg"])
def test_names_of_several_photos_are_one_clear_error(tmp_path, written):
    for name in ("a.jpg", "A.jpg", "a.png"):
        Image.new("RGB", (8, 6)).save(tmp_path / name)
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("This file system does not tell upper from lower case.")
    (tmp_path / "labels.csv").write_text(f"path,y\n{written},1\n")
    with pytest.raises(ValueError, match=r"which may be 'A\.jpg' or 'a\.jpg'.*full"):
        load_folder(tmp_path)


def test_what_is_not_meant_stays_missing(folder):
    (folder / "b").mkdir()
    names = ["a.jpg", "d", "b", "a.jpg/x", "c.jp", "a"]
    lines = [f"{name},{i}" for i, name in enumerate(names)]
    (folder / "labels.csv").write_text("\n".join(["path,y", *lines]))
    with pytest.warns(MissingPhotosWarning, match=r"4 of 6 .*: d, b, a\.jpg/x, c\.jp$"):
        posts = load_folder(folder)
    assert posts["y"].tolist() == [0, 5]
    assert posts.attrs["missing"] == ["d", "b", "a.jpg/x", "c.jp"]


@pytest.mark.skipif(sys.platform == "win32", reason="Backslashes part folders there.")
def test_a_file_that_is_there_is_taken_as_it_is_called(tmp_path):
    for name in ("a\\b.jpg", "e\u0301.jpg", "\u00e9.jpg", "17"):
        Image.new("RGB", (8, 6)).save(tmp_path / name, format="JPEG")
    Image.new("RGB", (8, 6)).save(tmp_path / "17.jpg")
    names = ["a\\b.jpg", "e\u0301.jpg", "\u00e9.jpg", "17"]
    (tmp_path / "labels.csv").write_text("path\n" + "\n".join(names), encoding="utf-8")
    assert load_folder(tmp_path)["photo"].tolist() == [str(tmp_path / n) for n in names]


# --- folders of photos


def test_folders_hold_photos_refused_photos_and_others(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / ".thumbnails").mkdir()
    kept = ["a.JPG", "sub/b.webp", "sub/c.tiff"]
    for name in (
        *kept,
        "IMG_1.CR2",
        "x.jxl",
        "manual.pdf",
        "notes.txt",
        "Makefile",
        "t.csv",
        "Thumbs.db",
    ):
        (tmp_path / name).touch()
    for name in ("._a.jpg", ".thumbnails/t.jpg", ".DS_Store"):
        (tmp_path / name).touch()
    found = photos_below(tmp_path)
    assert found.photos == sorted(str(tmp_path / name) for name in kept)
    refused = {
        name: reason for reason, names in found.refused.items() for name in names
    }
    assert refused.keys() == {"IMG_1.CR2", "x.jxl"}
    assert "raw" in refused["IMG_1.CR2"] and "JPEG XL" in refused["x.jxl"]
    assert found.others == {".pdf": 1, ".txt": 1, "": 1}


LONG = "x" * 20_000


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (f"path,score\na.jpg,{LONG}\n", {"columns": {"score": "score"}}),
        (f"path,score\n../{LONG},1\n", {}),
        (f"path,{LONG}\na.jpg,1\n", {"required": ["score"]}),
        (f"score,{LONG}\n1,1\n", {}),
        (f"path,score\n{LONG[:5000]},1\n", {}),
        ("path,score\na.jpg,1\n", {"required": [LONG]}),
        ("path,score\na.jpg,1\n", {"columns": {"score": LONG}}),
    ],
    ids=range(7),
)
def test_errors_about_tables_show_the_beginning_of_a_value(folder, text, settings):
    (folder / "labels.csv").write_text(text)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        load_folder(folder, **settings)
    assert len(str(caught.value)) < 1000


def test_named_columns_stay_text(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "b.jpg").write_bytes(b"")
    (tmp_path / "labels.csv").write_text("path,member,n\na.jpg,12,1\nb.jpg,13,2\n")
    posts = load_folder(tmp_path, as_text=["member"])
    assert posts["member"].tolist() == ["12", "13"] and posts["n"].tolist() == [1, 2]
    assert load_folder(tmp_path)["member"].tolist() == [12, 13]
