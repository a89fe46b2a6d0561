"""Claims of papers, and one rule for whether they hold."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..evaluation import adjust_p_values
from ..metrics import Estimate
from ._lines import interval, number, plain
from ._posts import NotTestableError

#: Smallest difference that matters: claims of equality are judged against it.
MARGIN = 0.02
#: The place of claims that the papers do not make.
OURS = "not in the paper"
#: Probability of any wrong verdict about a paper if none of its claims is true.
LEVEL = 0.05


class Evidence(NamedTuple):
    """The measured evidence for a claim."""

    effect: Estimate  # a difference with its standard error
    n: int  # number of posts
    note: str = ""  # the two figures that the difference is of


class Claim(NamedTuple):
    """A statement of a paper about a difference."""

    statement: str
    where: str  # section or table of the paper
    measure: Callable[[], Evidence]  # or it raises `NotTestableError`
    boundary: float = 0.0  # that the difference should exceed
    above: bool = True  # False if the difference should be below the boundary
    # Whether the difference is to the best of several by their test scores. Being
    # selected makes that score too high, so the opposite is never concluded.
    is_best_of: bool = False


def evidence_of(one, other) -> Evidence:
    """The difference of the scores of two trials of the same target."""
    note = f"{one.score:.3f} against {other.score:.3f}"
    return Evidence(one.gain(other), one.n, note)


def claims_of(pairs, measure, *known) -> list[Claim]:
    """Claims that one model beats another, from (statement, where, one, other).

    `measure` is given the known arguments and the two models.
    """
    return [
        Claim(statement, where, partial(measure, *known, one, other))
        for statement, where, one, other in pairs
    ]


def adds_nothing(statement, where, measure) -> Claim:
    """A claim that something adds less than `MARGIN`."""
    return Claim(statement, where, measure, boundary=MARGIN, above=False)


def judge(claims) -> pd.DataFrame:
    """Verdicts on the claims of one paper; the 95 % intervals are not adjusted.

    A difference is tested against the boundary of its claim by a two-sided t-test;
    p-values are adjusted by Holm's method over all testable claims of the paper. Below
    `LEVEL`, the claim or its opposite holds, depending on the side of the boundary.
    Otherwise, and if the standard error is 0, the verdict is inconclusive.
    """
    found = [_measure(claim) for claim in claims]
    tested = [i for i, evidence in enumerate(found) if evidence.n]
    p_values = np.full(len(claims), np.nan)
    p_values[tested] = adjust_p_values(
        [_p_value(claims[i], found[i].effect) for i in tested]
    )
    rows = [
        _row(claim, evidence, p_value)
        for claim, evidence, p_value in zip(claims, found, p_values, strict=True)
    ]
    return pd.DataFrame(rows)


def _p_value(claim, effect):
    """Two-sided p-value against the boundary; 1 if there is no standard error."""
    agrees = (effect.value > claim.boundary) == claim.above
    if not effect.error or np.isnan(effect.error) or (claim.is_best_of and not agrees):
        return 1.0
    return effect.p_value(claim.boundary)


def _measure(claim):
    try:
        return claim.measure()
    except NotTestableError as error:
        return Evidence(Estimate(np.nan, np.nan, 1), 0, str(error))


def _row(claim, evidence, p_value):
    low, high = evidence.effect.ends(0.95)
    return {
        "claim": claim.statement,
        "where": claim.where,
        "verdict": _verdict(claim, evidence.effect.value, p_value),
        "effect": evidence.effect.value,
        "low": low,
        "high": high,
        "p_value": p_value,
        "n": evidence.n,
        "note": evidence.note,
    }


def _verdict(claim, effect, p_value):
    if np.isnan(p_value):
        return "not testable"
    if p_value >= LEVEL:
        return "inconclusive"
    return "holds" if (effect > claim.boundary) == claim.above else "the opposite holds"


def claims_as_markdown(verdicts) -> str:
    """Verdicts as a table of Markdown."""
    header = ["claim", "where", "verdict", "effect", "95 % interval", "p", "n"]
    text = [f"| {' | '.join([*header, 'figures'])} |", "|---" * (len(header) + 1) + "|"]
    for row in verdicts.itertuples():
        cells = [row.claim, row.where, row.verdict, number(row.effect)]
        p_value = "<0.001" if row.p_value < 0.001 else number(row.p_value)
        cells += [interval(row.low, row.high), p_value]
        cells += [f"{row.n:,}" if row.n else "", plain(row.note)]
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text) + "\n"
