"""Options that several commands share."""

import argparse
import re

from joblib import cpu_count

from .._paths import expand_home
from ..datasets import PHOTO_COLUMNS
from ..evaluation import FEATURES

# Options of `add_folder` that define the model.
LEARNED = "label log per_day group photo features network cv repeats".split()
AUTO, EMBEDDING, NONE = "auto", "embedding", "none"
# What --network may also be.
WEIGHTS = "or NAME=FILE with its weights, or NAME=random"


def describe(command, run, text, *, example, columns=""):
    """Set the help texts of a command and the function that it runs."""
    command.description = text
    command.epilog = f"{columns}\nExample:\n  {example}\n".lstrip()
    # Some commands check whether an option was given.
    command.set_defaults(run=run, default_of=command.get_default)


def option(command, name, metavar, text, **settings):
    """Add an option with its help; settings are those of `add_argument`."""
    if metavar is not None:
        settings["metavar"] = metavar
    command.add_argument(name, help=text, **settings)


def add_folder(command, *, needs_label=True):
    """Add options for the folder, the label, the features and the folds."""
    text = "folder with photos and the table labels.csv, a row per photo"
    option(command, "folder", "FOLDER", text, type=expand_home)
    option(command, "--label", "COLUMN", "score to predict", required=needs_label)
    text = "predict the logarithm of the label, for skewed counts such as likes"
    option(command, "--log", None, text, action="store_true")
    text = (
        "TIME[,OBSERVED]: predict the logarithm of the label per day; TIME is the "
        "column with the time of posting, OBSERVED that with the time at which the "
        "label was read (default: the latest TIME)"
    )
    option(command, "--per-day", "TIME,...", text, type=names)
    text = (
        "rows that stay together in all folds, such as those of a user or theme: the "
        "scores are then for new users or themes"
    )
    option(command, "--group", "COLUMN", text)
    text = f"column of file names (default: the first of {', '.join(PHOTO_COLUMNS)})"
    option(command, "--photo", "COLUMN", text)
    text = (
        f"kinds of features of the photos: {', '.join(FEATURES)}, {EMBEDDING} (of a "
        f"network), or {NONE}; several are combined by late fusion (default: {AUTO}, "
        "the best available network, or else all hand-crafted kinds)"
    )
    option(command, "--features", "NAME,...", text, type=_features, default=AUTO)
    text = f"network that computes embeddings, such as timm/resnet50, {WEIGHTS}"
    option(command, "--network", "NAME", text)
    text = "number of folds (default: 5)"
    option(command, "--cv", "K", text, type=integer(2), default=5)
    text = "number of shuffled partitions into folds (default: 3)"
    option(command, "--repeats", "R", text, type=integer(1), default=3)


def add_photos(command):
    text = (
        "photos, folders (all photos in them, but not in hidden or linked folders), or "
        "text files (.txt) with a path per line"
    )
    option(command, "photos", "PATH", text, nargs="+", type=photo_path)


def photo_path(text):
    """Argparse type of the path of a photo or folder."""
    if re.match(r"(?:https?|ftp)://", text, re.IGNORECASE):
        raise argparse.ArgumentTypeError(
            f"got {text!r}, but URLs are not supported; download it first"
        )
    return expand_home(text)


def add_model(command):
    """Add the model, and the column of new tables that holds the photos."""
    text = "file that `fit` wrote (.skops)"
    option(command, "model", "MODEL", text, type=expand_home)
    text = "column of file names in labels.csv (default: that of `fit`)"
    option(command, "--photo", "COLUMN", text, dest="photo_column")


def add_output(command, text, *, required=False, metavar="PATH"):
    settings = {"type": expand_home, "required": required, "metavar": metavar}
    command.add_argument("-o", "--output", help=text, **settings)


def add_table_output(command, text):
    """Add --output for a table, which may go to standard output."""
    text = f"{text} (.csv, .json, .parquet, or - for CSV on standard output)"
    add_output(command, text)
    command.set_defaults(may_pipe=True)


def add_work(command):
    """Add the options --cache and --n-jobs."""
    text = (
        "file in which features are cached between runs; `none` disables the cache "
        "(default: $SKLEARN_POPULARITY_CACHE, or a file in the user's cache directory)"
    )
    option(command, "--cache", "FILE", text, type=home_text)
    add_n_jobs(command)


def add_n_jobs(command):
    text = "worker processes, at most one per core (default: -1, all cores)"
    option(command, "--n-jobs", "N", text, type=_n_jobs, default=-1)


def home_text(text):
    """Argparse type of a path, as text."""
    return str(expand_home(text))


def integer(low):
    """Argparse type of an integer of at least `low`."""

    def convert(text):
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(
                f"got {text!r}, but a whole number of at least {low} was expected"
            )
        return int(text)

    return convert


def file_text(text):
    """Argparse type of an absolute path, for files that a model needs later."""
    return str(expand_home(text).absolute())


def name_and_weights(text):
    """Name and weights of the network in NAME, NAME=FILE or NAME=random."""
    backbone, _, weights = text.partition("=")
    if weights in ("", "random"):
        return backbone, weights or "pretrained"
    return backbone, file_text(weights)


def names(text):
    given = (name.strip() for name in text.split(","))
    return list(dict.fromkeys(name for name in given if name))


def _n_jobs(text):
    if text != "-1" and (not text.isdecimal() or int(text) == 0):
        raise argparse.ArgumentTypeError(
            f"got {text!r}, but a whole number of processes of at least 1 was "
            "expected, or -1 for all cores"
        )
    return min(int(text), cpu_count())


def _features(text):
    if text in (AUTO, NONE):
        return AUTO if text == AUTO else []
    given, known = [name.strip() for name in text.split(",")], [*FEATURES, EMBEDDING]
    for i, name in enumerate(given):
        if name not in known:
            raise argparse.ArgumentTypeError(
                f"got {name!r}, but {AUTO} or {NONE} alone, or some of "
                f"{', '.join(known)} were expected"
            )
        if name in given[:i]:
            raise argparse.ArgumentTypeError(f"got {name!r} twice")
    return given
