"""
Variance explained by photo and user
====================================

Many users post the same photos again and again, as with memes. Left: the share of the
variance that is due to the photo and to the user; triangles are the true shares. Right:
the highest rank correlation that any model of photos, or of users, can reach.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_popularity.evaluation import variance_shares

rng = np.random.default_rng(0)
photo, user = rng.integers(0, 90, 3000), rng.integers(0, 800, 3000)
parts = {
    "photo": 0.35 * rng.normal(size=90)[photo],
    "user": 0.60 * rng.normal(size=800)[user],
    "rest": 0.72 * rng.normal(size=3000),
}
likes = np.exp(2 * sum(parts.values()))
found = variance_shares(likes, photo=photo, user=user)
total = sum(np.var(part) for part in parts.values())

fig, axes = plt.subplots(1, 2, figsize=(9, 2.6), layout="constrained")
labels = {"shares": ("source", "share"), "ceilings": ("known", "spearman")}
for ax, (table, (name, value)) in zip(axes, labels.items(), strict=True):
    rows = getattr(found, table)[::-1]
    ax.hlines(rows[name], rows["low"], rows["high"])
    ax.plot(rows[value], rows[name], "o")
    ax.set_xlim(0, 1)
axes[0].plot([np.var(part) / total for part in parts.values()], list(parts), "k^")
axes[0].set_xlabel("share of the variance of ranks")
axes[1].set_xlabel("highest possible rank correlation")
plt.show()
