"""Columns around the photos on the command line: features, and errors of one line."""

import json
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity import compare_features, load_folder, make_popularity
from sklearn_popularity.cli import main
from sklearn_popularity.evaluation import (
    social_cues,
    tag_words,
    upload_time,
    user_history,
)

NO_PHOTOS = ["--features", ",", "--repeats", "1", "--n-jobs", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos") / "made-up"
    make_popularity(60, folder=folder, image_size=(32, 32), random_state=0)
    return folder


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "words.npz"
    words, rows = np.array(["canon", "test"]), np.eye(2, dtype=np.float32)
    np.savez(path, words=words, vectors=rows)
    return str(path)


def _evaluate(folder, *options):
    return main(["evaluate", str(folder), "--label", "score", *NO_PHOTOS, *options])


def test_options_add_features(folder, vectors, tmp_path, capsys):
    output = tmp_path / "scores.json"
    options = ["--social", "title,theme", "--tags", "tags", "--vectors", vectors]
    options += ["--user", "user", "--time", "uploaded", "-o", str(output)]
    assert _evaluate(folder, *options) == 0
    posts = load_folder(folder)
    context = {
        "social": social_cues(posts[["title", "theme"]]),
        "upload-time": upload_time(posts["uploaded"]),
        "tags": tag_words(posts["tags"], vectors),
        "user-history": user_history(posts["user"], times=posts["uploaded"]),
    }
    expected = compare_features(
        posts["photo"], posts["score"], features=[], context=context, n_repeats=1
    ).scores
    run = json.loads(output.read_text())
    pd.testing.assert_frame_equal(pd.DataFrame(run["scores"]), expected)
    assert run["social"] == ["title", "theme"] and run["user"] == "user"
    assert re.search("^user-history +3 ", capsys.readouterr().out, re.MULTILINE)


def test_numbers_order_the_history(folder, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, copy_function=os.link)
    table = pd.read_csv(copy / "labels.csv").assign(order=np.arange(60)[::-1])
    (copy / "labels.csv").unlink()
    table.assign(day=table["uploaded"].where(table.index != 3)).to_csv(
        copy / "labels.csv", index=False
    )
    assert _evaluate(copy, "--user", "user", "--time", "order") == 0
    assert "upload-time" not in capsys.readouterr().out
    assert _evaluate(copy, "--time", "order") == 2
    assert re.search("'order' of --time holds numbers", capsys.readouterr().err)
    assert _evaluate(copy, "--user", "user", "--time", "day") == 2
    message = r"'day' is empty for 1 rows.*00003\.jpg.*needs a time"
    assert re.search(message, capsys.readouterr().err)


def test_groups_of_users_are_warned_of(folder, capsys):
    assert _evaluate(folder, "--user", "user", "--group", "user") == 0
    assert "user-history has nothing to say" in capsys.readouterr().err


def test_users_in_both_parts_are_warned_of(folder, capsys):
    assert _evaluate(folder, "--user", "user") == 0
    assert "with --user but no --group" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], r"features=\[\]"),
        (["--social", "titel"], "no column 'titel'.*'title'"),
        (["--social", "score"], "the --label itself"),
        (["--user", "nobody"], "no column 'nobody'"),
        (["--time", "title"], "'title' holds .* in row 0.*ISO 8601"),
        (["--tags", "tags"], "--tags and --vectors"),
        (["--vectors", "x.npz"], "--tags and --vectors"),
        (["--tags", "tags", "--vectors", "nowhere.bin"], r"nowhere\.bin' is not there"),
        (["--tags", "tags", "--vectors", __file__], "a dict of word to vector"),
    ],
)
def test_errors_are_one_line(folder, capsys, options, message):
    assert _evaluate(folder, *options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert re.search("^sklearn-popularity: error: .*" + message, printed.err)
