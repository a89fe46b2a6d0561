"""Paths as people write them: `~` is the home, wherever a path is taken."""

from pathlib import Path

import pytest
from sklearn.linear_model import Ridge

from sklearn_popularity import (
    load_folder,
    load_model,
    make_popularity,
    read_model_card,
    save_model,
)
from sklearn_popularity._paths import expand_home
from sklearn_popularity.cli._main import main
from sklearn_popularity.datasets import load_lamem


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_expand_home_leaves_other_paths(home):
    assert expand_home("~") == home
    assert expand_home("~/a/~") == home / "a" / "~"
    for path in ("a/~", "./~", "/b", "~no-such-user/c"):
        assert expand_home(path) == Path(path)


def test_models_and_folders_are_found_at_home(home):
    save_model(Ridge(), "~/model.skops")
    assert (home / "model.skops").is_file()
    assert isinstance(load_model(Path("~/model.skops")), Ridge)
    assert read_model_card("~/model.skops")["training"] is None
    make_popularity(2, folder="~/made up", image_size=(32, 40))
    posts = load_folder("~/made up", labels="~/made up/labels.csv")
    assert Path(posts["photo"][0]).is_relative_to(home)
    with pytest.raises(FileNotFoundError, match="lamem"):
        load_lamem("~/lamem")


def test_commands_find_files_at_home(home, capsys):
    make_popularity(2, folder=home / "photos", image_size=(32, 40))
    assert main(["cache", "info", "~/nothing.cache"]) == 2
    assert str(home) in capsys.readouterr().err
    arguments = ["extract", "color-statistics", "~/photos/images", "--n-jobs=1"]
    assert main([*arguments, f"--output={home}/rows.npy"]) == 0
    assert (home / "rows.npy").is_file()
