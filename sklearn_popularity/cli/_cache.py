"""`sklearn-popularity cache`: what a cache of features holds, whether it is sound."""

import argparse
import re

from .._paths import expand_home
from ..features import cache_info, prune_cache, verify_cache
from ._options import describe, integer, option
from ._tables import format_size, format_table

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def add(command):
    command.description = (
        "Look into the file that was given to transformers as cache=, or that the "
        "commands keep, verify or shrink it."
    )
    command.epilog = "Example:\n  sklearn-popularity cache info features.cache\n"
    actions = command.add_subparsers(required=True, metavar="ACTION")
    _add(actions, "info", _info, "say what it holds, by transformer")
    _add(actions, "verify", _verify, "check each row; fails if one is damaged")
    prune = _add(actions, "prune", _prune, "remove damaged rows, and those least used")
    text = "how large the file may be, such as 500MB or 10GB"
    option(prune, "--max-size", "SIZE", text, type=_size)
    text = "days that a row may have been without use"
    option(prune, "--max-days", "N", text, type=integer(0))


def _add(actions, name, run, text):
    action = actions.add_parser(name, help=text)
    example = f"sklearn-popularity cache {name} features.cache"
    describe(action, run, text.capitalize() + ".", example=example)
    option(action, "path", "FILE", "file of the cache", type=expand_home)
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
            f"{n_damaged} rows of the cache {str(options.path)!r} are damaged. They "
            "are never used; `sklearn-popularity cache prune` removes them."
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
    """Type of an option that is a number of bytes, with or without a unit."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)B?", text.upper())
    if match is None:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, but a size such as 500MB or 10GB was expected"
        )
    return int(float(match[1]) * _UNITS[match[2]])
