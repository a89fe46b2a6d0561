"""The page of data sets: its snippets run, and it names every reader."""

import bz2
import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from sklearn_popularity import datasets
from sklearn_popularity.datasets import YFCC100M_FIELDS

PAGE = Path(__file__).parents[2] / "docs" / "datasets.md"
TEXT = PAGE.read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("vso", "flickr100m"):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("RGB", (8, 6)).save(tmp_path / name / f"{number}.jpg")
    return tmp_path


def run(*snippets):
    names = {}
    for snippet in snippets:
        exec(compile(snippet, str(PAGE), "exec"), names)
    return names


def test_own_names_lead_to_a_target(folder):
    ten_days_before = 1_396_828_800 - 864_000
    table = {"jpg": ["0.jpg", "1.jpg"], "n_views": [0, 30], "posted": ten_days_before}
    pd.DataFrame(table).to_csv("vso/labels.csv", index=False)
    assert run(*SNIPPETS[:2])["target"].tolist() == pytest.approx([0, 2])


def test_dufours_filters_follow_each_other(folder):
    cells = [
        ["1", "a@N1", "sea", "0"],
        ["2", "a@N1", "dog", "1"],
        ["3", "b@N2", "", "0"],
        ["4", "b@N2", 'the"sea,sun', "0"],
    ]
    lines = []
    for number, user, tags, marker in cells:
        fields = dict.fromkeys(YFCC100M_FIELDS, "")
        fields |= {"Photo/video identifier": number, "User NSID": user}
        fields |= {"User tags (comma-separated)": tags, YFCC100M_FIELDS[-1]: marker}
        lines.append("\t".join(fields.values()) + "\n")
    Path("yfcc100m_dataset-0.bz2").write_bytes(bz2.compress("".join(lines).encode()))
    chosen = run(SNIPPETS[2])["chosen"]
    assert chosen["Photo/video identifier"].tolist() == ["1", "4"]
    counts = {"path": ["0.jpg", "1.jpg"], "views": 3, "favorites": 0, "comments": 1}
    chosen.assign(**counts).to_csv("flickr100m/labels.csv", index=False)
    posts = run(SNIPPETS[3])["posts"]
    assert posts["user"].tolist() == ["a@N1", "b@N2"]
    assert posts["tags"].tolist() == ["sea", 'the"sea,sun']
    assert posts["views"].tolist() == [3, 3]


def test_page_names_every_public_reader():
    for name in datasets.__all__:
        if name.startswith(("load_", "fetch_", "filter_", "KNOWN", "YFCC")):
            assert name in TEXT, name
