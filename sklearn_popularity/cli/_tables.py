"""Tables, numbers and how far they can be trusted, as text."""

from .._warnings import warn_caller


def format_scores(table):
    lines = [
        f"{'model':<18}{'numbers':>8}{'Spearman':>10}   {'95 % interval':<19}"
        f"{'over partitions':<19}within folds"
    ]
    lines += [
        f"{row.model:<18}{row.n_features:>8}{row.spearman:>10.3f}   "
        f"{format_range(row.low, row.high):<19}"
        f"{format_range(row.lowest, row.highest):<19}"
        f"{row.within_folds:>12.3f}"
        for row in table.itertuples()
    ]
    return "\n".join(lines)


def describe_run(options, posts, n_repeats):
    """What was predicted, from how many photos, and how they were split."""
    by = "photos"
    if options.group is not None:
        by = f"{posts[options.group].nunique()} groups of {options.group!r}"
    times = "once" if n_repeats == 1 else f"{n_repeats} times"
    return (
        f"Label {options.label!r}, {len(posts)} photos, split {times} into "
        f"{options.cv} folds of {by}"
    )


def format_range(low, high):
    return f"{low:.3f} to {high:.3f}"


def format_size(n_bytes):
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"


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
