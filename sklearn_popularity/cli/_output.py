"""Files that a command writes: checked before the work, whole or not there."""

from .._files import check_destination, whole_file


def check_output(path, suffixes):
    """Fail before the work, not after it."""
    check_destination(path, suffixes, f"--output {path}")


def write_text(path, text):
    """Write a table, so that an interrupted run leaves no half of a file."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
