"""TPIC2017 on small folders of its layout."""

from itertools import cycle

import pandas as pd
import pytest
from PIL import Image

from sklearn_popularity.datasets import MissingPhotosWarning, load_tpic2017

KEYS = [("9624", "25@N92"), ("311862", "11@N30"), ("665085", "25@N92")]
FILES = {
    "LABEL.txt": ("logview", ["3.2", "0", "12.25"]),
    "TIME_FLAG.txt": (
        "year month day hour_index",
        ["2007\t3\t16\t4", "2008\t12\t31\t5", "2006\t02\t9\t0"],
    ),
    "PHOTO_URL.txt": ("url", [f"https://www.flickr.com/photos/7/{i}" for i in "012"]),
    "USER_META.txt": (
        "commentcount haspeople titlelen deslen tagcount avgview groupcount "
        "avgmembercount",
        [
            "0\t0\t15\t0\t14\t199.32\t1188\t6601",
            "1\t1\t11\t9\t0\t615.61\t67\t21637.5",
            "2\t0\t0\t8\t3\t199.32\t1188\t6601",
        ],
    ),
}
IN_ARCHIVES = {
    "LABEL.txt": "LABELS.txt",
    "TIME_FLAG.txt": "TIMEFLAG.txt",
    "PHOTO_URL.txt": "PHOTOURL.txt",
}
COUNTS = (
    "comments has_people title_length description_length tags_count user_mean_views "
    "groups group_members"
).split()


def rows_of(name):
    values = FILES[name][1]
    return ["\t".join([*key, row]) for key, row in zip(KEYS, values, strict=True)]


def write(folder, name, rows, *, header=True, glue="\t", **kwargs):
    names = glue.join(["pid", "uid", *FILES[name][0].split()])
    text = "\n".join([names] * header + rows) + "\n"
    (folder / name).write_text(text, **kwargs)


@pytest.fixture
def folder(tmp_path):
    """Files whose rows are in several orders, with a post that has no label."""
    more = {"TIME_FLAG.txt": "1\t1@N1\t2007\t1\t1\t1", "PHOTO_URL.txt": "1\t1@N1\thttp"}
    write(tmp_path, "LABEL.txt", rows_of("LABEL.txt"))
    write(tmp_path, "USER_META.txt", rows_of("USER_META.txt")[::-1])
    for name, row in more.items():
        write(tmp_path, name, [row, *rows_of(name)[::-1]])
    return tmp_path


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("9624.jpg", "311862.JPG", "665085.png"):
        Image.new("RGB", (8, 6)).save(folder / name)
    return folder


def test_posts_are_read_in_the_order_of_labels(folder):
    posts = load_tpic2017(str(folder))
    assert list(posts) == ["user", "post", "score", "uploaded", "url", *COUNTS]
    assert [*zip(posts["post"], posts["user"], strict=True)] == KEYS
    assert posts["score"].tolist() == [3.2, 0, 12.25]
    assert posts["url"].str[-1].tolist() == ["0", "1", "2"]
    assert posts["comments"].tolist() == [0, 1, 2]
    for row, text in enumerate(FILES["USER_META.txt"][1]):
        assert posts[COUNTS].iloc[row].tolist() == [float(x) for x in text.split()]


def test_upload_is_the_start_of_the_segment(folder):
    uploaded = load_tpic2017(folder)["uploaded"]
    expected = ["2007-03-16T18:00", "2008-12-31T22:00", "2006-02-09T02:00"]
    assert uploaded.tolist() == [pd.Timestamp(time) for time in expected]
    rows = [f"{i}\tu\t2007\t3\t16\t{i}" for i in range(6)]
    write(folder, "TIME_FLAG.txt", rows)
    for name in ("LABEL.txt", "PHOTO_URL.txt", "USER_META.txt"):
        values = FILES[name][1][0]
        write(folder, name, [f"{i}\tu\t{values}" for i in range(6)])
    hours = load_tpic2017(folder)["uploaded"].dt.hour.tolist()
    assert hours == [2, 6, 10, 14, 18, 22]


@pytest.mark.parametrize("spelling", ["blanks", "none", "archive", "mark", "windows"])
def test_spellings_of_files_make_no_difference(folder, spelling):
    expected = load_tpic2017(folder)
    for name in FILES:
        lines = (folder / name).read_text().splitlines()
        if spelling == "blanks":
            write(folder, name, lines[1:], glue=" ")
        elif spelling == "none":
            write(folder, name, lines[1:], header=False)
        elif spelling == "mark":
            write(folder, name, lines[1:], encoding="utf-8-sig")
        elif spelling == "windows":
            write(folder, name, lines[1:], newline="\r\n")
        elif name in IN_ARCHIVES:
            text = (folder / name).read_text().replace("logview", "logviews")
            (folder / IN_ARCHIVES[name]).write_text(text)
            (folder / name).unlink()
    pd.testing.assert_frame_equal(load_tpic2017(folder), expected)


def test_photos_are_found_by_posts(folder, images):
    posts = load_tpic2017(folder, images=images)
    ends = ["9624.jpg", "311862.JPG", "665085.png"]
    assert posts["photo"].tolist() == [str(images / end) for end in ends]
    assert posts.attrs["missing"] == []
    pd.testing.assert_frame_equal(posts.drop(columns="photo"), load_tpic2017(folder))


def test_missing_photos_are_reported_and_left_out(folder, images):
    (images / "311862.JPG").unlink()
    with pytest.warns(MissingPhotosWarning, match="1 of 3 .*311862") as caught:
        posts = load_tpic2017(folder, images=images)
    assert caught[0].filename == __file__
    assert posts["post"].tolist() == ["9624", "665085"]
    assert posts["uploaded"].dt.year.tolist() == [2007, 2006]
    assert posts.index.tolist() == [0, 1]
    assert posts.attrs["missing"] == ["311862"]


def test_what_is_not_there_is_named(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_tpic2017(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_tpic2017(folder, images=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="None of the 3 photos"):
        load_tpic2017(folder, images=tmp_path / "empty")


@pytest.mark.parametrize("name", FILES)
def test_files_have_to_be_there(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        load_tpic2017(folder)


@pytest.mark.parametrize("name", ["LABEL.txt", "USER_META.txt"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [], "no rows"),
        (lambda rows: [*rows, "\tx"], r"Line \d of .* holds \['x'\], but \d+ values"),
        (lambda rows: [row + "\t1" for row in rows], "Line 2 .*separated by tabs"),
        (lambda rows: [row.replace("\t", " ") for row in rows], "Line 2 .*by tabs"),
        (lambda rows: [row.replace("\t", ",") for row in rows], "Line 2 .*by tabs"),
        (lambda rows: [row.replace("25@N92", "") for row in rows], r"Line \d .*''"),
        (lambda rows: [rows[0], "", *rows[1:]], "Line 3 .*by tabs"),
        (lambda rows: [*rows, rows[-1]], "more than once"),
        (lambda rows: [row.replace("25@N92", "1@N1") for row in rows], "no record"),
    ],
)
def test_bad_rows_are_one_clear_error(folder, name, change, message):
    write(folder, name, change(rows_of(name)))
    with pytest.raises(ValueError, match=message):
        load_tpic2017(folder)


@pytest.mark.parametrize("name", FILES)
def test_other_columns_are_one_clear_error(folder, name):
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("uid", "user", 1))
    with pytest.raises(ValueError, match=rf"{name}' has the columns \['pid', 'user'"):
        load_tpic2017(folder)


@pytest.mark.parametrize("name", list(FILES)[1:])
def test_posts_that_a_file_lacks_are_named(folder, name):
    write(folder, name, rows_of(name)[:2])
    with pytest.raises(ValueError, match=f"{name}' has no record of '25@N92/665085'"):
        load_tpic2017(folder)


@pytest.mark.parametrize("name", ["LABEL.txt", "USER_META.txt"])
def test_values_have_to_be_numbers(folder, name):
    values = cycle(["many", "nan", "inf", "1,5", "None"])
    for column, theirs in enumerate(FILES[name][0].split(), start=2):
        rows = [row.split("\t") for row in rows_of(name)]
        rows[1][column] = value = next(values)
        write(folder, name, ["\t".join(row) for row in rows])
        with pytest.raises(ValueError, match=f"'{theirs}' .*'{value}' .*'311862'"):
            load_tpic2017(folder)


@pytest.mark.parametrize(
    "time",
    [
        "2007\t2\t30\t4",
        "2007\t13\t1\t4",
        "2007\t3\t116\t4",  # as a number of digits, the 16th of April
        "2007\t0\t1\t4",
        "07\t3\t16\t4",
        "2007.0\t3\t16\t4",
        "2007\tMar\t16\t4",
        "2007\t3\t16\t6",
        "2007\t3\t16\t-1",
        "2007\t3\t16\t4.0",
    ],
)
def test_impossible_times_are_one_clear_error(folder, time):
    first, *others = rows_of("TIME_FLAG.txt")
    rows = [first.replace("2007\t3\t16\t4", time), *others]
    write(folder, "TIME_FLAG.txt", rows)
    with pytest.raises(ValueError, match=r"TIME_FLAG.txt' .*year.* '9624' \(1 such"):
        load_tpic2017(folder)


@pytest.mark.parametrize("post", ["../9624", "/etc/passwd", "a/../../b"])
def test_names_that_lead_out_are_refused(folder, images, post):
    for name in FILES:
        path = folder / name
        path.write_text(path.read_text().replace("9624\t", f"{post}\t"))
    assert load_tpic2017(folder)["post"][0] == post
    with pytest.raises(ValueError, match=r"is outside .*photos"):
        load_tpic2017(folder, images=images)


@pytest.mark.parametrize("name", FILES)
def test_other_encoding_is_one_clear_error(folder, name):
    path = folder / name
    path.write_text(path.read_text().replace("@", "é"), encoding="latin-1")
    with pytest.raises(ValueError, match=f"{name}.*UTF-8"):
        load_tpic2017(folder)
