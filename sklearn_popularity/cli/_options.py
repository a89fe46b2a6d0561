"""Options that several commands take."""

import argparse

from joblib import cpu_count

from .._paths import expand_home
from ..datasets import PHOTO_COLUMNS
from ..evaluation import FEATURES


def add_folder(command):
    """A folder with a table, what to learn from it, and in which folds."""
    command.add_argument(
        "folder",
        type=expand_home,
        metavar="FOLDER",
        help="folder with photos and the table labels.csv, a row per photo",
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
        "--photo",
        metavar="COLUMN",
        help=f"column of file names (default: the first of {', '.join(PHOTO_COLUMNS)})",
    )
    command.add_argument(
        "--features",
        type=_features,
        default=list(FEATURES),
        metavar="NAME,...",
        help=f"kinds of features (default: all, which are {', '.join(FEATURES)})",
    )
    command.add_argument(
        "--cv", type=integer(2), default=5, metavar="K", help="folds (default: 5)"
    )


def add_photos(command):
    command.add_argument(
        "photos",
        nargs="+",
        type=expand_home,
        metavar="PATH",
        help="photos, folders of which all photos are taken, and text files (.txt) "
        "with a path per line",
    )


def add_cache(command):
    command.add_argument(
        "--cache",
        type=home_text,
        metavar="FILE",
        help="file that keeps rows of features, so that a second run is quick",
    )


def add_n_jobs(command):
    command.add_argument(
        "--n-jobs",
        type=_n_jobs,
        default=-1,
        metavar="N",
        help="worker processes, at most one per core (default: -1, all cores)",
    )


def home_text(text):
    """Type of an option that is a path, as text."""
    return str(expand_home(text))


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


def _n_jobs(text):
    if not text.removeprefix("-").isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, but a whole number of processes was expected, or -1 for "
            "all cores"
        )
    return min(int(text), cpu_count())


def _features(text):
    given = names(text)
    for i, name in enumerate(given):
        if name not in FEATURES:
            raise argparse.ArgumentTypeError(
                f"got {name!r}, but one of {', '.join(FEATURES)} was expected"
            )
        if name in given[:i]:
            raise argparse.ArgumentTypeError(f"got {name!r} twice")
    return given
