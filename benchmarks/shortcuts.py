"""Whether `shortcut_audit` finds planted shortcuts, and accuses nobody else.

Run ``python benchmarks/shortcuts.py --runs 200`` for made-up features, and
``python benchmarks/shortcuts.py --data FOLDER --keep FILE`` for OASIS (beauty, folds by
theme) and memes (log of ups, folds by user); FILE keeps rows of features. With
``--marks`` photos of OASIS are marked, and the measure "watermark" is to tell them.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from sklearn.linear_model import RidgeCV
from sklearn.metrics import roc_auc_score

from sklearn_popularity import read_image
from sklearn_popularity.evaluation import shortcut_audit
from sklearn_popularity.evaluation._photo_measures import measure_photos
from sklearn_popularity.papers import recommended

KINDS = (("oasis", "beauty", "theme"), ("memes", "ups", "user"))


def draw(kind, n, n_users, rng):
    """Features of one mark, five cameras and a size, their score, suspects and groups.

    In "told" features tell the suspects and the score knows none of them; in "scored"
    it is the other way round; in "planted" the mark is in both. In "users" suspects,
    and causes beside them, belong to users, who are groups.
    """
    user = rng.integers(0, n_users, n)
    owner = user if kind in ("users", "users, planted") else rng.permutation(n)
    mark = (rng.random(n) < 0.3)[owner]
    camera, size = rng.integers(0, 5, n)[owner], rng.normal(size=n)[owner]
    X = rng.normal(size=(n, 30))
    if kind not in ("clean", "scored"):
        X[:, 10] += 3 * mark
        X[:, 11] += 2 * size
        X[:, 12:17] += 3 * np.eye(5)[camera]
    y = X[:, 0] + X[:, 1] + rng.normal(size=n)
    if kind.startswith("users"):
        of_user = rng.normal(size=(2, n_users))[:, user]
        X[:, 2] += of_user[0]
        y += of_user.sum(axis=0)
    if kind == "scored":
        y += 2 * mark + size
    if kind.endswith("planted"):
        y += 1.5 * mark
    suspects = {"mark": mark, "camera": camera, "size": size}
    return X, y, suspects, user if kind.startswith("users") else None


def simulate(kind, n, n_users, runs):
    """Shares of runs that accuse the mark, or another suspect; what follows the mark.

    That is its mean, and the share of the intervals that hold this mean.
    """
    accused, found = [], []
    for seed in range(runs):
        X, y, suspects, groups = draw(kind, n, n_users, np.random.default_rng(seed))
        model = RidgeCV(np.logspace(-1, 3, 5))
        audit = shortcut_audit(model, X, y, suspects=suspects, groups=groups)
        table = audit.suspects
        verdicts = (table["verdict"] != "").to_numpy()
        accused.append((verdicts[0], verdicts[1:].any()))
        found.append(table[["follows", "follows_low", "follows_high"]].iloc[0])
    follows, low, high = np.transpose(found)
    held = (low <= follows.mean()) & (follows.mean() <= high)
    return *np.mean(accused, axis=0), follows.mean(), held.mean()


def made_up(sizes, n_users, runs):
    print("| what is made | rows | mark accused | others accused | follows | held |")
    print("|---|---|---|---|---|---|")
    for kind in ("clean", "told", "scored", "users", "planted", "users, planted"):
        for n in sizes:
            mark, others, follows, held = simulate(kind, n, n_users, runs)
            cells = f"{mark:.1%} | {others:.1%} | {follows:+.3f} | {held:.1%}"
            print(f"| {kind} | {n} | {cells} |", flush=True)


def real(folder, only, keep):
    settings = {"cache": keep}
    measures = ["size", "aspect", "file_type", "camera", "border", "watermark"]
    for name, label, group in KINDS:
        if only not in (None, name):
            continue
        posts = pd.read_csv(folder / name / "labels.csv")
        posts["photo"] = [str(folder / name / path) for path in posts["path"]]
        suspects = {group: group}
        if "source" in posts:
            suspects |= {"source": posts["source"].astype(str)}
        if "time" in posts:
            suspects |= {"year": posts["time"].str[:4]}
        audit = shortcut_audit(
            recommended(posts[["photo"]], **settings).model,
            posts,
            np.log(posts[label]) if label == "ups" else posts[label],
            suspects=suspects,
            measures=measures,
            groups=posts[group],
        )
        print(f"\n{name}, {label}\n\n{audit}\n")
        print(audit.suspects.drop(columns="verdict").round(3).to_string(index=False))
        worst = audit.groups.groupby("suspect", sort=False).head(3)
        print(worst.round(3).to_string(index=False), flush=True)


def stamp(photo, opacity):
    """The photo with a text in its lower right corner."""
    image = Image.fromarray(photo).convert("RGBA")
    layer, (width, height) = Image.new("RGBA", image.size), image.size
    ImageDraw.Draw(layer).text(
        (0.97 * width, 0.96 * height),
        "PHOTO.CLUB",
        font=ImageFont.load_default(size=max(8, int(0.08 * height))),
        anchor="rs",
        fill=(255, 255, 255, int(255 * opacity)),
    )
    return np.asarray(Image.alpha_composite(image, layer).convert("RGB"))


def marks(folder):
    """How well the measure "watermark" tells photos that were marked from others."""
    paths = pd.read_csv(folder / "oasis" / "labels.csv")["path"]
    photos = [read_image(folder / "oasis" / path, max_size=256) for path in paths]
    print("| photos marked | opacity | AUC |\n|---|---|---|")
    for share in (0.05, 0.1, 0.3):
        marked = np.random.default_rng(0).random(len(photos)) < share
        for opacity in (0.3, 0.6, 1.0):
            found = [
                stamp(photo, opacity) if has else photo
                for photo, has in zip(photos, marked, strict=True)
            ]
            likeness = measure_photos(found, ["watermark"], "photo")["watermark"]
            area = roc_auc_score(marked, likeness)
            print(f"| {share:.0%} | {opacity:.0%} | {area:.3f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rows", type=int, nargs="+", default=[300, 900])
    parser.add_argument("--users", type=int, default=60)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", choices=["oasis", "memes"])
    parser.add_argument("--marks", action="store_true")
    parser.add_argument("--keep", help="file that keeps rows of features")
    options = parser.parse_args()
    if options.marks:
        marks(options.data)
    elif options.data is None:
        made_up(options.rows, options.users, options.runs)
    else:
        real(options.data, options.only, options.keep)


if __name__ == "__main__":
    main()
