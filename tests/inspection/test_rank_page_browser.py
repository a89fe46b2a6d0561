"""The page of ranked photos in a real browser."""

import shutil

import pytest

from sklearn_popularity import make_popularity
from sklearn_popularity.cli import main

HOSTILE = "<img src=x onerror=alert(1)> \"quotes\" 'and'.jpg"
N = 60


@pytest.fixture(scope="module")
def folder(made_folder):
    return made_folder(160)


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    """New photos, of which one has a name that is markup."""
    folder = tmp_path_factory.mktemp("new")
    make_popularity(N - 2, folder=folder, image_size=(48, 64), random_state=1)
    [first, second, *_] = sorted(folder.rglob("*.jpg"))
    shutil.copy(first, folder / HOSTILE)
    shutil.copy(second, folder / "twin.jpg")
    return folder


def _rank(folder, new, path):
    fit = ["fit", str(folder), "--label", "score", "--repeats", "1"]
    fit += ["--features", "color-statistics,color-histogram", "--group", "user"]
    model, work = str(path.with_suffix(".skops")), ["--n-jobs", "1", "-o"]
    assert main([*fit, *work, model]) == 0
    assert main(["rank", model, str(new), *work, str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def ranking(browser, folder, new, tmp_path_factory):
    return _rank(folder, new, tmp_path_factory.mktemp("page") / "ranking.html")


@pytest.fixture(scope="module")
def chance(browser, folder, with_noise, new, tmp_path_factory):
    copy = with_noise(folder, tmp_path_factory.mktemp("chance") / "copy")
    return _rank(copy, new, copy.parent / "ranking.html")


def _shown(page):
    return page.locator(".ranking > li:visible .name").all_text_contents()


def _focused(page):
    return page.evaluate("document.activeElement.querySelector('.name').textContent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_page_fits_the_screen(ranking, open_page, size, scheme):
    page = open_page(ranking, size, color_scheme=scheme)
    page.locator(".ranking summary").nth(1).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(color.split("(")[1].split(",")[0]) > 128) == (scheme == "light")
    # Those out of sight are not loaded yet; of an image that is broken this fails.
    page.evaluate(
        """() => Promise.all([...document.images].map((image) => {
            image.loading = "eager";
            return image.decode();
        }))"""
    )


def test_photos_are_in_order(ranking, open_page):
    page = open_page(ranking)
    places = page.locator(".ranking .place").all_text_contents()
    assert [int(place) for place in places] == sorted(map(int, places))
    percentiles = page.locator(".ranking > li").evaluate_all(
        "cards => cards.map((card) => Number(card.dataset.percentile))"
    )
    assert percentiles == sorted(percentiles, reverse=True)
    assert len(percentiles) == len(set(_shown(page))) == N
    assert page.locator("#shown").inner_text() == f"{N} of {N} photos"
    assert page.locator(".caution").count() == 0


def test_filters_work_together(ranking, open_page):
    page = open_page(ranking)
    page.locator("#range").select_option("50,100")
    above = _shown(page)
    assert 5 < len(above) < N
    assert page.locator("#shown").inner_text() == f"{len(above)} of {N} photos"
    page.locator("#search").fill("0001")
    both = _shown(page)
    assert both == [name for name in above if "0001" in name]
    page.locator("#search").fill("no such name")
    assert _shown(page) == []
    page.keyboard.press("Escape")


def test_tap_says_why_and_one_at_a_time(ranking, open_page):
    page = open_page(ranking, (390, 844), has_touch=True)
    for row in (0, 3):
        page.locator(".ranking summary").nth(row).tap()
        assert page.locator("details[open]").count() == 1
        why = page.locator(".ranking > li").nth(row).locator(".why")
        assert "Predicted score: " in why.inner_text()
        assert "Strongest reasons" in why.inner_text()
    page.locator(".ranking summary").nth(30).tap()
    last = page.locator(".ranking > li").nth(30).locator(".why")
    assert "True percentile: likely" in last.inner_text()
    assert last.locator("table").count() == 0


def test_reasons_add_up(ranking, open_page):
    page = open_page(ranking)
    page.locator(".ranking summary").first.click()
    why = page.locator(".ranking > li").first.locator(".why")
    cells = why.locator("td.n").all_inner_texts()
    text = why.locator(".small").inner_text().replace("\u2212", "-")
    start = float(text.split("Starting from ")[1].split()[0])
    total = float(text.split("add up to ")[1].rstrip(".").split()[0])
    others = text.split("weaker ones (")[1].split(")")[0] if "weaker" in text else 0
    added = sum(float(cell.replace("\u2212", "-")) for cell in cells)
    assert start + added + float(others) == pytest.approx(total, abs=0.02)


def test_keyboard_walks_the_photos(ranking, open_page):
    page = open_page(ranking)
    names = _shown(page)
    for _ in range(4):  # the link to the photos, two filters, the first photo
        page.keyboard.press("Tab")
    assert _focused(page) == names[0]
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("ArrowRight")
    assert _focused(page) == names[1]
    page.keyboard.press("ArrowDown")
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('.ranking'))"
        ".gridTemplateColumns.split(' ').length"
    )
    assert _focused(page) == names[1 + columns]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")  # nothing is there
    assert _focused(page) == names[0]
    page.keyboard.press("End")
    assert _focused(page) == names[-1]
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert page.locator(".ranking details[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".ranking details[open]").count() == 0
    assert _focused(page) == names[0]
    page.keyboard.press("Tab")  # leaves the photos, whatever their number
    inside = "document.querySelector('.ranking').contains(document.activeElement)"
    assert not page.evaluate(inside)


def test_keyboard_skips_what_is_filtered(ranking, open_page):
    page = open_page(ranking)
    page.locator("#range").select_option("0,25")
    names = _shown(page)
    page.locator("#range").focus()
    page.keyboard.press("Tab")
    assert _focused(page) == names[0]
    page.keyboard.press("End")
    assert _focused(page) == names[-1]


def test_page_without_scripts_is_a_list(ranking, open_page):
    page = open_page(ranking, java_script_enabled=False)
    assert page.locator(".ranking > li:visible").count() == N
    assert page.locator(".tools:visible, .keys:visible").count() == 0
    page.locator(".ranking summary").nth(2).click()
    assert page.locator(".ranking [open] .why table").is_visible()


def test_screen_readers_are_told_all(ranking, open_page):
    page = open_page(ranking)
    tree = page.locator("main").aria_snapshot()
    assert 'list "Photos by predicted score"' in tree
    assert 'searchbox "Name"' in tree and 'combobox "Percentile"' in tree
    first = page.locator(".ranking summary").first
    assert "percentile" in first.inner_text()
    assert page.locator("img:not([alt])").count() == 0


def test_hostile_names_are_text(ranking, open_page):
    page = open_page(ranking)
    assert HOSTILE in _shown(page)
    page.locator("#search").fill(HOSTILE[:12])
    assert _shown(page) == [HOSTILE]
    assert page.locator("script").count() == 1


def test_chance_is_said_first(chance, open_page):
    page = open_page(chance)
    assert "no better than chance" in page.locator("main > p").first.inner_text()
