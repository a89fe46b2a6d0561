"""Tags of posts, from lists or from separated text."""

import re

import numpy as np

from ._table import as_objects, reject_rows


def split_tags(values, separator, name="tags") -> list[list[str]]:
    """Tags of each row.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        Text, or a list, tuple, set or array of text; None and NaN have no tags.
    separator : str or None
        Separator of tags in text. If None, each run of letters and digits is a tag.
    name : str, default="tags"
        Name of the column, for the error.

    Returns
    -------
    tags : list of list of str
        Tags without surrounding blanks; empty ones are left out.

    Raises
    ------
    ValueError
        If a row is neither text nor a list of text.
    """
    objects = as_objects(values)
    missing = objects.isna().to_numpy()
    bad = ~objects.map(_are_tags).to_numpy(bool) & ~missing
    expected = "text, or a list of text"
    reject_rows(bad, objects, name, expected)
    split = re.compile(r"\w+").findall if separator is None else None
    return [
        [] if absent else _clean(value, split, separator)
        for value, absent in zip(objects, missing, strict=True)
    ]


def words_of(tag: str) -> list[str]:
    """Words of a tag or a caption: runs of letters and digits."""
    return re.findall(r"[^\W_]+", tag)


def _clean(value, split, separator):
    if isinstance(value, str):
        value = value.split(separator) if split is None else split(value)
    return [tag.strip() for tag in value if tag.strip()]


def _are_tags(value):
    if isinstance(value, str):
        return True
    if not isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return False
    return all(isinstance(tag, str) for tag in value)
