"""The sections of a report in the order of the page: a module and a template each."""

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

# A module has a TITLE and a function `write` from the evidence to a Section, or to the
# reason why there is none; the template of its name shows what the section holds.
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
    """All sections that there is evidence for, and why the others are left out.

    Parameters
    ----------
    evidence : Evidence
        What is known.

    Returns
    -------
    sections : dict of str to Section
    left_out : dict of str to str
    """
    written = {name: module.write(evidence) for name, module in SECTIONS.items()}
    left_out = {name: each for name, each in written.items() if isinstance(each, str)}
    sections = {name: each for name, each in written.items() if name not in left_out}
    return sections, left_out
