"""load_folder: finds photos and columns, survives missing files, says what is wrong."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from sklearn_popularity import load_folder
from sklearn_popularity.datasets import (
    KNOWN_COLUMNS,
    YFCC100M_FIELDS,
    MissingPhotosWarning,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "img").mkdir()
    for name in ("a.jpg", "b c.jpg", "ü.jpg"):
        Image.new("RGB", (8, 6)).save(tmp_path / "img" / name)
    return tmp_path


def _write(folder, text, name="labels.csv", encoding="utf-8"):
    (folder / name).write_text(text, encoding=encoding)
    return folder


@pytest.mark.parametrize("column", ["path", "file", "filename", "Image", "PHOTO"])
def test_photo_column_is_found(folder, column):
    _write(folder, f"score,{column}\n1,img/a.jpg\n2,img/b c.jpg\n3,img/ü.jpg\n")
    posts = load_folder(folder)
    assert list(posts) == ["photo", "score"]
    assert posts["photo"].tolist() == [
        str(folder / "img" / name) for name in ("a.jpg", "b c.jpg", "ü.jpg")
    ]
    assert posts["score"].tolist() == [1, 2, 3]
    assert posts.attrs["missing"] == []


def test_first_known_name_wins(folder):
    _write(folder, "image,path\nimg/missing.jpg,img/a.jpg\n")
    posts = load_folder(folder)
    assert Path(posts["photo"][0]).name == "a.jpg"
    assert list(posts) == ["photo", "image"]


def test_named_column_and_table(folder):
    _write(folder, "picture,y\nimg/a.jpg,1\n", name="other.csv")
    posts = load_folder(folder, labels="other.csv", photo_column="picture")
    assert list(posts) == ["photo", "y"]


def test_absolute_paths_are_kept(folder):
    absolute = folder / "img" / "a.jpg"
    _write(folder, f"path,y\n{absolute},1\n")
    assert load_folder(folder)["photo"].tolist() == [str(absolute)]


def test_missing_photos_are_reported_and_left_out(folder):
    _write(folder, "path,y\nimg/a.jpg,1\nimg/gone.jpg,2\n,3\nimg,4\nimg/ü.jpg,5\n")
    with pytest.warns(MissingPhotosWarning, match=r"3 of 5 .*img/gone\.jpg") as caught:
        posts = load_folder(folder)
    assert caught[0].filename == __file__
    assert posts["y"].tolist() == [1, 5]
    assert posts.index.tolist() == [0, 1]
    assert posts.attrs["missing"] == [
        "img/gone.jpg",
        "line 4 has no file name",
        "img",
    ]


def test_photos_in_another_folder_are_told(folder):
    _write(folder, "path,y\na,1\n")
    with pytest.raises(FileNotFoundError, match=r"'img/a\.jpg' is there: write file"):
        load_folder(folder)


@pytest.mark.parametrize(
    ("text", "kwargs", "error", "message"),
    [
        ("path,y\nimg/x.jpg,1\n", {}, FileNotFoundError, "None of the 1 photos"),
        ("name,y\nimg/a.jpg,1\n", {}, ValueError, "'name', 'y'.*photo_column"),
        ("path,y\na,1\n", {"required": ["z"]}, ValueError, "no column 'z'"),
        (
            "path,beauty\na,1\n",
            {"required": ["beuty"]},
            ValueError,
            "Did you mean 'beauty'",
        ),
        ("path,y\na,1\n", {"photo_column": "f"}, ValueError, "no column 'f'"),
        ("path,photo\nimg/a.jpg,1\n", {}, ValueError, "also a column 'photo'"),
    ],
)
def test_bad_table_is_one_clear_error(folder, text, kwargs, error, message):
    _write(folder, text)
    with pytest.raises(error, match=message):
        load_folder(folder, **kwargs)


def test_missing_folder_and_table(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=r"file', which is a file"):
        load_folder(tmp_path / "file")
    with pytest.raises(FileNotFoundError, match=r"nowhere.*does not exist"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"labels\.csv.*a row per photo"):
        load_folder(tmp_path)


def test_impossible_name_is_missing(folder):
    _write(folder, f"path,y\nimg/a.jpg,1\n{'x' * 300},2\n")
    with pytest.warns(MissingPhotosWarning, match="1 of 2"):
        assert load_folder(folder)["y"].tolist() == [1]


@pytest.mark.parametrize(
    "name",
    ["../a.jpg", "img/../../a.jpg", "img/..", r"..\a.jpg", r"sub\..\..\a.jpg"],
)
def test_names_that_lead_out_are_refused(folder, name):
    Image.new("RGB", (8, 6)).save(folder.parent / "a.jpg")
    _write(folder, f"path,y\nimg/a.jpg,1\n{name},2\n")
    with pytest.raises(
        ValueError, match=r"in line 3, which is outside .*parent folder"
    ):
        load_folder(folder)


def test_columns_are_renamed(folder):
    _write(folder, "img,beauty,by\nimg/a.jpg,1,anna\nimg/ü.jpg,2.5,ben\n")
    columns = {"photo": "img", "score": "beauty", "user": "by"}
    posts = load_folder(folder, columns=columns, required=["user"])
    assert list(posts) == ["photo", "score", "user"]
    assert posts["score"].tolist() == [1, 2.5]
    assert columns == {"photo": "img", "score": "beauty", "user": "by"}


@pytest.mark.parametrize("source", KNOWN_COLUMNS)
def test_known_sources_are_read_twice(folder, source):
    theirs = KNOWN_COLUMNS[source]
    cells = {
        name: 7 if ours in ("views", "retweets", "favorites") else f"some {ours}"
        for ours, name in theirs.items()
    }
    frame = pd.DataFrame({"path": ["img/a.jpg"], **cells, "other": 1})
    frame.to_csv(folder / "labels.csv", index=False)
    for _ in range(2):
        posts = load_folder(folder, columns=source)
        assert list(posts) == ["photo", *theirs, "other"]
        assert posts[list(theirs)].iloc[0].tolist() == list(cells.values())


def test_known_sources_match_their_documented_fields():
    assert len(YFCC100M_FIELDS) == 23
    assert set(KNOWN_COLUMNS["yfcc100m"].values()) <= set(YFCC100M_FIELDS)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("flickr", "no column 'owner', 'title', 'tags', 'dateupload', 'views'; its"),
        ({"score": "beuty"}, "no column 'beuty'.*Did you mean 'beauty'"),
        ({"score": "beauty", "y": "beauty"}, "or one column two"),
        ({"by": "beauty"}, "would give two columns"),
        ({"photo": "beauty"}, "photo_column='path' and columns with 'photo'"),
        ("vso", "'columns' parameter"),
        (["score"], "'columns' parameter"),
    ],
)
def test_bad_columns_are_one_clear_error(folder, columns, message):
    _write(folder, "path,beauty,by\nimg/a.jpg,1,anna\n")
    with pytest.raises(ValueError, match=message):
        load_folder(folder, columns=columns, photo_column="path")


@pytest.mark.parametrize(
    ("name", "value"),
    [("score", ""), ("views", "many"), ("favorites", "inf"), ("comments", "nan")],
)
def test_mapped_numbers_are_checked(folder, name, value):
    _write(folder, f"path,n\nimg/a.jpg,1\nimg/ü.jpg,{value}\n")
    with pytest.raises(ValueError, match=r"column 'n' .*ü\.jpg.*1 such row.*finite"):
        load_folder(folder, columns={name: "n"})


def test_numbers_of_missing_photos_do_not_matter(folder):
    _write(folder, "path,n\nimg/a.jpg,1\nimg/gone.jpg,deleted\n")
    with pytest.warns(MissingPhotosWarning, match="1 of 2"):
        posts = load_folder(folder, columns={"views": "n"})
    assert posts["views"].dtype.kind == "i"
    assert posts.attrs["missing"] == ["img/gone.jpg"]
