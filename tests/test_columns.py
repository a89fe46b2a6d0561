"""Columns and labels, however they are given."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from sklearn_popularity import SocialFeatures, UserHistoryEncoder
from sklearn_popularity._columns import (
    check_table,
    column_names,
    encode_labels,
    label_rows,
    resolve_columns,
)

COLUMNS = {"user": ["b", "a", "b"], "red": [1.0, 2.0, 3.0]}
FORMS = ["pandas", "polars", "pyarrow", "numpy"]


def make_table(form):
    frame = pd.DataFrame(COLUMNS, index=[7, 7, 0])
    if form == "pandas":
        return frame
    if form == "numpy":
        return frame.to_numpy()
    package = pytest.importorskip(form, reason=f"This form needs {form}.")
    return package.table(COLUMNS) if form == "pyarrow" else package.DataFrame(COLUMNS)


@pytest.mark.parametrize("form", FORMS)
def test_columns_have_their_names(form):
    expected = None if form == "numpy" else ["user", "red"]
    assert column_names(make_table(form)) == expected


def test_columns_may_have_any_name():
    X = pd.DataFrame([[1, 2, 3]], columns=["columns", "column_names", 7])
    assert column_names(X) == ["columns", "column_names", 7]
    assert column_names(X.iloc[0]) is None
    assert column_names([[1, 2]]) is None


@pytest.mark.parametrize("form", ["polars", "pyarrow"])
@pytest.mark.parametrize(
    "transformer",
    [
        SocialFeatures(),
        SocialFeatures(counts=["red"], texts=[0]),
        UserHistoryEncoder(user="user", cv=2, random_state=0),
        UserHistoryEncoder(user=0, mode="past", time="red"),
    ],
    ids=str,
)
def test_tables_of_all_packages_give_the_same(transformer, form):
    X, plain = make_table(form), make_table("pandas")
    y = [1.0, 3.0, 2.0]
    expected = transformer.fit_transform(plain, y)
    names = transformer.get_feature_names_out().tolist()
    assert_array_equal(transformer.fit_transform(X, y), expected)
    assert_array_equal(transformer.transform(X), transformer.transform(plain))
    assert transformer.get_feature_names_out().tolist() == names


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("columns", ["uploader", 2, ["user", "uploader"], 0.5])
def test_missing_columns_are_named(form, columns):
    with pytest.raises(ValueError, match="of the parameter user cannot be taken from"):
        resolve_columns(make_table(form), columns, "parameter user")


@pytest.mark.parametrize("form", FORMS)
def test_tables_without_rows_are_refused(form):
    X = make_table(form)[:0]
    with pytest.raises(ValueError, match=r"0 sample\(s\) .* required by BaseEstimator"):
        check_table(BaseEstimator(), X, reset=True)


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_taken_by_position(form):
    X = make_table(form)
    for which in (0, lambda X: ["b", "a", "b"]):
        labels = label_rows(X, which, "user")
        assert_array_equal(encode_labels(labels, "user"), [1, 0, 1])


@pytest.mark.parametrize(
    "labels",
    [
        ["a", np.nan, "b"],
        ("a", None, "b"),
        [1, None, 3],
        np.array(["a", None, "b"], dtype=object),
        pd.Series([1, None, 3], dtype="Int64"),
        np.array(["2020", "NaT", "2021"], dtype="M8[D]"),
    ],
    ids=lambda labels: type(labels).__name__,
)
def test_missing_label_is_named(labels):
    message = r"in row 1 of user \(1 missing in all\)"
    with pytest.raises(ValueError, match=message):
        encode_labels(labels, "user")
    given = label_rows(np.zeros((3, 1)), lambda X: labels, "user")
    with pytest.raises(ValueError, match=message):
        encode_labels(given, "user")


@pytest.mark.parametrize("dtype", [">i4", ">f8", "<i4", "S1", "U1", object])
def test_labels_of_any_dtype_are_numbered(dtype):
    labels = np.array([3, 1, 3, 2]).astype(dtype)
    assert_array_equal(encode_labels(labels, "user"), [2, 0, 2, 1])
