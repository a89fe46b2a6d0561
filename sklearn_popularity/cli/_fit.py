"""`sklearn-popularity fit`: a model of a folder of photos, to rank others with."""

import sys

from .._paths import expand_home
from ..evaluation import fit_features
from ..metrics import spearman_interval
from ..models import save_model
from ._options import add_cache, add_folder, add_n_jobs
from ._output import check_cache, check_output
from ._posts import read_posts, warn_of_groups
from ._tables import (
    describe_run,
    format_range,
    format_size,
    print_chance,
    warn_of_chance,
)


def add(commands):
    command = commands.add_parser(
        "fit",
        help="fit a model on a folder of photos and write it to a file",
        description="Fit the late fusion of several kinds of features, or the model of "
        "a single one, and write it to a file for `rank`. Its rank correlation "
        "(Spearman) is that of models like it with photos that they did not see, and "
        "the interval that of such models if they were trained anew. The model sees "
        "photos alone; for columns around them use `evaluate` and `report`.",
    )
    add_folder(command)
    command.add_argument(
        "-o",
        "--output",
        type=expand_home,
        required=True,
        metavar="PATH",
        help="file to write (.skops)",
    )
    add_cache(command)
    add_n_jobs(command)
    command.set_defaults(run=_fit)


def _fit(options):
    check_output(options.output, [".skops"])
    posts, groups = read_posts(options)
    check_cache(options.cache)
    fitted = fit_features(
        posts["photo"],
        posts[options.label],
        features=options.features,
        groups=groups,
        cv=options.cv,
        n_jobs=options.n_jobs,
        cache=options.cache,
        verbose=sys.stderr.isatty(),
    )
    y = posts[options.label].to_numpy()[fitted.kept]
    groups = None if groups is None else groups[fitted.kept]
    found = spearman_interval(
        y, fitted.held_out.shares, groups=groups, n_folds=options.cv
    )
    try:
        save_model(
            fitted.model,
            options.output,
            y=y,
            predictions=fitted.held_out.raw[:, 0],
            spearman=found,
            label=options.label,
        )
    finally:
        print(
            f"{describe_run(options, posts.iloc[fitted.kept], 1)}\n"
            f"Spearman {found.score:.3f} (95 % interval "
            f"{format_range(found.low, found.high)}) of photos held out"
        )
        branches = getattr(fitted.model[-1], "branch_scores_", {})
        print_chance([name for name, one in branches.items() if one.at_chance])
    print(f"{options.output}: {format_size(options.output.stat().st_size)}")
    warn_of_chance(found.low)
    warn_of_groups(options, posts)
