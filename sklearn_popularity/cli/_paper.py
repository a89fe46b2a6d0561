"""`sklearn-popularity paper`: reproduce a paper's tables and claims on your posts."""

import argparse
from pathlib import Path

from .._messages import quote
from .._paths import expand_home
from ..datasets import PHOTO_COLUMNS
from ..features import CNNEmbedder
from ..papers import (
    PAPERS,
    ROLES,
    Experiments,
    PaperPosts,
    make_paper_posts,
    network_named,
    reproduce,
)
from ._options import (
    WEIGHTS,
    add_output,
    add_work,
    describe,
    file_text,
    integer,
    name_and_weights,
    names,
    option,
)
from ._output import open_cache
from ._posts import read_posts, read_table_of_posts

MADE_UP = "made-up"
_ALL = "all"
# Number and size of synthetic photos, without and with --quick.
_SIZES = {False: (400, (120, 160)), True: (120, (48, 64))}
_ABOUT = """\
The output is Markdown: each published figure beside the reproduced one with its 95 %
interval, and a verdict on each claim. Your posts are not the paper's: compare the
ranking of the rows, not the absolute values. Figures that cannot be computed, such as
for lack of a column, are marked as not testable, with the reason.
"""


def add(command):
    describe(
        command,
        _paper,
        "Reproduce the tables of a paper and test its claims on a folder of photos, a "
        "table without photos, or synthetic posts.",
        columns=_ABOUT,
        example="sklearn-popularity paper khosla2014 my/photos --label views --log",
    )
    text = f"one of {', '.join(PAPERS)}, or {_ALL}"
    option(command, "paper", "NAME", text, choices=[*PAPERS, _ALL])
    text = f"folder with labels.csv, table (.csv), or {MADE_UP} for synthetic posts"
    option(command, "folder", "FOLDER", text)
    _add_columns(command.add_argument_group("columns"))
    _add_networks(command.add_argument_group("networks and words"))
    text = "take about a minute: fewer models and settings, one partition into folds"
    option(command, "--quick", None, text, action="store_true")
    text = "number of partitions into folds (default: 5)"
    option(command, "--repeats", "R", text, type=integer(1), default=5)
    text = "number of settings that a random search tries (default: 4)"
    option(command, "--n-iter", "N", text, type=integer(1), default=4)
    text = "folder to write NAME.md, NAME_tables.csv and NAME_claims.csv to"
    add_output(command, text, metavar="DIR")
    add_work(command)


def _add_columns(group):
    option(group, "--label", "COLUMN", f"score; required unless FOLDER is {MADE_UP}")
    text = "predict the logarithm of the label"
    option(group, "--log", None, text, action="store_true")
    text = "predict the logarithm of the label per day, as in `fit`"
    option(group, "--per-day", "TIME,...", text, type=names)
    option(group, "--group", "COLUMN", "posts that stay together in all splits")
    text = f"column of file names (default: the first of {', '.join(PHOTO_COLUMNS)})"
    option(group, "--photo", "COLUMN", text)
    text = (
        "column for a role, such as user=author; may be repeated. The roles, with "
        f"their default columns: "
        f"{', '.join(f'{role} ({name})' for role, name in ROLES.items())}"
    )
    settings = {"type": _role, "action": "append", "default": []}
    option(group, "--column", "ROLE=NAME", text, **settings)
    text = "columns of numbers that describe the photos already"
    option(group, "--content", "COLUMN,...", text, type=names, default=[])
    text = 'separator of tags (default: a comma); "" splits into words'
    option(group, "--separator", "TEXT", text, default=",")
    text = "memorability2018: other scores of the same photos"
    option(group, "--other-labels", "COLUMN,...", text, type=names, default=[])
    text = "memorability2018: another folder to test on, and its label; may be repeated"
    settings = {"action": "append", "default": []}
    option(group, "--also", "FOLDER:LABEL", text, **settings)


def _add_networks(group):
    text = f"network instead of the papers', {WEIGHTS}"
    option(group, "--network", "NAME", text)
    option(group, "--captions", "NAME", f"network trained on captions, {WEIGHTS}")
    text = "lafin: word vectors (.npz, .bin, .txt or .vec)"
    option(group, "--vectors", "FILE", text, type=file_text)
    text = "lafin: embeddings of words in the space of the captions (.npz)"
    option(group, "--vocabulary", "FILE", text, type=file_text)
    text = "dufour2015: number of epochs"
    option(group, "--epochs", "N", text, type=integer(1))
    text = "dufour2015: side length of the photos in pixels"
    option(group, "--size", "N", text, type=integer(16))


def _role(text):
    role, _, column = text.partition("=")
    if role not in ROLES or not column:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, but ROLE=NAME was expected, with a role among "
            f"{', '.join(ROLES)}"
        )
    return role, column


def _paper(options):
    data, others = _read(options)
    experiments = Experiments(
        data,
        network=_network(options.network),
        captions=_captions(options.captions),
        vectors=options.vectors,
        vocabulary=options.vocabulary,
        others=others,
        n_repeats=options.repeats,
        n_iter=options.n_iter,
        tuning=_tuning(options),
        quick=options.quick,
        n_jobs=options.n_jobs,
        cache=None if options.quick else open_cache(options.cache),
    )
    for paper in PAPERS if options.paper == _ALL else [options.paper]:
        found = reproduce(paper, experiments)
        print(found.to_markdown(), flush=True)
        if options.output is not None:
            found.write(options.output)


def _read(options):
    """The posts, and a list of other posts to test their models on."""
    if options.folder == MADE_UP:
        n_photos, image_size = _SIZES[options.quick]
        return make_paper_posts(n_photos, image_size=image_size), []
    if options.label is None:
        raise ValueError("Got no --label. Name the column of scores with --label.")
    options.folder = expand_home(options.folder)
    columns = dict(options.column)
    read = read_table_of_posts if options.folder.is_file() else read_posts
    needed = [*columns.values(), *options.content, *options.other_labels]
    posts, _ = read(options, needed, [columns["user"]] if "user" in columns else [])
    data = PaperPosts(
        posts,
        options.label,
        group=options.group,
        columns=columns,
        content=options.content,
        separator=options.separator or None,
        name=options.folder.resolve().name,
    )
    others = [
        PaperPosts(posts, label, group=options.group, name=data.name)
        for label in options.other_labels
    ]
    return data, others + [_read_other(options, each) for each in options.also]


def _read_other(options, given):
    folder, _, label = given.rpartition(":")
    if not folder or not label:
        raise ValueError(
            f"Got --also {quote(given)}, but FOLDER:LABEL was expected: a folder with "
            "labels.csv, and its column of scores."
        )
    told = vars(options) | {"folder": expand_home(folder), "label": label}
    told |= {"log": False, "per_day": None, "group": None, "photo": None}
    posts, _ = read_posts(argparse.Namespace(**told))
    return PaperPosts(posts, label, name=Path(folder).resolve().name)


def _network(given):
    if given is None:
        return None
    return network_named(*name_and_weights(given)).set_params(layer="penultimate")


def _captions(given):
    if given is None:
        return None
    backbone, weights = name_and_weights(given)
    return CNNEmbedder(backbone=backbone, weights=weights, layer="projection")


def _tuning(options):
    asked = {
        "max_epochs": options.epochs,
        "embedder__preprocessing__size": options.size,
    }
    return {name: value for name, value in asked.items() if value is not None}
