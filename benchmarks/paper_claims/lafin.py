"""LaFin: tags, titles and photos, generated tags, and branches of equal widths.

Scores above the median are "interesting". The perceptrons are the paper's, but take
steps of 1e-3 and batches of 32: with 1e-4 and 512, which suit 79,000 photos, hundreds
of photos teach them nothing. Words of made-up posts have random vectors, which tell
which words they are; generated tags are the names of the ten objects that SqueezeNet
finds most likely, the paper's captions being out of reach.
"""

import re
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from paper_tables._data import ROW, Known
from paper_tables.lafin import random_vectors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity.papers import lafin

from ._findings import find, find_nothing, mean_effect, versus
from ._tables import MADE_UP, OASIS, Table

_N_TAGS, _N_DIMENSIONS = 10, 300
_PARTITIONS = 2
_SHORT = {"learning_rate": 1e-3, "batch_size": 32}


def tags(sources):
    """Table 1 and section IV: tags alone, against photos and against titles."""
    table = binary(
        Table(
            "made-up posts",
            sources.made_up["score"].to_numpy(),
            None,
            sources.keep,
            _PARTITIONS,
        )
    )
    posts = sources.made_up.drop(columns="photo")
    right = {
        name: is_right(
            table, name, (name,), posts, {"cnn": sources.squeezenet(MADE_UP)}
        )
        for name in ("tags", "cnn", "titles")
    }
    note = "tags {tags:.3f}, photos {cnn:.3f}, titles {titles:.3f} right; planted so"
    note = note.format(**{name: each.mean() for name, each in right.items()})
    return [
        find(
            f"tags beat {other}",
            table.name,
            mean_effect(right["tags"] - right[name], sources.made_up["user"]),
            note,
        )
        for other, name in {"photos": "cnn", "titles": "titles"}.items()
    ]


def inputs_together(sources):
    """Sections III-B and IV: generated tags, and branches against plain vectors."""
    table = binary(sources.oasis_table("beauty", _PARTITIONS))
    posts = pd.DataFrame({"tags": object_names(sources)})
    blocks = {
        "cnn": sources.mobilenet(OASIS),
        "caption": sources.squeezenet(OASIS, flip=True),
    }
    rows = {
        "photos": (("cnn",), True),
        "with generated tags": (("cnn", "tags"), True),
        "two networks": (("cnn", "caption"), True),
        "two networks, plain": (("cnn", "caption"), False),
    }
    right = {
        name: is_right(table, name, inputs, posts, blocks, balanced=balanced)
        for name, (inputs, balanced) in rows.items()
    }
    shares = {name: each.mean() for name, each in right.items()}
    generated = right["with generated tags"] - right["photos"]
    balanced = right["two networks"] - right["two networks, plain"]
    majority = table.y == (table.y.mean() > 0.5)
    return [
        find(
            "photos beat the majority class",
            table.name,
            mean_effect(right["photos"] - majority, table.groups),
            f"{versus(shares['photos'], majority.mean())} right",
        ),
        find_nothing(
            "generated tags add less than 0.02 to photos",
            table.name,
            mean_effect(generated, table.groups),
            f"{versus(shares['with generated tags'], shares['photos'])} right; names "
            "of objects stand in",
        ),
        find(
            "branches of equal widths beat plain concatenation",
            table.name,
            mean_effect(balanced, table.groups),
            f"{versus(shares['two networks'], shares['two networks, plain'])} right; "
            "MobileNetV2 and SqueezeNet",
        ),
    ]


def binary(table):
    """The table with scores above the median as 1, others as 0."""
    y = (table.y > np.median(table.y)).astype(int)
    return replace(table, y=y)


def is_right(table, name, inputs, posts, blocks, *, balanced=True):
    """Share of the partitions in which each row is classified rightly."""
    model = lafin.interestingness(
        inputs,
        balanced=balanced,
        vectors=partial(random_vectors, n_dimensions=_N_DIMENSIONS),
        photo=ROW,
        separator=None,
        networks={
            key: make_pipeline(Known(block), StandardScaler())
            for key, block in blocks.items()
        },
    )
    model[-1].set_params(**_SHORT)
    posts = posts.assign(**{ROW: np.arange(len(posts))})
    predicted = table.held_out(f"interesting {name}", model, posts)
    return (predicted == table.y[:, np.newaxis]).mean(axis=1)


def object_names(sources):
    """Names of the objects that SqueezeNet finds most likely, as tags."""
    names = (sources.weights / "imagenet_labels.txt").read_text(encoding="utf-8")
    # The first of 1,001 is the background, which the network does not know.
    names = [re.sub(r"\W+", "_", name) for name in names.splitlines()[1:1001]]
    likely = sources.squeezenet(OASIS, layer="probabilities")
    first = np.argsort(-likely, axis=1)[:, :_N_TAGS]
    return [" ".join(names[i] for i in row) for row in first]


CLAIMS = [tags, inputs_together]
