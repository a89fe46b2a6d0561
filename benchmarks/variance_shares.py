"""How much of a score repeats with the photo and with the user: made-up and real posts.

Run ``python benchmarks/variance_shares.py DATA``; the folder holds
tabular/imgflip_memes_sample.csv. Of made-up posts the shares are known: bias and
coverage of the intervals, whose nominal confidence is 95 %.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_popularity.evaluation import variance_shares

#: Posts, photos and users; then the shares of photos and users in the effects.
SHAPES = [(600, 60, 100), (2000, 88, 600), (2000, 1000, 1000)]
EFFECTS = [(0.0, 0.0), (0.1, 0.3), (0.4, 0.2)]


def of_ranks(share):
    """The share in the variance of ranks, of one in that of normal effects."""
    return 6 / np.pi * np.arcsin(share / 2)


def draw(shape, effects, uneven, rng):
    """Scores of posts, their photos and their users."""
    n_posts, n_photos, n_users = shape
    labels, latent = [], rng.normal(size=n_posts) * np.sqrt(1 - sum(effects))
    for n, share in zip((n_photos, n_users), effects, strict=True):
        sizes = 1 + rng.pareto(1.2, n) if uneven else np.ones(n)
        labels.append(rng.choice(n, n_posts, p=sizes / sizes.sum()))
        latent += np.sqrt(share) * rng.normal(size=n)[labels[-1]]
    return np.exp(2 * latent), *labels


def study(shape, effects, uneven, n_runs):
    """Truth, mean bias and coverage of the shares of photo, user and both."""
    truth = np.array([*map(of_ranks, effects), of_ranks(sum(effects))])
    shares, covered = [], []
    for seed in range(n_runs):
        y, photo, user = draw(shape, effects, uneven, np.random.default_rng(seed))
        table = variance_shares(y, photo=photo, user=user).shares
        both = 1 - table.iloc[-1][["share", "high", "low"]].to_numpy(float)
        rows = np.vstack([table.iloc[:2][["share", "low", "high"]], both])
        shares.append(rows[:, 0])
        covered.append((rows[:, 1] <= truth) & (truth <= rows[:, 2]))
    return truth, np.mean(shares, axis=0) - truth, np.mean(covered, axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=400)
    options = parser.parse_args()
    print(
        "| posts, photos, users | sizes | share of photo, user, both | bias | covered |"
    )
    print("|---|---|---|---|---|")
    for uneven in (False, True):
        for shape in SHAPES:
            for effects in EFFECTS:
                found = study(shape, effects, uneven, options.runs)
                cells = [
                    ", ".join(form.format(x + 0.0) for x in values)
                    for form, values in zip(
                        ("{:.3f}", "{:+.3f}", "{:.3f}"), found, strict=True
                    )
                ]
                sizes = "power law" if uneven else "alike"
                counts = ", ".join(map(str, shape))
                print(f"| {counts} | {sizes} | {' | '.join(cells)} |", flush=True)
    memes = pd.read_csv(options.folder / "tabular" / "imgflip_memes_sample.csv")
    for column in ("views", "votes"):
        known = memes.dropna(subset=[column, "author"])
        labels = {"photo": known["template"], "user": known["author"]}
        start = time.perf_counter()
        found = variance_shares(known[column], **labels)
        seconds = time.perf_counter() - start
        print(f"\n{column}, {len(known)} memes, {seconds:.2f} s\n")
        print(found.shares.round(3).to_string(index=False))
        print(found.ceilings.round(3).to_string(index=False))
    rng = np.random.default_rng(0)
    y, photo, user = draw((100_000, 5000, 20_000), (0.1, 0.3), False, rng)
    start = time.perf_counter()
    variance_shares(y, photo=photo, user=user)
    print(f"\n100,000 posts: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
