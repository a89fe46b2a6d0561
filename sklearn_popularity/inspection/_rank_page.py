"""HTML page of new photos, sorted by predicted score."""

import numpy as np

from ._explain import explain_photo, tell_reasons
from ._photos import as_photos
from ._report_data import name_of
from ._report_html import render
from ._thumbnails import data_uri, picture_of

_MAX_PHOTOS = 2000
_MAX_BYTES = 8_000_000  # of all thumbnails, so that a page has less than 10 MB
_SIDES = [320, 240, 200, 160, 144, 128, 112, 96]  # pixels
_QUALITY = 60
_N_MEASURED = 50
N_EXPLAINED = 24
_N_REASONS = 5


def rank_page(model, posts, table, training, *, label, heading, constant=False):
    """HTML page of photos to choose from.

    Parameters
    ----------
    model : estimator
        Fitted model that predicts the scores of posts.
    posts : DataFrame
        Posts, with their photos in the column "photo".
    table : DataFrame
        A row per post, the highest first, with the columns rank, photo, score (in the
        unit of `label`; NaN if the photo cannot be read), percentile, low, high,
        unlike, in_training and reason. The index holds positions in `posts`.
    training : dict
        Entry "training" of the model card.
    label : str
        Name of the scores.
    heading : str
        Title of the page.
    constant : bool, default=False
        Whether the model predicts the same score for every photo.

    Returns
    -------
    page : str

    Notes
    -----
    The page explains the first 24 photos, at the cost of a prediction each, and shows
    the first 2,000, in a size that keeps it below 10 MB.
    """
    ranked = table[table["score"].notna()]
    shown = ranked.head(_MAX_PHOTOS)
    photos = as_photos(posts["photo"].iloc[shown.index].tolist())
    side = _choose_side(photos)
    rows, why_none = shown.to_dict("records"), ""
    for place, (number, row) in enumerate(zip(shown.index, rows, strict=True)):
        row |= picture_of(photos.read(place, max_size=side), _QUALITY)
        row["name"] = name_of(row["photo"])
        row["told"] = None
        if place < N_EXPLAINED and not why_none:
            row["told"], why_none = _tell(model, posts.iloc[[number]])
    return render(
        "rank.html",
        heading=heading,
        training=training,
        photos=rows,
        n_photos=len(ranked),
        n_unlike=int(ranked["unlike"].sum()),
        n_known=int(ranked["in_training"].sum()),
        constant=constant,
        n_explained=0 if why_none else min(N_EXPLAINED, len(rows)),
        why_none=why_none,
        known=bool((ranked["high"] - ranked["low"] < 100).any()),
        label=label,
        learned=training["label"],
        unreadable=table[table["score"].isna()].to_dict("records"),
    )


def _choose_side(photos):
    """The largest side at which all photos will fit, judging by a sample."""
    budget = _MAX_BYTES / len(photos)
    rows = np.unique(np.linspace(0, len(photos) - 1, _N_MEASURED).round().astype(int))
    for side in _SIDES:
        images = [photos.read(int(row), max_size=side) for row in rows]
        if np.mean([len(data_uri(image, _QUALITY)) for image in images]) <= budget:
            break
    return side


def _tell(model, post):
    """The strongest reasons for a photo or None, and why no photo has reasons."""
    try:
        found = explain_photo(model, post)
    except TypeError:
        return None, f"the model is a {type(model).__name__}."
    if found.why_none:
        return None, found.why_none
    told = tell_reasons(found, lambda reasons: reasons.head(_N_REASONS))
    if not told["reasons"]:  # none of them contributes
        return None, ""
    if len(told["reasons"]) + told["n_others"] < 2:
        return None, "the model takes the photo as a whole."
    return told, ""
