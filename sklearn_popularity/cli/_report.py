"""`sklearn-popularity report`: a page about a folder of photos and what ranks them."""

import shlex
import sys

from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from .._optional import import_optional
from .._paths import expand_home
from ..evaluation import FEATURES
from ..inspection import popularity_report
from ..models import StackedLateFusion
from ._context import add_context, columns_of, context_of
from ._options import add_cache, add_folder, add_n_jobs
from ._output import check_cache, check_output
from ._posts import check_filled, read_posts, warn_of_groups
from ._tables import format_range, format_size, print_chance, warn_of_chance

_INNER_FOLDS = 4  # those of `evaluate`, whose scores these are


def add(commands):
    command = commands.add_parser(
        "report",
        help="write a page about a folder of photos and what ranks them",
        description="Cross-validate the late fusion of several kinds of features on a "
        "folder of photos, and write one HTML file with its score, what each kind "
        "adds, right and wrong predictions, heatmaps, colours, whom it rates too high, "
        "and problems of the data. Scores are those of photos held out. Needs the "
        "extra `report`.",
    )
    add_folder(command)
    add_context(command)
    command.add_argument(
        "--by",
        metavar="COLUMN",
        help="kinds of photos, to tell which are rated too high (default: --group)",
    )
    command.add_argument(
        "--title", metavar="COLUMN", help="what photos are called (default: files)"
    )
    add_cache(command)
    command.add_argument(
        "-o",
        "--output",
        type=expand_home,
        required=True,
        metavar="PATH",
        help="page to write (.html)",
    )
    add_n_jobs(command)
    command.set_defaults(run=_report)


def _report(options):
    check_output(options.output, [".html"])
    import_optional("jinja2", "A report")
    optional = [options.by, options.title]
    named = [column for column in optional if column is not None]
    posts, groups = read_posts(options, required=[*columns_of(options), *named])
    if options.by is not None:
        check_filled(posts, options.by, "a kind")
    context = context_of(options, posts, groups)
    columns = {name: columns_of_feature(name, options) for name in context}
    check_cache(options.cache)
    model = features_model(
        options.features,
        context={name: (context[name], columns[name]) for name in context},
        n_jobs=options.n_jobs,
        cache=options.cache,
        verbose=sys.stderr.isatty(),
    )
    report = popularity_report(
        model,
        posts,
        posts[options.label],
        options.output,
        groups=options.group,
        by=options.by,
        title=options.title,
        label=options.label,
        heading=f"Popularity report: {options.folder.resolve().name}",
        notes=_notes(posts, options.label),
        command=_command(options),
        cv=options.cv,
        n_jobs=options.n_jobs,
    )
    print_report(report)
    warn_of_groups(options, posts)


def print_report(report):
    """The score and where the page is."""
    score = report.score
    print(
        f"Spearman {score.score:.3f} (95 % interval "
        f"{format_range(score.low, score.high)}) of photos held out"
    )
    if "branches" in report.tables:
        branches = report.tables["branches"]
        print_chance(branches.loc[branches["at_chance"], "branch"].tolist())
    print(
        f"Report: {report.path.resolve()} "
        f"({format_size(report.path.stat().st_size)}; open it in a browser)"
    )
    warn_of_chance(score.low)


def _notes(posts, label):
    """What the page says of rows that are not in the table of posts."""
    left_out = {
        "rows whose photo is not there": len(posts.attrs.get("missing", [])),
        f"rows without {label!r}": posts.attrs["n_unlabelled"],
    }
    return [f"Left out before: {n} {rows}." for rows, n in left_out.items() if n]


def features_model(features, *, context=None, n_jobs=None, cache=None, verbose=False):
    """The model that `evaluate` scores: a kind of feature, or the late fusion of many.

    Parameters
    ----------
    features : sequence of str
        Kinds of features of photos.
    context : dict of str to (ContextFeature, list of str), default=None
        Features of other columns, and these columns.
    n_jobs, cache, verbose
        Settings of the transformers of photos.

    Returns
    -------
    model : Pipeline or StackedLateFusion
        Of posts, not fitted.
    """
    context = context or {}
    if not (features or context):
        raise ValueError(
            f"Got no --features, but one or more of {', '.join(FEATURES)} were "
            "expected."
        )
    branches = []
    for name in features:
        transformer = clone(FEATURES[name].transformer)
        transformer.set_params(n_jobs=n_jobs, cache=cache, verbose=verbose)
        model = make_pipeline(transformer, clone(FEATURES[name].regressor))
        branches.append((name, model, "photo"))
    for name, (feature, columns) in context.items():
        model = make_pipeline(clone(feature.transformer), clone(feature.regressor))
        branches.append((name, model, columns))
    if len(branches) == 1 and not context:
        return branches[0][1]
    return StackedLateFusion(branches, cv=_INNER_FOLDS)


def columns_of_feature(name, options):
    """Columns of posts in the order in which the table of a feature has them."""
    history = [options.user, options.time, options.group]
    return {
        "social": options.social,
        "upload-time": [options.time],
        "tags": [options.tags],
        "user-history": [column for column in history if column is not None],
    }[name]


def _command(options):
    """The command line that makes the page again."""
    parts = ["sklearn-popularity", "report", str(options.folder)]
    for name in (
        "label",
        "group",
        "photo",
        "features",
        "cv",
        "social",
        "tags",
        "vectors",
        "user",
        "time",
        "by",
        "title",
        "output",
    ):
        value = getattr(options, name)
        if value not in (None, []):
            text = ",".join(value) if isinstance(value, list) else str(value)
            parts += [f"--{name}", text]
    return shlex.join(parts)
