"""What is recommended today, against all other rows and a published network."""

import numpy as np
import pandas as pd
from oasis_networks import models as oasis_rows
from sklearn.base import clone

from sklearn_popularity import LatentRankSVM, SocialFeatures
from sklearn_popularity.papers import recommended

from ._findings import best_of, find, find_no_worse, mean_score, rank_gain
from ._tables import APPEAL, OASIS, Table


def best_of_all(sources):
    """Whether `recommended` reaches the best of all rows on OASIS."""
    blocks = {
        "MobileNetV2": sources.mobilenet(OASIS),
        "SqueezeNet": sources.squeezenet(OASIS, flip=True),
    }
    findings = []
    for label in ("beauty", "valence"):
        table = sources.oasis_table(label)
        ours = held_out_recommended(table, blocks)
        others = other_rows(table, blocks)
        best = best_of(table, others)
        found = (
            table.name,
            rank_gain(table, ours, others[best]),
            f"{spread(table.y, ours)} against {best}, {spread(table.y, others[best])}",
        )
        which = f"the best of {len(others)} other rows"
        findings += [
            find_no_worse(f"recommended reaches {which}, within 0.02", *found),
            find(f"recommended beats {which}", *found),
        ]
    return findings


def published_network(sources):
    """Whether `recommended` beats NIMA on the appeal of small photos."""
    rated = sources.appeal["mos"].notna().to_numpy()
    posts = sources.appeal[rated]
    table = Table("sophoappeal80 appeal", posts["mos"].to_numpy(), None, sources.keep)
    blocks = {
        "MobileNetV2": sources.mobilenet(APPEAL)[rated],
        "SqueezeNet": sources.squeezenet(APPEAL, flip=True)[rated],
    }
    nima = posts[["f_nima_a"]].to_numpy()
    ours = held_out_recommended(table, blocks)
    both = held_out_recommended(table, blocks, cue=nima[:, 0])
    told = f"{spread(table.y, nima)} of NIMA on the photos in full size"
    return [
        find(
            claim,
            table.name,
            rank_gain(table, predicted, nima),
            f"{spread(table.y, predicted)} against {told}",
        )
        for claim, predicted in {
            "recommended, on thumbnails, beats NIMA": ours,
            "recommended with NIMA's score as a cue beats NIMA": both,
        }.items()
    ]


def held_out_recommended(table, blocks, cue=None):
    """Predictions by what is recommended for embeddings, and a cue of photos."""
    frame, columns = as_frame(blocks)
    chosen = {"embeddings": columns}
    name = f"recommended {' '.join(blocks)}"
    if table.groups is not None:
        frame["group"] = table.groups
        chosen["groups"] = "group"
    if cue is not None:
        frame["cue"] = cue
        chosen["cues"] = SocialFeatures(counts=["cue"])
        name += " and a cue"
    model, _ = recommended(frame, **chosen)
    return table.held_out(name, model, frame)


def as_frame(blocks):
    """Blocks of features as a frame, and the columns of each."""
    frames = {
        name: pd.DataFrame(block).add_prefix(f"{name}_")
        for name, block in blocks.items()
    }
    frame = pd.concat(frames.values(), axis=1)
    return frame, {name: list(part) for name, part in frames.items()}


def other_rows(table, blocks):
    """RidgeCV, SVR, MLP and the ranker on MobileNetV2's numbers, and on both."""
    split = blocks["MobileNetV2"].shape[1]
    branches = {"mobilenet": slice(0, split), "squeezenet": slice(split, None)}
    kinds = {
        "MobileNetV2": (blocks["MobileNetV2"], None),
        "both": (np.hstack(list(blocks.values())), branches),
    }
    return {
        f"{name} on {kind}": table.held_out(f"{name} {kind}", model, X)
        for kind, (X, parts) in kinds.items()
        for name, model in _rows(parts).items()
    }


def _rows(branches):
    rows = oasis_rows(branches)
    flexible = clone(rows["SVR"]).set_params(regressor__svr__C=4)
    ranker = LatentRankSVM(alpha=0.003, random_state=0)
    return rows | {"SVR with C=4": flexible, "ranker": ranker}


def spread(y, predicted):
    """Mean score over partitions, and the range."""
    scores = [mean_score(y, column[:, np.newaxis]) for column in predicted.T]
    if len(scores) == 1:
        return f"{scores[0]:.3f}"
    return f"{np.mean(scores):.3f} ({min(scores):.3f}-{max(scores):.3f})"


CLAIMS = [best_of_all, published_network]
