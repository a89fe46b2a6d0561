"""A model file is all that is known of a model: one number, and nothing twice."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_popularity import (
    ColorHistogram,
    compare_features,
    fetch_color_palette,
    load_folder,
)
from sklearn_popularity._progress import progress
from sklearn_popularity.cli import _main, _output, _steps, main
from sklearn_popularity.cli import _report as report_command
from sklearn_popularity.features import cache_info
from sklearn_popularity.models import read_model_arrays, read_model_card

FAST = ["color-statistics", "color-histogram"]
OPTIONS = ["--features", ",".join(FAST), "--repeats", "2", "--n-jobs", "1"]
# The quickest run, for what depends on no model.
QUICK = ["--label", "score", "--features", FAST[0], "--repeats", "1", "--group", "user"]


@pytest.fixture(scope="module")
def folder(made_folder):
    return made_folder(60)


@pytest.fixture(scope="module")
def model(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    assert _run("fit", folder, "--label", "score", "--group", "user", "-o", path) == 0
    return path


def _run(command, *options):
    more = [] if "--model" in options or command == "rank" else OPTIONS
    return main([command, *more, *map(str, options)])


@pytest.fixture
def default_cache(tmp_path, monkeypatch):
    path = tmp_path / "kept" / "features.cache"
    monkeypatch.setenv("SKLEARN_POPULARITY_CACHE", str(path))
    return path


def test_evaluate_and_fit_have_one_score(folder, model, capsys):
    posts = load_folder(folder)
    expected = compare_features(
        posts["photo"],
        posts["score"],
        features=FAST,
        groups=posts["user"],
        n_repeats=2,
    )
    row = expected.scores.set_index("model").loc["late-fusion"]
    training = read_model_card(model)["training"]
    assert training["spearman"] == row["spearman"]
    assert training["interval"] == [row["low"], row["high"]]
    arrays, held_out = read_model_arrays(model), expected.held_out["late-fusion"]
    assert_array_equal(arrays["raw"], held_out.raw)
    assert_array_equal(arrays["shares"], held_out.shares)
    for column, folds in zip(arrays["folds"].T, held_out.partitions, strict=True):
        for number, (_, test) in enumerate(folds):
            assert_array_equal(np.flatnonzero(column == number), test)
    for name in FAST:
        alone = expected.held_out[name].shares[:, 0]
        assert_array_equal(arrays[f"branch {name}"], alone)


def test_page_of_a_file_is_that_of_a_fit(folder, model, tmp_path, monkeypatch, capsys):
    pytest.importorskip("jinja2", reason="Reports need jinja2.")
    fitted, read = tmp_path / "fitted.html", tmp_path / "read.html"
    given = ["--label", "score", "--group", "user", "-o", fitted]
    assert _run("report", folder, *given) == 0
    expected = capsys.readouterr().out.splitlines()[0]
    monkeypatch.delattr(report_command, "fit_posts")  # nothing is fitted
    assert _run("report", folder, "--model", model, "--n-jobs", "1", "-o", read) == 0
    assert capsys.readouterr().out.splitlines()[0] == expected
    score = read_model_card(model)["training"]["spearman"]
    assert expected.startswith(f"Spearman {score:.3f} ")
    pages = [
        re.sub("sklearn-popularity report .*", "", path.read_text("utf-8"))
        for path in (fitted, read)
    ]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    "options",
    [
        ["--label", "score"],
        ["--features", "gist"],
        ["--cv", "3"],
        ["--log"],
        ["--social", "title"],
    ],
    ids=lambda options: options[0],
)
def test_report_of_a_file_takes_no_other_model(
    folder, model, tmp_path, capsys, options
):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    page = tmp_path / "page.html"
    assert _run("report", folder, "--model", model, "-o", page, *options) == 2
    assert f"Got {options[0]} beside --model" in capsys.readouterr().err
    assert not page.exists()


def test_report_of_a_file_needs_its_folder(folder, with_table, model, tmp_path, capsys):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    copy = tmp_path / "copy"
    with_table(folder, copy, lambda table: table.assign(score=table["score"] + 1))
    given = ["--model", model, "-o", tmp_path / "page.html"]
    assert _run("report", copy, *given) == 2
    assert "was fitted on other photos, or other values" in capsys.readouterr().err


def test_commands_share_the_default_cache(folder, model, default_cache, capsys):
    given = ["--label", "score", "--group", "user", "--repeats", "1"]
    assert _run("evaluate", folder, *given) == 0
    printed = capsys.readouterr()
    assert printed.err.count(str(default_cache)) == 1
    before = cache_info(default_cache)
    assert before["n_rows"].tolist() == [60, 60]
    assert _run("rank", model, folder, "--n-jobs", "1") == 0
    pd.testing.assert_frame_equal(cache_info(default_cache), before)


def test_none_keeps_nothing(folder, default_cache, capsys):
    assert _run("evaluate", folder, *QUICK, "--cache", "none") == 0
    assert not default_cache.parent.exists()
    assert "none" not in capsys.readouterr().err


def test_default_cache_that_cannot_be_used_is_done_without(
    folder, tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKLEARN_POPULARITY_CACHE", str(tmp_path / "file" / "cache"))
    assert _run("evaluate", folder, *QUICK) == 0
    warning = capsys.readouterr().err
    assert "features are not cached" in warning
    assert "with --cache or SKLEARN_POPULARITY_CACHE" in warning


def no_home(*_):
    raise RuntimeError("could not determine the home directory for '~/.cache'")


@pytest.mark.parametrize("found", [no_home, lambda name: Path("~/.cache", name)])
def test_home_that_is_unknown_is_done_without(found, monkeypatch, capsys):
    monkeypatch.delenv("SKLEARN_POPULARITY_CACHE", raising=False)
    monkeypatch.delenv("SKLEARN_POPULARITY_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", found)
    with pytest.warns(UserWarning, match="not cached: the home folder is unknown"):
        assert _output.open_cache(None) is None
    for use in (
        fetch_color_palette,
        lambda: ColorHistogram(palette="discriminative").fit([np.zeros((9, 9, 3))]),
    ):
        with pytest.raises(OSError, match=r"unknown.* Set .*SKLEARN_POPULARITY_DATA"):
            use()


def test_default_cache_is_bounded(folder, default_cache, monkeypatch, capsys):
    both = ["--features", ",".join(FAST)]
    assert _run("evaluate", folder, *QUICK, *both) == 0
    before = default_cache.stat().st_size
    monkeypatch.setattr("sklearn_popularity.cli._output._MAX_BYTES", before // 2)
    monkeypatch.setattr(
        "sklearn_popularity.cli._evaluate.compare_models", lambda *_, **__: None
    )
    with pytest.raises(AttributeError):  # nothing was compared
        _run("evaluate", folder, *QUICK, *both)
    assert default_cache.stat().st_size < before


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_no_command_is_loaded_for_help(option):
    code = (
        "import sys; from sklearn_popularity.cli import main\n"
        f"try: main([{option!r}])\nexcept SystemExit: pass\n"
        "print({'sklearn', 'numpy', 'pandas', 'cv2'} & {*sys.modules})"
    )
    argv = [sys.executable, "-c", code]
    ended = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert ended.stdout.endswith("set()\n")


@pytest.mark.parametrize("command", _main._COMMANDS)
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"Example:\n  sklearn-popularity {command} " in capsys.readouterr().out


def test_steps_are_lines_or_one_line_with_the_time_left(monkeypatch, capsys):
    clock = iter(range(0, 1000, 40))
    monkeypatch.setattr(_steps.time, "monotonic", lambda: next(clock))
    steps = [_steps.Step("a", "doing a", 1), _steps.Step("b", "doing b", 3, 2)]

    def work():
        with _steps.shown(steps):
            for name, n in (("a", 2), ("other", 1), ("b", 1), ("a", 1), ("b", 1)):
                with progress(name, n, "photo", verbose=False) as bar:
                    for _ in range(n):
                        bar.update(1)

    work()
    # A line a minute: the clock says 40 s between any two looks at it.
    assert capsys.readouterr().err.splitlines() == [
        "1 of 2: doing a",
        "1 of 2: doing a, 25% done, about 8 min left",
        "2 of 2: doing b",
    ]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    work()
    shown = capsys.readouterr().err.split("\r\x1b[K")
    assert shown[1] == "1 of 2: doing a"
    assert shown[2] == "1 of 2: doing a, about 5 min left"  # 1/8 after 40 s
    assert shown[-2:] == ["2 of 2: doing b", ""]
