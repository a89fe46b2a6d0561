"""Files that a command writes or keeps: checked before the work, whole or not there."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

import pooch

from .. import __version__
from .._files import check_destination, whole_file
from .._optional import import_optional
from .._warnings import warn_caller
from ..features import prepare_cache, prune_cache

TABLES = [".csv", ".json", ".parquet"]
# Names the default cache, which may be "none" as well.
_VARIABLE = "SKLEARN_POPULARITY_CACHE"
_MAX_BYTES = 5 * 10**9  # of the default cache: some 70,000 photos by all kinds


def check_output(path, suffixes, source=None):
    """Fail before the work, not after it, and never overwrite what is read."""
    check_destination(path, suffixes, f"--output {path}")
    if source is not None and path.exists() and _is_same(path, source):
        raise ValueError(
            f"Got --output {path}, which is read by this command, but another file was "
            "expected."
        )
    if path.suffix == ".parquet":
        import_optional("pyarrow", "A file that ends in .parquet")


def _is_same(path, source):
    return source.exists() and path.samefile(source)


def open_cache(given):
    """The file that keeps rows of features, or None.

    One that was named has to be of use, or the work does not begin; without the default
    one it does. Which it is, is said once.
    """
    path = given or os.environ.get(_VARIABLE) or _default_cache()
    if path == "none":
        return None
    try:
        prepare_cache(path)
    except OSError as error:
        reason = error.strerror or error
        if given is None:
            warn_caller(f"no rows of features are kept: {path}: {reason}")
            return None
        raise OSError(
            f"Got --cache {path}, which cannot be used: {reason}. Name a cache or a "
            "new file, in a folder that may be written to."
        ) from error
    if given is None:
        _bound(path)
        print(f"Features are kept in {path} (see --cache)", file=sys.stderr)
    return path


def _default_cache():
    return str(Path(pooch.os_cache("sklearn-popularity")) / "features.cache")


def _bound(path):
    """Remove the rows that were not used for longest, where there are too many."""
    if Path(path).stat().st_size > _MAX_BYTES:
        with suppress(OSError):  # another process may hold it
            prune_cache(path, max_bytes=_MAX_BYTES * 3 // 4)


def say(text):
    """Say what is done while nothing moves, to who looks on."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def write_table(path, table, name, **about):
    """Write a table as the suffix says; JSON has what else is known of the run, too.

    Parameters
    ----------
    path : Path
        File, which is whole or not there.
    table : DataFrame
        Rows.
    name : str
        What the rows are called in JSON.
    **about
        Of the run.
    """
    with whole_file(path) as unfinished:
        if path.suffix == ".parquet":
            table.to_parquet(unfinished, index=False)
            return
        if path.suffix == ".csv":
            text = table.to_csv(index=False)
        else:
            rows = table.astype(object).where(table.notna(), None)
            run = {"version": __version__, **about, name: rows.to_dict("records")}
            text = json.dumps(run, indent=2) + "\n"
        unfinished.write_text(text, encoding="utf-8")
