"""The commands `fit` and `rank`: a model file, a ranking, and one-line errors."""

import json
import os
import shutil
import warnings
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklearn_popularity import (
    load_folder,
    load_model,
    make_popularity,
    read_model_card,
    save_model,
    spearman_score,
)
from sklearn_popularity.cli import _fitted, main
from sklearn_popularity.cli._scores import warn_of_unlike
from sklearn_popularity.evaluation import fit_model, late_fusion
from sklearn_popularity.features import cache_info
from sklearn_popularity.models import read_model_arrays

FAST = ["color-statistics", "color-histogram"]


@pytest.fixture(scope="module")
def folder(made_folder):
    return made_folder(100)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Photos that no model has seen, in a folder of folders, and their table."""
    folder = tmp_path_factory.mktemp("others")
    posts, _ = make_popularity(
        40, folder=folder / "new", image_size=(48, 64), random_state=1
    )
    return folder, posts.set_index(posts["photo"].map(lambda path: Path(path).name))


@pytest.fixture(scope="module")
def model(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    assert _fit(folder, path, "--group", "user") == 0
    return path


def _fit(folder, output, *options):
    arguments = ["fit", folder, "--label", "score", "--n-jobs", "1", "-o", output]
    arguments += ["--repeats", "1"]
    features = [] if "--features" in options else ["--features", ",".join(FAST)]
    return main([*map(str, arguments), *features, *options])


@pytest.fixture(scope="module")
def fitted(folder):
    """The same model, fitted in Python."""
    posts = load_folder(folder)
    return fit_model(
        late_fusion(FAST, groups="user"),
        posts[["photo", "user"]],
        posts["score"],
        groups=posts["user"],
        n_repeats=1,
    )


def _rank(model, photos, *options):
    return main(["rank", *map(str, [model, *photos, "--n-jobs", "1", *options])])


def _ranked(model, photos, folder):
    output = folder / "ranked.csv"
    assert _rank(model, photos, "-o", output) == 0
    return pd.read_csv(output)


@pytest.fixture(scope="module")
def ranked(model, others, tmp_path_factory):
    """The ranking of the photos that no model has seen."""
    return _ranked(model, [others[0]], tmp_path_factory.mktemp("ranked"))


def test_ranking_follows_the_truth(ranked, others):
    assert ranked["rank"].tolist() == list(range(1, 41))
    assert (ranked["score"].diff().dropna() <= 0).all()
    truth = others[1]["score"].loc[[Path(path).name for path in ranked["photo"]]]
    assert spearman_score(truth, ranked["score"]) > 0.3


def test_percentile_counts_held_out_predictions(ranked, fitted):
    predictions = fitted.held_out.raw[:, 0]
    expected = [100 * (predictions < score).mean() for score in ranked["score"]]
    found = ranked["percentile"]
    np.testing.assert_allclose(found, expected)
    assert 0 <= found.min() < 20 < 80 < found.max() <= 100
    low, high = ranked["low"], ranked["high"]
    assert (low >= 0).all() and (high <= 100).all()
    assert (low.diff().dropna() <= 0).all()
    assert 20 < (high - low).mean() < 100


def test_photos_of_the_training_set_are_marked(model, folder, others, tmp_path, capsys):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    known = sorted((folder / "images").iterdir())[:3]
    shutil.copy(known[0], tmp_path / "copy.png")
    given = [*known[1:], tmp_path / "copy.png", others[1]["photo"].iloc[0]]
    table = _ranked(model, given, tmp_path).set_index("photo")
    assert "3 of 4 photos were in the training set" in capsys.readouterr().err
    assert table.index[table["in_training"]].sort_values().tolist() == sorted(
        map(str, given[:3])
    )
    page = tmp_path / "ranked.html"
    assert _rank(model, given, "-o", page) == 0
    assert page.read_text("utf-8").count('class="unlike">in the training set') == 3
    assert str(folder) not in str(read_model_card(model))


def test_names_do_not_change_the_terminal(model, folder, tmp_path, capsys):
    named = tmp_path / "a\x1b[2J\u202eb.png"
    shutil.copy(next((folder / "images").iterdir()), named)
    table = _ranked(model, [named], tmp_path)
    printed = capsys.readouterr()
    assert "a\\x1b[2J\\u202eb.png" in printed.out and "\x1b" not in printed.out
    assert table["photo"].tolist() == [str(named)]


def test_models_without_digests_say_nothing(
    model, others, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(_fitted, "read_model_arrays", _without_digests)
    table = _ranked(model, others[1]["photo"][:2], tmp_path)
    assert table["in_training"].isna().all()
    assert "training set" not in capsys.readouterr().err


def _without_digests(path):
    arrays = read_model_arrays(path)
    return {name: each for name, each in arrays.items() if name != "digests"}


def test_models_of_one_score_are_told(folder, others, tmp_path, capsys):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    same = tmp_path / "same"
    shutil.copytree(folder, same)
    first, *rest = sorted((same / "images").iterdir())
    for photo in rest:
        shutil.copy(first, photo)
    model, page = tmp_path / "model.skops", tmp_path / "page.html"
    assert _fit(same, model, "--features", "color-statistics") == 0
    assert "predicts the same score for every photo" in capsys.readouterr().err
    assert _rank(model, [others[0]], "-o", page) == 0
    error = capsys.readouterr().err
    assert "all photos are tied" in error and "close together" not in error
    assert "All photos are tied:" in page.read_text("utf-8")
    assert main(["explain", str(model), str(first), "-o", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "all photos are tied" in text and "lower held-out" not in text
    assert "add up" not in text and "full colour" not in text


def test_score_depends_on_the_photo_alone(model, ranked, tmp_path):
    together = ranked.set_index("photo")
    some = together.index[[0, 17, 39]].tolist()
    for photos in (some, some[::-1], some[1:2]):
        table = _ranked(model, photos, tmp_path).set_index("photo")
        columns = ["score", "percentile"]
        pd.testing.assert_frame_equal(
            table[columns], together.loc[table.index, columns], check_exact=True
        )


def test_model_is_that_of_python(model, fitted, others):
    photos = others[1][["photo"]]
    loaded = load_model(model)
    assert repr(loaded) == repr(fitted.model)
    np.testing.assert_array_equal(loaded.predict(photos), fitted.model.predict(photos))


def test_card_describes_the_training(model, folder):
    posts = load_folder(folder)
    card = read_model_card(model)
    training = card["training"]
    assert training["label"] == "score"
    assert training["n_samples"] == 100
    assert training["low"] == posts["score"].min()
    assert training["high"] == posts["score"].max()
    assert training["spearman"] > 0.2
    assert card["settings"]["color-statistics__colorstatistics__on_error"] == "raise"


def test_fit_prints_what_it_found(folder, tmp_path, capsys):
    output = tmp_path / "one.skops"
    options = ["--features", "color-statistics", "--cv", "3", "--repeats", "3"]
    assert _fit(folder, output, *options, "--group", "user") == 0
    printed = capsys.readouterr()
    assert "Label 'score', 100 photos, split 3 times into 3 folds of" in printed.out
    spearman = read_model_card(output)["training"]["spearman"]
    assert f"Spearman {spearman:.3f} (95 % interval" in printed.out
    steps = ["1 of 2: describing brightness and colour", "2 of 2: cross-validating"]
    assert printed.err.splitlines() == steps
    assert list(tmp_path.iterdir()) == [output]
    assert load_model(output).predict(load_folder(folder)).shape == (100,)


def test_unreadable_photos_come_last(model, others, tmp_path, capsys):
    good = others[1]["photo"].tolist()[:3]
    broken, missing = tmp_path / "broken.jpg", tmp_path / "missing.jpg"
    broken.write_bytes(b"\xff\xd8 broken")
    photos = [missing, good[0], broken, *good[1:]]
    table = _ranked(model, photos, tmp_path)
    assert table["photo"].tolist()[3:] == [str(missing), str(broken)]
    assert (
        table.loc[3:, ["rank", "score", "percentile", "unlike"]].isna().all(axis=None)
    )
    assert table["reason"].isna().tolist() == [True] * 3 + [False] * 2
    error = capsys.readouterr().err
    assert "warning: 2 of 5 photos could not be read" in error
    for row in table[3:].itertuples():
        assert f"  {row.photo}: {row.reason}" in error
    alone = _ranked(model, good, tmp_path)
    pd.testing.assert_frame_equal(
        table[:3][["photo", "score"]], alone[["photo", "score"]]
    )


def test_rank_prints_both_ends_or_ten(model, others, tmp_path, capsys):
    assert _rank(model, [others[0]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 22
    assert lines[11] == "and 20 more ..."
    ranks = [int(line.split()[0]) for line in lines[1:11] + lines[12:]]
    assert ranks == [*range(1, 11), *range(31, 41)]
    few = sorted(others[0].rglob("*.jpg"))[:15]
    assert _rank(model, few) == 0
    ranks = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert ranks == [str(rank) for rank in range(1, 16)]
    assert _rank(model, [others[0]], "-o", tmp_path / "ranked.csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert lines[-1] == "and 30 more"


@pytest.mark.skipif(os.name != "posix", reason="Such file names belong to POSIX.")
def test_names_that_are_no_text_are_written(model, others, tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")
    shutil.copy(others[1]["photo"].iloc[0], name)
    table = _ranked(model, [name], tmp_path)
    assert table["photo"].iloc[0].endswith(r"\udcff.jpg")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--network", "timm/resnet18"], "has no embedding. Add embedding to"),
        (["-o", "model.pkl"], r"model\.pkl.*\.skops"),
        (["-o", "-"], r"--output -, but a name in \.skops"),
        (["-o", "nowhere/model.skops"], "cannot be written"),
    ],
)
def test_fit_errors_are_one_line(folder, tmp_path, check_one_line, options, message):
    assert _fit(folder, tmp_path / "model.skops", *options) == 2
    check_one_line(message)
    assert list(tmp_path.iterdir()) == []


def test_models_of_chance_are_doubted(folder, with_noise, others, tmp_path, capsys):
    pytest.importorskip("jinja2", reason="Pages need jinja2.")
    model, page = tmp_path / "model.skops", tmp_path / "ranking.html"
    assert _fit(with_noise(folder, tmp_path / "copy"), model) == 0
    printed = capsys.readouterr()
    assert "no better than chance" in printed.err
    assert "At chance by themselves: color-statistics, color-histogram (" in printed.out
    assert read_model_card(model)["training"]["interval"][0] < 0
    photos = others[1]["photo"].tolist()[:4]
    assert _rank(model, photos, "-o", page) == 0
    assert "no better than chance" in capsys.readouterr().err
    text = page.read_text(encoding="utf-8")
    caution, shown = (text.index(each) for each in ('class="caution"', "<ol"))
    assert caution < shown
    assert main(["compare", str(model), *photos, "--n-jobs", "1"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("   too close to call") == 6
    assert "no better than chance" in printed.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "ranked.txt"], r"ranked\.txt.*\.csv or \.json or \.parquet"),
        (["-o", "nowhere/ranked.csv"], "cannot be written"),
    ],
)
def test_rank_errors_are_one_line(model, others, check_one_line, options, message):
    assert _rank(model, [others[0]], *options) == 2
    check_one_line(message)


def test_rank_needs_photos(model, tmp_path, check_one_line):
    assert _rank(model, [tmp_path]) == 2
    check_one_line("Found no photos in")
    assert _rank(model, [tmp_path / "missing.jpg"]) == 2
    check_one_line(r"There is no .*missing\.jpg")
    (tmp_path / "empty.jpg").touch()
    assert _rank(model, [tmp_path / "empty.jpg"]) == 2
    check_one_line(r"None of the 1 photos could be read.*empty\.jpg: the file")


def test_rank_needs_a_model_of_fit(others, tmp_path, check_one_line):
    path = tmp_path / "model.skops"
    assert _rank(path, [others[0]]) == 2
    check_one_line("No such file")
    path.write_bytes(b"\x80\x04.")
    assert _rank(path, [others[0]]) == 2
    check_one_line("was not written by save_model")
    save_model(Ridge().fit([[1.0]], [1.0]), path)
    assert _rank(path, [others[0]]) == 2
    check_one_line("was not written by `sklearn-popularity fit`")


def test_predictions_that_collapse_are_told(model, others, write_photos, capsys):
    assert _rank(model, [others[0]]) == 0
    assert "close together" not in capsys.readouterr().err
    rng = np.random.default_rng(0)
    grey = rng.integers(100, 156, size=(12, 48, 64, 3), dtype=np.uint8)
    assert _rank(model, write_photos(grey)) == 0
    assert "the predictions lie close together: the middle" in capsys.readouterr().err
    assert _rank(model, write_photos(grey[:3])) == 0  # too few to tell
    assert "close together" not in capsys.readouterr().err


@pytest.mark.parametrize(("n", "warns"), [(4, False), (5, True)])
def test_more_unlike_photos_than_by_chance_are_told(n, warns):
    """Of 100, four or more are by chance in 1.8 %, five or more in 0.3 %."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_unlike(np.arange(100) < n)
    assert [f"{n} of 100 photos" in str(each.message) for each in caught] == [True] * (
        warns
    )


def test_fingerprint_tells_models_apart(model, folder, tmp_path, capsys):
    def fingerprint(path):
        return read_model_card(path)["about"]["fingerprint"]

    again, other = tmp_path / "again.skops", tmp_path / "other.skops"
    one = ["--features", "color-statistics"]
    assert _fit(folder, again, "--group", "user") == 0
    assert _fit(folder, other, *one) == 0
    assert fingerprint(again) == fingerprint(model)
    assert _fit(folder, again, *one, "--log") == 0
    assert fingerprint(again) != fingerprint(other)


def test_ranking_goes_to_a_pipe(model, others, ranked, capsys):
    assert _rank(model, [others[0]], "-o", "-") == 0
    printed = capsys.readouterr()
    pd.testing.assert_frame_equal(pd.read_csv(StringIO(printed.out)), ranked)
    assert "and 30 more" in printed.err


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_suffix_decides_how_a_ranking_is_written(model, ranked, tmp_path, suffix):
    output = tmp_path / f"ranked.{suffix}"
    if suffix == "parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow.")
    missing = tmp_path / "missing.jpg"
    assert _rank(model, [*ranked["photo"][:3], missing], "-o", output) == 0
    if suffix == "json":
        run = json.loads(output.read_text(), parse_constant=pytest.fail)  # no NaN
        assert run["model"] == str(model)
        assert run["fingerprint"] == read_model_card(model)["about"]["fingerprint"]
        table = pd.DataFrame(run["photos"])
    else:
        table = {"csv": pd.read_csv, "parquet": pd.read_parquet}[suffix](output)
    assert table["photo"].tolist() == [*ranked["photo"][:3], str(missing)]
    scores = table["score"].astype(float)
    np.testing.assert_allclose(scores[:-1], ranked["score"][:3])
    assert np.isnan(scores.iloc[-1])


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyboardInterrupt(), 130, "interrupted; "),
        (
            OSError(28, "No space left on device"),
            2,
            "error: No space left on device: '{}'. Free some space or write to another",
        ),
    ],
    ids=["interrupt", "full disk"],
)
def test_failed_writes_leave_nothing(
    model, folder, others, tmp_path, monkeypatch, capsys, error, status, told
):
    def fail(*args):
        raise type(error)(*error.args)

    monkeypatch.setattr(Path, "replace", fail)
    one = ["--features", "color-statistics"]
    assert _fit(folder, tmp_path / "model.skops", *one) == status
    assert "Spearman 0." in capsys.readouterr().out
    assert _rank(model, [others[0]], "-o", tmp_path / "ranked.csv") == status
    printed = capsys.readouterr()
    assert told.format(tmp_path / "ranked.csv") in printed.err
    # All of it is printed, since there is no file of it.
    assert len(printed.out.splitlines()) == 41
    assert list(tmp_path.iterdir()) == []


def test_cache_serves_fit_and_rank(model, folder, others, tmp_path, capsys):
    cache = tmp_path / "features.cache"
    cached = tmp_path / "model.skops"
    assert _fit(folder, cached, "--group", "user", "--cache", str(cache)) == 0
    assert cache_info(cache)["n_rows"].tolist() == [100, 100]
    cards = [read_model_card(path)["settings"] for path in (cached, model)]
    assert cards[0] == cards[1]
    assert b"features.cache" not in cached.read_bytes()
    capsys.readouterr()
    assert _rank(model, [others[0]]) == 0
    expected = capsys.readouterr().out
    for _ in range(2):
        assert _rank(cached, [others[0]], "--cache", cache) == 0
        assert capsys.readouterr().out == expected
    assert cache_info(cache)["n_rows"].tolist() == [140, 140]
