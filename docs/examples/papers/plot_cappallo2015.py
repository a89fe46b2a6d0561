"""
Cappallo et al. 2015: latent senses
===================================

Photos are popular for different reasons, and unpopular for others. This example
compares rankers with several latent senses with a ranking SVM, which has one, on
features with two popular and two unpopular themes.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_popularity import LatentRankSVM
from sklearn_popularity.datasets import make_themes

themes = make_themes(600, noise=0.3, random_state=0)
train, test = slice(0, 300), slice(300, 600)
settings = {
    "1 sense": {"n_senses": 1, "n_unpopular_senses": 0},
    "4 popular": {"n_senses": 4, "n_unpopular_senses": 0},
    "2 popular, 2 unpopular": {"n_senses": 2, "n_unpopular_senses": 2},
}
rankers = {
    name: LatentRankSVM(**senses, random_state=0).fit(
        themes.data[train], themes.target[train]
    )
    for name, senses in settings.items()
}
scores = {
    name: ranker.score(themes.data[test], themes.target[test])
    for name, ranker in rankers.items()
}
for name, score in scores.items():
    print(f"{name:<24}{score:.3f}")

# %%
# Which popular sense has the highest score for which popular theme? The order of the
# senses is arbitrary and need not match the order of the themes.

ranker = rankers["2 popular, 2 unpopular"]
sense = ranker.predict_sense(themes.data[test])[:, 0]
theme = themes.theme[test]
counts = np.array(
    [[np.sum((theme == t) & (sense == s)) for s in (0, 1)] for t in (0, 1)]
)
figure, ax = plt.subplots(figsize=(4, 3), layout="constrained")
ax.imshow(counts, cmap="Blues")
for (row, col), count in np.ndenumerate(counts):
    color = "white" if count > counts.max() / 2 else "black"
    ax.text(col, row, count, ha="center", va="center", color=color)
ax.set(xlabel="popular sense", ylabel="popular theme", xticks=[0, 1], yticks=[0, 1])
plt.show()
