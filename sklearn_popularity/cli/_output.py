"""Files that a command writes: checked before the work, whole or not there."""

import os


def check_output(path, suffixes):
    """Fail before the work, not after it."""
    if path.suffix not in suffixes:
        raise ValueError(
            f"Got --output {path}, but a name in {' or '.join(suffixes)} was expected."
        )
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ValueError(f"Got --output {path}, which cannot be written there.")


def write_text(path, text):
    """Write beside and move, so that an interrupted run leaves no half of a file."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
