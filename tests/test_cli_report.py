"""`report` and `explain`: pages of the numbers of `evaluate`, and one-line errors."""

import html
import re
import shlex
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sklearn_popularity import (
    SocialFeatures,
    compare_features,
    load_folder,
    load_model,
    read_model_card,
)
from sklearn_popularity.cli import main
from sklearn_popularity.evaluation import held_out_predictions
from sklearn_popularity.inspection._explain_page import explain_page
from sklearn_popularity.papers import recommended

pytest.importorskip("jinja2", reason="Reports need jinja2.")

QUICK = ["--n-jobs", "1", "--repeats", "1", "--cv", "3"]
FAST = [*QUICK, "--features", "color-statistics,color-histogram"]
ONE_KIND = [*QUICK, "--features", "color-statistics"]


@pytest.fixture(scope="module")
def folder(made_folder):
    return made_folder(40)


@pytest.fixture(scope="module")
def model(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    given = ["fit", str(folder), "--label", "score", "-o", str(path)]
    assert main([*given, *FAST]) == 0
    return path


def _report(folder, output, *options):
    given = ["report", str(folder), "--label", "score", "-o", str(output)]
    return main([*given, *options])


@pytest.mark.parametrize(("group", "kinds"), [("user", FAST), (None, ONE_KIND)])
def test_report_has_the_score_of_evaluate(folder, tmp_path, capsys, group, kinds):
    output = tmp_path / "report.html"
    grouped = [] if group is None else ["--group", group]
    assert _report(folder, output, "--by", "theme", *grouped, *kinds) == 0
    posts = load_folder(folder)
    table = compare_features(
        posts["photo"],
        posts["score"],
        features=kinds[-1].split(","),
        groups=None if group is None else posts[group],
        cv=3,
        n_repeats=1,
    ).scores
    printed = capsys.readouterr().out
    assert f"Spearman {table['spearman'].iloc[-2]:.3f} " in printed
    page = output.read_text("utf-8")
    assert f"{table['spearman'].iloc[-2]:.2f}".replace("-", "\u2212") in page
    assert f"sklearn-popularity report {folder} --label score" in page


def test_report_takes_columns_around_the_photos(folder, tmp_path, capsys):
    columns = ["--social", "title", "--user", "user", "--time", "uploaded"]
    output = tmp_path / "report.html"
    posts = load_folder(folder)
    assert _report(folder, output, *columns, *ONE_KIND, "--cv", "2") == 0
    assert re.search(r"Spearman -?0\.\d+", capsys.readouterr().out)
    page = output.read_text("utf-8")
    cues = recommended(
        posts,
        photo=None,
        cues=SocialFeatures(texts=["title"], missing="nan"),
        user="user",
        time="uploaded",
    ).model
    y = posts["score"]
    alone = held_out_predictions(cues, posts, y, cv=2).scores(y)[0]
    row = re.search(r'<th scope="row">beside the.*?<td class="n">(.*?)<', page, re.S)
    assert row[1] == f"{alone:.2f}".replace("-", "\u2212")


@pytest.mark.parametrize("fitted", [False, True])
def test_make_it_again_makes_the_same_page(folder, model, tmp_path, fitted):
    output = tmp_path / "a report.html"
    given = ["--model", str(model)] if fitted else ["--label", "score", *ONE_KIND]
    given += ["--by", "theme", "--title", "title", "-o", str(output)]
    assert main(["report", str(folder), *given]) == 0
    page = output.read_text("utf-8")
    command = html.unescape(re.search(r"<pre><code>(.*?)</code>", page, re.S)[1])
    output.unlink()
    command, _, other = command.splitlines()
    program, *arguments = shlex.split(command)
    assert program == "sklearn-popularity"
    assert main(arguments) == 0
    assert output.read_text("utf-8") == page
    assert main(shlex.split(other)[1:]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--label", "scoer"], "no column 'scoer'"),
        (["--by", "nobody"], "no column 'nobody'"),
        (["--title", "nobody"], "no column 'nobody'"),
        (["-o", "report.pdf"], r"report\.pdf.*\.html"),
        (["-o", "nowhere/report.html"], "cannot be written"),
        (["--cv", "41"], "too few for 41 folds"),
    ],
)
def test_report_errors_are_one_line(folder, tmp_path, check_one_line, options, message):
    assert _report(folder, tmp_path / "report.html", *ONE_KIND, *options) == 2
    check_one_line(message)
    assert list(tmp_path.iterdir()) == []


def test_report_names_rows_without_label(folder, tmp_path, capsys):
    table = pd.read_csv(folder / "labels.csv").assign(part=np.arange(40.0))
    table.loc[[3, 7], "part"] = np.nan
    copy = tmp_path / "copy"
    copy.mkdir()
    table["path"] = [str(folder / path) for path in table["path"]]
    table.to_csv(copy / "labels.csv", index=False)
    output = tmp_path / "report.html"
    given = ["report", str(copy), "--label", "part", "-o", str(output), *ONE_KIND]
    assert main(given) == 0
    assert "2 of 40 rows have no 'part'" in capsys.readouterr().err
    assert "2 rows had no &#39;part&#39; and were skipped." in output.read_text("utf-8")


def test_explain_writes_a_page_that_adds_up(model, folder, tmp_path, capsys):
    photo = sorted((folder / "images").iterdir())[1]
    output = tmp_path / "why.html"
    assert main(["explain", str(model), str(photo), "-o", str(output)]) == 0
    assert "why.html" in capsys.readouterr().out
    page = output.read_text("utf-8")
    assert "Percentile of the predicted score" in page
    assert page.count("data:image/jpeg") == 2
    cells = re.findall(r'<td class="n">(.*?)</td>', page)
    values = [float(cell.replace("\u2212", "-")) for cell in cells]
    assert len(values) > 3
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.03)


def test_explain_doubts_models_of_chance(model, folder):
    photo = str(folder / "images" / "00000.jpg")
    training = read_model_card(model)["training"] | {"n_samples": 12_345}
    for low, doubted in ((-0.1, True), (0.1, False)):
        page = explain_page(load_model(model), photo, training | {"interval": [low, 1]})
        assert ("no better than chance" in page) == doubted
    assert "of the 12,345 training photos" in page


def test_explain_writes_a_figure(model, folder, tmp_path):
    photo = sorted((folder / "images").iterdir())[0]
    output = tmp_path / "why.png"
    assert main(["explain", str(model), str(photo), "-o", str(output)]) == 0
    with Image.open(output) as image:
        assert image.format == "PNG"
        assert min(image.size) > 300
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize(
    ("photo", "output", "message"),
    [
        ("missing.jpg", "why.html", r"missing\.jpg"),
        ("labels.csv", "why.html", r"labels\.csv"),
        ("labels.csv", "why.png", r"labels\.csv"),
        ("images/00000.jpg", "why.pdf", r"why\.pdf.*\.html or \.png"),
    ],
)
def test_explain_errors_are_one_line(
    model, folder, tmp_path, check_one_line, photo, output, message
):
    given = ["explain", str(model), str(folder / photo), "-o", str(tmp_path / output)]
    assert main(given) == 2
    check_one_line(message)
    assert list(tmp_path.iterdir()) == []


def test_report_without_jinja_is_one_line(
    folder, tmp_path, monkeypatch, check_one_line
):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert _report(folder, tmp_path / "report.html", *FAST) == 2
    check_one_line(r"\[report\]")


@pytest.mark.parametrize(
    ("name", "package"), [("x.html", "jinja2"), ("x.png", "matpl")]
)
def test_explain_needs_the_extra_first(
    tmp_path, monkeypatch, check_one_line, name, package
):
    for missing in ("jinja2", "matplotlib"):
        monkeypatch.setitem(sys.modules, missing, None)
    given = ["explain", "no.skops", "no.jpg", "-o", str(tmp_path / name)]
    assert main(given) == 2
    check_one_line(rf"{package}.*\[report\]")


def test_explain_does_not_overwrite_the_photo(model, images, tmp_path, capsys):
    photo = tmp_path / "photo.png"
    Image.fromarray(images[0]).save(photo)
    before = photo.read_bytes()
    assert main(["explain", str(model), str(photo), "-o", str(photo)]) == 2
    assert "photo.png, which is read by this command" in capsys.readouterr().err
    assert photo.read_bytes() == before


def test_demo_needs_the_extra_for_a_page_first(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main(["demo", "-o", str(tmp_path / "page.html")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "[report]" in printed.err


def _demo(folder):
    return main(["demo", "--n-photos", "40", "--keep", str(folder), "--n-jobs", "1"])


def test_demo_ends_with_the_report(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sklearn_popularity.cli._demo.FEATURES", FAST[-1].split(","))
    assert _demo(tmp_path / "kept") == 0
    page = tmp_path / "kept" / "report.html"
    assert f"Report: {page}" in capsys.readouterr().out.splitlines()[-1]
    assert "What makes synthetic photos popular?" in page.read_text("utf-8")


def test_demo_without_the_extra_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sklearn_popularity.cli._demo.find_spec", lambda name: None)
    monkeypatch.setattr("sklearn_popularity.cli._demo.FEATURES", FAST[-1].split(","))
    assert _demo(tmp_path / "kept") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert 'pip install ".[report]"' in last
    assert not (tmp_path / "kept" / "report.html").exists()


def test_demo_refuses_what_is_no_page(tmp_path, check_one_line):
    assert main(["demo", "-o", str(tmp_path / "report.pdf")]) == 2
    check_one_line(r"report\.pdf")
