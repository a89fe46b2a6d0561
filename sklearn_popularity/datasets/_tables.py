"""Read comma-separated tables; columns become numeric only if no text is lost."""

import codecs
import csv
import re
from collections import Counter
from io import StringIO
from itertools import chain, count

import numpy as np
import pandas as pd

#: Name of the index of a table that was read: the line of each row.
LINE = "line"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_AS_CSV = ', which Excel calls "CSV UTF-8"'
_TABLE = "comma-separated UTF-8 text"
# Spellings of a missing number.
_MISSING = "#N/A <NA> N/A NA NULL NaN None n/a nan null".split()
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(
    r"[+-]?(?:inf|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII
)
_TRUTH = {
    f(word): word == "True"
    for word in ("True", "False")
    for f in (str, str.upper, str.lower)
}
_MAX_EXACT = 2**53  # of float64
_MAX_WHOLE = 2**63 - 1
_LABELS = set(
    "user author owner uploader photographer theme album series group tag tags title "
    "text description path file filename image photo id uid pid post".split()
)
_LABEL_END = re.compile(r".*[_.\s-](?:id|ids|id_str|uid|nsid|identifier)", re.DOTALL)


def read_text(path, what="UTF-8 text", *, errors="strict") -> str:
    """Text of a file in UTF-8, or in UTF-16 with a byte-order mark.

    The error says `what` is expected; `errors` is that of :meth:`bytes.decode`.
    """
    data = path.read_bytes()
    is_wide = data.startswith(_UTF16)
    encoding, name = ("utf-16", "UTF-16") if is_wide else ("utf-8-sig", "UTF-8")
    try:
        text = data.decode(encoding, errors)
        before, found = text.partition("\0")[0], "a null"
        if len(before) == len(text):
            return text
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "replace")
        found = f"the byte 0x{data[error.start]:02x}, which is not {name}"
    line = len(before.split("\n"))
    raise ValueError(
        f"The file {str(path)!r} cannot be read as {what}: line {line} has {found}. "
        f"Save it as UTF-8{_AS_CSV if path.suffix == '.csv' else ''}."
    )


def read_table(path) -> pd.DataFrame:
    """Read a comma-separated table as text, with NaN for empty cells.

    The index is the line of each row, as a spreadsheet counts them: cells with several
    lines count once. `attrs` holds ``repeated``, the names of several columns. Columns
    without a name and without values, from commas at the ends of rows, are left out.
    """
    reader = csv.reader(StringIO(read_text(path, _TABLE), newline=""), strict=True)
    lines, n = [], 0
    try:
        for n, row in enumerate(reader, start=1):
            lines += [(n, row)] * any(row)
    except csv.Error as error:
        raise ValueError(
            f"The table {str(path)!r} cannot be read as {_TABLE}: {error} (line "
            f"{n + 1})."
        ) from error
    if not lines:
        raise ValueError(f"The table {str(path)!r} cannot be read: it is empty.")
    (_, header), *lines = lines
    _check_separator(header, path)
    if not lines:
        raise ValueError(f"The table {str(path)!r} has no rows.")
    rows = [_fitted(row, len(header), line, path) for line, row in lines]
    columns = zip(_unique(header), zip(*rows, strict=True), strict=True)
    index = pd.Index([line for line, _ in lines], name=LINE)
    table = pd.DataFrame(
        {
            name: pd.Series(cells, index).where(np.array(cells) != "", np.nan)
            for name, cells in columns
            if any(cells) or not name.startswith("Unnamed: ")
        }
    )
    names = Counter(cell.strip() for cell in header)
    table.attrs["repeated"] = [name for name, n in names.items() if name and n > 1]
    return table


def _check_separator(header, path):
    for separator, name in {";": "semicolons", "\t": "tabs"}.items():
        if len(header) == 1 and separator in header[0]:
            raise ValueError(
                f"{str(path)!r} has columns separated by {name}, but commas were "
                "expected. Save it with commas, and with decimal points (3.2, not 3,2)."
            )


def _fitted(row, n_columns, line, path):
    extra = [cell for cell in row[n_columns:] if cell]
    if extra:
        raise ValueError(
            f"The table {str(path)!r} has {len(row)} cells in line {line}, but its "
            f"first row names {n_columns} columns. Put quotes around text with commas."
        )
    return row[:n_columns] + [""] * (n_columns - len(row))


def _unique(header):
    """Unique column names, as pandas makes them if some are missing or repeated."""
    names: list[str] = []
    for i, cell in enumerate(header):
        name = cell.strip() or f"Unnamed: {i}"
        others = (f"{name}.{n}" for n in count(1))
        free = (each for each in chain([name], others) if each not in names)
        names.append(next(free))
    return names


def with_numbers(table, labels=()) -> pd.DataFrame:
    """Convert columns of text to numbers, or to bool, if no text is lost.

    `labels` are columns that stay text, in addition to those whose names stand for
    users, themes, tags, titles, paths or ids.
    """
    numbers = {
        name: _numbers_of(table[name])
        for name in table
        if name not in labels and not is_label(name)
    }
    return table.assign(**numbers)


def is_label(name) -> bool:
    """Whether a column of this name stays text even if it looks numeric."""
    name = name.lower()
    return name in _LABELS or _LABEL_END.fullmatch(name) is not None


def _numbers_of(column):
    missing = column.isna() | column.isin(_MISSING)
    distinct = column[~missing].unique()
    if len(distinct) == 0:
        return column.astype(float) if column.isna().all() else column
    if {*distinct} <= _TRUTH.keys():
        return column.map(_TRUTH)
    numbers = {text: _number_of(text.strip()) for text in distinct}
    kinds = {*map(type, numbers.values())}
    whole = kinds == {int} and not missing.any()
    merged = len({*numbers.values()}) < len(numbers)
    if type(None) in kinds or merged or not (whole or _fit_floats(numbers)):
        return column
    values = [numbers.get(text, np.nan) for text in column]
    return pd.Series(values, column.index, dtype=np.int64 if whole else np.float64)


def _fit_floats(numbers):
    return all(type(n) is float or abs(n) <= _MAX_EXACT for n in numbers.values())


def _number_of(text):
    """The number that a text spells without loss, or None."""
    if _WHOLE.fullmatch(text):
        return int(text) if abs(int(text)) <= _MAX_WHOLE else None
    return float(text) if _NUMBER.fullmatch(text) else None
