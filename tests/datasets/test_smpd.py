"""SMPD on small folders of its layouts."""

import json

import pandas as pd
import pytest
from PIL import Image

from sklearn_popularity.datasets import MissingPhotosWarning, load_smpd

KEYS = [("59@N75", "775"), ("59@N75", "1"), ("1@N18", "1075"), ("2@N00", "9")]
CURRENT = {
    "list": "img_filepath.txt",
    "text": "text.json",
    "place": "temporalspatial_information.json",
    "user": "user_data.json",
    "line": "train/{}/{}.jpg",
}
OLDER = {
    "list": "img.txt",
    "text": "tags.json",
    "place": "temporalspatial.json",
    "user": "userdata.json",
    "line": "https://www.flickr.com/photos/{}/{}",
}


def make_records(**fields):
    """A list of records in another order than the list of photos."""
    records = [
        {"Uid": uid, "Pid": pid, **{name: make(i) for name, make in fields.items()}}
        for i, (uid, pid) in enumerate(KEYS)
    ]
    return records[::-1]


def make_users():
    values = {
        "Uid": [uid for uid, _ in KEYS],
        "Pid": [int(pid) for _, pid in KEYS],
        "photo_count": ["10", "10", "20", "None"],
        "ispro": ["0", "0", "1", "0"],
        "photo_firstdate": ["1400000000", "1400000000", "1300000000", "None"],
        "photo_firstdatetaken": ["-86400", "0", "1", ""],
        "user_description": ["0.1,0.2"] * 4,
    }
    return {
        name: {str(i): value for i, value in enumerate(column)}
        for name, column in values.items()
    }


def make_folder(root, names, where="train_allmetadata_json"):
    folder = root / where
    folder.mkdir(parents=True, exist_ok=True)

    def write(ending, content):
        if not isinstance(content, str):
            content = json.dumps(content, ensure_ascii=False)
        (folder / f"train_{ending}").write_text(content, encoding="utf-8")

    write(names["list"], "".join(names["line"].format(*key) + "\n" for key in KEYS))
    write("label.txt", "9.5\n1\n12.25\n0\n")
    write(
        "category.json",
        make_records(
            Category="Fashion{}".format,
            Subcategory="Sub{}".format,
            Concept="Concept{}".format,
        ),
    )
    write(
        names["text"],
        make_records(
            Title="Größe {}".format, Alltags="sea tag{}".format, Mediatype=str
        ),
    )
    write(
        names["place"],
        make_records(
            Postdate=lambda i: str(1_450_000_000 + i),
            Longitude=lambda i: "0" if i else "-81.8",
            Latitude=lambda i: "0" if i else "24.5",
            Geoaccuracy=str,
        ),
    )
    write(names["user"], make_users())
    for uid, pid in KEYS:
        photo = root / "train" / uid / f"{pid}.jpg"
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6)).save(photo)
    return folder


@pytest.fixture
def root(tmp_path):
    make_folder(tmp_path, CURRENT)
    return tmp_path


@pytest.mark.parametrize(
    ("names", "where"),
    [
        (CURRENT, "train_allmetadata_json"),
        (CURRENT, "train"),
        (CURRENT, "."),
        ({**CURRENT, "list": "img_path.txt"}, "train_allmetadata_json"),
        (OLDER, "train_all_json"),
        (OLDER, "."),
    ],
)
def test_layouts_are_read(tmp_path, names, where):
    make_folder(tmp_path, names, where)
    posts = load_smpd(tmp_path)
    assert posts["photo"].tolist() == [
        str(tmp_path / "train" / uid / f"{pid}.jpg") for uid, pid in KEYS
    ]
    assert [*zip(posts["user"], posts["post"], strict=True)] == KEYS
    assert posts["score"].tolist() == [9.5, 1, 12.25, 0]
    assert posts["category"].tolist() == [f"Fashion{i}" for i in range(4)]
    assert posts["subcategory"].tolist() == [f"Sub{i}" for i in range(4)]
    assert posts["concept"].tolist() == [f"Concept{i}" for i in range(4)]
    assert posts["title"].tolist() == [f"Größe {i}" for i in range(4)]
    assert posts["tags"].tolist() == [f"sea tag{i}" for i in range(4)]
    assert posts["uploaded"][1] == pd.Timestamp("2015-12-13T09:46:41Z")
    assert posts["longitude"].tolist() == [-81.8, 0, 0, 0]
    assert posts["latitude"].tolist() == [24.5, 0, 0, 0]
    assert posts["user_photos"].tolist()[:3] == [10, 10, 20]
    assert posts["user_is_pro"].tolist() == [0, 0, 1, 0]
    assert posts["user_first_upload"][2] == pd.Timestamp(1_300_000_000, unit="s", tz=0)
    assert posts["user_first_taken"][0] == pd.Timestamp("1969-12-31T00:00Z")
    missing = ["user_photos", "user_first_upload", "user_first_taken"]
    assert posts[missing].isna().all(axis=1).tolist() == [False, False, False, True]
    assert posts.shape == (4, 16)
    assert posts.attrs["missing"] == []


def test_photos_may_be_elsewhere(root, tmp_path):
    elsewhere = tmp_path / "SMP_train_images"
    (root / "train").rename(elsewhere)
    posts = load_smpd(root, images=elsewhere)
    assert posts["photo"][2] == str(elsewhere / "1@N18" / "1075.jpg")


def test_missing_photos_are_reported_and_left_out(root):
    (root / "train" / "59@N75" / "1.jpg").unlink()
    with pytest.warns(MissingPhotosWarning, match=r"1 of 4 .*59@N75/1\.jpg") as caught:
        posts = load_smpd(root)
    assert caught[0].filename == __file__
    assert posts["post"].tolist() == ["775", "1075", "9"]
    assert posts["score"].tolist() == [9.5, 12.25, 0]
    assert posts["category"].tolist() == ["Fashion0", "Fashion2", "Fashion3"]
    assert posts.index.tolist() == [0, 1, 2]
    assert posts.attrs["missing"] == ["59@N75/1.jpg"]


def test_test_part_needs_neither_labels_nor_users(root):
    for path in (root / "train_allmetadata_json").iterdir():
        path.rename(path.with_name(path.name.replace("train", "test")))
    (root / "train_allmetadata_json").rename(root / "test_allmetadata_json")
    (root / "train").rename(root / "test")
    with_all = load_smpd(root, subset="test")
    for ending in ("label.txt", "user_data.json"):
        (root / "test_allmetadata_json" / f"test_{ending}").unlink()
    posts = load_smpd(root, subset="test")
    left_out = [name for name in with_all if name == "score" or name[:5] == "user_"]
    assert len(left_out) == 5
    pd.testing.assert_frame_equal(posts, with_all.drop(columns=left_out))


@pytest.mark.parametrize(
    "ending",
    [
        "img_filepath.txt",
        "label.txt",
        "category.json",
        "text.json",
        "temporalspatial_information.json",
        "user_data.json",
    ],
)
def test_files_of_train_have_to_be_there(root, ending):
    (root / "train_allmetadata_json" / f"train_{ending}").unlink()
    with pytest.raises(FileNotFoundError, match=f"train_{ending}"):
        load_smpd(root)


def test_folders_have_to_be_there(root, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_smpd(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_smpd(root, images=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="None of the 4 photos"):
        load_smpd(root, images=tmp_path / "empty")


@pytest.mark.parametrize(
    ("ending", "content", "message"),
    [
        ("category.json", "{", r"category\.json' cannot be read as JSON"),
        ("category.json", "[" * 100_000, "cannot be read as JSON"),
        ("category.json", "3", "cannot be read as JSON"),
        ("category.json", "[]", r"no column 'Uid', 'Pid', 'Category'"),
        ("category.json", '[{"Uid": 1, "Pid": 2}]', r"no column 'Category'.*\['Uid', "),
        ("text.json", '[{"Uid":"a","Pid":1,"Title":"","Alltags":""}]', "no record of"),
        ("label.txt", "1\n2\n3\n", "has 3 lines, but 4"),
        ("label.txt", "1\n2\n\n4\n", r"'score' .*holds '' .*1075\.jpg"),
        ("label.txt", "1\n2\nmany\n4\n", r"'score' .*'many' .*1075\.jpg"),
        ("label.txt", "1\n2\nnan\n4\n", r"'score' .*'nan' .*1075\.jpg"),
        ("label.txt", "", "is empty"),
        ("img_filepath.txt", "775.jpg\n", r"Line 1 .*'775\.jpg', but a path"),
        ("img_filepath.txt", "train/a/1.jpg\n" * 2, r"'a/1\.jpg' more than once"),
        ("img_filepath.txt", "train/../passwd.jpg\n", "is outside .*train"),
        ("user_data.json", {"Uid": "x"}, "cannot be read as JSON"),
        ("user_data.json", {"Uid": {"0": "x"}}, "no column 'Pid', 'photo_count'"),
    ],
)
def test_bad_file_is_one_clear_error(root, ending, content, message):
    if not isinstance(content, str):
        content = json.dumps(content)
    (root / "train_allmetadata_json" / f"train_{ending}").write_text(content)
    with pytest.raises(ValueError, match=message):
        load_smpd(root)


@pytest.mark.parametrize("value", ["", "None", "soon", None])
def test_time_of_upload_has_to_be_known(root, value):
    path = root / "train_allmetadata_json" / "train_temporalspatial_information.json"
    records = json.loads(path.read_text())
    records[0]["Postdate"] = value
    path.write_text(json.dumps(records))
    with pytest.raises(ValueError, match=r"'uploaded' .*2@N00.9\.jpg"):
        load_smpd(root)


def test_impossible_time_is_one_clear_error(root):
    path = root / "train_allmetadata_json" / "train_temporalspatial_information.json"
    path.write_text(path.read_text().replace("1450000000", "1e30"))
    with pytest.raises(ValueError, match=r"'uploaded' .*1e\+30, but seconds since"):
        load_smpd(root)


def test_post_told_twice_is_one_clear_error(root):
    path = root / "train_allmetadata_json" / "train_category.json"
    records = json.loads(path.read_text())
    path.write_text(json.dumps([*records, records[0]]))
    with pytest.raises(ValueError, match=r"category\.json' has '2@N00/9' more than"):
        load_smpd(root)


def test_other_encoding_is_one_clear_error(root):
    path = root / "train_allmetadata_json" / "train_text.json"
    path.write_text(path.read_text(encoding="utf-8"), encoding="latin-1")
    with pytest.raises(ValueError, match=r"train_text\.json.*UTF-8"):
        load_smpd(root)


def test_numbers_may_be_text_or_numbers(root):
    expected = load_smpd(root)
    path = root / "train_allmetadata_json" / "train_temporalspatial_information.json"
    records = json.loads(path.read_text())
    for record in records:
        record |= {name: float(record[name]) for name in ("Longitude", "Latitude")}
        record["Postdate"] = int(record["Postdate"])
    path.write_text(json.dumps(records))
    pd.testing.assert_frame_equal(load_smpd(root), expected, check_dtype=False)


@pytest.mark.parametrize("prefix", ["../..", "/etc", "C:\\x", "http://host"])
def test_only_the_ends_of_listed_paths_count(root, prefix):
    expected = load_smpd(root)
    path = root / "train_allmetadata_json" / "train_img_filepath.txt"
    path.write_text(path.read_text().replace("train/", f"{prefix}/"))
    assert load_smpd(root).equals(expected)
