"""Options that several commands take."""

import argparse

from joblib import cpu_count

from .._paths import expand_home
from ..datasets import PHOTO_COLUMNS
from ..evaluation import FEATURES

# Options of `add_folder` that say what was learned, which a model file keeps.
LEARNED = "label log per_day group photo features network cv repeats".split()
AUTO, EMBEDDING, NONE = "auto", "embedding", "none"


def describe(command, run, text, *, example, columns=""):
    """What a command does, what its table means, how it is called, and what it runs."""
    command.description = text
    command.epilog = f"{columns}\nExample:\n  {example}\n".lstrip()
    # Some commands ask whether an option was given.
    command.set_defaults(run=run, default_of=command.get_default)


def option(command, name, metavar, text, **settings):
    """An option with its help; flags, and options with a type, by settings."""
    if metavar is not None:
        settings["metavar"] = metavar
    command.add_argument(name, help=text, **settings)


def add_folder(command, *, needs_label=True):
    """A folder with a table, what to learn from it, and in which folds."""
    text = "folder with photos and the table labels.csv, a row per photo"
    option(command, "folder", "FOLDER", text, type=expand_home)
    option(command, "--label", "COLUMN", "score to predict", required=needs_label)
    text = "learn the logarithm of the label, for counts of which few are large"
    option(command, "--log", None, text, action="store_true")
    text = (
        "TIME[,OBSERVED]: learn the logarithm of the label per day, by the column of "
        "when a photo was posted, and that of when the label was read (default: the "
        "latest TIME)"
    )
    option(command, "--per-day", "TIME,...", text, type=names)
    text = "rows that stay together in all folds: user, theme, near-duplicates"
    option(command, "--group", "COLUMN", text)
    text = f"column of file names (default: the first of {', '.join(PHOTO_COLUMNS)})"
    option(command, "--photo", "COLUMN", text)
    text = (
        f"kinds of features of the photos: {', '.join(FEATURES)}, {EMBEDDING} (of a "
        f"network), or {NONE}; their late fusion learns from several (default: {AUTO}, "
        "the best network at hand, or else all but that)"
    )
    option(command, "--features", "NAME,...", text, type=_features, default=AUTO)
    text = (
        "network to describe photos by, such as timm/resnet50, or NAME=FILE with a "
        "file of its weights"
    )
    option(command, "--network", "NAME", text)
    option(command, "--cv", "K", "folds (default: 5)", type=integer(2), default=5)
    text = "shuffled partitions into folds (default: 3)"
    option(command, "--repeats", "R", text, type=integer(1), default=3)


def add_photos(command):
    text = (
        "photos, folders of which all photos are taken, and text files (.txt) with a "
        "path per line"
    )
    option(command, "photos", "PATH", text, nargs="+", type=expand_home)


def add_model(command):
    option(
        command, "model", "MODEL", "file that `fit` wrote (.skops)", type=expand_home
    )


def add_output(command, text, *, required=False):
    settings = {"type": expand_home, "required": required, "metavar": "PATH"}
    command.add_argument("-o", "--output", help=text, **settings)


def add_work(command):
    """Where rows of features are kept, and how many processes make them."""
    text = (
        "file of computed features, which are reused between runs; `none` keeps none "
        "(default: one in the user's folder of caches, or what the variable "
        "SKLEARN_POPULARITY_CACHE names)"
    )
    option(command, "--cache", "FILE", text, type=home_text)
    add_n_jobs(command)


def add_n_jobs(command):
    text = "worker processes, at most one per core (default: -1, all cores)"
    option(command, "--n-jobs", "N", text, type=_n_jobs, default=-1)


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


def file_text(text):
    """Type of an option that is the path of a file which a model needs again."""
    return str(expand_home(text).absolute())


def names(text):
    given = (name.strip() for name in text.split(","))
    return list(dict.fromkeys(name for name in given if name))


def _n_jobs(text):
    if not text.removeprefix("-").isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, but a whole number of processes was expected, or -1 for "
            "all cores"
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
