"""The command `compare`, and the page of `rank`."""

import re
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity import (
    load_model,
    make_popularity,
    read_model_card,
    save_model,
)
from sklearn_popularity.cli import main
from sklearn_popularity.inspection import HeldOutRecord, _rank_page, compare_scores
from sklearn_popularity.inspection._photos import as_photos
from sklearn_popularity.models import read_model_arrays

FAST = "color-statistics,color-histogram"


@pytest.fixture(scope="module")
def folder(made_folder):
    return made_folder(160)


@pytest.fixture(scope="module")
def model(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    assert _fit(folder, path) == 0
    return path


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    make_popularity(40, folder=folder, image_size=(48, 64), random_state=1)
    return sorted(folder.rglob("*.jpg"))


def _fit(folder, path):
    options = ["--label", "score", "--features", FAST, "--group", "user"]
    options += ["--repeats", "1", "--n-jobs", "1", "-o", str(path)]
    return main(["fit", str(folder), *options])


def _run(command, model, photos, *options):
    given = [command, model, *photos, "--n-jobs", "1", *options]
    return main([str(each) for each in given])


def test_compare_is_that_of_python(model, new, tmp_path, capsys):
    photos, output = new[:5], tmp_path / "pairs.csv"
    assert _run("compare", model, photos, "-o", output) == 0
    arrays = read_model_arrays(model)
    record = HeldOutRecord(
        *(arrays[name] for name in ("raw", "shares", "scores", "groups")), 5
    )
    names = [str(photo) for photo in photos]  # the file holds paths as given
    scores = load_model(model).predict(pd.DataFrame({"photo": map(str, photos)}))
    expected = compare_scores(names, scores, record, 0.6)
    pd.testing.assert_frame_equal(pd.read_csv(output), expected.pairs)
    printed = capsys.readouterr().out
    for row in expected.order.itertuples():
        assert re.search(rf"{row.score:.4f} .* {Path(row.photo).name}\n", printed)
    close = (expected.pairs["verdict"] == "too close to call").sum()
    assert 0 < close < len(expected.pairs)
    assert printed.count("   too close to call") == close
    best = ", ".join(Path(path).name for path in expected.best)
    says = "The best of these" if len(expected.best) == 1 else "Too close to call"
    assert f"\n{says}: {best}\n" in printed
    assert printed.endswith(
        "that differ in 'user'. If yours do not, add --same-group\n"
    )
    assert _run("compare", model, photos, "-o", "-", "--same-group") == 0
    within = compare_scores(names, scores, record, 0.6, same_group=True)
    printed = capsys.readouterr()
    pd.testing.assert_frame_equal(pd.read_csv(StringIO(printed.out)), within.pairs)
    assert f"\n{says}: " in printed.err and "add --same-group" not in printed.err


def test_more_pairs_are_counted(model, new, capsys):
    assert _run("compare", model, new[:6]) == 0
    assert "and 5 more pairs (see --output)" in capsys.readouterr().out


def test_equal_names_are_told_apart(model, new, tmp_path, capsys):
    copy = tmp_path / new[0].name
    shutil.copy(new[1], copy)
    assert _run("compare", model, [new[0], copy]) == 0
    printed = capsys.readouterr().out
    assert str(new[0]) in printed and str(copy) in printed


def test_compare_needs_two_photos(model, new, tmp_path, capsys):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 broken")
    assert _run("compare", model, [new[0], broken]) == 2
    assert "Got 1 photo(s) that can be read" in capsys.readouterr().err
    assert _run("compare", model, [*new[:2], broken]) == 0
    assert "1 of 3 photos could not be read" in capsys.readouterr().err


def test_models_without_scores_are_fitted_again(model, new, tmp_path, capsys):
    old = tmp_path / "old.skops"
    arrays = read_model_arrays(model)
    del arrays["scores"]
    about = read_model_card(model)["about"]
    save_model(load_model(model), old, about=about, arrays=arrays)
    assert _run("compare", old, new[:2]) == 2
    assert "without the scores of its photos" in capsys.readouterr().err


def test_model_files_hold_no_names_of_groups(model, folder):
    users = pd.read_csv(folder / "labels.csv")["user"].astype(str)
    groups = read_model_arrays(model)["groups"]
    assert groups.dtype == np.int32
    same = pd.DataFrame({"user": users, "group": groups}).drop_duplicates()
    assert len(same) == users.nunique() == len(np.unique(groups))


def test_page_of_rank_has_all_photos(model, new, tmp_path):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    broken, output = tmp_path / "broken.jpg", tmp_path / "ranking.html"
    broken.write_bytes(b"\xff\xd8 broken")
    assert _run("rank", model, [*new, broken], "-o", output) == 0
    page = output.read_text(encoding="utf-8")
    assert page.count("<li data-percentile=") == 40
    assert page.count("Strongest reasons") == 24
    assert "Photos that cannot be read: 1" in page and "broken.jpg" in page
    assert "40 photos by predicted score" in page


def test_page_of_rank_marks_unlike_photos(model, new, write_photos, tmp_path):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, size=(5, 48, 64, 3), dtype=np.uint8)
    photos = [*new, *write_photos(noise)]
    table, page = tmp_path / "ranked.csv", tmp_path / "ranking.html"
    assert _run("rank", model, photos, "-o", table) == 0
    n_unlike = pd.read_csv(table)["unlike"].sum()
    assert n_unlike >= 5
    assert _run("rank", model, photos, "-o", page) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count('class="unlike"') == n_unlike
    assert f"{n_unlike} of 45 photos are marked" in text


def test_long_rankings_are_cut(model, new, tmp_path, monkeypatch):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    monkeypatch.setattr("sklearn_popularity.inspection._rank_page._MAX_PHOTOS", 10)
    page = tmp_path / "ranking.html"
    assert _run("rank", model, new, "-o", page) == 0
    text = page.read_text(encoding="utf-8")
    assert "Shown are the 10 highest of 40 photos" in text
    assert text.count("<li data-percentile=") == 10


@pytest.fixture(scope="module")
def photos():
    return as_photos(
        make_popularity(8, image_size=(300, 400), random_state=0)[0]["photo"]
    )


@pytest.mark.parametrize(
    ("n_bytes", "side"), [(400_000, 320), (32_000, 160), (21_000, 128)]
)
def test_thumbnails_fit_the_page(photos, monkeypatch, n_bytes, side):
    monkeypatch.setattr(_rank_page, "_MAX_BYTES", n_bytes)
    assert _rank_page._choose_side(photos) == side
    images = [photos.read(row, max_size=side) for row in range(8)]
    shown = [_rank_page.picture_of(each, _rank_page._QUALITY) for each in images]
    assert sum(len(each["src"]) for each in shown) <= n_bytes
