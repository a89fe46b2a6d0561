"""Render HTML pages from templates, and write them atomically."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from .._files import whole_file
from .._optional import import_optional

_SECTION = "sections/"
_RANKING = "rank.html"  # has its own script and additional style


def render(template: str, **context) -> str:
    """Render a file in ``templates`` with these variables; text is escaped."""
    script, style = _read("report.js"), _read("report.css")
    if template == _RANKING:
        script, style = _read("rank.js"), style + _read("rank.css")
    # With this hash in the page's policy, browsers run this script and no other.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = _environment().get_template(template)
    return page.render(style=style, script=script, script_hash=digest, **context)


@cache
def _environment():
    """Templates, which are compiled once, and their filters."""
    jinja2 = import_optional("jinja2", "A report")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "fixed": _fixed,
        "number": _number,
        "signed": _signed,
        "place": _place,
    }
    return environment


def write_page(path: Path, page: str) -> None:
    """Write a page atomically."""
    with whole_file(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8", errors="backslashreplace")


def _read(name: str) -> str:
    """Read a template, or the template of a section, such as "sections/maps"."""
    folder = files(__package__)
    if name.startswith(_SECTION):
        path = folder / "_sections" / f"{name.removeprefix(_SECTION)}.html"
    else:
        path = folder / "templates" / name
    return path.read_text(encoding="utf-8")


def _fixed(value, digits=2):
    """Format a number with a minus sign (U+2212), or as a dash if unknown."""
    if value is None or np.isnan(value):
        return "\u2013"
    text = f"{value:,.{digits}f}"
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text.replace("-", "\u2212")


def _number(value):
    """Format a score with three significant digits."""
    text = f"{value:#.3g}".rstrip(".") if abs(value) < 999.5 else f"{value:,.0f}"
    return text.replace("-", "\u2212")


def _signed(value):
    """Format a change of a score, with a plus sign if it is above 0."""
    return ("+" if value > 0 else "") + _number(value)


def _place(value, low, high):
    """Position of a value between two ends in per cent, for coordinates."""
    share = (value - low) / ((high - low) or 1.0)
    return f"{100 * min(max(share, 0.0), 1.0):.2f}"
