"""Tables as text."""


def format_scores(table):
    lines = [
        f"{'feature':<18}{'numbers':>8}{'Spearman':>10}   {'95 % interval':<19}"
        f"{'over partitions':<19}within folds"
    ]
    lines += [
        f"{row.feature:<18}{row.n_features:>8}{row.spearman:>10.3f}   "
        f"{format_range(row.low, row.high):<19}"
        f"{format_range(row.lowest, row.highest):<19}"
        f"{row.within_folds:>12.3f}"
        for row in table.itertuples()
    ]
    return "\n".join(lines)


def format_range(low, high):
    return f"{low:.3f} to {high:.3f}"
