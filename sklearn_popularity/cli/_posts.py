"""From the table of a folder to rows that can be learned from."""

import warnings

import numpy as np
import pandas as pd
from PIL import Image

from ..datasets import load_folder

# Columns whose rows tend to resemble each other.
_GROUPS = "user author owner uploader photographer theme album series group".split()


def read_posts(options, required=()):
    """The rows of a folder's table that have a label, and their groups or None.

    `attrs` of the rows has the names of those whose photo is ``missing`` and
    ``n_unlabelled``, the number of those without a label.
    """
    needed = [options.label, *required] + [options.group] * (options.group is not None)
    posts = load_folder(options.folder, photo_column=options.photo, required=needed)
    posts = _with_label(posts, options.label)
    if options.group is None:
        return posts, None
    check_filled(posts, options.group, "a group")
    return posts, posts[options.group].astype(str).to_numpy()


def warn_of_groups(options, posts):
    """Name a column that looks as if its rows should stay together, if none do."""
    if options.group is not None:
        return
    for column in posts.columns[posts.columns.str.lower().isin(_GROUPS)]:
        n = posts[column].nunique()
        if 1 < n < len(posts):
            warnings.warn(
                f"no --group, but the column {column!r} has {n} values in {len(posts)} "
                "rows. Where photos of one value resemble each other, the scores are "
                f"too high for new ones: try --group {column}",
                stacklevel=2,
            )
            return


def find_photos(given):
    """Photos, those in folders and below by name, and those that lists name."""
    if not any(path.exists() for path in given):
        raise FileNotFoundError(f"There is no {', nor '.join(map(str, given))}.")
    paths = [path for each in given for path in _photos_in(each)]
    if not paths:
        raise ValueError(f"Found no photos in {', '.join(map(str, given))}.")
    return paths


def _photos_in(given):
    """A photo, the lines of a list, or the photos in a folder and below, by name."""
    if given.suffix == ".txt":
        text = given.read_text(encoding="utf-8", errors="surrogateescape")
        return [line for line in text.splitlines() if line.strip()]
    if not given.is_dir():
        return [str(given)]
    suffixes = set(Image.registered_extensions())
    found = (path for path in given.rglob("*") if path.suffix.lower() in suffixes)
    return sorted(str(path) for path in found if path.is_file())


def _with_label(posts, label):
    """Rows that have a label; an error for labels that are no numbers."""
    values = pd.to_numeric(posts[label], errors="coerce").astype(float)
    wrong = posts[label].notna() & ~np.isfinite(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"The column {label!r} holds {posts[label].tolist()[row]!r} for "
            f"{posts['photo'].iloc[row]!r}, but a finite number was expected in each "
            "row, or nothing where the score is unknown."
        )
    known = posts.assign(**{label: values})[values.notna()].reset_index(drop=True)
    if known[label].nunique() < 2:
        raise ValueError(
            f"The column {label!r} has {known[label].nunique()} distinct value(s) in "
            f"{len(posts)} rows, but scores that differ were expected."
        )
    n_unlabelled = len(posts) - len(known)
    if n_unlabelled:
        warnings.warn(
            f"{n_unlabelled} of {len(posts)} rows have no {label!r} and are left out",
            stacklevel=3,
        )
    known.attrs["n_unlabelled"] = n_unlabelled
    return known


def check_filled(posts, column, needed):
    """An error that names the first photo where a column is empty."""
    without = posts[column].isna()
    if without.any():
        raise ValueError(
            f"The column {column!r} is empty for {int(without.sum())} rows, first for "
            f"{posts.loc[without, 'photo'].iloc[0]!r}, but each needs {needed}."
        )
