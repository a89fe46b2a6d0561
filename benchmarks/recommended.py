"""What `papers.recommended` reaches on ratings and on votes, beside plain choices.

Run ``python benchmarks/recommended.py FOLDER`` on a folder with oasis (labels.csv with
path, theme and ratings) and memes (labels.csv with path, ups, user, time and title).
With ``--keep FILE`` rows of features are kept there. ``--confirm`` adds what nothing
was chosen on: arousal, and memes forward in time by authors who are new.

OASIS: five folds by theme, three partitions, by `compare_models`. Memes: log(ups), five
folds by author; forward, models learn from the first four fifths and are judged by
posts of the last fifth whose authors are not among them.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_popularity import spearman_interval
from sklearn_popularity.evaluation import compare_models
from sklearn_popularity.papers import recommended

#: What is told of memes, by the name of the row.
KINDS = {
    "photos": {},
    "title and time": {"photo": None, "titles": "title", "time": "time"},
    "all": {"titles": "title", "time": "time"},
}


def read(folder):
    labels = pd.read_csv(folder / "labels.csv")
    return labels.assign(photo=[str(folder / path) for path in labels["path"]])


def memes_models(posts, settings):
    """Models of what is known before the post, which the votes are not."""
    posts = posts[["photo", "time", "title"]]
    return {
        name: recommended(posts, **kind, **settings).model
        for name, kind in KINDS.items()
    }


def show(name, comparison):
    for row in comparison.scores.itertuples():
        print(
            f"| {name} | {row.model} | {row.spearman:.3f} | {row.low:.3f} to "
            f"{row.high:.3f} | {row.lowest:.3f} to {row.highest:.3f} |",
            flush=True,
        )


def oasis(folder, labels, settings):
    posts = read(folder)
    model, reasons = recommended(posts[["photo"]], **settings)
    print("\n".join(f"- {reason}" for reason in reasons), end="\n\n")
    for label in labels:
        comparison = compare_models(
            {"recommended": model},
            posts[["photo"]],
            posts[label],
            groups=posts["theme"],
        )
        show(f"OASIS {label}", comparison)


def memes(folder, settings):
    posts = read(folder)
    comparison = compare_models(
        memes_models(posts, settings),
        posts[["photo", "time", "title"]],
        np.log(posts["ups"]),
        groups=posts["user"],
    )
    show("memes, unseen authors", comparison)


def memes_forward(folder, settings):
    posts = read(folder).sort_values("time", kind="stable")
    start = len(posts) * 4 // 5
    past, coming = posts[:start], posts[start:]
    coming = coming[~coming["user"].isin(past["user"])]
    for name, model in memes_models(posts, settings).items():
        predicted = model.fit(past, np.log(past["ups"])).predict(coming)
        found = spearman_interval(coming["ups"], predicted, groups=coming["user"])
        print(
            f"| memes, forward, {len(coming)} by new authors | {name} | "
            f"{found.score:.3f} | {found.low:.3f} to {found.high:.3f} | |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", help="file that keeps rows of features")
    parser.add_argument("--only", choices=["oasis", "memes"])
    parser.add_argument("--confirm", action="store_true")
    options = parser.parse_args()
    settings = {"cache": options.keep}
    if options.only != "memes":
        labels = ["beauty", "valence"] + ["arousal"] * options.confirm
        oasis(options.folder / "oasis", labels, settings)
    if options.only != "oasis":
        memes(options.folder / "memes", settings)
        if options.confirm:
            memes_forward(options.folder / "memes", settings)


if __name__ == "__main__":
    main()
