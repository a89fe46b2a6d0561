"""HTML for notebooks: paragraphs and tables, with all text escaped."""

from html import escape


def paragraph(text) -> str:
    """A paragraph of text."""
    return f"<p>{escape(str(text))}</p>"


def table(frame, title="") -> str:
    """A table without its index, below a title if there is one."""
    rows = frame.to_html(
        index=False, border=0, na_rep="\N{EN DASH}", float_format="{:.3f}".format
    )
    return f"<p><strong>{escape(title)}</strong></p>{rows}" if title else rows
