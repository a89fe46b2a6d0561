"""HTML page and figure that explain the score of a photo."""

from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from .._files import whole_file
from ..evaluation import image_transformers
from ._explain import explain_photo, tell_reasons
from ._heatmap import plot_heatmap
from ._percentiles import score_percentile
from ._photos import as_photos
from ._plotting import COLORS, INK, several_axes, shorten
from ._report_data import name_of
from ._report_html import render
from ._thumbnails import draw_map, overlay, picture_of, tell_extremes

_SHOWN = 480  # longest side in pixels
_N_REASONS = 3


def explain_page(model, photo, training, constant=False):
    """HTML page that explains the score of a photo.

    Parameters
    ----------
    model : estimator
        Fitted model that predicts scores from photos or a table.
    photo : path, or DataFrame with one row
        File, or the row with its path in the column "photo".
    training : dict
        Entry "training" of the model card.
    constant : bool, default=False
        Whether the model predicts the same score for every photo.

    Returns
    -------
    page : str
    """
    name, image = _look_at(photo)
    heat = _map_of(model, photo, constant)
    mapped: dict[str, Any] = {"map": None}
    if heat is not None:
        mapped = {
            "map": picture_of(overlay(image, heat)),
            "limit": float(np.abs(heat).max()),
            "places": tell_extremes(heat),
        }
    return render(
        "explain.html",
        heading=f"Why {name} has its score",
        name=name,
        training=training,
        constant=constant,
        photo=picture_of(image),
        **mapped,
        **_tell(model, photo, training),
    )


def explain_figure(model, photo, training, path: Path, constant=False):
    """Draw the same with matplotlib, and write it atomically.

    Parameters
    ----------
    model, photo, training, constant
        As for `explain_page`.
    path : Path
        File to write (.png).
    """
    name, image = _look_at(photo)
    told = _tell(model, photo, training)
    heat = _map_of(model, photo, constant)
    left, right = several_axes(None, 2, (12.0, 4.6), width_ratios=[1, 0.9])
    figure = left.figure
    if heat is not None:
        plot_heatmap(image, heat, unit="points of the score", ax=left)
    else:
        left.imshow(image)
        left.set_axis_off()
    _draw_reasons(right, told)
    what = f"predicted {training['label'] or 'score'} {told['score']:.3g}"
    tied = ", as of every photo" if constant else ""
    doubt = "; may be no better than chance" if training["interval"][0] <= 0 else ""
    figure.suptitle(
        f"{shorten(name, 60)}\n{what}, percentile {told['percentile']:.0f}{tied}{doubt}"
    )
    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    with whole_file(path) as unfinished:
        Image.fromarray(drawn).save(unfinished, "PNG")


def _look_at(photo):
    """Name and pixels of a photo."""
    file = photo["photo"].iloc[0] if isinstance(photo, pd.DataFrame) else photo
    return name_of(file), as_photos([file]).read(0, max_size=_SHOWN)


def _map_of(model, photo, constant):
    """The map of a model that sees photos and tells them apart; None for others."""
    sees = image_transformers(model) and not constant
    return draw_map(model, photo) if sees else None


def _tell(model, photo, training):
    """The score, the percentile and the reasons."""
    found = explain_photo(model, photo)
    percentile = score_percentile([found.score], training["quantiles"])[0]
    told = {"percentile": percentile, "why_none": found.why_none}
    return told | tell_reasons(found, _both_ends)


def _both_ends(reasons):
    """The strongest reasons that raise the score, then those that lower it."""
    sides = (reasons["contribution"] > 0, reasons["contribution"] < 0)
    return pd.concat([reasons[side].head(_N_REASONS) for side in sides])


def _draw_reasons(ax, told):
    rows = told["reasons"]
    if not rows:
        if told["why_none"]:
            ax.text(0, 0.5, f"No reasons that add up:\n{told['why_none']}", wrap=True)
        ax.set_axis_off()
        return
    if told["n_others"]:
        name = f"{told['n_others']} others"
        rows = [*rows, {"reason": name, "contribution": told["others"]}]
    values = [row["contribution"] for row in rows]
    colors = [COLORS[5] if value > 0 else COLORS[0] for value in values]
    ax.barh(range(len(rows)), values, color=colors, edgecolor=INK)
    ax.set_yticks(range(len(rows)), [fill(row["reason"], 36) for row in rows])
    ax.invert_yaxis()
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_xlabel(f"adds to {told['start']:.3g},\nthe score of an average photo")
