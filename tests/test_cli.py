"""The command line: tables, files, one-line errors, and nothing half-written."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sklearn_popularity import compare_features, load_folder, make_popularity
from sklearn_popularity.cli import main

FAST = ["--features", "color-statistics,color-histogram", "--repeats", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos") / "made-up"
    make_popularity(60, folder=folder, image_size=(48, 64), random_state=0)
    return folder


@pytest.fixture
def changed(folder, tmp_path):
    """Change the table of a copy of the folder."""

    def change(edit):
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy, copy_function=os.link)
        table = pd.read_csv(copy / "labels.csv")
        (copy / "labels.csv").unlink()
        edit(table).to_csv(copy / "labels.csv", index=False)
        return copy

    return change


def _evaluate(folder, *options):
    return main(
        ["evaluate", str(folder), "--label", "score", "--n-jobs", "1", *options]
    )


def test_evaluate_prints_and_writes_the_table(folder, tmp_path, capsys):
    output = tmp_path / "scores.csv"
    assert _evaluate(folder, "--group", "theme", *FAST, "-o", str(output)) == 0
    printed = capsys.readouterr()
    assert "near-duplicate" not in printed.err
    posts = load_folder(folder)
    expected = compare_features(
        posts["photo"],
        posts["score"],
        features=["color-statistics", "color-histogram"],
        groups=posts["theme"],
        n_repeats=2,
    ).table
    written = pd.read_csv(output)
    pd.testing.assert_frame_equal(written, expected)
    assert "60 photos, 5 folds of 8 groups of 'theme', 2 partition(s)" in printed.out
    for row in expected.itertuples():
        line = rf"{row.feature} +{row.n_features} +{row.spearman:.3f}"
        assert re.search(line, printed.out)


def test_evaluate_writes_json(folder, tmp_path):
    output = tmp_path / "scores.json"
    assert _evaluate(folder, "--group", "user", *FAST, "-o", str(output)) == 0
    run = json.loads(output.read_text())
    assert run["n_photos"] == 60
    assert run["group"] == "user"
    assert [row["feature"] for row in run["scores"]] == [
        "color-statistics",
        "color-histogram",
        "late-fusion",
    ]
    assert list(tmp_path.iterdir()) == [output]


def test_evaluate_warns_of_straddling_duplicates(changed, capsys):
    copy = changed(lambda table: pd.concat([table, table.iloc[:3]]))
    assert _evaluate(copy, *FAST) == 0
    error = capsys.readouterr().err
    assert re.search(r"warning: \d+ pair\(s\) of near-duplicate photos straddle", error)
    assert "--group" in error


def test_evaluate_leaves_out_missing_labels_and_photos(changed, capsys):
    def edit(table):
        table.loc[[2, 5], "score"] = None
        table.loc[9, "path"] = "images/gone.jpg"
        return table

    assert _evaluate(changed(edit), "--group", "theme", *FAST) == 0
    printed = capsys.readouterr()
    assert "warning: 1 of 60 photos named" in printed.err
    assert "warning: 2 of 59 rows have no 'score'" in printed.err
    assert "57 photos" in printed.out


def test_evaluate_reports_unreadable_photos(changed, capsys):
    copy = changed(lambda table: table)
    (copy / "images" / "00004.jpg").unlink()
    (copy / "images" / "00004.jpg").write_bytes(b"\xff\xd8 broken")
    assert _evaluate(copy, "--group", "theme", *FAST) == 0
    printed = capsys.readouterr()
    assert "warning: 1 of 60 photos could not be read" in printed.err
    assert "00004.jpg" in printed.err
    assert "59 photos" in printed.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--label", "scoer"], "no column 'scoer'.*Did you mean 'score'"),
        (["--group", "nobody"], "no column 'nobody'"),
        (["--label", "path"], "no column 'path'"),
        (["--group", "path"], "no column 'path'"),
        (["--features", "gist,gits"], "'gits'.*'lbp'"),
        (["--features", ","], r"features=\[\]"),
        (["--label", "title"], "'title' holds .* a finite number"),
        (["--photo", "picture"], "no column 'picture'"),
        (["--cv", "61"], "60 photos, too few for 61 folds"),
        (["-o", "scores.txt"], r"scores\.txt.*\.csv or \.json"),
        (["-o", "nowhere/scores.csv"], "cannot be written"),
    ],
)
def test_evaluate_errors_are_one_line(folder, capsys, options, message):
    assert _evaluate(folder, *options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert re.search("^sklearn-popularity: error: .*" + message, printed.err)


def test_evaluate_rejects_labels_without_spread(changed, capsys):
    assert _evaluate(changed(lambda table: table.assign(score=1)), *FAST) == 2
    assert "1 distinct value" in capsys.readouterr().err


def test_evaluate_rejects_empty_groups(changed, capsys):
    def edit(table):
        table.loc[3, "user"] = None
        return table

    assert _evaluate(changed(edit), "--group", "user", *FAST) == 2
    assert re.search("'user' is empty for 1 rows.*00003", capsys.readouterr().err)


def test_missing_folder_is_one_line(tmp_path, capsys):
    assert _evaluate(tmp_path / "nowhere") == 2
    assert re.search("error: The folder .*nowhere", capsys.readouterr().err)


def test_unknown_options_exit_with_2(capsys):
    for argv in ([], ["evaluat"], ["evaluate", "x"], ["demo", "--n-photos", "9"]):
        with pytest.raises(SystemExit) as exit_:
            main(argv)
        assert exit_.value.code == 2
    assert "usage: sklearn-popularity" in capsys.readouterr().err


def test_demo_finds_planted_causes(tmp_path, capsys):
    kept = tmp_path / "kept"
    assert main(["demo", "--n-photos", "200", "--keep", str(kept)]) == 0
    printed = capsys.readouterr().out
    assert re.search("^late-fusion", printed, re.MULTILINE)
    for cause in ("saturation", "theme"):
        assert re.search(rf"^{cause} .* found$", printed, re.MULTILINE)
    for cause in ("uploader", "tags", "age"):
        assert re.search(rf"^{cause} .* not in the pixels$", printed, re.MULTILINE)
    assert "of the 3 causes in the pixels: " in printed
    assert len(load_folder(kept)) == 200


def test_demo_refuses_to_overwrite(folder, capsys):
    assert main(["demo", "--keep", str(folder)]) == 2
    assert "already holds" in capsys.readouterr().err


def test_interrupted_write_leaves_what_was_there(folder, tmp_path, monkeypatch, capsys):
    def write_half(self, text, **kwargs):
        self.write_bytes(text[: len(text) // 2].encode())
        raise KeyboardInterrupt

    output = tmp_path / "scores.csv"
    output.write_text("earlier\n")
    monkeypatch.setattr(Path, "write_text", write_half)
    assert _evaluate(folder, "--group", "theme", *FAST, "-o", str(output)) == 130
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert output.read_bytes() == b"earlier\n"
    assert list(tmp_path.iterdir()) == [output]


def test_table_is_written_before_it_is_printed(folder, tmp_path, monkeypatch):
    def broken_pipe(*args, **kwargs):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("builtins.print", broken_pipe)
    output = tmp_path / "scores.csv"
    assert _evaluate(folder, "--group", "theme", *FAST, "-o", str(output)) == 141
    assert len(pd.read_csv(output)) == 3


def test_uneven_folds_are_pointed_out(folder, monkeypatch, capsys):
    monkeypatch.setattr("sklearn_popularity.cli._evaluate._SUSPICIOUS_GAP", -2)
    assert _evaluate(folder, "--group", "theme", *FAST) == 0
    assert "below those within folds" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--cv", "1"], ["--repeats", "0"], ["--cv", "x"]])
def test_bad_numbers_name_their_option(folder, options, capsys):
    with pytest.raises(SystemExit) as exit_:
        _evaluate(folder, *options)
    assert exit_.value.code == 2
    message = f"argument {options[0]}: got {options[1]!r}, but a whole number of"
    assert message in capsys.readouterr().err


def test_failed_write_leaves_no_part(folder, tmp_path, monkeypatch, capsys):
    def full_disk(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    output = tmp_path / "scores.csv"
    assert _evaluate(folder, "--group", "theme", *FAST, "-o", str(output)) == 2
    assert "No space left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_command_is_installed():
    command = Path(sys.executable).with_name("sklearn-popularity")
    if not command.exists():
        pytest.skip("the package is not installed beside this interpreter")
    run = subprocess.run([command, "--version"], capture_output=True, text=True)
    assert run.stdout.strip() == __import__("sklearn_popularity").__version__
