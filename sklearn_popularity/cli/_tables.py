"""Tables, numbers and how far they can be trusted, as text."""

import re

from .._warnings import warn_caller

_NUMBER = re.compile(r"-?[\d,]+(\.\d+)?")


def format_table(rows, columns):
    """Rows under headers: columns of numbers to the right, of words to the left.

    Parameters
    ----------
    rows : iterable of dict
        Values by name.
    columns : dict of str to str
        The format of a cell by its header, such as ``{"score": "{score:.3f}"}``.
    """
    cells = [[cell.format(**row) for cell in columns.values()] for row in rows]
    aligned = []
    for column in zip(columns, *cells, strict=True):
        is_number = all(map(_NUMBER.fullmatch, column[1:]))
        side = str.rjust if is_number else str.ljust
        aligned.append([side(cell, max(map(len, column))) for cell in column])
    return "\n".join("   ".join(line).rstrip() for line in zip(*aligned, strict=True))


def format_scores(table):
    """Scores of models as comparisons return them."""
    columns = {
        "model": "{model}",
        "Spearman": "{spearman:.3f}",
        "95 % interval": "{low:.3f} to {high:.3f}",
        "over partitions": "{lowest:.3f} to {highest:.3f}",
        "within folds": "{within_folds:.3f}",
    }
    return format_table(table.to_dict("records"), columns)


def describe_run(options, posts, n_repeats):
    """What was predicted, from how many photos, and how they were split."""
    by = "photos"
    if options.group is not None:
        by = f"{posts[options.group].nunique()} groups of {options.group!r}"
    times = "once" if n_repeats == 1 else f"{n_repeats} times"
    return (
        f"Label {posts.attrs.get('target', options.label)!r}, {len(posts)} photos, "
        f"split {times} into {options.cv} folds of {by}"
    )


def format_found(score, low, high):
    """A score of photos held out with its interval."""
    return (
        f"Spearman {score:.3f} (95 % interval {low:.3f} to {high:.3f}) of photos held "
        "out"
    )


def format_size(n_bytes):
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"


def print_reasons(reasons):
    """Say why the model is made as it is, if that was chosen for the user."""
    if reasons:
        print("\nHow the model was chosen:")
        print("\n".join(f"  {reason}" for reason in reasons))


def print_chance(names):
    """Say which kinds of features, if any, cannot be told from chance."""
    if names:
        print(
            f"At chance by themselves: {', '.join(names)} (the 95 % interval contains "
            "0, or lies below it)"
        )


def warn_of_chance(low):
    """Say that a model may rank no better than chance, if its interval says so.

    Parameters
    ----------
    low : float
        Low end of the interval of the correlation with photos held out.
    """
    if low <= 0:
        warn_caller(
            "the 95 % interval contains 0, or lies below it: with photos that it has "
            "not seen, this model may be no better than chance. Do not trust its "
            "order yet; use more photos or other features"
        )
