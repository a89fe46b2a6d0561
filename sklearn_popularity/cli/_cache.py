"""`sklearn-popularity cache`: what a cache of features holds, whether it is sound."""

import argparse
import re

from .._paths import expand_home
from ..features import cache_info, prune_cache, verify_cache
from ._options import integer
from ._tables import format_size

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def add(commands):
    command = commands.add_parser(
        "cache",
        help="look into a cache of features, verify or shrink it",
        description="Look into the file that was given to transformers as cache=, "
        "verify or shrink it.",
    )
    actions = command.add_subparsers(required=True, metavar="ACTION")
    _add(actions, "info", _info, "say what it holds, by transformer")
    _add(actions, "verify", _verify, "check each row; fails if one is damaged")
    prune = _add(actions, "prune", _prune, "remove damaged rows, and those least used")
    prune.add_argument(
        "--max-size",
        type=_size,
        metavar="SIZE",
        help="how large the file may be, such as 500MB or 10GB",
    )
    prune.add_argument(
        "--max-days",
        type=integer(0),
        metavar="N",
        help="days that a row may have been without use",
    )


def _add(actions, name, run, text):
    action = actions.add_parser(name, help=text, description=text.capitalize() + ".")
    action.add_argument(
        "path", type=expand_home, metavar="FILE", help="file of the cache"
    )
    action.set_defaults(run=run)
    return action


def _info(options):
    table = cache_info(options.path)
    print(f"{options.path}: {format_size(options.path.stat().st_size)}\n")
    print(f"{'transformer':<24}{'rows':>12}{'MB':>12}   last used")
    for kind, n_rows, n_bytes, last_used in table.to_numpy():
        print(f"{kind:<24}{n_rows:>12,}{n_bytes / 1e6:>12,.1f}   {last_used}")


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
