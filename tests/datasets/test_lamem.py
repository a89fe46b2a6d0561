"""LaMem on small folders of its layout."""

from pathlib import Path

import pytest
from PIL import Image

from sklearn_popularity.datasets import MissingPhotosWarning, load_lamem


@pytest.fixture
def folder(tmp_path):
    for name in ("images", "splits"):
        (tmp_path / name).mkdir()
    for number in range(6):
        Image.new("RGB", (8, 6)).save(tmp_path / "images" / f"{number:08d}.jpg")
    for split in range(1, 6):
        lines = [f"{i:08d}.jpg 0.{split}{i}" for i in range(6)]
        write(tmp_path, "train", split, "\n".join(lines[:3]))
        write(tmp_path, "val", split, lines[3] + "\n")
        write(tmp_path, "test", split, "\r\n".join(lines[:3:-1]) + "\r\n\r\n")
    return tmp_path


def write(folder, subset, split, text, **kwargs):
    (folder / "splits" / f"{subset}_{split}.txt").write_text(text, **kwargs)


@pytest.mark.parametrize(
    ("split", "subset", "rows"),
    [
        (1, "train", [0, 1, 2]),
        (2, "val", [3]),
        (3, "test", [5, 4]),
        (5, "train", [0, 1, 2]),
    ],
)
def test_lists_are_read_in_order(folder, split, subset, rows):
    posts = load_lamem(folder, split=split, subset=subset)
    assert list(posts) == ["photo", "score"]
    assert posts["photo"].tolist() == [
        str(folder / "images" / f"{row:08d}.jpg") for row in rows
    ]
    assert posts["score"].tolist() == [float(f"0.{split}{row}") for row in rows]
    assert posts.attrs["missing"] == []


def test_missing_photos_are_reported_and_left_out(folder):
    (folder / "images" / "00000001.jpg").unlink()
    with pytest.warns(MissingPhotosWarning, match=r"1 of 3 .*00000001\.jpg") as caught:
        posts = load_lamem(str(folder))  # by default the first training set
    assert caught[0].filename == __file__
    assert [Path(p).stem for p in posts["photo"]] == ["00000000", "00000002"]
    assert posts["score"].tolist() == [0.10, 0.12]
    assert posts.index.tolist() == [0, 1]
    assert posts.attrs["missing"] == ["00000001.jpg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("00000000.jpg\n", r"Line 1 .*'00000000\.jpg', but the name"),
        ("00000000.jpg 0.1\n\n00000001.jpg 0.2\n", "Line 2 .*''"),
        ("00000000.jpg high\n", r"'score' .*'high' .*00000000\.jpg"),
        ("00000000.jpg nan\n", "'nan'"),
        ("00000000.jpg inf\n", "'inf'"),
        ("00000000.jpg 0.1\n00000000.jpg 0.2\n", r"'00000000\.jpg' more than once"),
        ("../splits/train_1.txt 0.1\n", "is outside .*images"),
        ("../../etc/passwd 0.1\n", "is outside"),
        ("/etc/passwd 0.1\n", "'/etc/passwd' in row 0, which is outside"),
    ],
)
def test_bad_list_is_one_clear_error(folder, text, message):
    write(folder, "train", 1, text)
    with pytest.raises(ValueError, match=message):
        load_lamem(folder)


def test_other_encoding_is_one_clear_error(folder):
    write(folder, "train", 1, "é.jpg 0.1\n", encoding="latin-1")
    with pytest.raises(ValueError, match=r"train_1\.txt.*UTF-8"):
        load_lamem(folder)


def test_names_may_hold_blanks_and_letters_of_all_kinds(folder):
    Image.new("RGB", (8, 6)).save(folder / "images" / "a ü.jpg")
    write(folder, "train", 1, "a ü.jpg 0.1\n", encoding="utf-8-sig")
    assert Path(load_lamem(folder)["photo"][0]).name == "a ü.jpg"


@pytest.mark.parametrize(
    ("kwargs", "name"),
    [({"split": 0}, "split"), ({"split": 6}, "split"), ({"subset": "all"}, "subset")],
)
def test_invalid_parameter_is_named(folder, kwargs, name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        load_lamem(folder, **kwargs)


def test_what_is_not_there_is_named(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_lamem(tmp_path / "nowhere")
    (folder / "splits" / "val_2.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"val_2\.txt"):
        load_lamem(folder, split=2, subset="val")
    for photo in (folder / "images").iterdir():
        photo.unlink()
    with pytest.raises(FileNotFoundError, match="None of the 3 photos"):
        load_lamem(folder)
