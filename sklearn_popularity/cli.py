"""Command line: a demonstration on made-up photos, an evaluation of your own."""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from . import __version__
from .datasets import load_folder, make_popularity
from .evaluation import (
    FEATURES,
    compare_features,
    follow_causes,
    near_duplicates,
    straddling_pairs,
)
from .metrics import spearman_score

_IMAGE_CAUSES = ["saturation", "object", "theme"]
_INTERRUPTED, _BROKEN_PIPE = 130, 141
# Pooled scores this far below those within folds are marked by their folds.
_SUSPICIOUS_GAP = 0.1
_COLUMNS = """\
The columns of the table:
  numbers          length of the feature
  Spearman         rank correlation of all held-out predictions of a partition into
                   folds with the label, mean over partitions
  95 % interval    of that mean, by resampling photos, or groups where given
  over partitions  the lowest and the highest of them
  within folds     mean of the correlations within each test fold
"""


def run():
    """Run the command line as a process of its own."""
    status = main()
    if status == _INTERRUPTED:
        # Python waits for the workers, which a second Ctrl-C would make hang.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for worker in multiprocessing.active_children():
            worker.terminate()
    if status == _BROKEN_PIPE:
        os._exit(status)  # Python would try to flush what nobody reads
    sys.exit(status)


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    status : int
        0 on success, 2 on a wrong option, file or column, 130 when interrupted, 141
        when nobody reads what is printed.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # A console that lacks a letter of a column's name still gets the table.
        sys.stdout.reconfigure(errors="replace")
    options = _parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _print_warning
        try:
            options.run(options)
        except KeyboardInterrupt:
            print("interrupted; nothing was written", file=sys.stderr)
            return _INTERRUPTED
        except BrokenPipeError:
            # Who reads the table has seen enough, and nobody reads a complaint.
            return _BROKEN_PIPE
        except (ValueError, OSError) as error:
            print(f"sklearn-popularity: error: {error}", file=sys.stderr)
            return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="sklearn-popularity",
        description="Predict how people react to photos, and test it honestly.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_evaluate(commands)
    return parser


def _add_demo(commands):
    command = commands.add_parser(
        "demo",
        help="run the main job on made-up photos with known causes of popularity",
        description="Make up photos and views from known causes, predict the views "
        "from the photos, and say which causes the prediction found.",
    )
    command.add_argument(
        "--n-photos", type=_integer(40), default=300, metavar="N", help="default: 300"
    )
    command.add_argument(
        "--seed", type=_integer(0), default=0, metavar="N", help="default: 0"
    )
    command.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="write the photos and labels.csv to this new folder and keep them",
    )
    _add_n_jobs(command)
    command.set_defaults(run=_demo)


def _add_evaluate(commands):
    command = commands.add_parser(
        "evaluate",
        help="cross-validate each kind of feature on a folder of photos",
        description="Print the rank correlation (Spearman) of held-out predictions "
        "for each kind of feature and for their late fusion. The words of the codebook "
        "features are learned from all photos, without their scores.",
        epilog=_COLUMNS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
        type=_names,
        default=list(FEATURES),
        metavar="NAME,...",
        help=f"default: {','.join(FEATURES)}",
    )
    command.add_argument(
        "--cv", type=_integer(2), default=5, metavar="K", help="folds (default: 5)"
    )
    command.add_argument(
        "--repeats",
        type=_integer(1),
        default=3,
        metavar="R",
        help="shuffled partitions into folds (default: 3)",
    )
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="write the table (.csv, .json)",
    )
    _add_n_jobs(command)
    command.set_defaults(run=_evaluate)


def _add_n_jobs(command):
    command.add_argument(
        "--n-jobs",
        type=int,
        default=-1,
        metavar="N",
        help="worker processes (default: -1, all cores)",
    )


def _integer(low):
    """Type of an option that is a whole number, not too low."""

    def convert(text):
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(
                f"got {text!r}, but a whole number of at least {low} was expected"
            )
        return int(text)

    return convert


def _names(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def _demo(options):
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "made-up"
        print(f"Making up {options.n_photos} photos with known causes of popularity.")
        _, truth = make_popularity(
            options.n_photos, folder=folder, random_state=options.seed
        )
        posts = load_folder(folder, required=["score", "user"])
        comparison = compare_features(
            posts["photo"],
            posts["score"],
            groups=posts["user"],
            n_repeats=1,
            n_jobs=options.n_jobs,
            verbose=sys.stderr.isatty(),
        )
    print(f"\nScore: log2(views per day + 1), {len(posts)} photos, folds by user\n")
    print(_format_scores(comparison.table))
    _print_causes(posts, truth, comparison)


def _print_causes(posts, truth, comparison):
    predicted = comparison.predictions["late-fusion"]
    causes = follow_causes(truth.effects, predicted, groups=posts["user"])
    in_pixels = truth.effects[_IMAGE_CAUSES].sum(axis=1)
    ceiling = spearman_score(posts["score"], in_pixels)
    print(
        f"\nA model that knew the causes in the pixels would reach {ceiling:.3f}.\n\n"
        "Does the late fusion follow what each planted cause contributed?\n"
    )
    print(_format_causes(causes))
    found = causes.loc[causes["found"] & causes["cause"].isin(_IMAGE_CAUSES), "cause"]
    print(
        f"\nFound {len(found)} of the {len(_IMAGE_CAUSES)} causes in the pixels: "
        f"{', '.join(found) or 'none'}."
    )


def _evaluate(options):
    if options.output is not None:
        _check_output(options.output)
    needed = [options.label] + [options.group] * (options.group is not None)
    posts = load_folder(options.folder, photo_column=options.photo, required=needed)
    posts = _with_label(posts, options.label)
    groups = None
    if options.group is not None:
        groups = _groups(posts, options.group)
    comparison = compare_features(
        posts["photo"],
        posts[options.label],
        features=options.features,
        groups=groups,
        cv=options.cv,
        n_repeats=options.repeats,
        n_jobs=options.n_jobs,
        verbose=sys.stderr.isatty(),
    )
    kept = posts.iloc[comparison.kept]
    if groups is None:
        _warn_of_duplicates(kept["photo"].tolist(), comparison, options.n_jobs)
    if options.output is not None:
        _write_table(options, kept, comparison.table)
    print(_describe_run(options, kept))
    print(_format_scores(comparison.table))
    _warn_of_folds(comparison.table)


def _with_label(posts, label):
    """Rows that have a label; an error for labels that are no numbers."""
    values = pd.to_numeric(posts[label], errors="coerce").astype(float)
    wrong = posts[label].notna() & ~np.isfinite(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"The column {label!r} holds {posts[label].iloc[row]!r} for "
            f"{posts['photo'].iloc[row]!r}, but a finite number was expected in each "
            "row, or nothing where the score is unknown."
        )
    known = posts.assign(**{label: values})[values.notna()].reset_index(drop=True)
    if len(known) < len(posts):
        warnings.warn(
            f"{len(posts) - len(known)} of {len(posts)} rows have no {label!r} and are "
            "left out",
            stacklevel=2,
        )
    if known[label].nunique() < 2:
        raise ValueError(
            f"The column {label!r} has {known[label].nunique()} distinct value(s), but "
            "scores that differ were expected."
        )
    return known


def _groups(posts, column):
    without = posts[column].isna()
    if without.any():
        raise ValueError(
            f"The column {column!r} is empty for {int(without.sum())} rows, first for "
            f"{posts.loc[without, 'photo'].iloc[0]!r}, but each needs a group."
        )
    return posts[column].astype(str).to_numpy()


def _warn_of_duplicates(paths, comparison, n_jobs):
    pairs = near_duplicates(paths, n_jobs=n_jobs)
    pairs = straddling_pairs(pairs, comparison.partitions)
    if len(pairs):
        first, second = (Path(paths[i]).name for i in pairs[0])
        warnings.warn(
            f"{len(pairs)} pair(s) of near-duplicate photos straddle folds, such as "
            f"{first} and {second}: the scores are too high. Pass --group with a "
            "column that keeps them together.",
            stacklevel=2,
        )


def _warn_of_folds(table):
    gap = (table["within_folds"] - table["spearman"]).max()
    if gap > _SUSPICIOUS_GAP:
        warnings.warn(
            f"pooled scores lie up to {gap:.2f} below those within folds: the folds "
            "differ much, and a weak feature's pooled score then says little. Use more "
            "photos or groups, or fewer folds (--cv).",
            stacklevel=2,
        )


def _describe_run(options, posts):
    by = "photos"
    if options.group is not None:
        by = f"{posts[options.group].nunique()} groups of {options.group!r}"
    return (
        f"Label {options.label!r}, {len(posts)} photos, {options.cv} folds of {by}, "
        f"{options.repeats} partition(s) into folds\n"
    )


def _format_scores(table):
    lines = [
        f"{'feature':<18}{'numbers':>8}{'Spearman':>10}   {'95 % interval':<19}"
        f"{'over partitions':<19}within folds"
    ]
    lines += [
        f"{row.feature:<18}{row.n_features:>8}{row.spearman:>10.3f}   "
        f"{_range(row.low, row.high):<19}{_range(row.lowest, row.highest):<19}"
        f"{row.within_folds:>12.3f}"
        for row in table.itertuples()
    ]
    return "\n".join(lines)


def _format_causes(causes):
    lines = [f"{'planted cause':<18}{'Spearman':>10}   {'95 % interval':<19}verdict"]
    for row in causes.itertuples():
        verdict = "found" if row.found else "not found"
        if row.cause not in _IMAGE_CAUSES:
            verdict = "not in the pixels"
        lines.append(
            f"{row.cause:<18}{row.spearman:>10.3f}   "
            f"{_range(row.low, row.high):<19}{verdict}"
        )
    return "\n".join(lines)


def _range(low, high):
    return f"{low:.3f} to {high:.3f}"


def _check_output(path):
    """Fail before the work, not after it."""
    if path.suffix not in {".csv", ".json"}:
        raise ValueError(
            f"Got --output {path}, but a name in .csv or .json was expected."
        )
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ValueError(f"Got --output {path}, which cannot be written there.")


def _write_table(options, posts, table):
    if options.output.suffix == ".csv":
        text = table.to_csv(index=False)
    else:
        run = {
            "version": __version__,
            "folder": str(options.folder),
            "label": options.label,
            "group": options.group,
            "cv": options.cv,
            "repeats": options.repeats,
            "n_photos": len(posts),
            "scores": table.to_dict("records"),
        }
        text = json.dumps(run, indent=2) + "\n"
    # Written beside and moved, so that an interrupted run leaves no half of a file.
    unfinished = options.output.with_name(options.output.name + ".part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(options.output)
    finally:
        unfinished.unlink(missing_ok=True)


def _print_warning(message, category, filename, lineno, file=None, line=None):
    print(f"warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    run()
