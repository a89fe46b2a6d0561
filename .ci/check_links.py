"""Every link within the built site leads to a file, and to a place in it."""

import html
import re
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

LINK = re.compile(r'(?:href|src)="([^"]+)"')
PLACE = re.compile(r'\b(?:id|name)="([^"]+)"')


def main(site):
    pages = [page for page in Path(site).rglob("*.html") if "_static" not in page.parts]
    links = {
        (page, urlsplit(html.unescape(link)))
        for page in pages
        for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    within = [(page, link) for page, link in links if not (link.scheme or link.netloc)]
    assert within, f"{site} has no links."
    broken = [
        f"{page}: {link.geturl()}" for page, link in within if leads_off(page, link)
    ]
    print(f"{len(within):,} links in {len(pages)} pages")
    sys.exit("\n".join(sorted(broken)) or None)


def leads_off(page, link):
    target = page.parent / unquote(link.path) if link.path else page
    if not target.exists():
        return True
    in_page = target.suffix == ".html" and link.fragment
    return bool(in_page) and unquote(link.fragment) not in places(target.resolve())


@cache
def places(page):
    return set(PLACE.findall(page.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main(sys.argv[1])
