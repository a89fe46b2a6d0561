"""The report: honest numbers, everything escaped, whole or not there."""

import base64
import re
import sys
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    KFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import (
    HOGLLC,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    LatentRankSVM,
    StackedLateFusion,
    UnreadablePhotosWarning,
    make_popularity,
    popularity_report,
)
from sklearn_popularity.evaluation import fit_model
from sklearn_popularity.inspection import _report_evidence, explain_page
from sklearn_popularity.inspection._report_html import _number, _signed, render
from sklearn_popularity.inspection._sections.summary import (
    pairs_in_order,
    top_fifth_in_order,
)

pytest.importorskip("jinja2", reason="Reports need jinja2.")
from sklearn_popularity.inspection import _explain_page
from sklearn_popularity.inspection._sections import heatmaps
from sklearn_popularity.inspection._thumbnails import (
    draw_map,
    overlay,
    tell_extremes,
)

HOSTILE = "\"><script>alert('x')</script> & </script><img src=x onerror=alert(1)>"
TWICE = pd.DataFrame(np.zeros((40, 2)), columns=["crane", "crane"])
FEW = {"n_photos": 4, "n_heatmaps": 1}
TIMED = {"time": "uploaded", **FEW}
PLAIN = make_pipeline(ColorStatistics(), Ridge())


@pytest.fixture(scope="module")
def posts():
    posts, _ = make_popularity(40, n_users=8, image_size=(48, 64), random_state=0)
    posts["title"] = posts["title"].astype(object)
    posts.loc[[0, 1], "title"] = HOSTILE, "=1+1"
    posts["cue"] = posts["score"] + np.random.default_rng(1).normal(size=40)
    posts["kind"] = np.where(np.arange(40) % 3, "common", HOSTILE)
    return posts


def fusion():
    colors = make_pipeline(ColorHistogram(), StandardScaler(), Ridge())
    statistics = make_pipeline(ColorStatistics(), StandardScaler(), Ridge())
    ranker = make_pipeline(
        ColorStatistics(), StandardScaler(), LatentRankSVM(random_state=0)
    )
    return StackedLateFusion(
        [
            ("colors", colors, "photo"),
            ("statistics", statistics, "photo"),
            ("numbers", Ridge(), ["cue"]),
            ("ranker", ranker, ["photo"]),
        ],
        cv=2,
    )


class _Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.alts, self.data = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.data.append(data)

    def text(self):
        return " ".join(" ".join(self.data).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def report(posts, tmp_path_factory):
    likely = 1 / (1 + np.exp(-4 * (posts["score"] - posts["score"].median())))
    rng = np.random.default_rng(0)
    objects = pd.DataFrame(
        {HOSTILE: likely, "cat": 1 - likely, "car": rng.random(len(posts)) / 2}
    )
    return popularity_report(
        fusion(),
        posts,
        posts["score"],
        tmp_path_factory.mktemp("report") / "report.html",
        groups="user",
        by="kind",
        time="uploaded",
        title="title",
        words="title",
        objects=objects,
        label=HOSTILE,
        heading=HOSTILE,
        notes=[HOSTILE],
        cv=3,
        **FEW,
    )


@pytest.fixture(scope="module")
def page(report):
    return _Page(report.path.read_text(encoding="utf-8"))


def test_memorised_scores_do_not_count(posts, tmp_path):
    noise = np.random.default_rng(0).permutation(len(posts)).astype(float)
    model = make_pipeline(ColorHistogram(), KNeighborsRegressor(1))
    fitted = model.fit(posts["photo"], noise)
    assert_array_equal(fitted.predict(posts["photo"]), noise)
    splitter = KFold(4, shuffle=True, random_state=1)
    folds = splitter.split(posts)  # an iterator, which is gone through once
    found = popularity_report(
        fitted, posts, noise, tmp_path / "r.html", cv=folds, **FEW
    )
    expected = cross_val_predict(model, posts["photo"], noise, cv=splitter)
    assert_array_equal(found.predictions, expected)
    assert abs(found.score.score) < 0.5 and found.score.low < 0
    assert "no better than chance" in found.path.read_text(encoding="utf-8")


def test_every_section_is_there(report, page):
    # Of 8 users nothing sure can be said about 50 colours.
    assert list(report.left_out) == ["colors"]
    ids = {attrs.get("id") for attrs in page.all("section")}
    assert set(report.tables) | {"data", "again"} == ids
    assert report.score.low > 0 and "no better than chance" not in page.text()
    links = {attrs["href"] for attrs in page.all("a") if "download" not in attrs}
    assert links == {f"#{name}" for name in ids | {"content"}}


def test_branches_at_chance_are_marked(report, page):
    table = report.tables["branches"]
    assert_array_equal(table["at_chance"], table["low"] <= 0)
    assert 0 < page.text().count(" at chance ") == table["at_chance"].sum()


def test_planted_cue_is_missed_when_shuffled(report):
    table = report.tables["branches"].set_index("branch")
    assert set(table.index) == {"colors", "statistics", "numbers", "ranker"}
    assert table["importance"].idxmax() == "numbers"


def test_user_text_stays_text(page):
    assert len(page.all("script")) == 1
    assert not [attrs for _, attrs in page.tags if "onerror" in attrs]
    assert "".join(page.data).count(HOSTILE) >= 4
    assert any(HOSTILE in attrs["alt"] for attrs in page.all("img"))


def test_page_needs_no_network(page):
    sources = [attrs["src"] for attrs in page.all("img")]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert [attrs["href"] for attrs in page.all("link")] == ["data:,"]
    [policy] = [a["content"] for a in page.all("meta") if "http-equiv" in a]
    assert policy.startswith("default-src 'none'")


def test_every_picture_has_a_text(page):
    assert all(attrs["alt"].strip() for attrs in page.all("img"))
    drawings = [a for a in page.all("svg") if a.get("aria-hidden") != "true"]
    assert all(attrs["aria-label"].strip() for attrs in drawings)


def test_table_of_all_photos_can_be_downloaded(report, posts, page):
    [link] = [attrs["href"] for attrs in page.all("a") if "download" in attrs]
    kind, text = link.split(",")
    assert kind == "data:text/csv;charset=utf-8;base64"
    table = pd.read_csv(BytesIO(base64.b64decode(text)))
    assert table["name"][0] == HOSTILE
    assert table["name"][1] == "'" + posts["title"][1] == "'=1+1"
    assert table["name"][2:].tolist() == posts["title"][2:].tolist()
    assert_allclose(table["score"], posts["score"])
    expected = report.tables["quadrants"].sort_values("row")
    for column in ("true_percentile", "predicted_percentile"):
        assert_allclose(table[column], expected[column])


def test_gallery_holds_the_clearest_of_each_quadrant_and_the_extremes(report, page):
    cards = [attrs for attrs in page.all("li") if "data-quadrant" in attrs]
    table = report.tables["quadrants"]
    clearest = table.groupby("quadrant").head(FEW["n_photos"])
    shown = [float(card["data-clarity"]) for card in cards]
    assert set(clearest["clarity"]) <= set(shown)
    for column, key in (("true_percentile", "true"), ("predicted_percentile",) * 2):
        key = key.removesuffix("_percentile")
        values = [float(card[f"data-{key}"]) for card in cards]
        assert set(table[column].nlargest(4)) <= set(values)
        assert set(table[column].nsmallest(4)) <= set(values)
    off = (table["true_percentile"] - table["predicted_percentile"]).abs()
    surprise = [abs(float(c["data-true"]) - float(c["data-predicted"])) for c in cards]
    assert set(off.nlargest(4).round(9)) <= set(np.round(surprise, 9))
    for name, n in table["quadrant"].value_counts().items():
        n_shown = [card["data-quadrant"] for card in cards].count(name)
        assert f"{name} ({n_shown} of {n})" in page.text()


@pytest.fixture(scope="module")
def plain(posts, tmp_path_factory):
    """The report of a plain model, and its page."""
    path = tmp_path_factory.mktemp("plain") / "r.html"
    found = popularity_report(PLAIN, posts, posts["score"], path, **TIMED)
    return found, path.read_bytes()


def test_page_of_another_run_is_equal_without_matplotlib(
    plain, posts, tmp_path, monkeypatch
):
    for name in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    path = tmp_path / "r.html"
    popularity_report(PLAIN, posts, posts["score"], path, **TIMED)
    assert path.read_bytes() == plain[1]


@pytest.mark.parametrize("kept", [True, False])
def test_a_fitted_model_is_not_fitted_again(plain, posts, tmp_path, monkeypatch, kept):
    expected, page = plain
    y = posts["score"]
    fitted = fit_model(PLAIN, posts, y, n_repeats=1, return_estimator=kept)
    monkeypatch.setattr(_report_evidence, "fit_model", None)
    found = popularity_report(fitted, posts, y, tmp_path / "r.html", **TIMED)
    assert found.path.read_bytes() == page
    assert_array_equal(found.predictions, expected.predictions)


def test_sections_without_ingredients_are_explained(posts, tmp_path):
    model = make_pipeline(ColorStatistics(), SVR())
    found = popularity_report(
        model, posts, posts["score"], tmp_path / "r.html", n_photos=2, n_heatmaps=0
    )
    missing = {"branches", "heatmaps", "objects", "senses", "calibration", "times"}
    assert set(found.left_out) - {"colors"} == missing
    text = _Page(found.path.read_text("utf-8")).text()
    for reason in found.left_out.values():
        assert reason in text


def test_problems_of_the_data_are_named(posts, paths, bad_path, tmp_path):
    given = pd.DataFrame(
        {"photo": [*paths * 2, bad_path], "camera": ["x", None] * 7 + ["y"]}
    )
    y = np.arange(len(given), dtype=float)
    y[3] = np.nan
    with pytest.warns(UnreadablePhotosWarning, match=r"1 of 15.*notes\.jpg"):
        found = popularity_report(
            PLAIN, given, y, tmp_path / "r.html", time=["2025-07-04"] * 15, cv=2, **FEW
        )
    assert found.tables["times"]["n_rows"].tolist() == [13, 13]
    assert_array_equal(np.isnan(found.predictions), np.isin(np.arange(15), [3, 14]))
    text = _Page(found.path.read_text("utf-8")).text()
    assert "13 of 15 posts have a score" in text
    assert "Photos that cannot be read: 1" in text
    assert "Posts without a score: 1" in text
    assert re.search(r"photos: [1-9]\d* [1-9]\d* of them are not in", text)
    assert "camera: 7 (46.7 %)" in text


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"path": "report.txt"}, ValueError, "in .html was expected"),
        ({"path": "nowhere/report.html"}, OSError, "cannot be written"),
        ({"title": "titel"}, ValueError, "'titel'"),
        ({"photo": "picture"}, ValueError, "'picture'"),
        ({"groups": "nobody"}, ValueError, "'nobody'"),
        ({"time": "title"}, ValueError, r"'title' holds .* in row 0 .*ISO 8601"),
        ({"time": [None] * 40}, ValueError, "no time in row 0 of 'time'"),
        ({"time": np.arange(40)}, ValueError, "'time' holds 0 in row 0"),
        ({"cv": TimeSeriesSplit(3)}, ValueError, "row"),
        ({"cv": ShuffleSplit(3)}, ValueError, "row"),
        ({"cv": 41}, ValueError, "too few for 41 folds"),
        ({"y": [np.nan] * 40}, ValueError, "0 of 40 posts have a score"),
        ({"y": [1, 2, *[np.nan] * 38], "cv": 2}, ValueError, "2 posts and cv=2, which"),
        ({"y": [1.0]}, ValueError, "inconsistent numbers"),
        ({"objects": TWICE}, ValueError, "several columns 'crane'"),
    ],
)
def test_wrong_input_is_one_error(posts, tmp_path, changes, error, message):
    given = {"y": posts["score"], "path": "report.html", **changes}
    given["path"] = tmp_path / given["path"]
    with pytest.raises(error, match=message):
        popularity_report(PLAIN, posts, **given)
    assert list(tmp_path.iterdir()) == []


def test_interrupted_write_leaves_what_was_there(posts, tmp_path, monkeypatch):
    def write_half(self, text, **kwargs):
        self.write_bytes(text[: len(text) // 2].encode())
        raise KeyboardInterrupt

    path = tmp_path / "report.html"
    path.write_text("earlier")
    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(KeyboardInterrupt):
        popularity_report(PLAIN, posts, posts["score"], path, **FEW)
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


class Terse(Pipeline):
    def __repr__(self):
        return "the terse one"


def test_models_may_describe_themselves(posts, tmp_path):
    model = Terse([("colors", ColorStatistics()), ("ridge", Ridge())])
    found = popularity_report(model, posts, posts["score"], tmp_path / "r.html", **FEW)
    assert "the terse one" in found.path.read_text(encoding="utf-8")


def test_report_without_jinja_names_the_extra(posts, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"pip install \"\.\[report\]\""):
        popularity_report(PLAIN, posts, posts["score"], tmp_path / "r.html")


def test_columns_that_share_a_name_do_no_harm(plain, posts, tmp_path):
    twice = pd.concat([posts, posts[["tags"]]], axis=1)
    path = tmp_path / "r.html"
    found = popularity_report(PLAIN, twice, posts["score"], path, title="title", **FEW)
    assert_array_equal(found.predictions, plain[0].predictions)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (-1.5, "\u22121.50"),
        (999.4, "999"),
        (999.7, "1,000"),
        (2e6, "2,000,000"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert _number(value) == text
    assert _signed(value) == ("+" + text if value > 0 else text)


@pytest.mark.parametrize("n_values", [3, 1000])
def test_pairs_in_order_counts_pairs(n_values):
    rng = np.random.default_rng(n_values)
    y, predicted = rng.integers(n_values, size=(2, 40))
    right = [
        0.5 + 0.5 * np.sign((y[i] - y[j]) * (predicted[i] - predicted[j]))
        for i in range(40)
        for j in range(i)
        if y[i] != y[j]
    ]
    assert pairs_in_order(y, predicted) == pytest.approx(np.mean(right))
    assert pairs_in_order(y, y) == 1
    assert pairs_in_order(np.ones(4), np.arange(4)) == 0.5
    assert pairs_in_order(np.arange(4), np.ones(4)) == 0.5


@pytest.mark.parametrize(
    ("predicted", "share"), [([1, 2], 1.0), ([2, 1], 0.0), ([1, 1], 0.5)]
)
def test_a_single_pair_is_in_order_or_not(predicted, share):
    assert pairs_in_order(np.array([3, 4]), np.array(predicted)) == share


@pytest.mark.parametrize("n_ones", [15, 75, 110])
def test_two_labels_are_in_perfect_order_or_tied(n_ones):
    y = (np.arange(150) < n_ones).astype(float)
    for measure in (pairs_in_order, top_fifth_in_order):
        assert measure(y, y) == 1
        assert measure(y, np.zeros(150)) == 0.5


def test_report_and_explanation_draw_the_same_map(
    posts, training, tmp_path, monkeypatch
):
    """Of a fusion of codes that are traced and of others that are covered."""
    branches = {
        "hog": make_pipeline(HOGLLC(dictionary=8, random_state=0), Ridge()),
        "codes": make_pipeline(ColorNamesLLC(dictionary=8, random_state=0), SVR()),
        "statistics": make_pipeline(ColorStatistics(), StandardScaler(), Ridge()),
    }
    model = StackedLateFusion(
        [(name, branch, "photo") for name, branch in branches.items()],
        final_estimator=Ridge(),
        cv=2,
    )
    drawn = {}

    def keep(page):
        def draw(*given):
            drawn.setdefault(page, []).append(draw_map(*given))
            return drawn[page][-1]

        return draw

    for page in (heatmaps, _explain_page):
        monkeypatch.setattr(page, "draw_map", keep(page))
    posts = posts[:20]
    found = fit_model(model, posts, posts["score"], cv=2, n_repeats=1)
    report = popularity_report(
        found.model,
        posts,
        posts["score"],
        tmp_path / "r.html",
        held_out=found.held_out,
        **FEW,
    )
    table = report.tables["heatmaps"]
    assert table["end"].tolist() == ["highest", "lowest"]
    order = np.argsort(-report.shares, kind="stable")
    for i, row in enumerate([order[0], order[-1]]):
        explain_page(found.model, posts.iloc[[row]], training)
        assert_allclose(drawn[_explain_page][i], drawn[heatmaps][i])
        assert drawn[heatmaps][i].min() < 0 < drawn[heatmaps][i].max()
        assert table["raises"][i] == drawn[heatmaps][i].max()
    limit = np.abs(table[["raises", "lowers"]].to_numpy()).max()
    assert f"by {_number(limit)} points" in report.path.read_text("utf-8")


def test_overlay_is_orange_where_the_score_is_raised():
    image = np.full((30, 30, 3), 100, np.uint8)
    heat = np.zeros((30, 30))
    heat[:10, :10], heat[20:, 10:20] = 2.0, -1.0
    drawn = overlay(image, heat).astype(int)
    assert drawn[5, 5, 0] > drawn[5, 5, 2] + 50
    assert drawn[25, 15, 2] > drawn[25, 15, 0] + 20
    assert np.ptp(drawn[15, 25]) == 0
    told = {"hottest": "top left", "raises": 2, "coldest": "bottom", "lowers": -1}
    assert tell_extremes(heat) == told
    weaker = overlay(image, heat, limit=8.0).astype(int)
    assert 0 < np.ptp(weaker[5, 5]) < np.ptp(drawn[5, 5]) / 2


@pytest.mark.parametrize("shape", [(1, 1), (2, 30)])
def test_small_maps_have_places(shape):
    assert all(tell_extremes(np.ones(shape)).values())


def test_templates_refuse_what_they_are_not_given():
    with pytest.raises(Exception, match="undefined"):
        render("report.html")
