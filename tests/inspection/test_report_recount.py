"""Every number of a report, recomputed from the posts and its predictions alone."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import rankdata, spearmanr
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import (
    ColorHistogram,
    ColorStatistics,
    StackedLateFusion,
    make_popularity,
    popularity_report,
    spearman_interval,
)

pytest.importorskip("jinja2", reason="Reports need jinja2.")
N, N_FOLDS = 150, 3


class Sections(HTMLParser):
    """Text and table rows of each section, and the cards of the gallery."""

    def __init__(self, text):
        super().__init__()
        self.text, self.rows, self.cards, self._at = {}, {}, [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "section":
            self._at = attrs["id"]
            self.text[self._at], self.rows[self._at] = "", []
        elif tag == "tr" and self._at:
            self.rows[self._at].append([])
        elif tag in ("td", "th") and self._at and self.rows[self._at]:
            self.rows[self._at][-1].append("")
        elif tag == "li" and "data-true" in attrs:
            self.cards.append(attrs)
        self.text[self._at] = self.text.get(self._at, "") + " "

    def handle_data(self, data):
        self.text[self._at] = self.text.get(self._at, "") + data
        if self.rows.get(self._at) and self.rows[self._at][-1]:
            self.rows[self._at][-1][-1] += data


def numbers(text):
    """Numbers in a text with true minus signs."""
    text = text.replace("\u2212", "-").replace(",", "")
    return [float(x) for x in re.findall(r"-?\d+\.?\d*", text)]


def percentile(values):
    return 100 * (rankdata(values) - 0.5) / len(values)


@pytest.fixture(scope="module")
def posts():
    posts, truth = make_popularity(N, n_users=30, image_size=(40, 48), random_state=0)
    posts["cue"] = posts["score"] + 2 * np.random.default_rng(0).normal(size=N)
    # Colours that surely matter.
    posts["score"] += 3 * truth.effects["saturation"]
    return posts


def fusion():
    colors = make_pipeline(ColorHistogram(), RidgeCV(np.logspace(-3, 2, 6)))
    statistics = make_pipeline(ColorStatistics(), StandardScaler(), Ridge())
    return StackedLateFusion(
        [
            ("colors", colors, "photo"),
            ("statistics", statistics, "photo"),
            ("cue", Ridge(), ["cue"]),
        ],
        cv=2,
    )


@pytest.fixture(scope="module")
def found(posts, tmp_path_factory):
    likely = 1 / (1 + np.exp(-(posts["score"] - posts["score"].median())))
    return popularity_report(
        fusion(),
        posts,
        posts["score"],
        tmp_path_factory.mktemp("recount") / "report.html",
        groups="user",
        by="theme",
        time="uploaded",
        objects=pd.DataFrame({"sea": likely, "cat": 0.3 * likely}),
        cv=N_FOLDS,
        n_photos=6,
        n_heatmaps=0,
    )


@pytest.fixture(scope="module")
def page(found):
    return Sections(found.path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def predicted(posts):
    """Shares of the training predictions below, by models refitted here."""
    users, y = posts["user"].to_numpy(), posts["score"].to_numpy()
    shares = np.full(N, np.nan)
    for train, test in GroupKFold(N_FOLDS).split(posts, groups=users):
        model = fusion().fit(posts.iloc[train], y[train], groups=users[train])
        shares[test] = _below(model, posts.iloc[train], posts.iloc[test])
    return shares


def _below(model, train, test):
    """Share of the training predictions below, between them by a straight line."""
    seen, new = np.sort(model.predict(train)), model.predict(test)
    places = (np.arange(len(seen)) + 0.5) / len(seen)
    beyond = new - new.clip(seen[0], seen[-1])
    tail = beyond / (np.abs(beyond) + np.ptp(seen)) / (2 * len(seen))
    return np.interp(new, seen, places) + tail


def test_summary(posts, found, page, predicted):
    y, text = posts["score"].to_numpy(), page.text["summary"]
    users = posts["user"]
    rho, low, high = spearman_interval(y, predicted, groups=users, n_folds=N_FOLDS)
    assert_allclose(rho, spearmanr(y, predicted).statistic)
    assert_allclose(found.score, (rho, low, high))
    assert_allclose(found.shares, predicted)
    shown = [f"{x:.2f}".replace("-", "\u2212") for x in (rho, low, high)]
    assert f"{shown[1]} to {shown[2]}" in text and shown[0] in text
    pairs = [(i, j) for i in range(N) for j in range(i) if y[i] != y[j]]
    right = np.mean([_right(predicted, y, i, j) for i, j in pairs])
    assert f"{100 * right:.0f} %" in text
    top = np.argsort(-predicted)[: N // 5]
    rest = np.setdiff1d(np.arange(N), top)
    beats = np.mean([_right(predicted, y, i, j) for i in top for j in rest])
    assert len(np.unique(predicted)) == N  # so that no tie is at the edge
    wins = np.mean([y[i] > y[j] for i in top for j in rest if y[i] != y[j]])
    assert_allclose(beats, wins)
    assert f"{100 * wins:.0f} %" in text
    assert f"{N}in {users.nunique()} groups" in " ".join(text.split()).replace(
        "150 ", "150"
    )
    assert f"median {np.median(y):#.3g}" in text


def _right(predicted, y, i, j):
    return 0.5 + 0.5 * np.sign((predicted[i] - predicted[j]) * (y[i] - y[j]))


def test_branches_alone(posts, page):
    users, y = posts["user"].to_numpy(), posts["score"].to_numpy()
    rows = {row[0].split()[0]: row for row in page.rows["branches"][2:]}
    for name, model, columns in fusion().branches:
        shares = np.full(N, np.nan)
        for train, test in GroupKFold(N_FOLDS).split(posts, groups=users):
            X = posts[columns]
            fitted = model.fit(X.iloc[train], y[train])
            shares[test] = _below(fitted, X.iloc[train], X.iloc[test])
        expected = spearmanr(y, shares).statistic
        assert numbers(rows[name][2]) == [round(expected, 2)]


def test_gallery(posts, page, predicted):
    true, guess = percentile(posts["score"]), percentile(predicted)
    names = {f"photo {i}": i for i in range(N)}
    assert len(page.cards) > 20
    text = page.text["quadrants"]
    for card in page.cards:
        row = names[card["data-name"]]
        assert_allclose(float(card["data-true"]), true[row])
        assert_allclose(float(card["data-predicted"]), guess[row])
        value = f"{posts['score'][row]:#.3g}".replace("-", "\u2212")
        assert f"true {true[row]:.0f} ({value}), predicted {guess[row]:.0f}" in text
        side = ("low", "high")[int(true[row] > 50)]
        assert card["data-quadrant"].startswith(side)
    for actual, side in ((true > 50, "high"), (true <= 50, "low")):
        for said, end in ((guess > 50, "high"), (guess <= 50, "low")):
            name = f"{side}, predicted {end}"
            n = sum(card["data-quadrant"] == name for card in page.cards)
            assert f"{name} ({n} of {(actual & said).sum()})" in text


def test_colors(posts, found, page):
    histogram = ColorHistogram()
    X, y = histogram.fit_transform(posts["photo"]), posts["score"].to_numpy()
    alpha = RidgeCV(np.logspace(-4, 3, 15)).fit(X, y).alpha_
    users = pd.factorize(posts["user"], sort=True)[0]
    mean, spread = X.mean(axis=0), X.std(axis=0)

    def effects(rows):
        A = np.column_stack([np.ones(len(rows)), X[rows]])
        penalty = alpha * np.diag([0.0] + [1.0] * X.shape[1])
        w = np.linalg.solve(A.T @ A + penalty, A.T @ y[rows])[1:]
        return (w - w @ mean) / (1 - mean) * spread

    value = effects(np.arange(N))
    left = np.array([effects(np.flatnonzero(users != u)) for u in range(30)])
    error = np.sqrt(29 / 30 * ((left - value) ** 2).sum(axis=0))
    names = ["#" + name[-6:] for name in histogram.get_feature_names_out()]
    table = found.tables["colors"].set_index("color").loc[names]
    assert_allclose(table["effect"], value, rtol=1e-4, atol=1e-6)
    tested = mean >= 0.2 / len(mean)
    half = (table["high"] - table["effect"]).to_numpy()
    ratio = half[tested] / error[tested]
    assert_allclose(ratio, ratio[0], rtol=1e-3)  # one quantile for all
    clear = tested & (np.abs(value) > half)
    shown = set(re.findall(r"#[0-9a-f]{6}", page.text["colors"]))
    assert shown == {name for name, yes in zip(names, clear, strict=True) if yes}
    assert f"of {tested.sum()} that are frequent enough" in page.text["colors"]


def test_reliability(posts, found, predicted):
    true, guess = percentile(posts["score"]), percentile(predicted)
    table = found.tables["reliability"]
    bins = np.minimum((guess / 20).astype(int), 4)
    assert_allclose(table["n_rows"], np.bincount(bins))
    assert_allclose(table["true_percentile"], pd.Series(true).groupby(bins).mean())
    assert_allclose(
        table["predicted_percentile"], pd.Series(guess).groupby(bins).mean()
    )


@pytest.mark.parametrize("section", ["calibration", "times"])
def test_kinds_and_times(posts, page, predicted, section):
    bias = percentile(predicted) - percentile(posts["score"])
    rows = [row for row in page.rows[section][1:] if len(row) > 4]
    assert len(rows) > 2
    for row in rows:
        if section == "calibration":
            inside = (posts["theme"] == row[0]).to_numpy()
        else:
            names = (_names_of_periods(posts["uploaded"], code) for code in "DWMQY")
            inside = next(each == row[0] for each in names if (each == row[0]).any())
        assert numbers(row[1]) == [inside.sum()]
        assert_allclose(numbers(row[3]), [bias[inside].mean()], atol=0.51)
        rho = spearmanr(posts["score"][inside], predicted[inside]).statistic
        assert_allclose(numbers(row[4]), [rho], atol=0.0051)


def _names_of_periods(times, code):
    return times.dt.to_period(code).astype(str).str.split("/").str[0].to_numpy()


def test_later_posts(posts, page, tmp_path):
    """Of new users, if there are any; here each post is a group of its own."""
    text = " ".join(page.text["times"].split())
    assert "were also predicted" not in text  # all users had posted before
    times, y = posts["uploaded"].to_numpy(), posts["score"].to_numpy()
    border = np.sort(times)[int(0.8 * N)]
    before, after = times < border, times >= border
    statistics = fusion().branches[1][1]
    few = {"cv": 2, "n_heatmaps": 0, "n_photos": 1}
    found = popularity_report(
        statistics, posts, y, tmp_path / "r.html", time=times, **few
    )
    text = Sections(found.path.read_text(encoding="utf-8")).text["times"]
    text = " ".join(text.split())
    photos = posts["photo"]
    model = statistics.fit(photos[before], y[before])
    rho = spearmanr(y[after], model.predict(photos[after])).statistic
    assert f"The latest {after.sum()} posts were" in text
    assert f"by a model of the {before.sum()} earlier ones" in text
    assert f"correlation is {rho:.2f}".replace("-", "\u2212") in text


def test_perfect_model_of_two_labels_reads_one_hundred(posts, tmp_path):
    y = (np.arange(N) < 15).astype(float)
    model = StackedLateFusion([("cue", Ridge(1e-9), ["cue"])], cv=2)
    few = {"cv": 2, "n_heatmaps": 0, "n_photos": 1}
    for cue, share in ((y, 1), (0.0, 0.5)):
        known = posts.assign(cue=cue)
        report = popularity_report(model, known, y, tmp_path / "r.html", **few)
        summary = report.tables["summary"].iloc[0]
        assert summary["pairs_in_order"] == summary["top_fifth_in_order"] == share
