"""Format tables, scores and sizes as text, and warn about models at chance."""

import re

from .._terminal import escape
from .._warnings import warn_caller

_NUMBER = re.compile(r"[-+]?[\d,]+(\.\d+)?")


def format_table(rows, columns):
    """Format rows under headers, with numbers aligned right and text aligned left.

    Columns are formats by header, such as ``{"score": "{score:.3f}"}``.
    """
    cells = [[escape(cell.format(**row)) for cell in columns.values()] for row in rows]
    aligned = []
    for column in zip(columns, *cells, strict=True):
        is_number = all(map(_NUMBER.fullmatch, column[1:]))
        side = str.rjust if is_number else str.ljust
        aligned.append([side(cell, max(map(len, column))) for cell in column])
    return "\n".join("   ".join(line).rstrip() for line in zip(*aligned, strict=True))


def format_scores(table):
    """Format the table of scores of a model comparison."""
    columns = {
        "model": "{model}",
        "Spearman": "{spearman:.3f}",
        "95 % interval": "{low:.3f} to {high:.3f}",
        "over partitions": "{lowest:.3f} to {highest:.3f}",
        "within folds": "{within_folds:.3f}",
    }
    return format_table(table.to_dict("records"), columns)


def describe_run(options, posts):
    """Describe the label, the number of photos and the folds."""
    by = "photos"
    if options.group is not None:
        by = f"{posts[options.group].nunique()} groups of {options.group!r}"
    times = "once" if options.repeats == 1 else f"{options.repeats} times"
    return (
        f"Label {posts.attrs.get('target', options.label)!r}, {len(posts)} photos, "
        f"split {times} into {options.cv} folds of {by}"
    )


def format_found(score, low, high):
    """Format the score of held-out photos with its confidence interval."""
    return (
        f"Spearman {score:.3f} (95 % interval {low:.3f} to {high:.3f}) on held-out "
        "photos"
    )


def format_size(n_bytes):
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"


def print_reasons(reasons):
    """Print the reasons for automatic choices, if any."""
    if reasons:
        print("\nHow the model was chosen:")
        print("\n".join(f"  {reason}" for reason in reasons))


def print_chance(names):
    """Print which kinds of features, if any, may be no better than chance."""
    if names:
        print(
            f"At chance by themselves: {', '.join(names)} (the 95 % interval contains "
            "0, or lies below it)"
        )


def warn_of_model(low, constant=False):
    """Warn of a model that ties all photos, or may be no better than chance.

    `low` is the low end of the interval of its correlation.
    """
    if constant:
        warn_caller(
            "the model predicts the same score for every photo: it has learned nothing "
            "from these features, and all photos are tied. Use other features or more "
            "photos"
        )
    if low <= 0:
        warn_caller(
            "the 95 % interval contains 0, or lies below it: this model may be no "
            "better than chance on new photos. Do not trust its order; use more photos "
            "or other features"
        )
