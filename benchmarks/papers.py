"""Print a paper's tables, the published figures beside those of your data.

Run ``python benchmarks/papers.py PAPER --data FOLDER --label COLUMN``, or on made-up
photos, ``--data made-up``. PAPER is khosla, cappallo, memorability, lafin, dufour, or
all. FOLDER holds photos and a labels.csv (see `load_folder`). A figure whose
ingredients are missing is given as "not testable" with the reason.

The papers' networks are downloaded unless ``--backbone`` names another, ``--weights``
gives its weights, or ``--features`` gives what it saw. ``--cache`` keeps features, so
that a run that was cut off goes on.
"""

import argparse
import shlex
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from paper_tables import (
    _data,
    _lines,
    _scores,
    cappallo,
    dufour,
    khosla,
    lafin,
    memorability,
)
from sklearn.exceptions import ConvergenceWarning

from sklearn_popularity import CNNEmbedder
from sklearn_popularity.models import DeadSensesWarning

PAPERS = {
    "khosla": khosla,
    "cappallo": cappallo,
    "memorability": memorability,
    "lafin": lafin,
    "dufour": dufour,
}
TITLES = {
    "khosla": "Khosla et al. 2014: what makes an image popular?",
    "cappallo": "Cappallo et al. 2015: latent factors of visual popularity",
    "memorability": "Squalli-Houssaini et al. 2018: image memorability",
    "lafin": "LaFin: socially-driven image interestingness",
    "dufour": "Dufour 2015: will it play in Peoria?",
}
#: Scores of made-up posts that each paper's models learn.
MADE_UP_LABELS = {"cappallo": "log_views", "dufour": "views"}

#: Times that posts are split, where it is not ten.
SPLITS = {"lafin": 5, "dufour": 1}
_SIZE = "embedder__preprocessing__size"


def main(arguments=None):
    options = read_options(arguments)
    names = list(PAPERS) if options.paper == "all" else [options.paper]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Strong penalties, which are tried too, leave few of ten senses.
        warnings.simplefilter("ignore", DeadSensesWarning)
        frames = {name: reproduce(name, options) for name in names}
    text = f"`python benchmarks/papers.py {shlex.join(arguments or sys.argv[1:])}`\n\n"
    text += "\n".join(
        _lines.as_markdown(frame, TITLES[name]) for name, frame in frames.items()
    )
    print(text)
    if options.output is not None:
        options.output.with_suffix(".md").write_text(text, encoding="utf-8")
        table = pd.concat(frames, names=["paper"]).reset_index(level="paper")
        table.to_csv(options.output.with_suffix(".csv"), index=False)


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paper", choices=[*PAPERS, "all"])
    parser.add_argument("--data", default=_data.MADE_UP, help="folder, or made-up")
    add_columns(parser.add_argument_group("columns of labels.csv"))
    add_networks(parser.add_argument_group("networks"))
    add_sizes(parser.add_argument_group("sizes"))
    parser.add_argument("-o", "--output", type=Path, help="tables.md; and tables.csv")
    options = parser.parse_args(arguments)
    if options.data != _data.MADE_UP and options.label is None:
        parser.error("--label is needed with a folder")
    return options


def add_columns(group):
    group.add_argument("--label", help="scores")
    group.add_argument("--group", help="what stays on one side of a split")
    for role in ("user", "tags", "title", "time"):
        group.add_argument(f"--{role}", help=f"default: {_data.ROLES[role]}")
    group.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="ROLE=NAME",
        help=f"another one: {', '.join(_data.ROLES)}",
    )
    group.add_argument("--separator", default=",", help='of tags; "" takes words')
    group.add_argument(
        "--other-label",
        action="append",
        default=[],
        metavar="COLUMN",
        help="memorability: other scores of the same photos",
    )
    group.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="FOLDER:LABEL",
        help="memorability: other photos to test on",
    )


def add_networks(group):
    group.add_argument("--backbone", help="a network of torchvision or timm")
    group.add_argument("--weights", help="file of its weights")
    group.add_argument("--caffe", action="store_true", help="the weights are Caffe's")
    group.add_argument("--caption-backbone", help="a network that knows captions")
    group.add_argument("--caption-weights", help="file of its weights")
    group.add_argument(
        "--features",
        action="append",
        default=[],
        metavar="[KIND=]FILE.npy",
        help="features of a network (cnn), its objects, or caption, in row order; "
        "a path, or a name in the folder",
    )
    group.add_argument("--words", help="lafin: vectors of words")
    group.add_argument("--vocabulary", help="lafin: words in the space of captions")
    group.add_argument("--cache", help="file that keeps features")


def add_sizes(group):
    group.add_argument("--n-photos", type=int, help="of made-up data (400)")
    group.add_argument("--limit", type=int, help="photos that are drawn of a folder")
    group.add_argument("--splits", type=int, help="times that posts are split")
    group.add_argument(
        "--n-iter", type=int, default=10, help="settings that a random search tries"
    )
    group.add_argument("--epochs", type=int, help="dufour: passes over the photos")
    group.add_argument("--size", type=int, help="dufour: side of photos in pixels")
    group.add_argument(
        "--learning-rate", type=float, help="dufour: for standardised scores (1e-3)"
    )
    group.add_argument("--n-jobs", type=int, help="worker processes")
    group.add_argument("--quick", action="store_true", help="tiny, in seconds")


def reproduce(paper, options):
    """The tables of one paper."""
    print(f"{paper} on {options.data}", file=sys.stderr)
    data = load_data(paper, options)
    plan = _scores.Plan(
        n_splits=options.splits or (2 if options.quick else SPLITS.get(paper, 10)),
        n_iter=options.n_iter,
        n_jobs=options.n_jobs,
        quick=options.quick,
    )
    more = {}
    if paper == "memorability":
        others = [load_other(each, options) for each in options.also]
        more = {"others": others, "other_labels": options.other_label}
    if paper == "dufour":
        more = tuning(options)
    if paper == "lafin":
        more = {"words": options.words, "vocabulary": options.vocabulary}
    return PAPERS[paper].tables(data, load_photos(data, options), plan, **more)


def tuning(options):
    """How dufour's network goes on learning, where it is not as in the paper."""
    asked = {
        "max_epochs": options.epochs,
        _SIZE: options.size,
        "learning_rate": options.learning_rate,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    quick = {"max_epochs": 1, _SIZE: 32, "learning_rate": 1e-6}
    return quick | asked if options.quick else asked


def load_data(paper, options):
    if options.data == _data.MADE_UP:
        return _data.made_up(
            options.n_photos or (120 if options.quick else 400),
            options.label or MADE_UP_LABELS.get(paper, "score"),
            image_size=(48, 64) if options.quick else (120, 160),
        )
    named = dict(each.split("=", 1) for each in options.column)
    for role in ("user", "tags", "title", "time"):
        if getattr(options, role) is not None:
            named[role] = getattr(options, role)
    return _data.from_folder(
        options.data,
        options.label,
        group=options.group,
        named=named,
        separator=options.separator or None,
        limit=options.limit,
    )


def load_other(spec, options):
    folder, _, label = spec.rpartition(":")
    data = _data.from_folder(folder, label, limit=options.limit)
    return data, load_photos(data, options, folder)


def load_photos(data, options, folder=None):
    """Features of the posts, of networks as the options say."""
    folder = Path(folder or options.data)
    given = {}
    for each in options.features:
        kind, _, name = each.rpartition("=")
        given[kind or "cnn"] = np.load(folder / name)  # an absolute path stays
    networks = {
        kind: network
        for kind, network in {
            "cnn": own_network(options),
            "caption": caption_network(options),
        }.items()
        if network is not None
    }
    settings = {"n_jobs": options.n_jobs, "cache": options.cache}
    return _data.Photos(data, networks, given, **settings)


def own_network(options):
    if options.backbone is None:
        return _data.tiny_network() if options.quick else None
    weights = options.weights or "pretrained"
    if options.caffe:
        return _data.caffe_network(options.backbone, weights)
    return CNNEmbedder(backbone=options.backbone, weights=weights)


def caption_network(options):
    if options.caption_backbone is None:
        return None
    return CNNEmbedder(
        backbone=options.caption_backbone,
        weights=options.caption_weights or "pretrained",
        layer="projection",
    )


if __name__ == "__main__":
    main()
