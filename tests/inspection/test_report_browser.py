"""The report in a real browser: Chromium, driven by Playwright."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    ColorStatistics,
    StackedLateFusion,
    make_popularity,
    popularity_report,
)
from sklearn_popularity.cli import main

HOSTILE = "<script>alert(1)</script> \"quotes\" 'and' </script>"
FAST = ["--features", "color-statistics,color-histogram", "--n-jobs", "1"]
SECTIONS = {"summary", "branches", "quadrants", "heatmaps", "reliability"}
SIZES = {"desktop": (1280, 900), "phone": (390, 844), "narrow": (360, 640)}


@pytest.fixture(scope="module")
def made(browser, tmp_path_factory):
    """Of made-up posts, whose label and titles are markup."""
    folder = tmp_path_factory.mktemp("hostile") / "made-up"
    make_popularity(60, folder=folder, image_size=(48, 64), random_state=0)
    table = pd.read_csv(folder / "labels.csv")
    table["title"] = HOSTILE + table["title"]
    table.rename(columns={"score": HOSTILE}).to_csv(folder / "labels.csv", index=False)
    path = folder / "report.html"
    given = ["report", str(folder), "--label", HOSTILE, "--title", "title"]
    assert main([*given, "--by", "theme", *FAST, "-o", str(path)]) == 0
    return path


def _some_of(data, n, folder):
    """A folder with the first rows of another."""
    table = pd.read_csv(data / "labels.csv")[:n]
    table["path"] = [str(data / path) for path in table["path"]]
    table.to_csv(folder / "labels.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def oasis(browser, shared, tmp_path_factory):
    folder = _some_of(shared / "data" / "oasis", 200, tmp_path_factory.mktemp("oasis"))
    path = folder / "oasis.html"
    given = ["report", str(folder), "--label", "beauty"]
    given += ["--group", "theme", "--by", "category", "--title", "theme"]
    assert main([*given, *FAST, "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def unranked(browser, tmp_path_factory):
    """A kind of posts whose scores are equal, rated neither too high nor too low."""
    path = tmp_path_factory.mktemp("unranked") / "report.html"
    posts, _ = make_popularity(40, image_size=(48, 64), random_state=0)
    kinds = np.arange(40) % 4
    y = np.where(kinds == 2, posts["score"].median(), posts["score"])
    model = make_pipeline(ColorStatistics(), Ridge())
    popularity_report(model, posts, y, path, by=kinds, n_photos=1, n_heatmaps=0)
    return path


@pytest.fixture(scope="module")
def binary(browser, tmp_path_factory):
    """Two labels only, which a cue predicts without a mistake."""
    path = tmp_path_factory.mktemp("binary") / "report.html"
    posts, truth = make_popularity(60, image_size=(48, 64), random_state=0)
    y = (truth.effects["saturation"] > 0).astype(float)
    model = StackedLateFusion(
        [
            ("cue", Ridge(1e-6), ["cue"]),
            ("photo", make_pipeline(ColorStatistics(), Ridge()), "photo"),
        ]
    )
    popularity_report(
        model, posts.assign(cue=y), y, path, time="uploaded", n_photos=4, n_heatmaps=1
    )
    return path


@pytest.fixture(scope="module")
def memes(browser, shared, tmp_path_factory):
    folder = _some_of(shared / "data" / "memes", 150, tmp_path_factory.mktemp("memes"))
    given = ["report", str(folder), "--label", "ups", "--group", "user"]
    given += ["--title", "title", "--time", "time"]
    assert main([*given, *FAST, "-o", str(folder / "report.html")]) == 0
    return folder / "report.html"


@pytest.fixture(params=["made", "oasis"])
def report(request):
    return request.getfixturevalue(request.param)


def _names(page):
    return page.locator(".gallery li:visible").evaluate_all(
        "cards => cards.map((card) => card.dataset.name)"
    )


def _numbers(page, key):
    return page.locator(".gallery li:visible").evaluate_all(
        f"cards => cards.map((card) => Number(card.dataset.{key}))"
    )


def test_report_shows_its_sections(report, open_page):
    page = open_page(report)
    seen = page.locator("main section").evaluate_all("all => all.map((e) => e.id)")
    assert SECTIONS | {"calibration", "data", "again"} == set(seen) - {"colors"}
    for name in seen:
        assert page.locator(f"section#{name} h2").is_visible()
    assert page.locator("#summary .big").inner_text().strip()
    loaded = page.evaluate(
        "[...document.images].every((image) => image.complete && image.naturalWidth)"
    )
    assert loaded
    assert report.stat().st_size < 10e6


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_report_fits_the_screen(made, open_page, size, scheme):
    page = open_page(made, SIZES[size], color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(color.split("(")[1].split(",")[0])
    assert (red > 128) == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["oasis", "binary", "memes", "unranked"])
def test_text_is_told_from_what_is_behind(name, scheme, open_page, request):
    """At least 4.5 to 1, as WCAG 2.2 asks for (1.4.3)."""
    page = open_page(request.getfixturevalue(name), color_scheme=scheme)
    assert page.evaluate(CONTRASTS) > 4.5


# The least contrast of any text that is seen, with the background around it.
CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = 21;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const hidden = !element.checkVisibility() || element.closest("script, svg, option");
    if (hidden || !walker.currentNode.textContent.trim()) continue;
    const pair = [parse(getComputedStyle(element).color), behind(element)].map(light);
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    least = Math.min(least, ratio);
  }
  return least;
}"""


def test_perfect_predictions_of_two_labels_read_one_hundred(binary, open_page):
    page = open_page(binary, SIZES["phone"])
    facts = page.locator(".facts dd").all_inner_texts()
    assert facts[0].startswith("100 %")
    assert facts[1].startswith("100 %")


def test_posts_over_time_are_told(memes, open_page):
    page = open_page(memes, SIZES["phone"], color_scheme="dark")
    assert page.locator("#times tbody tr").count() > 2
    assert "The latest" in page.locator("#times").inner_text()


def test_gallery_filters(report, open_page):
    page = open_page(report)
    everything = page.locator(".gallery li").count()
    assert len(_names(page)) == 12
    page.locator("#more").click()
    assert len(_names(page)) == 24
    button = page.locator("button[data-quadrant='high, predicted high']")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    shown = page.locator(".gallery li:visible")
    kinds = shown.evaluate_all("cards => cards.map((card) => card.dataset.quadrant)")
    assert set(kinds) == {"high, predicted high"}
    assert 0 < len(kinds) <= 12 < everything
    n = page.locator(".gallery li[data-quadrant='high, predicted high']").count()
    assert page.locator("#shown").inner_text() == f"{len(kinds)} of {n} photos"
    page.locator("button[data-quadrant='']").click()
    wanted = _names(page)[0]
    page.locator("#search").fill(wanted.upper())
    assert set(_names(page)) and all(wanted.lower() in n.lower() for n in _names(page))


def test_chance_comes_first_and_folds_the_rest(unranked, open_page):
    page = open_page(unranked, unfold=False)
    assert "no better than chance" in page.locator("#summary .caution").inner_text()
    assert not page.locator("#quadrants").is_visible()
    page.locator("nav a[href='#quadrants']").click()
    assert page.locator("#quadrants h2").is_visible()
    page.locator("details.rest > summary").click()
    assert not page.locator("#quadrants").is_visible()


@pytest.mark.parametrize("order", ["true", "predicted"])
def test_gallery_sorts(made, open_page, order):
    page = open_page(made)
    page.locator("#order").select_option(order)
    values = _numbers(page, order)
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 5


def test_gallery_sorts_surprises_first(made, open_page):
    page = open_page(made)
    page.locator("#order").select_option("surprise")
    pairs = zip(_numbers(page, "true"), _numbers(page, "predicted"), strict=True)
    surprise = [abs(true - predicted) for true, predicted in pairs]
    assert surprise == sorted(surprise, reverse=True)


def test_tables_sort(made, open_page):
    page = open_page(made)
    header = page.locator("#branches th[data-column='loss'] button")
    for order in (-1, 1):
        header.click()
        losses = page.locator("#branches tr[data-loss]").evaluate_all(
            "rows => rows.map((row) => Number(row.dataset.loss))"
        )
        assert losses == sorted(losses, key=lambda loss: order * loss)
    assert page.locator("#branches th[aria-sort='ascending']").count() == 1


def test_unknown_numbers_sort_lowest(unranked, open_page):
    page = open_page(unranked)
    header = page.locator("#calibration th[data-column='within'] button")
    for order in (-1, 1):
        header.click()
        told = page.locator("#calibration tr[data-within]").evaluate_all(
            "rows => rows.map((row) => row.dataset.within)"
        )
        values = [-np.inf if text == "nan" else float(text) for text in told]
        assert values == sorted(values, key=lambda value: order * value)
        assert len(values) == 4 and -np.inf in values


def test_keyboard_reaches_the_gallery(made, open_page):
    page = open_page(made)
    page.keyboard.press("Tab")
    focused = "document.activeElement.textContent"
    assert page.evaluate(focused) == "Skip to the report"
    page.locator("button[data-quadrant='low, predicted low']").focus()
    page.keyboard.press("Enter")
    kinds = page.locator(".gallery li:visible").evaluate_all(
        "cards => cards.map((card) => card.dataset.quadrant)"
    )
    assert set(kinds) == {"low, predicted low"}
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"


def test_report_without_scripts_shows_all(made, open_page):
    page = open_page(made, java_script_enabled=False)
    if page.locator("details.rest").count():
        page.locator("details.rest > summary").click()
    assert page.locator(".gallery li:visible").count() > 12
    assert page.locator(".tools:visible").count() == 0


def test_hostile_titles_are_text(made, open_page):
    page = open_page(made)
    assert page.locator(".gallery .name").first.inner_text().startswith(HOSTILE)
    assert HOSTILE in page.locator("#summary h2").inner_text()
    assert HOSTILE in page.locator(".gallery img").first.get_attribute("alt")
    assert page.locator("script").count() == 1
    before = _names(page)
    page.locator("#search").fill(HOSTILE[:8])
    assert _names(page) == before != []
