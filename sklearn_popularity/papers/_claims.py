"""What papers claim, and one rule for whether it holds."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..evaluation import adjust_p_values
from ..metrics import Estimate
from ._lines import interval, number, plain
from ._posts import NotTestableError

#: Smallest difference that matters: claims of equality are judged against it.
MARGIN = 0.02
#: Where claims stand that the papers do not make, which are of use beside theirs.
OURS = "not in the paper"
#: Probability of any wrong verdict about a paper, where no claim of it is true.
LEVEL = 0.05


class Evidence(NamedTuple):
    """What was measured about a claim.

    Parameters
    ----------
    effect : Estimate
        A difference with its standard error.
    n : int
        Number of posts.
    note : str
        The figures that differ.
    """

    effect: Estimate
    n: int
    note: str = ""


class Claim(NamedTuple):
    """A statement of a paper about a difference.

    Parameters
    ----------
    statement : str
        What is claimed.
    where : str
        Section or table.
    measure : callable
        Returns the :class:`Evidence`, or raises `NotTestableError`.
    boundary : float
        Value that the difference is said to exceed.
    above : bool
        False for a difference that is said to be below the boundary.
    is_best_of : bool
        Whether it is a difference to the best of several, by their test scores. That
        of several is better than itself by luck, so its opposite is never concluded.
    """

    statement: str
    where: str
    measure: Callable[[], Evidence]
    boundary: float = 0.0
    above: bool = True
    is_best_of: bool = False


def adds_nothing(statement, where, measure) -> Claim:
    """A claim that something adds less than `MARGIN`."""
    return Claim(statement, where, measure, boundary=MARGIN, above=False)


def judge(claims) -> pd.DataFrame:
    """Verdicts on the claims of one paper.

    A difference is tested against the boundary of its claim, in both directions, by
    Student's t; p-values are adjusted by Holm's method over all claims of the paper
    that could be tested. Below `LEVEL` the claim holds, or its opposite does, by the
    side of the boundary; otherwise the verdict is inconclusive, as it is where no post
    or group differs from another.

    Parameters
    ----------
    claims : list of Claim
        All claims of a paper.

    Returns
    -------
    verdicts : DataFrame
        A row per claim, with the columns claim, where, verdict, effect, low, high (95 %
        interval, not adjusted), p_value (adjusted), n and note.
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
    """Two-sided, against the boundary; 1 where nothing can be told."""
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
