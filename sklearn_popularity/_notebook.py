"""HTML for notebooks: paragraphs and tables, with all text escaped."""

from html import escape


def paragraph(text) -> str:
    """A paragraph of text."""
    return f"<p>{escape(str(text))}</p>"


def table(frame, title="") -> str:
    """A table without its index.

    Parameters
    ----------
    frame : DataFrame
        Numbers and text.
    title : str, default=""
        Title above the table; none if it is empty.
    """
    rows = frame.to_html(
        index=False, border=0, na_rep="\N{EN DASH}", float_format="{:.3f}".format
    )
    return f"<p><strong>{escape(title)}</strong></p>{rows}" if title else rows
