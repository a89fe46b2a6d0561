"""Draw the picture of the report in the README.

Run it after ``sklearn-popularity demo``, with Playwright and a Chromium:
``python docs/report_picture.py popularity-demo.html /usr/bin/chromium``.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

# What is shown by column: where it begins, and how many pixels from there.
COLUMNS = [
    [("#summary", 432), ("#branches", 418)],
    [("#quadrants", 506), ("#heatmaps h3 >> nth=1", 344)],
]
WIDTH, SCALE = 1000, 1.1


def main(page_path, browser_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 900}, device_scale_factor=SCALE
        )
        page.goto(Path(page_path).resolve().as_uri())
        columns = [stack([shot(page, *part) for part in parts]) for parts in COLUMNS]
        browser.close()
    picture = stack([each.rotate(90, expand=True) for each in reversed(columns)])
    picture = picture.rotate(-90, expand=True).quantize(200)
    picture.save(Path(__file__).with_name("report.png"), optimize=True)


def shot(page, start, height):
    """What is seen from an element down."""
    top = page.locator(start).bounding_box()["y"]
    clip = {"x": 0, "y": top, "width": WIDTH, "height": height}
    png = page.screenshot(full_page=True, clip=clip)
    return Image.open(io.BytesIO(png)).convert("RGB")


def stack(pictures):
    """Pictures below each other."""
    height = sum(each.height for each in pictures)
    whole = Image.new("RGB", (pictures[0].width, height), "white")
    top = 0
    for each in pictures:
        whole.paste(each, (0, top))
        top += each.height
    return whole


if __name__ == "__main__":
    main(*sys.argv[1:])
