"""Tags of posts, from lists or from separated text."""

import re

import numpy as np

from ._table import as_objects, reject_rows


def split_tags(values, separator, name="tags") -> list[list[str]]:
    """Tags of each row without surrounding blanks, from text or from a list of text.

    Without a separator, each run of letters and digits of a text is a tag. None and NaN
    have no tags; a row of another type is an error.
    """
    objects = as_objects(values)
    missing = objects.isna().to_numpy()
    bad = ~objects.map(_are_tags).to_numpy(bool) & ~missing
    reject_rows(bad, objects, name, "text, or a list of text")
    return [
        [] if absent else _clean(value, separator)
        for value, absent in zip(objects, missing, strict=True)
    ]


def words_of(tag: str) -> list[str]:
    """Words of a tag or a caption: runs of letters and digits."""
    return re.findall(r"[^\W_]+", tag)


def _clean(value, separator):
    if isinstance(value, str):
        words = separator is None
        value = re.findall(r"\w+", value) if words else value.split(separator)
    return [tag.strip() for tag in value if tag.strip()]


def _are_tags(value):
    if isinstance(value, str):
        return True
    if not isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return False
    return all(isinstance(tag, str) for tag in value)
