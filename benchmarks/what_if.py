"""Whether intervals of `what_if` hold, and what edits change on real photos.

Run ``python benchmarks/what_if.py`` for scores that are noise, which no edit changes;
with ``--data FOLDER --keep FILE`` for OASIS (beauty, folds by theme, the model of
`papers.recommended`); FILE keeps rows of features.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import ColorStatistics, make_popularity
from sklearn_popularity.evaluation import fit_model
from sklearn_popularity.inspection import what_if
from sklearn_popularity.papers import recommended


def noise(runs):
    """Share of the intervals that hold 0, by number of partitions."""
    posts, _ = make_popularity(120, image_size=(48, 64), random_state=0)
    model = make_pipeline(ColorStatistics(), StandardScaler(), Ridge(1.0))
    print("| partitions | edits | 0 is within |\n|---|---|---|")
    for n_repeats in (1, 3):
        held = []
        for seed in range(runs):
            y = np.random.default_rng(seed).normal(size=len(posts))
            fitted = fit_model(
                model, posts["photo"], y, n_repeats=n_repeats, return_estimator=True
            )
            table = what_if(fitted, posts["photo"][seed % 120]).changes.dropna()
            held += ((table["low"] <= 0) & (table["high"] >= 0)).tolist()
        print(f"| {n_repeats} | {len(held)} | {np.mean(held):.3f} |", flush=True)


def oasis(folder, keep, n_photos):
    """Mean changes, and shares of photos whose interval is clear of 0."""
    posts = pd.read_csv(folder / "oasis" / "labels.csv")
    posts["photo"] = [str(folder / "oasis" / path) for path in posts["path"]]
    fitted = fit_model(
        recommended(posts[["photo"]], cache=keep).model,
        posts[["photo"]],
        posts["beauty"],
        groups=posts["theme"],
        return_estimator=True,
    )
    rows = np.random.default_rng(0).choice(len(posts), n_photos, replace=False)
    tables = [what_if(fitted, posts[["photo"]].iloc[[row]]).changes for row in rows]
    table = pd.concat(tables)
    table["raises"], table["lowers"] = table["low"] > 0, table["high"] < 0
    told = table.dropna().groupby("edit")
    found = told[["change", "raises", "lowers"]].mean()
    found["unlike"] = table.groupby("edit")["unlike"].mean()
    print(f"\n{n_photos} photos, beauty 1 to 7\n")
    print("| edit | mean change | raises | lowers | unlike |\n|---|---|---|---|---|")
    for row in found.sort_values("change", ascending=False).itertuples():
        print(
            f"| {row.Index} | {row.change:+.3f} | {row.raises:.0%} | "
            f"{row.lowers:.0%} | {row.unlike:.0%} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--photos", type=int, default=30)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--keep", help="file that keeps rows of features")
    options = parser.parse_args()
    if options.data is None:
        noise(options.runs)
    else:
        oasis(options.data, options.keep, options.photos)


if __name__ == "__main__":
    main()
