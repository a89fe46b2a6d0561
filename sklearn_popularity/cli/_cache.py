"""`sklearn-popularity cache`: inspect, verify or shrink a cache of features."""

import argparse
import re

from .._paths import expand_home
from ..features import cache_info, prune_cache, verify_cache
from ._options import describe, integer, option
from ._tables import format_size, format_table

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def add(command):
    command.description = (
        "Inspect, verify or shrink a cache of features: the file that transformers "
        "were given as cache=, or that the commands use."
    )
    command.epilog = "Example:\n  sklearn-popularity cache info features.cache\n"
    actions = command.add_subparsers(required=True, metavar="ACTION")
    _add(actions, "info", _info, "list the number and size of rows by transformer")
    _add(actions, "verify", _verify, "check all rows, and fail if one is damaged")
    prune = _add(actions, "prune", _prune, "remove damaged and long unused rows")
    text = "largest size of the file, such as 500MB or 10GB (default: no limit)"
    option(prune, "--max-size", "SIZE", text, type=_size)
    text = "remove rows that were not used for N days (default: keep them)"
    option(prune, "--max-days", "N", text, type=integer(0))


def _add(actions, name, run, text):
    action = actions.add_parser(name, help=text)
    example = f"sklearn-popularity cache {name} features.cache"
    describe(action, run, text.capitalize() + ".", example=example)
    option(action, "path", "FILE", "cache file", type=expand_home)
    return action


def _info(options):
    table = cache_info(options.path)
    print(f"{options.path}: {format_size(options.path.stat().st_size)}\n")
    columns = {
        "transformer": "{kind}",
        "rows": "{n_rows:,}",
        "MB": "{mb:,.1f}",
        "last used": "{last_used}",
    }
    rows = table.assign(mb=table["n_bytes"] / 1e6).to_dict("records")
    print(format_table(rows, columns))


def _verify(options):
    n_damaged = verify_cache(options.path)
    if n_damaged:
        raise ValueError(
            f"{n_damaged} row(s) of the cache {str(options.path)!r} are damaged. They "
            "are never used. Remove them with `sklearn-popularity cache prune`."
        )
    print(
        f"{options.path}: all {cache_info(options.path)['n_rows'].sum():,} rows are "
        "sound"
    )


def _prune(options):
    n_removed = prune_cache(
        options.path, max_bytes=options.max_size, max_days=options.max_days
    )
    size = format_size(options.path.stat().st_size)
    print(f"{options.path}: {n_removed:,} rows removed, {size} left")


def _size(text):
    """Argparse type of a number of bytes, with or without a unit."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)B?", text.upper())
    if match is None:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, but a size such as 500MB or 10GB was expected"
        )
    return int(float(match[1]) * _UNITS[match[2]])
