"""Files that a command writes: checked before the work, whole or not there."""

import sys

from .._files import check_destination, whole_file
from ..features import prepare_cache


def check_output(path, suffixes, source=None):
    """Fail before the work, not after it, and never overwrite what is read."""
    check_destination(path, suffixes, f"--output {path}")
    if source is not None and path.exists() and _is_same(path, source):
        raise ValueError(
            f"Got --output {path}, which is read by this command, but another file was "
            "expected."
        )


def _is_same(path, source):
    return source.exists() and path.samefile(source)


def check_cache(path):
    """Make the file of --cache, or fail before the work if it cannot be used."""
    if path is None:
        return
    try:
        prepare_cache(path)
    except OSError as error:
        raise OSError(
            f"Got --cache {path}, which cannot be used: "
            f"{error.strerror or error}. Name a cache or a new file, "
            "in a folder that may be written to."
        ) from error


def say(text):
    """Say what is done while nothing moves, to who looks on."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def write_text(path, text):
    """Write a table, so that an interrupted run leaves no half of a file."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
