"""Output files, checked before the work and written atomically, and the cache."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from .. import __version__
from .._files import check_destination, whole_file
from .._optional import import_optional
from .._paths import cache_folder, expand_home
from .._terminal import escape
from .._warnings import warn_caller
from ..features import prepare_cache, prune_cache
from ._streams import PIPE

TABLES = [".csv", ".json", ".parquet"]
# What files need: a package of an extra, and what to call the file.
_NEEDED = {
    ".html": ("jinja2", "A page"),
    ".png": ("matplotlib", "A figure"),
    ".parquet": ("pyarrow", "A file that ends in .parquet"),
}
# Environment variable with the path of the default cache, or "none".
_VARIABLE = "SKLEARN_POPULARITY_CACHE"
_MAX_BYTES = 5 * 10**9  # of the default cache: all features of some 70,000 photos


def check_output(path, suffixes, source=None):
    """Fail before the work if a file cannot be written, or is an input.

    No path, or standard output for a table, needs no check.
    """
    if path is None or (path == PIPE and ".csv" in suffixes):
        return
    check_destination(path, suffixes, f"--output {path}")
    both = source is not None and path.exists() and source.exists()
    if both and path.samefile(source):
        raise ValueError(
            f"Got --output {path}, which is read by this command. Name another file."
        )
    if path.suffix in _NEEDED:
        import_optional(*_NEEDED[path.suffix])


def open_cache(given):
    """The cache file of features, or None.

    A file of --cache that cannot be used is an error; for the default file there is a
    warning, and features are not cached. The path of the default file is printed.
    """
    path = given or os.environ.get(_VARIABLE)
    if path == "none":
        return None
    try:
        path = path or cache_folder("sklearn-popularity") / "features.cache"
        path = str(expand_home(path))
        prepare_cache(path)
    except OSError as error:
        if given is None:
            where = f"{path}: " if path else ""
            warn_caller(
                f"features are not cached: {where}{error}. Name a cache or a new file, "
                f"in a writable folder, with --cache or {_VARIABLE}"
            )
            return None
        raise OSError(
            f"Got --cache {path}, which cannot be used: {error}. Name a cache or a "
            "new file, in a writable folder."
        ) from error
    if given is None:
        _bound(path)
        print(f"Features are cached in {path} (see --cache)", file=sys.stderr)
    return path


def _bound(path):
    """Remove the least recently used rows if the cache is too large."""
    if Path(path).stat().st_size > _MAX_BYTES:
        with suppress(OSError):  # another process may have locked it
            prune_cache(path, max_bytes=_MAX_BYTES * 3 // 4)


def say(text):
    """Print progress to the terminal, if there is one."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def write_table(options, table, name, **about):
    """Write a table to --output, if given, as CSV, JSON or Parquet by its suffix.

    `name` is the key of the rows in JSON, which alone holds the facts and other tables
    `about` the run.
    """
    path = options.output
    if path is None:
        return
    if path == PIPE:
        options.stdout.write(table.to_csv(index=False, lineterminator="\n"))
        return
    with whole_file(path) as unfinished:
        if path.suffix == ".parquet":
            table.to_parquet(unfinished, index=False)
        else:
            unfinished.write_text(_text(table, path, name, about), encoding="utf-8")
    say(f"{escape(str(path))}: {len(table):,} rows")


def _text(table, path, name, about):
    if path.suffix == ".csv":
        return table.to_csv(index=False, lineterminator="\n")
    run = {"version": __version__, **about, name: table}
    return json.dumps(run, indent=2, default=_records) + "\n"


def _records(table):
    """Rows of a table for JSON, which has no NaN."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
