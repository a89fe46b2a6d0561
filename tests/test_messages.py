"""Values in errors: short, in one line, and still to be recognised."""

import time

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity._messages import number, quote
from sklearn_popularity._terminal import escape


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a.jpg", "'a.jpg'"),
        (None, "None"),
        (np.float32(0.1), "0.1"),
        (np.str_("a"), "'a'"),
        (b"\x89PNG", r"b'\x89PNG'"),
        ({"path": "a.jpg"}, "{'path': 'a.jpg'}"),
        (np.eye(2), "array([[1., 0.], [0., 1.]])"),
        ("two\nlines", r"'two\nlines'"),
    ],
    ids=str,
)
def test_short_values_are_shown_whole(value, shown):
    assert quote(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        10**7 * "a",
        10**7 * b"\0",
        bytearray(10**7),
        {"bytes": 10**7 * b"\0", "path": None},
        [{"bytes": 10**7 * b"\0"}] * 1000,
        list(range(10**6)),
        pd.DataFrame(np.zeros((1000, 50))),
        np.str_(10**7 * "a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_long_values_are_cut(value):
    start = time.process_time()
    shown = quote(value)
    assert len(shown) <= 200 and shown.isprintable()
    assert time.process_time() - start < 0.5


def test_values_that_cannot_show_themselves_are_named():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert "Broken" in quote(Broken())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.0, "1"),
        (np.uint16(300), "300"),
        (1 + 1e-7, "1.0000001"),
        (np.float32(1 + 1e-7), "1.0000001"),
        (np.float64(-1e-12), "-1e-12"),
        (123_456_789, "123456789"),
        (0.1, "0.1"),
    ],
)
def test_numbers_hide_nothing(value, shown):
    assert number(value) == shown


def test_what_changes_a_terminal_is_escaped():
    text = "a\x1b[2J\u202egpj.ü\n\u2028"
    assert escape(text) == "a\\x1b[2J\\u202egpj.ü\\n\\u2028"
    assert escape("one\ntwo\x07", kept="\n") == "one\ntwo\\x07"
