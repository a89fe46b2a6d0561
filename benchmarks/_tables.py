"""What the scripts share: a command line, Markdown tables, and readers of posts."""

import argparse
from contextvars import ContextVar
from functools import wraps
from inspect import Parameter, getdoc, signature
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import parallel_config
from sklearn.utils.parallel import Parallel, delayed

from sklearn_popularity.metrics import mean_estimate, mean_interval
from sklearn_popularity.papers import recommended

#: Rows of each table; None is all.
FIRST = ContextVar("FIRST", default=None)


def run(doc, *commands, arguments=None):
    """Run the function named by the first argument, with its parameters as options."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--first", type=int, help="rows of each table, to try it out")
    sections = parser.add_subparsers(required=True, metavar="SECTION")
    for command in commands:
        name, about = command.__name__.replace("_", "-"), getdoc(command)
        part = sections.add_parser(
            name,
            help=about.splitlines()[0].replace("%", "%%"),
            description=about,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        part.set_defaults(command=command)
        for parameter in signature(command).parameters.values():
            _add_option(part, parameter.name, parameter.default)
    options = vars(parser.parse_args(arguments))
    command, n_jobs = options.pop("command"), options.pop("jobs")
    token = FIRST.set(options.pop("first"))
    try:
        with parallel_config(n_jobs=n_jobs):
            command(**options)
    finally:
        FIRST.reset(token)


def _add_option(parser, name, default):
    """Add a path if there is no default, and else an option of the default's type."""
    option = f"--{name.replace('_', '-')}"
    if default is Parameter.empty:
        parser.add_argument(name, type=Path)
    elif isinstance(default, bool):
        parser.add_argument(option, action="store_true")
    elif isinstance(default, tuple):
        kind = type(default[0])
        parser.add_argument(option, nargs="+", type=kind, default=default)
    else:
        kind = str if default is None else type(default)
        parser.add_argument(option, type=kind, default=default)


def section(names):
    """Print the rows that a command yields as a table under these names."""

    def decorate(rows):
        @wraps(rows)
        def command(**options):
            table(names, rows(**options))

        return command

    return decorate


def draw_normal(groups, n_columns, rng):
    """Standard normal columns, with 30 % of the variance between groups."""
    between = rng.normal(size=(groups.max() + 1, n_columns))[groups]
    within = rng.normal(size=(len(groups), n_columns))
    return np.sqrt(0.3) * between + np.sqrt(0.7) * within


def over_runs(function, *arguments, n_runs):
    """An array of each result of a function, with the seeds in the last axis."""
    runs = (delayed(function)(*arguments, seed) for seed in range(n_runs))
    return np.transpose(Parallel()(runs))


def table(names, rows):
    """Print rows as they are computed, under column names separated by "|"."""
    print(f"\n| {names} |\n|{'---|' * (names.count('|') + 1)}")
    for cells in islice(rows, FIRST.get()):
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


def interval(mean, low, high, sign=""):
    return f"{mean:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def mean_cell(values):
    """The mean of runs with its 95 % confidence interval."""
    return interval(*mean_interval(values), "+")


def error_cell(values):
    """The mean of runs with its standard error."""
    found = mean_estimate(values)
    return f"{found.value:+.3f} ± {found.error:.3f}"


def comparison_rows(name, comparison, columns):
    """A row for each model in a result of `compare_models`, after the name of the data.

    Columns are a selection of "score", "range" (over partitions), "gain" and "p".
    """
    gains = comparison.differences.set_index("model")
    for row in comparison.scores.itertuples():
        cells = {
            "score": interval(row.spearman, row.low, row.high),
            "range": f"{row.lowest:.3f} to {row.highest:.3f}",
        }
        if row.model in gains.index:
            gain = gains.loc[row.model]
            cells["gain"] = interval(gain.difference, gain.low, gain.high, "+")
            cells["p"] = f"{gain.p_value:.2f}"
        yield [name, row.model, *(cells.get(column, "") for column in columns)]


def read_posts(folder):
    """The posts of labels.csv, with full paths in the column photo."""
    posts = pd.read_csv(folder / "labels.csv")
    return posts.assign(photo=[str(folder / path) for path in posts["path"]])


def mobilenet_of(folder):
    rows = np.load(folder / "features_mobilenetv2_1280_f16.npy")
    return rows.astype(np.float64)


def recommend(posts, keep, **kind):
    """The model recommended for some columns; features of photos are cached."""
    return recommended(posts, cache=keep, **kind).model
