"""Scores of each kind of feature alone, and losses when it is shuffled."""

import pandas as pd

from .._report_evidence import Section

TITLE = "Which features help"


def write(evidence) -> Section | str:
    """Scores of the branches alone, and the loss when each is shuffled."""
    if not evidence.held_out.branches:
        return "The model is neither a late fusion nor an average of models."
    rows = []
    for name, alone in evidence.held_out.branches.items():
        score = evidence.interval(alone)
        fall = evidence.interval(evidence.predicted, evidence.held_out.permuted[name])
        row = {"branch": name, "spearman": score.score, "low": score.low}
        row |= {"high": score.high, "at_chance": score.low <= 0}
        row["importance"] = fall.score
        rows.append(row | {"fall_low": fall.low, "fall_high": fall.high})
    table = pd.DataFrame(rows).sort_values("spearman", ascending=False)
    whole = evidence.score
    ends = table[["low", "high", "fall_low", "fall_high"]].to_numpy()
    shown = {
        "rows": table.to_dict("records"),
        "whole": whole._asdict(),
        "low": min(0.0, ends.min()),
        "high": max(ends.max(), whole.high),
    }
    return Section(table.reset_index(drop=True), shown)
