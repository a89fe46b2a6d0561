"""Results as notebooks show them: text and tables in HTML, with all text escaped."""

from html import escape


def paragraph(text) -> str:
    """A line of text."""
    return f"<p>{escape(str(text))}</p>"


def table(frame, title="") -> str:
    """A table of numbers and text without its index.

    Parameters
    ----------
    frame : DataFrame
        What is shown.
    title : str, default=""
        What stands above it.
    """
    rows = frame.to_html(
        index=False, border=0, na_rep="\N{EN DASH}", float_format="{:.3f}".format
    )
    return f"<p><strong>{escape(title)}</strong></p>{rows}" if title else rows
