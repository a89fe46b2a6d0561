"""Figures: drawn where asked, told apart without colour, labels that do not overlap."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklearn_popularity import StackedLateFusion, _optional, ablation, inspection

matplotlib = pytest.importorskip("matplotlib", reason="Figures need matplotlib.")
matplotlib.use("agg")
pyplot = pytest.importorskip("matplotlib.pyplot", reason="Figures need matplotlib.")

RNG = np.random.default_rng(0)
Y_TRUE = RNG.normal(size=60)
Y_PRED = Y_TRUE + RNG.normal(size=60)
PHOTOS = RNG.integers(0, 256, (60, 12, 16, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def ablation_result():
    X = np.column_stack([Y_PRED, RNG.normal(size=60)])
    branches = [("photo", Ridge(), [0]), ("user", Ridge(), [1])]
    sides = {"content": ["photo"], "social": ["user"]}
    fusion = StackedLateFusion(branches, cv=2)
    return ablation(fusion, X, Y_TRUE, **sides, cv=3, random_state=0)


def sense_table(**columns):
    return pd.DataFrame(
        {
            "side": ["popular", "popular", "unpopular"],
            "sense": [0, 1, 0],
            "weight": [3, 2, 1],
            **columns,
        }
    )


DRAWN = {
    "heatmap": lambda ax: inspection.plot_heatmap(
        PHOTOS[0], RNG.normal(size=(12, 16)), ax=ax
    ),
    "color_importance": lambda ax: inspection.plot_color_importance(
        pd.DataFrame({"color": ["#ff0000", "#00ff00"], "weight": [1, -1]}), ax=ax
    ),
    "object_importance": lambda ax: inspection.plot_object_importance(
        inspection.object_importance(
            RNG.uniform(size=(60, 9)),
            Y_TRUE,
            names=["a very long name of an object, with synonyms " * 2, *"bcdefghi"],
            n_splits=3,
            random_state=0,
        ),
        ax=ax,
    ),
    "branch_importance": lambda ax: inspection.plot_branch_importance(
        pd.DataFrame(
            {"branch": ["a", "b"], "importance": [2, 1], "low": [1, 0], "high": [3, 2]}
        ),
        ax=ax,
    ),
    "sense_words": lambda ax: inspection.plot_sense_words(
        sense_table(word=["beach", "night", "table"]), ax=ax
    ),
    "sense_photos": lambda ax: inspection.plot_sense_photos(
        sense_table(row=[5, 6, 7]), PHOTOS, n_photos=2, ax=ax
    ),
    "quadrants": lambda ax: inspection.plot_quadrants(
        inspection.quadrants(Y_TRUE, Y_PRED), ax=ax
    ),
    "quadrants of photos": lambda ax: inspection.plot_quadrants(
        inspection.quadrants(Y_TRUE, Y_PRED), PHOTOS, ax=ax
    ),
    "mean_image": lambda ax: inspection.plot_mean_image(
        inspection.mean_image(PHOTOS, Y_TRUE, random_state=0), ax=ax
    ),
    "spearman_by_user": lambda ax: inspection.plot_spearman_by_user(
        inspection.spearman_by_user(
            Y_TRUE, {"gist": Y_PRED, "color": -Y_PRED}, users=np.arange(60) % 4
        ),
        ax=ax,
    ),
    "cue_correlations": lambda ax: inspection.plot_cue_correlations(
        inspection.cue_correlations(
            pd.DataFrame({"views": Y_PRED, "contacts": -Y_TRUE}), Y_TRUE
        ),
        ax=ax,
    ),
    "percentile_reliability": lambda ax: inspection.plot_percentile_reliability(
        inspection.percentile_reliability(Y_TRUE, Y_PRED), ax=ax
    ),
    "score_distribution": lambda ax: inspection.plot_score_distribution(
        inspection.score_distribution(Y_TRUE, Y_PRED), ax=ax
    ),
}
SEVERAL = {
    "popularity_distribution": (
        3,
        lambda ax: inspection.plot_popularity_distribution(
            inspection.popularity_distribution(np.arange(60), np.arange(1, 61)), ax=ax
        ),
    ),
    "comparison": (2, lambda ax: inspection.plot_comparison(ablation_result(), ax=ax)),
    "calibration": (
        2,
        lambda ax: inspection.plot_calibration(
            inspection.calibration(Y_TRUE, Y_PRED, by=np.arange(60) % 4),
            ax=ax,
        ),
    ),
}


def assert_labels_apart(*axes):
    """Neighbouring labels of an axis of a figure do not overlap."""
    axes[0].figure.canvas.draw()
    sides = [(ax.get_xticklabels(), ax.get_yticklabels()) for ax in axes]
    for labels in (labels for pair in sides for labels in pair):
        boxes = [label.get_window_extent() for label in labels if label.get_text()]
        visible = [box for box in boxes if box.width > 0]
        assert not any(a.overlaps(b) for a, b in pairwise(visible))


@pytest.mark.parametrize("name", DRAWN)
def test_plot_draws_in_axes_given_or_new(name):
    _, given = pyplot.subplots()
    assert DRAWN[name](given) is given
    assert given.has_data()
    new = DRAWN[name](None)
    assert new.figure is not given.figure
    assert_labels_apart(new)


@pytest.mark.parametrize("name", SEVERAL)
def test_plot_of_several_draws_in_axes_given_or_new(name):
    n_axes, draw = SEVERAL[name]
    _, given = pyplot.subplots(1, n_axes)
    assert all(a is b for a, b in zip(draw(given), given, strict=True))
    new = draw(None)
    assert len(new) == n_axes
    assert all(ax.has_data() for ax in new)
    assert_labels_apart(*new)


def test_senses_without_words_leave_the_axes_empty():
    ax = inspection.plot_sense_words(sense_table(word="")[:0])
    assert ax.get_yticklabels() == []


@pytest.mark.parametrize("name", ["quadrants", "object_importance", "spearman_by_user"])
def test_series_differ_by_more_than_colour(name):
    ax = DRAWN[name](None)
    lines = [line for line in ax.get_lines() if line.get_marker() not in ("", "None")]
    looks = [(line.get_marker(), line.get_markerfacecolor()) for line in lines]
    assert len({marker for marker, _ in looks}) == len(lines) > 1


def test_every_plot_of_the_room_is_drawn_here():
    drawn = {name.split(" of")[0] for name in (*DRAWN, *SEVERAL)}
    plots = {n[5:] for n in inspection.__all__ if n.startswith("plot_")}
    assert drawn == plots


def test_missing_matplotlib_names_the_extra(monkeypatch):
    def refuse(name):
        raise ImportError("No module named 'matplotlib'")

    monkeypatch.setattr(_optional.importlib, "import_module", refuse)
    with pytest.raises(ImportError, match=r"pip install \"\.\[report\]\""):
        DRAWN["quadrants"](None)
