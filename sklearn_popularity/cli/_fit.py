"""`sklearn-popularity fit`: a model of a folder of photos, to rank others with."""

import sys
from pathlib import Path

from ..evaluation import fit_features
from ..metrics import spearman_interval
from ..models import save_model
from ._options import add_folder, add_n_jobs
from ._output import check_output
from ._posts import read_posts
from ._tables import format_range


def add(commands):
    command = commands.add_parser(
        "fit",
        help="fit a model on a folder of photos and write it to a file",
        description="Fit the late fusion of several kinds of features, or the model of "
        "a single one, and write it to a file for `rank`. Its rank correlation "
        "(Spearman) is that of models like it with photos that they did not see.",
    )
    add_folder(command)
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="file to write (.skops)",
    )
    add_n_jobs(command)
    command.set_defaults(run=_fit)


def _fit(options):
    check_output(options.output, [".skops"])
    posts, groups = read_posts(options)
    fitted = fit_features(
        posts["photo"],
        posts[options.label],
        features=options.features,
        groups=groups,
        cv=options.cv,
        n_jobs=options.n_jobs,
        verbose=sys.stderr.isatty(),
    )
    y = posts[options.label].to_numpy()[fitted.kept]
    groups = None if groups is None else groups[fitted.kept]
    save_model(
        fitted.model,
        options.output,
        y=y,
        predictions=fitted.predictions,
        label=options.label,
    )
    found = spearman_interval(y, fitted.predictions, groups=groups, random_state=0)
    print(
        f"Label {options.label!r}, {len(y)} photos, {options.cv} folds\n"
        f"Spearman {found.score:.3f} (95 % interval "
        f"{format_range(found.low, found.high)}) of photos held out\n"
        f"{options.output}: {options.output.stat().st_size / 1e6:,.1f} MB"
    )
