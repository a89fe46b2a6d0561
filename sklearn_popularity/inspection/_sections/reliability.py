"""Reliability of predicted percentiles."""

from .._reliability import percentile_reliability
from .._report_evidence import Section

TITLE = "What a percentile means"


def write(evidence) -> Section:
    """Mean true percentiles of bins of predicted ones, with intervals."""
    table = percentile_reliability(
        evidence.y,
        evidence.predicted,
        n_bins=10 if len(evidence.y) >= 200 else 5,
        groups=evidence.clusters,
    )
    return Section(table, {"rows": table.to_dict("records")})
