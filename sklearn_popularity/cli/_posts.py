"""From the table of a folder to rows that can be learned from."""

import warnings

import numpy as np
import pandas as pd


def with_label(posts, label):
    """Rows that have a label; an error for labels that are no numbers."""
    values = pd.to_numeric(posts[label], errors="coerce").astype(float)
    wrong = posts[label].notna() & ~np.isfinite(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"The column {label!r} holds {posts[label].iloc[row]!r} for "
            f"{posts['photo'].iloc[row]!r}, but a finite number was expected in each "
            "row, or nothing where the score is unknown."
        )
    known = posts.assign(**{label: values})[values.notna()].reset_index(drop=True)
    if len(known) < len(posts):
        warnings.warn(
            f"{len(posts) - len(known)} of {len(posts)} rows have no {label!r} and are "
            "left out",
            stacklevel=2,
        )
    if known[label].nunique() < 2:
        raise ValueError(
            f"The column {label!r} has {known[label].nunique()} distinct value(s), but "
            "scores that differ were expected."
        )
    return known


def groups_of(posts, column):
    without = posts[column].isna()
    if without.any():
        raise ValueError(
            f"The column {column!r} is empty for {int(without.sum())} rows, first for "
            f"{posts.loc[without, 'photo'].iloc[0]!r}, but each needs a group."
        )
    return posts[column].astype(str).to_numpy()
