"""The target: logarithms of counts and of rates, and predictions in their unit."""

import re
import warnings
from argparse import Namespace

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity import load_folder, log_normalized_popularity
from sklearn_popularity.cli import main
from sklearn_popularity.cli._main import _parser
from sklearn_popularity.cli._model import compose
from sklearn_popularity.cli._posts import _plain_number
from sklearn_popularity.cli._target import in_unit
from sklearn_popularity.evaluation import fit_model, late_fusion, parts_of
from sklearn_popularity.models import read_model_arrays, read_model_card

FAST = ["--features", "color-statistics", "--repeats", "1", "--n-jobs", "1"]


@pytest.fixture(scope="module")
def folder(made_folder, with_table, tmp_path_factory):
    """Posts with a skewed count that grows with age."""

    def age(table):
        rng = np.random.default_rng(0)
        days = rng.integers(1, 900, len(table))
        table["views"] = np.round(np.exp2(rng.normal(4, 3, len(table))) * days)
        seen = pd.Timestamp("2025-07-01T12:00:00Z")
        uploaded = seen - pd.to_timedelta(days, unit="D")
        table["posted"] = [time.isoformat() for time in uploaded]
        table["seen"] = seen.isoformat()
        return table.assign(day=1000 - days, last_day=1000)

    return with_table(made_folder(60), tmp_path_factory.mktemp("aged") / "posts", age)


def _fit(folder, output, *options):
    given = ["fit", str(folder), "--label", "views", "-o", str(output)]
    return main([*given, *FAST, *options])


def _learned(folder, options):
    """What is learned by options, computed in Python."""
    table = pd.read_csv(folder / "labels.csv")
    if options == ["--log"]:
        return np.log2(table["views"] + 1)
    columns = options[1].split(",")
    observed = table[columns[1]] if len(columns) == 2 else table[columns[0]].max()
    return log_normalized_popularity(
        table["views"], table[columns[0]], observed, min_days=1
    )


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (["--log"], "log2(views + 1)"),
        (["--per-day", "posted,seen"], "log2(views per day + 1)"),
        (["--per-day", "posted"], "log2(views per day + 1)"),
        (["--per-day", "day,last_day"], "log2(views per day + 1)"),
        (["--per-day", "day"], "log2(views per day + 1)"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_fit_learns_what_python_learns(folder, tmp_path, capsys, options, name):
    output = tmp_path / "model.skops"
    assert _fit(folder, output, *options) == 0
    printed = capsys.readouterr()
    assert f"Label {name!r}, 60 photos" in printed.out
    assert "skewed" not in printed.err
    paths = [str(p) for p in sorted((folder / "images").iterdir())]
    y = _learned(folder, options)
    kind = parts_of(late_fusion(["color-statistics"]))["color-statistics"]
    posts = pd.DataFrame({"photo": paths})
    expected = fit_model(kind, posts, y, n_repeats=1)
    np.testing.assert_allclose(
        read_model_arrays(output)["raw"], expected.held_out.raw, rtol=1e-6
    )
    assert read_model_card(output)["training"]["label"] == name
    table = tmp_path / "ranked.csv"
    given = ["rank", str(output), *paths, "-o", str(table), "--n-jobs", "1"]
    assert main(given) == 0
    unit = name.removeprefix("log2(").removesuffix(" + 1)")
    assert f"Scores are {unit}; the model predicts {name}" in capsys.readouterr().out
    ranked = pd.read_csv(table).set_index("photo").loc[paths]
    scores = np.exp2(expected.model.predict(posts)) - 1
    np.testing.assert_allclose(ranked["score"], scores, rtol=1e-6)


def test_skewed_labels_are_told_once(folder, tmp_path, capsys):
    assert _fit(folder, tmp_path / "model.skops") == 0
    lines = capsys.readouterr().err.splitlines()
    [line] = [line for line in lines if "skewed" in line]
    assert re.search(
        r"'views' is skewed \(skewness \d+\.\d\).* --log, or --per-day", line
    )


def test_labels_without_skew_are_not_told(folder, tmp_path, capsys):
    given = ["fit", str(folder), "--label", "score", "-o", str(tmp_path / "m.skops")]
    assert main([*given, *FAST]) == 0
    assert "skewed" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--per-day", ","], "Got --per-day , but TIME or TIME,OBSERVED"),
        (["--per-day", "a,b,c"], "Got --per-day a,b,c, but TIME or"),
        (["--per-day", "psoted"], "no column 'psoted'.*Did you mean 'posted'"),
        (
            ["--per-day", "seen,posted"],
            r"'posted' holds '.*' for .*jpg' \(line 2\), but a time no earlier than",
        ),
        (["--per-day", "local"], r"'local' holds '4\.7\.' .*\(line 5\).*yyyy-mm-dd"),
        (["--social", "late"], r"'late' holds 'unknown' .*\(line 2\).*yyyy-mm-dd"),
        (["--per-day", "zones"], r"with a time zone for .*\(line 5\) and one without"),
        (["--per-day", "empty"], "'empty' is empty in all 60 rows"),
        (["--log", "--label", "below"], r"'below' holds -1 for .*00003.*\(line 5\)"),
        (["--label", "short"], r"'1\.2k' for .*\(line 5\).*Write 1200 instead of 1"),
        (["--label", "twice"], "more than one column 'twice'"),
    ],
)
def test_wrong_targets_are_one_line(
    folder, with_table, tmp_path, check_one_line, options, message
):
    def spoil(table):
        table["local"], table["empty"] = table["posted"], ""
        table["late"] = ["unknown", *table["posted"][1:]]
        table["zones"] = table["posted"].str[:19]
        table["below"], table["short"] = range(60), [*"123456"] * 10
        table.loc[3, ["local", "below", "short"]] = "4.7.", -1, "1.2k"
        table.loc[3, "zones"] += "Z"
        table["twice"] = table["again"] = table["views"]
        return table.rename(columns={"again": "twice"})

    copy = with_table(folder, tmp_path / "copy", spoil)
    assert _fit(copy, tmp_path / "model.skops", *options) == 2
    check_one_line(message)


def test_predictions_below_a_count_of_0_are_0():
    options = Namespace(log=True, per_day=None)
    assert in_unit(np.array([-1.0, 0.0, 2.0]), options).tolist() == [0, 0, 3]


@pytest.mark.parametrize(("column", "told"), [("posted", True), ("title", False)])
def test_ages_that_are_features_are_warned_of(folder, column, told):
    given = ["evaluate", str(folder), "--label", "views", "--per-day", "posted"]
    given += ["--features", "none", "--social", column]
    options = _parser().parse_args(given)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compose(options, load_folder(folder), None)
    message = f"--social {column} tells the model that age"
    assert any(message in str(each.message) for each in caught) == told


def test_rows_without_time_or_group_are_counted(folder, with_table, tmp_path, capsys):
    def spoil(table):
        table.loc[[3, 5], "posted"], table.loc[7, "theme"] = None, None
        return table

    copy = with_table(folder, tmp_path / "copy", spoil)
    options = ["--per-day", "posted", "--group", "theme"]
    assert _fit(copy, tmp_path / "model.skops", *options) == 0
    printed = capsys.readouterr()
    assert "2 of 60 rows have no 'posted' and are left out" in printed.err
    assert "1 of 58 rows have no 'theme' and are left out" in printed.err
    assert "57 photos" in printed.out


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("1.2k", "1200"),
        ("3M", "3000000"),
        ("1,5 K", "1500"),
        ("1,234", "1234"),
        ("1'234'567", "1234567"),
        ("3,5", "3.5"),
        ("many", None),
    ],
)
def test_numbers_of_spreadsheets_are_told_plainly(written, plain):
    assert _plain_number(written) == plain
