"""Lines of tables: published figures beside reproduced ones."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ._posts import NotTestableError

#: Columns of every paper's tables.
COLUMNS = [
    "table",
    "row",
    "column",
    "published",
    "reproduced",
    "low",
    "high",
    "pearson",
    "note",
]


class Figure(NamedTuple):
    """A reproduced figure, with the ends of its 95 % interval."""

    value: float
    low: float = np.nan
    high: float = np.nan
    pearson: float = np.nan  # Pearson's correlation, if `value` is a rank correlation


def lines_of(table, rows) -> pd.DataFrame:
    """A paper's table as a DataFrame with the columns `COLUMNS`.

    Rows are (row, column, published, reproduced, note); the note may be left out.
    `published` is a figure, text, or a dict from data set to figure; `reproduced` is a
    :class:`Figure`, a number, None, or a function that returns one of these or raises
    `NotTestableError`.
    """
    return pd.DataFrame([_line(table, *row) for row in rows], columns=COLUMNS)


def _line(table, row, column, published=None, figure=None, note=""):
    if callable(figure):
        try:
            figure = figure()
        except NotTestableError as error:
            figure, note = None, f"not testable: {error}"
    if not isinstance(figure, Figure):
        figure = Figure(np.nan if figure is None else float(figure))
    return (table, row, column, _published(published), *figure, note)


def _published(figures):
    if figures is None:
        return ""
    if isinstance(figures, dict):
        return ", ".join(f"{_digits(each)} {name}" for name, each in figures.items())
    return figures if isinstance(figures, str) else _digits(figures)


def _digits(figure):
    two = isinstance(figure, float) and round(figure, 2) == figure
    return f"{figure:,.2f}" if two else f"{figure:,}"


def as_markdown(frame) -> str:
    """Lines as Markdown, with a table for each table of the paper.

    A note that three or more measured lines share is printed once, below their table.
    """
    text = []
    for table, part in frame.groupby("table", sort=False):
        measured = part[part["reproduced"].notna()]
        counts = measured["note"].value_counts()
        shared = [note for note, n in counts.items() if note and n > 2]
        pearson = part["pearson"].notna().any()
        header = ["row", "column", "published", "reproduced", "95 % interval"]
        header += [*(["Pearson"] if pearson else []), "note"]
        text += [f"### {table}\n", f"| {' | '.join(header)} |"]
        text += ["|---" * len(header) + "|"]
        text += [_markdown(line, shared, pearson) for line in part.itertuples()]
        text += ["", *(f"{note}." for note in shared)]
        text += [""] if shared else []
    return "\n".join(text)


def _markdown(line, shared, pearson):
    measured = not np.isnan(line.reproduced)
    cells = [line.row, line.column, line.published]
    cells += [number(line.reproduced), interval(line.low, line.high)]
    cells += [number(line.pearson)] if pearson else []
    note = "" if measured and line.note in shared else plain(line.note)
    return f"| {' | '.join([*cells, note])} |"


def plain(text) -> str:
    """Text on one line without "|", which would end a cell of a table."""
    return " ".join(str(text).replace("|", "/").split())


def number(value) -> str:
    """A number as text; empty for NaN."""
    if np.isnan(value):
        return ""
    if abs(value) >= 1e9:
        return f"{value:.2g}"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def interval(low, high) -> str:
    """An interval as text; empty if there is none."""
    return "" if np.isnan(low) else f"{number(low)} to {number(high)}"
