"""Do latent senses find planted themes, and does it take both kinds of them?

Run ``python benchmarks/planted_themes.py``: two popular and two unpopular themes in
2000 made-up photos (:func:`sklearn_popularity.datasets.make_themes`), one half to learn
from, Spearman's correlation on the other. Senses are compared with the themes by the
adjusted Rand index, on all photos of a side and on those with more than a trace of
their theme (strength above 1).
"""

import numpy as np
from sklearn.metrics import adjusted_rand_score

from sklearn_popularity import LatentRankSVM
from sklearn_popularity.datasets import make_themes

N_SEEDS = 5
SENSES = {"1 (ranking SVM)": (1, 0), "4 popular": (4, 0), "2 + 2": (2, 2)}


def run(seed):
    """Scores of each number of senses, and how well 2 + 2 senses match the themes."""
    themes = make_themes(2000, random_state=seed)
    X, y, theme = themes.data, themes.target, themes.theme
    train, test = slice(0, 1000), slice(1000, 2000)
    scores = []
    for n_popular, n_unpopular in SENSES.values():
        ranker = LatentRankSVM(
            n_senses=n_popular, n_unpopular_senses=n_unpopular, random_state=0
        ).fit(X[train], y[train])
        scores.append(ranker.score(X[test], y[test]))
    senses, theme = ranker.predict_sense(X[test]), theme[test]
    matches = [
        adjusted_rand_score(theme[rows], senses[rows, side])
        for strong in (np.ones(1000, bool), themes.strength[test] > 1)
        for side, members in enumerate((theme < 2, theme >= 2))
        for rows in [strong & members]
    ]
    return scores, matches


def main():
    scores, matches = map(np.array, zip(*map(run, range(N_SEEDS)), strict=True))
    print(f"mean (lowest to highest) over {N_SEEDS} seeds")
    sides = ["popular", "unpopular", "popular, clear", "unpopular, clear"]
    for names, values in ((SENSES, scores), (sides, matches)):
        for name, column in zip(names, values.T, strict=True):
            spread = f"({column.min():.3f}-{column.max():.3f})"
            print(f"{name:<20}{column.mean():.3f} {spread}")


if __name__ == "__main__":
    main()
