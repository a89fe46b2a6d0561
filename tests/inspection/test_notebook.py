"""What notebooks show of results: everything, and no markup from the data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity.evaluation import ModelComparison
from sklearn_popularity.inspection import (
    PhotoComparison,
    PhotoExplanation,
    PopularityReport,
)
from sklearn_popularity.metrics import SpearmanInterval

HOSTILE = "<script>alert(1)</script>"


def _report(low):
    return PopularityReport(
        path=Path(f"{HOSTILE}.html"),
        score=SpearmanInterval(0.4, low, 0.6),
        predictions=np.zeros(2),
        shares=np.zeros(2),
        tables={},
        left_out={},
    )


def _explanation(why_none=""):
    reasons = pd.DataFrame({"reason": [HOSTILE, "b"], "contribution": [0.25, -0.125]})
    return PhotoExplanation(4.125, 4.0, reasons, why_none)


def _comparison(ceilings=None):
    scores = pd.DataFrame({"model": [HOSTILE], "spearman": [0.4], "low": [np.nan]})
    differences = pd.DataFrame({"model": [HOSTILE], "difference": [0.125]})
    return ModelComparison(scores, differences, {}, np.arange(2), ceilings)


def _photos():
    order = pd.DataFrame({"photo": [HOSTILE], "score": [1.0]})
    return PhotoComparison(order, order[:0].assign(verdict=""), False)


@pytest.mark.parametrize(
    "result", [_report(0.2), _explanation(), _comparison(), _photos()]
)
def test_text_of_data_is_escaped(result):
    page = result._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_report_shows_its_score_and_where_it_is():
    page = _report(0.2)._repr_html_()
    assert "Spearman 0.400 (95 % interval 0.200 to 0.600)" in page
    assert "chance" not in page and ".html" in page
    assert len(page) < 1000  # not the page itself, which may have a megabyte
    assert "no better than chance" in _report(0.0)._repr_html_()


def test_explanation_shows_reasons_or_why_there_are_none():
    page = _explanation()._repr_html_()
    for text in ("4.125", "4.000", "0.250", "-0.125"):
        assert text in page
    page = _explanation("Ridge < SVR.")._repr_html_()
    assert "Ridge &lt; SVR." in page and "<table" not in page


def test_comparison_shows_its_tables():
    page = _comparison()._repr_html_()
    assert page.count("<table") == 2
    assert "0.400" in page and "0.125" in page and "<td>\N{EN DASH}</td>" in page
    page = _comparison(pd.DataFrame({"ceiling": [0.5]}))._repr_html_()
    assert page.count("<table") == 3 and "0.500" in page
