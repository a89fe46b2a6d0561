"""Sections of a report in the order of the page, with a module and a template each."""

from . import (
    branches,
    colors,
    gallery,
    kinds,
    maps,
    objects,
    reliability,
    senses,
    summary,
    times,
)

# Each module has a TITLE and a function `write`, which returns a Section, or the reason
# (str) for leaving it out. The template with the name of the module renders the
# Section.
SECTIONS = {
    "summary": summary,
    "branches": branches,
    "quadrants": gallery,
    "heatmaps": maps,
    "colors": colors,
    "objects": objects,
    "senses": senses,
    "reliability": reliability,
    "calibration": kinds,
    "times": times,
}

TEMPLATES = {
    name: f"sections/{module.__name__.rpartition('.')[2]}"
    for name, module in SECTIONS.items()
}


def write_sections(evidence):
    """Sections by name that the evidence allows, and why each other is left out."""
    written = {name: module.write(evidence) for name, module in SECTIONS.items()}
    left_out = {name: each for name, each in written.items() if isinstance(each, str)}
    sections = {name: each for name, each in written.items() if name not in left_out}
    return sections, left_out
