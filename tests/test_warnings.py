"""Warnings name the caller's line, whatever wraps the function that warns."""

import ast
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_popularity
from sklearn_popularity import KClassAggregatingClassifier
from sklearn_popularity._warnings import warn_caller

PACKAGE = Path(sklearn_popularity.__file__).parent


class NoisyWarning(UserWarning):
    pass


class Tired(BaseEstimator):
    def fit(self, X, y=None):
        warn_caller("tired", NoisyWarning)
        return self


def test_warn_caller_names_the_line_outside():
    with pytest.warns(NoisyWarning, match="tired") as caught:
        Tired().fit([[1.0]])
    assert caught[0].filename == __file__


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_warnings_of_estimators_name_the_line_that_called_fit(wrap):
    X, y = np.arange(9.0)[:, np.newaxis], np.array([0.0] * 6 + [1.0, 2.0, 3.0])
    model = KClassAggregatingClassifier(LogisticRegression(), n_classes=3)
    if wrap is make_pipeline:
        model = make_pipeline(StandardScaler(), model)
    with pytest.warns(UserWarning, match="equal scores share") as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__


def _hand_counted():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "stacklevel":
                yield path.relative_to(PACKAGE).as_posix()


def test_no_stack_levels_are_counted_by_hand():
    assert {*_hand_counted()} == {"_warnings.py"}
