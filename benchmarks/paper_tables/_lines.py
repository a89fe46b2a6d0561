"""Lines of tables, as a frame and as Markdown."""

import numpy as np
import pandas as pd

from ._data import NotTestableError
from ._scores import Figure

COLUMNS = [
    "table",
    "row",
    "column",
    "published",
    "reproduced",
    "low",
    "high",
    "interval",
    "note",
    "data",
]


def published_text(figures):
    """A figure, or several by what they were published for, as text."""
    if figures is None:
        return ""
    if isinstance(figures, dict):
        return ", ".join(
            f"{_digits(figure)} {name}" for name, figure in figures.items()
        )
    return figures if isinstance(figures, str) else _digits(figures)


def _digits(figure):
    two = isinstance(figure, float) and round(figure, 2) == figure
    return f"{figure:,.2f}" if two else f"{figure:,}"


def line(table, row, column, published=None, figure=None, note=""):
    """A line of a table.

    Parameters
    ----------
    table : str
        Number and title of the paper's table.
    row, column : str
        Which of its figures.
    published : float, str or dict of str to float, default=None
        The figure, or those of several data sets.
    figure : Figure, float or function, default=None
        The reproduced one. A function is called, and may say that it is not testable.
    note : str, default=""
        What else there is to know.
    """
    if callable(figure):
        try:
            figure = figure()
        except NotTestableError as error:
            figure, note = None, f"not testable: {error}"
    if not isinstance(figure, Figure):
        figure = Figure(np.nan if figure is None else float(figure))
    return {
        "table": table,
        "row": row,
        "column": column,
        "published": published_text(published),
        "reproduced": figure.score,
        "low": figure.low,
        "high": figure.high,
        "interval": figure.how,
        "note": note,
    }


def lines_of(table, rows):
    """Lines of one table: tuples of the other arguments of :func:`line`."""
    return [line(table, *row) for row in rows]


def refuse(error, *_):
    """A figure that is not testable."""
    raise error


def as_table(lines, data):
    """Lines as a frame with the columns `COLUMNS`."""
    return pd.DataFrame([{**each, "data": data.name} for each in lines])[COLUMNS]


def as_markdown(frame, title):
    """A frame as Markdown, a table for each of the paper's.

    What is said of three measured lines or more stands below their table once.
    """
    text = [f"## {title}"]
    for (table, data), part in frame.groupby(["table", "data"], sort=False):
        measured = part[part["reproduced"].notna()]
        shared = _shared_notes(measured)
        intervals = [how for how in measured["interval"].unique() if how]
        text += [
            f"\n### {table}, on {data}\n",
            "| row | column | published | reproduced | 95 % interval | note |",
            "|---|---|---|---|---|---|",
            *(
                _markdown_row(row, shared, len(intervals) > 1)
                for row in part.itertuples()
            ),
            "",
            *(f"- {', '.join(rows)}: {note}" for note, rows in shared.items()),
            *(f"- intervals: {how}" for how in intervals if len(intervals) == 1),
        ]
    return "\n".join(text) + "\n"


def _shared_notes(measured):
    """Notes of three lines or more, and the rows that they are about."""
    return {
        note: lines["row"].unique()
        for note, lines in measured.groupby("note", sort=False)
        if note and len(lines) > 2
    }


def _markdown_row(row, shared, tell_interval):
    measured = not np.isnan(row.reproduced)
    score = _number(row.reproduced) if measured else "-"
    interval = ""
    if measured and not np.isnan(row.low):
        interval = f"{_number(row.low)} to {_number(row.high)}"
        interval += f" ({row.interval})" if tell_interval else ""
    note = "" if measured and row.note in shared else row.note
    cells = (row.row, row.column, row.published, score, interval, note)
    return f"| {' | '.join(cells)} |"


def _number(value):
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
