"""`sklearn-popularity evaluate`: how well kinds of features rank held-out photos."""

import json
import sys
from pathlib import Path

from .. import __version__
from .._paths import expand_home
from .._warnings import warn_caller
from ..evaluation import compare_features, near_duplicates, straddling_pairs
from ._context import add_context, columns_of, context_of
from ._options import add_cache, add_folder, add_n_jobs, integer
from ._output import check_cache, check_output, write_text
from ._posts import read_posts, warn_of_groups
from ._tables import describe_run, format_scores, print_chance

_COLUMNS = """\
The columns of the table:
  numbers          length of the feature
  Spearman         rank correlation of all held-out predictions of a partition into
                   folds with the label, mean over partitions; 0 is chance
  95 % interval    of models trained anew on as many other photos, or groups
  over partitions  the lowest and the highest of them
  within folds     mean of the correlations within each test fold
"""


def add(commands):
    command = commands.add_parser(
        "evaluate",
        help="cross-validate each kind of feature on a folder of photos",
        description="Print the rank correlation (Spearman) of held-out predictions "
        "for each kind of feature and for their late fusion. The words of the codebook "
        "features are learned from all photos, without their scores.",
        epilog=_COLUMNS,
    )
    add_folder(command)
    add_context(command)
    command.add_argument(
        "--repeats",
        type=integer(1),
        default=3,
        metavar="R",
        help="shuffled partitions into folds (default: 3)",
    )
    command.add_argument(
        "-o",
        "--output",
        type=expand_home,
        metavar="PATH",
        help="write the table (.csv, .json)",
    )
    add_cache(command)
    add_n_jobs(command)
    command.set_defaults(run=_evaluate)


def _evaluate(options):
    if options.output is not None:
        table = options.folder / "labels.csv"
        check_output(options.output, [".csv", ".json"], table)
    posts, groups = read_posts(options, required=columns_of(options))
    context = context_of(options, posts, groups)
    check_cache(options.cache)
    comparison = compare_features(
        posts["photo"],
        posts[options.label],
        features=options.features,
        context=context,
        groups=groups,
        cv=options.cv,
        n_repeats=options.repeats,
        n_jobs=options.n_jobs,
        cache=options.cache,
        verbose=sys.stderr.isatty(),
    )
    kept = posts.iloc[comparison.kept]
    try:
        if options.output is not None:
            _write_table(options, kept, comparison.scores)
    finally:
        print(describe_run(options, kept, options.repeats) + "\n")
        print(format_scores(comparison.scores), flush=True)
        _print_chance(comparison.scores)
    _warn_of_chance(comparison.scores)
    warn_of_groups(options, kept)
    if groups is None:
        _warn_of_duplicates(kept["photo"].tolist(), comparison, options.n_jobs)


def _warn_of_duplicates(paths, comparison, n_jobs):
    pairs = near_duplicates(paths, n_jobs=n_jobs)
    pairs = straddling_pairs(pairs, comparison.partitions)
    if len(pairs):
        first, second = (Path(paths[i]).name for i in pairs[0])
        warn_caller(
            f"{len(pairs)} pair(s) of near-duplicate photos straddle folds, such as "
            f"{first} and {second}: the scores are too high. Pass --group with a "
            "column that keeps them together."
        )


def _print_chance(table):
    at_chance = table["low"] <= 0
    if not at_chance.all():  # which is warned of
        names = table.loc[at_chance, "model"]
        print_chance([name for name in names if name != "constant"])


def _warn_of_chance(table):
    if (table["low"] <= 0).all():
        warn_caller(
            "no kind of feature is surely better than chance: all intervals contain 0, "
            "or lie below it. Use more photos or other features"
        )


def _write_table(options, posts, table):
    if options.output.suffix == ".csv":
        text = table.to_csv(index=False)
    else:
        run = {
            "version": __version__,
            "folder": str(options.folder),
            "label": options.label,
            "group": options.group,
            "social": options.social,
            "tags": options.tags,
            "vectors": options.vectors,
            "user": options.user,
            "time": options.time,
            "cv": options.cv,
            "repeats": options.repeats,
            "n_photos": len(posts),
            "scores": table.to_dict("records"),
        }
        text = json.dumps(run, indent=2) + "\n"
    write_text(options.output, text)
