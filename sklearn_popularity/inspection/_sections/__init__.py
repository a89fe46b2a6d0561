"""Sections of a report in the order of the page, with a module and a template each."""

from . import (
    branches,
    calibration,
    colors,
    heatmaps,
    objects,
    quadrants,
    reliability,
    senses,
    summary,
    times,
)

# Each module has a TITLE and a function `write`, which returns a Section, or the reason
# (str) for leaving it out. The template with the name of the section renders it.
SECTIONS = {
    "summary": summary,
    "branches": branches,
    "quadrants": quadrants,
    "heatmaps": heatmaps,
    "colors": colors,
    "objects": objects,
    "senses": senses,
    "reliability": reliability,
    "calibration": calibration,
    "times": times,
}


def write_sections(evidence):
    """Sections by name that the evidence allows, and why each other is left out."""
    written = {name: module.write(evidence) for name, module in SECTIONS.items()}
    left_out = {name: each for name, each in written.items() if isinstance(each, str)}
    sections = {name: each for name, each in written.items() if name not in left_out}
    return sections, left_out
