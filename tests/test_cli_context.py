"""Columns beside the photos on the command line: features, and errors of one line."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity import (
    CNNEmbedder,
    SocialFeatures,
    load_folder,
    load_model,
)
from sklearn_popularity.cli import main
from sklearn_popularity.cli._evaluate import _print_ceilings
from sklearn_popularity.cli._main import _parser
from sklearn_popularity.cli._model import compose
from sklearn_popularity.cli._options import name_and_weights
from sklearn_popularity.evaluation import (
    FEATURES,
    best_of_groups,
    compare_models,
    held_out_predictions,
    variance_shares,
)
from sklearn_popularity.papers import _recommended, recommended

FEW = ["--cv", "2", "--repeats", "1", "--n-jobs", "1"]
NO_PHOTOS = ["--features", "none", *FEW]


@pytest.fixture(scope="module")
def folder(made_folder):
    return made_folder(60)


@pytest.fixture
def edited(folder, with_table, tmp_path):
    """Copies of the folder with other tables."""
    return lambda name, change: str(with_table(folder, tmp_path / name, change))


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "words.npz"
    words, rows = np.array(["canon", "test"]), np.eye(2, dtype=np.float32)
    np.savez(path, words=words, vectors=rows)
    return str(path)


def _evaluate(folder, *options):
    return main(["evaluate", str(folder), "--label", "score", *NO_PHOTOS, *options])


def test_options_are_arguments_of_recommended(folder, vectors, tmp_path, capsys):
    timm = pytest.importorskip("timm", reason="Networks need the extra torch.")
    weights, output = tmp_path / "weights.npz", tmp_path / "scores.json"
    state = timm.create_model("test_vit").state_dict()
    np.savez(weights, **{name: value.numpy() for name, value in state.items()})
    options = ["--social", "theme", "--tags", "tags", "--vectors", vectors]
    options += ["--user", "user", "--time", "uploaded", "--titles", "title"]
    given = ["evaluate", str(folder), "--label", "score", *FEW]
    given += ["--network", f"timm/test_vit={weights}", "--group", "theme"]
    assert main([*given, *options, "-o", str(output)]) == 0
    posts = load_folder(folder)
    model, reasons = recommended(
        posts,
        networks=[CNNEmbedder(backbone="timm/test_vit", weights=weights)],
        cues=SocialFeatures(
            texts=["theme", "title"], times=["uploaded"], missing="nan"
        ),
        groups="theme",
        user="user",
        time="uploaded",
        titles="title",
        tags="tags",
        vectors=vectors,
    )
    expected = compare_models(
        {"all together": model},
        posts,
        posts["score"],
        groups=posts["theme"],
        cv=2,
        n_repeats=1,
    ).scores
    run = json.loads(output.read_text())
    scores = pd.DataFrame(run["scores"]).set_index("model")
    parts = ["photos", "known", "moment", "history", "cues", "titles", "tags"]
    assert scores.index.tolist() == [*parts, "all together", "constant"]
    pd.testing.assert_frame_equal(
        scores.loc[["all together"]], expected.set_index("model")
    )
    assert run["social"] == ["theme"] and run["user"] == "user"
    printed = capsys.readouterr().out
    assert re.search(r"^instead of all together .*\nphotos +[+-]0\.\d", printed, re.M)
    assert all(reason in printed for reason in reasons)


def test_numbers_order_the_history(edited, capsys):
    def change(table):
        day = table["uploaded"].where(table.index != 3)
        return table.assign(order=np.arange(60)[::-1], day=day)

    copy = edited("copy", change)
    assert _evaluate(copy, "--user", "user", "--time", "order") == 0
    assert "history" in capsys.readouterr().out
    assert _evaluate(copy, "--time", "order") == 0
    assert "all together" in capsys.readouterr().out
    assert _evaluate(copy, "--user", "user", "--time", "day") == 0
    assert "1 of 60 rows have no 'day' and are left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--group", "user"], "for posts of new users, who have no history"),
        ([], "for new posts of users in the data"),
    ],
)
def test_questions_about_users_are_told_apart(folder, capsys, options, message):
    assert _evaluate(folder, "--user", "user", *options) == 0
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "there is nothing to learn from"),
        (["--social", "titel"], "no column 'titel'.*'title'"),
        (["--social", "score"], "column is the --label"),
        (["--time", "score"], "--time score, but that column is the --label"),
        (["--user", "score"], "--user score, but that column is the --label"),
        (["--titles", "score"], "--titles score, but that column is the --label"),
        (["--titles", "title", "--network", "x"], "--features none, which has no emb"),
        (["--user", "nobody"], "no column 'nobody'"),
        (["--time", "title"], r"'title' holds .*\(line 2\).*ISO 8601"),
        (["--tags", "tags"], "--tags and --vectors"),
        (["--vectors", "x.npz"], "--tags and --vectors"),
        (["--tags", "tags", "--vectors", "nowhere.bin"], r"nowhere\.bin' does not"),
        (["--tags", "tags", "--vectors", __file__], "a dict of word to vector"),
    ],
)
def test_errors_are_one_line(folder, check_one_line, options, message):
    assert _evaluate(folder, *options) == 2
    check_one_line(message)


def test_columns_are_wanted_again(folder, edited, tmp_path, capsys, check_one_line):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    model, ranked = str(tmp_path / "model.skops"), tmp_path / "ranked.csv"
    learned = ["--features", "color-statistics", "--titles", "title", "--user", "user"]
    given = ["fit", str(folder), "--label", "score", *learned, *FEW]
    assert main([*given, "--group", "theme", "-o", model]) == 0
    posts, output = load_folder(folder), ["--n-jobs", "1", "-o", str(ranked)]
    assert main(["rank", model, str(folder), *output]) == 0
    scores = pd.read_csv(ranked).set_index("photo").loc[posts["photo"], "score"]
    np.testing.assert_allclose(scores, load_model(model).predict(posts))
    capsys.readouterr()
    photo = posts["photo"][0]
    assert main(["rank", model, photo]) == 2
    message = "uses the columns title, user, theme beside the photos: a folder"
    check_one_line(message)
    assert main(["rank", model, edited("copy", lambda t: t.drop(columns="title"))]) == 2
    check_one_line("no column 'title'")
    shutil.copy(photo, tmp_path / "new.jpg")
    page = ["-o", str(tmp_path / "why.html")]
    assert main(["explain", model, str(tmp_path / "new.jpg"), *page]) == 2
    check_one_line(r"new\.jpg' has no row in a labels\.csv")


def _fit(folder, output, *options):
    given = ["fit", folder, "--label", "score", *NO_PHOTOS]
    return main([*given, *options, "-o", str(output)])


def test_new_tables_are_read_as_that_of_the_fit(
    edited, tmp_path, capsys, check_one_line
):
    """Members of a folder may all look like numbers, and so may its captions."""

    def mixed(table):
        codes = np.arange(len(table)) % 3
        return table.assign(
            member=np.array(["12", "13", "a7"])[codes],
            cap=np.array(["cat", "dog", "5"])[codes],
            day=np.arange(len(table)),
        )

    learned = edited("learned", mixed)
    options = ["--user", "member", "--social", "cap", "--time", "uploaded"]
    model = tmp_path / "model.skops"
    assert _fit(learned, model, *options) == 0
    alike = edited("alike", lambda table: mixed(table).assign(member=12, cap=2024))
    assert main(["rank", str(model), alike, "-o", str(tmp_path / "r.csv")]) == 0
    assert pd.read_csv(tmp_path / "r.csv")["score"].notna().all()
    other = edited("other", lambda table: mixed(table).assign(uploaded=1_700_000_000))
    capsys.readouterr()
    assert main(["rank", str(model), other]) == 2
    check_one_line("'uploaded' holds 1700000000, but times as ISO 8601 were")
    wrong = edited(
        "wrong", lambda t: mixed(t).assign(uploaded=["x", *t["uploaded"][1:]])
    )
    assert main(["rank", str(model), wrong]) == 2
    check_one_line(r"'x' for .*00000\.jpg' \(line 2\).*ISO 8601")


def test_reports_know_the_rows_of_the_fit(
    edited, folder, tmp_path, capsys, check_one_line
):
    pytest.importorskip("jinja2", reason="A report needs jinja2.")
    model, page = tmp_path / "model.skops", str(tmp_path / "page.html")
    base = edited("base", lambda table: table)
    assert _fit(base, model, "--titles", "title") == 0
    given = ["--model", str(model), "--n-jobs", "1", "-o", page]
    changed = edited("changed", lambda table: table.assign(title="x"))
    shorter = edited("shorter", lambda table: table[1:])
    capsys.readouterr()
    for other in (changed, shorter):
        assert main(["report", other, *given]) == 2
        check_one_line("fitted on other photos, or other values of score, title")
    photo = Path(base, "images", "00004.jpg")
    photo.unlink()
    photo.write_bytes(b"no photo")
    assert main(["report", base, *given]) == 0
    assert "1 of 60 photos could not be read" in capsys.readouterr().err


def test_pages_of_models_without_photos_have_no_map(folder, tmp_path):
    pytest.importorskip("jinja2", reason="A page needs jinja2.")
    model, page = tmp_path / "model.skops", tmp_path / "page.html"
    assert _fit(str(folder), model, "--titles", "title") == 0
    photo = load_folder(folder)["photo"][0]
    assert main(["explain", str(model), photo, "-o", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "Heatmap" not in text and "the heatmap above" not in text
    given = ["report", str(folder), "--label", "score", "--titles", "title"]
    assert main([*given, *NO_PHOTOS, "-o", str(page)]) == 0
    assert "--features none --cv 2 --repeats 1" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("vit", "pretrained"),
        ("vit=random", "random"),
        ("vit=~/a.npz", str(Path("~/a.npz").expanduser())),
    ],
)
def test_weights_of_networks_follow_their_names(text, weights):
    assert name_and_weights(text) == ("vit", weights)


def test_too_few_groups_are_told_before_the_work(edited, check_one_line):
    few = edited("few", lambda t: t.assign(four=np.arange(len(t)) % 4))
    given = ["evaluate", few, "--label", "score", "--group", "four", "--cv", "4"]
    two = ["--features", "color-statistics,color-histogram", "--n-jobs", "1"]
    assert main([*given, *two]) == 2
    check_one_line("Got 4 groups, too few for 4 folds with")


def test_without_networks_photos_are_hand_crafted(folder, monkeypatch):
    monkeypatch.setattr(_recommended, "networks_at_hand", lambda: ([], []))
    options = _parser().parse_args(["evaluate", str(folder), "--label", "score"])
    asked = compose(options, load_folder(folder), None)
    assert list(asked.models) == [*FEATURES, "late-fusion"]
    assert "the extra 'torch'" in asked.reasons[0]


def test_picks_are_those_of_held_out_predictions(
    folder, tmp_path, capsys, check_one_line
):
    output = tmp_path / "scores.json"
    given = ["--titles", "title", "--pick", "theme", "--group", "user"]
    assert _evaluate(folder, *given, "-o", str(output)) == 0
    posts = load_folder(folder)
    model = recommended(posts, photo=None, titles="title", groups="user").model
    shares = held_out_predictions(
        model, posts, posts["score"], groups=posts["user"], cv=2
    ).shares
    expected = best_of_groups(posts["score"], shares, posts["theme"])
    found = pd.DataFrame(json.loads(output.read_text())["choices"])
    pd.testing.assert_frame_equal(found, expected)
    printed = capsys.readouterr().out
    row = expected.iloc[1]
    line = rf"^pairs right +{row['rate']:.3f} +0.500 +\{row['gain']:+.3f} \("
    assert re.search(line, printed, re.MULTILINE)
    assert _evaluate(folder, "--titles", "title", "--pick", "burst") == 2
    check_one_line("no column 'burst'")


def test_ceilings_stand_beside_scores(folder, capsys):
    posts = load_folder(folder)
    assert _evaluate(folder, "--user", "user", "--group", "theme") == 0
    [row] = variance_shares(posts["score"], user=posts["user"]).ceilings.itertuples()
    line = f"Ceilings, by what a model knows: user {row.spearman:.3f} ("
    assert line in capsys.readouterr().out
    assert _evaluate(folder, "--titles", "title") == 0
    assert "Ceilings" not in capsys.readouterr().out


def test_ceilings_that_say_nothing_are_not_printed(capsys):
    names = ["known", "spearman", "low", "high"]
    rows = [("photo", 0.6, 0.0, 1.0), ("user", 0.8, 0.4, 1.0)]
    _print_ceilings(pd.DataFrame(rows, columns=names))
    printed = capsys.readouterr().out
    assert "user 0.800" in printed and "photo" not in printed
