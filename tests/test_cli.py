"""The command line: tables, files, one-line errors, and nothing half-written."""

import io
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity import compare_features, load_folder
from sklearn_popularity.cli import _evaluate as command
from sklearn_popularity.cli import main
from sklearn_popularity.features import cache_info, prepare_cache

FAST = ["--features", "color-statistics", "--repeats", "1"]
BOTH = ["--features", "color-statistics,color-histogram", "--repeats", "1"]


@pytest.fixture(scope="module")
def folder(made_folder):
    return made_folder(60)


@pytest.fixture
def changed(folder, with_table, tmp_path):
    """Change the table of a copy of the folder."""
    return lambda edit: with_table(folder, tmp_path / "copy", edit)


def _evaluate(folder, *options):
    return main(
        ["evaluate", str(folder), "--label", "score", "--n-jobs", "1", *options]
    )


def test_evaluate_prints_and_writes_the_table(folder, tmp_path, capsys):
    output = tmp_path / "scores.json"
    given = ["--group", "theme", *BOTH, "--repeats", "2", "-o", str(output)]
    assert _evaluate(folder, *given) == 0
    printed = capsys.readouterr()
    assert "near-duplicate" not in printed.err
    posts = load_folder(folder)
    expected = compare_features(
        posts["photo"],
        posts["score"],
        features=BOTH[1].split(","),
        groups=posts["theme"],
        n_repeats=2,
    ).scores
    run = json.loads(output.read_text())
    assert run["n_photos"] == 60 and run["group"] == "theme"
    pd.testing.assert_frame_equal(
        pd.DataFrame(run["scores"]), expected.drop(columns="n_features")
    )
    scores = dict(zip(expected["model"], expected["spearman"], strict=True))
    whole = scores.pop("late-fusion")
    differences = {row["model"]: row["difference"] for row in run["differences"]}
    assert differences == pytest.approx({k: v - whole for k, v in scores.items()})
    expected_line = "60 photos, split 2 times into 5 folds of 8 groups of 'theme'"
    assert expected_line in printed.out
    for row in expected.itertuples():
        assert re.search(rf"^{row.model} +{row.spearman:.3f}", printed.out, re.M)
    for name, difference in differences.items():
        assert re.search(rf"^{name} +\{difference:+.3f} ", printed.out, re.M)
    assert list(tmp_path.iterdir()) == [output]


def test_evaluate_warns_of_straddling_duplicates(changed, capsys):
    copy = changed(lambda table: pd.concat([table, table.iloc[:3]]))
    assert _evaluate(copy, *FAST) == 0
    error = capsys.readouterr().err
    assert re.search(r"warning: \d+ pair\(s\) of near-duplicate photos are", error)
    assert "--group" in error


def test_evaluate_leaves_out_missing_labels_and_photos(changed, capsys):
    def edit(table):
        table.loc[[2, 5], "score"] = None
        table.loc[9, "path"] = "images/gone.jpg"
        return table

    assert _evaluate(changed(edit), "--group", "theme", *FAST) == 0
    printed = capsys.readouterr()
    assert "warning: 1 of 60 photos of" in printed.err
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
        (["--group", "path"], "no column 'path'"),
        (["--features", "gist,gits"], "--features: got 'gits',.* lbp, .*--help`"),
        (["--features", "gist,gist"], "--features: got 'gist' twice"),
        (["--features", ","], "'', but auto or none alone, or some of color-"),
        (["--label", "title"], "'title' holds .* a finite number"),
        (["--photo", "picture"], "no column 'picture'"),
        (["--cv", "61"], "60 photos, too few for 61 folds"),
        (["-o", "scores.txt"], r"scores\.txt.*\.csv or \.json"),
        (["-o", "nowhere/scores.csv"], "cannot be written: .* 'nowhere'"),
        (["-o", f"{__file__}/x.csv"], "cannot be written"),
        (["-o", "a\nb.txt"], r"a b\.txt"),
        (["--nope"], "unrecognized arguments: --nope"),
        (["--cv", "x"], "--cv: got 'x', but a whole number of"),
        (["--repeats", "0"], "--repeats: got '0', but a whole number of"),
        (["--n-jobs", "0"], "--n-jobs: got '0', but a whole number of"),
        (["--n-jobs", "-99"], "--n-jobs: got '-99', .* at least 1 .* -1 for all"),
        (["--cache", __file__], r"test_cli\.py, which cannot be used: .*not a c"),
        (["--cache", f"{__file__}/x"], "--cache .*/x, which cannot be used"),
    ],
)
def test_evaluate_errors_are_one_line(folder, check_one_line, options, message):
    assert _evaluate(folder, *FAST, *options) == 2
    check_one_line(message)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (1, r"has 1 distinct value\(s\) in 60 rows"),
        (np.nan, "is empty in all 60 rows"),
        ([np.inf, *range(59)], "holds inf for .*00000"),
    ],
)
def test_evaluate_rejects_labels(changed, check_one_line, scores, message):
    assert _evaluate(changed(lambda table: table.assign(score=scores)), *FAST) == 2
    check_one_line(message)


def test_broken_table_is_one_line(changed, check_one_line):
    copy = changed(lambda table: table)
    with (copy / "labels.csv").open("a") as file:
        file.write("x," * 20 + "\n")
    assert _evaluate(copy, *FAST) == 2
    message = "has 21 cells in line 62, but its first row names .*commas.$"
    check_one_line(message)


def test_columns_that_look_like_groups_are_named(folder, changed, capsys):
    assert _evaluate(folder, *FAST) == 0
    assert "the column 'user' has" in capsys.readouterr().err
    assert _evaluate(folder, "--group", "theme", *FAST) == 0
    assert "no --group" not in capsys.readouterr().err
    copy = changed(lambda t: t[["path", "score"]].assign(user=t["path"]))
    assert _evaluate(copy, *FAST) == 0
    assert "no --group" not in capsys.readouterr().err


def test_features_of_chance_are_pointed_out(folder, with_noise, tmp_path, capsys):
    copy = with_noise(folder, tmp_path / "copy")
    assert _evaluate(copy, "--group", "theme", *FAST) == 0
    assert "no kind of feature is reliably better" in capsys.readouterr().err


def test_features_of_chance_are_named_beside_others(capsys):
    table = pd.DataFrame(
        {"model": ["gist", "late-fusion", "constant"], "low": [-0.1, 0.2, 0.0]}
    )
    command._tell_of_chance(table)
    assert capsys.readouterr().out.startswith("At chance by themselves: gist (")
    command._tell_of_chance(table[1:])
    with pytest.warns(UserWarning, match="no kind of feature is reliably better"):
        command._tell_of_chance(table[:1])
    assert capsys.readouterr().out == ""


def test_evaluate_does_not_overwrite_its_table(changed, check_one_line):
    table = changed(lambda table: table) / "labels.csv"
    before = table.read_bytes()
    assert _evaluate(table.parent, *FAST, "-o", str(table)) == 2
    check_one_line(r"labels\.csv, which is read by this command")
    assert table.read_bytes() == before


def test_destination_is_tried_before_the_work(
    folder, tmp_path, monkeypatch, check_one_line
):
    def full_disk(**kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sklearn_popularity._files.TemporaryFile", full_disk)
    monkeypatch.delattr(command, "compare_models")
    assert _evaluate(folder, *FAST, "-o", str(tmp_path / "scores.csv")) == 2
    check_one_line(r"scores\.csv, which cannot be written: No space left")


def test_jobs_are_at_most_the_cores(folder, monkeypatch):
    given = []
    monkeypatch.setattr("sklearn_popularity.cli._options.cpu_count", lambda: 3)
    monkeypatch.setattr(command, "compare_models", lambda *_, **k: given.append(k))
    for n_jobs in ("5000", "2", "-1"):
        with pytest.raises(AttributeError):  # nothing was compared
            _evaluate(folder, *FAST, "--n-jobs", n_jobs)
    assert [settings["n_jobs"] for settings in given] == [3, 2, -1]


def test_evaluate_keeps_rows_in_a_cache(folder, tmp_path, capsys):
    cache = tmp_path / "features.cache"
    assert _evaluate(folder, *FAST) == 0
    expected = capsys.readouterr().out
    for _ in range(2):
        assert _evaluate(folder, *FAST, "--cache", str(cache)) == 0
        assert capsys.readouterr().out == expected
    assert cache_info(cache)["n_rows"].tolist() == [60]


def test_evaluate_rejects_empty_cells_of_picks(changed, capsys):
    def edit(table):
        table.loc[3, "user"] = None
        return table

    assert _evaluate(changed(edit), "--pick", "user", *FAST) == 2
    message = r"'user' is empty for 1 rows.*00003.*\(line 5\)"
    assert re.search(message, capsys.readouterr().err)


def test_repeated_photos_are_warned_of(changed, capsys):
    def repeat(table):
        return pd.concat([table, table.head(3)])

    assert _evaluate(changed(repeat), *FAST) == 0
    printed = capsys.readouterr()
    assert "lines 62 to 64 repeat photos of earlier lines, such as" in printed.err
    assert "Ceilings" not in printed.out


def test_missing_folder_is_one_line(tmp_path, capsys):
    assert _evaluate(tmp_path / "nowhere") == 2
    assert re.search("error: The folder .*nowhere", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "required: COMMAND"),
        (["evaluat"], "'evaluat' .choose from .*evaluate"),
        (["evaluate", "x"], "required: --label"),
        (["demo", "--n-photos", "9"], "--n-photos: got '9'.* at least 40"),
        (["cache"], "required: ACTION"),
        (["rank", "m.skops", "https://a.b/c.jpg"], "URLs are not supported; download"),
        (["extract", "gits", "x", "-o", "x.npy"], "'gits' .choose from .*gist"),
    ],
)
def test_wrong_use_is_one_line(argv, message, check_one_line):
    assert main(argv) == 2
    check_one_line(f"{message}.*. See `sklearn-popularity.* --help`")


def test_help_breaks_no_names(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    text, table = capsys.readouterr().out.split("The columns of the table:\n")
    assert max(map(len, text.splitlines())) <= 60
    assert "color-\n" not in text and "color-histogram" in text
    assert table.startswith("  Spearman ")


def test_demo_finds_planted_causes(tmp_path, monkeypatch, capsys):
    kept, kinds = tmp_path / "kept", ["color-statistics", "color-histogram"]
    monkeypatch.setattr("sklearn_popularity.cli._demo.FEATURES", kinds)
    # The report has tests of its own.
    monkeypatch.setattr("sklearn_popularity.cli._demo.find_spec", lambda name: None)
    given = ["demo", "--n-photos", "80", "--keep", str(kept), "--n-jobs", "1"]
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert re.search("^late-fusion", printed, re.MULTILINE)
    for cause in ("saturation", "theme"):
        assert re.search(rf"^{cause} .* {{3}}found$", printed, re.MULTILINE)
    for cause in ("uploader", "tags", "age"):
        assert re.search(rf"^{cause} .* not in the pixels$", printed, re.MULTILINE)
    assert "of the 3 causes in the pixels: " in printed
    assert len(load_folder(kept)) == 80


def test_demo_refuses_to_overwrite(folder, capsys):
    assert main(["demo", "--keep", str(folder)]) == 2
    assert "already contains" in capsys.readouterr().err


def test_interrupted_write_leaves_what_was_there(folder, tmp_path, monkeypatch, capsys):
    def write_half(self, text, **kwargs):
        self.write_bytes(text[: len(text) // 2].encode())
        raise KeyboardInterrupt

    output = tmp_path / "scores.csv"
    output.write_text("earlier\n")
    monkeypatch.setattr(Path, "write_text", write_half)
    assert _evaluate(folder, "--group", "theme", *FAST, "-o", str(output)) == 130
    printed = capsys.readouterr()
    assert "interrupted; no file is half written" in printed.err
    assert "constant" in printed.out  # what was computed is not lost
    assert output.read_bytes() == b"earlier\n"
    assert list(tmp_path.iterdir()) == [output]


def test_table_is_written_before_it_is_printed(folder, tmp_path, monkeypatch):
    def broken_pipe(*args, **kwargs):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("builtins.print", broken_pipe)
    output = tmp_path / "scores.csv"
    assert _evaluate(folder, "--group", "theme", *FAST, "-o", str(output)) == 141
    assert len(pd.read_csv(output)) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="It is of Linux.")
def test_full_standard_output_is_named(tmp_path, monkeypatch, capsys):
    prepare_cache(tmp_path / "x.cache")
    code = "from sklearn_popularity.cli._main import run; run()"
    argv = ["cache", "info", str(tmp_path / "x.cache")]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", code, *argv],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": ""},
        )
    assert ended.returncode == 2
    told = "error: No space left on device: standard output. Free some space"
    assert told in ended.stderr and ended.stderr.count("\n") == 1
    # Without a buffer it is the first line that fails, not the last flush.
    with io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(argv) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError, 2), (MemoryError, 1), (RuntimeError, 1), (KeyboardInterrupt, 130)],
)
def test_failures_are_one_line(folder, monkeypatch, capsys, error, status):
    def fail(*args, **kwargs):
        for _ in range(2):
            warnings.warn("said once", UserWarning, stacklevel=1)
            warnings.warn("overflow", RuntimeWarning, stacklevel=1)
            warnings.warn("A worker stopped while some jobs were given", stacklevel=1)
        raise error("no\nmore\n")

    monkeypatch.setattr(command, "read_posts", fail)
    assert _evaluate(folder) == status
    first, second = capsys.readouterr().err.splitlines()
    assert first == "warning: said once"
    assert second.endswith("no more" if status != 130 else "computed again")


@pytest.mark.skipif(os.name != "posix", reason="Signals are those of POSIX.")
def test_signals_end_a_run(folder):
    # Another thread may be given the signal, which tells the main one a little later.
    code = """
import os, signal, time
from sklearn_popularity.cli import _evaluate, run
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    number = getattr(signal, name)
    signal.signal(number, signal.SIG_DFL)  # as without `nohup`
    _evaluate.read_posts = lambda *_: (os.kill(os.getpid(), number), time.sleep(60))
    try:
        run()
    except SystemExit as end:
        print(end)
"""
    argv = [sys.executable, "-c", code, "evaluate", str(folder), "--label", "score"]
    ended = subprocess.run([*argv, *FAST], capture_output=True, text=True)
    assert ended.stdout == "130\n" * 3
    assert ended.stderr.splitlines() == 3 * [
        "interrupted; no file is half written, and what is in a cache is not computed "
        "again"
    ]


def test_command_is_installed():
    command = Path(sys.executable).with_name("sklearn-popularity")
    if not command.exists():
        pytest.skip("the package is not installed beside this interpreter")
    run = subprocess.run([command, "--version"], capture_output=True, text=True)
    assert run.stdout.strip() == __import__("sklearn_popularity").__version__
