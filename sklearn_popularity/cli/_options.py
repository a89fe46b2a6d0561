"""Options that several commands take."""

import argparse
from pathlib import Path

from ..evaluation import FEATURES


def add_folder(command):
    """A folder with a table, what to learn from it, and in which folds."""
    command.add_argument(
        "folder", type=Path, help="folder with photos and labels.csv (column 'path')"
    )
    command.add_argument(
        "--label", required=True, metavar="COLUMN", help="score to predict"
    )
    command.add_argument(
        "--group",
        metavar="COLUMN",
        help="rows that stay together in all folds: user, theme, near-duplicates",
    )
    command.add_argument(
        "--photo", metavar="COLUMN", help="column of file names (default: found)"
    )
    command.add_argument(
        "--features",
        type=names,
        default=list(FEATURES),
        metavar="NAME,...",
        help=f"default: {','.join(FEATURES)}",
    )
    command.add_argument(
        "--cv", type=integer(2), default=5, metavar="K", help="folds (default: 5)"
    )


def add_photos(command):
    command.add_argument(
        "photos",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="photos, folders of which all photos are taken, and text files (.txt) "
        "with a path per line",
    )


def add_n_jobs(command):
    command.add_argument(
        "--n-jobs",
        type=int,
        default=-1,
        metavar="N",
        help="worker processes (default: -1, all cores)",
    )


def integer(low):
    """Type of an option that is a whole number, not too low."""

    def convert(text):
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(
                f"got {text!r}, but a whole number of at least {low} was expected"
            )
        return int(text)

    return convert


def names(text):
    return [name.strip() for name in text.split(",") if name.strip()]
