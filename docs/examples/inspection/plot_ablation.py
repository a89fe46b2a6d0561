"""
Content, context, or both
=========================

Content alone, context alone, both, and baselines on the same folds, with paired
differences (table 3 of Khosla et al.). Training and test folds share no users.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    ColorHistogram,
    StackedLateFusion,
    TagEmbedder,
    ablation,
    make_popularity,
)
from sklearn_popularity.inspection import plot_comparison

posts, truth = make_popularity(150, random_state=0)
words = sorted({tag for tags in posts["tags"] for tag in tags.split()})
vectors = dict(zip(words, np.eye(len(words)), strict=True))  # or word2vec vectors
ridge = RidgeCV(alphas=[0.1, 1, 10, 100])
fusion = StackedLateFusion(
    [
        ("colour", make_pipeline(ColorHistogram(), ridge), "photo"),
        ("tags", make_pipeline(TagEmbedder(vectors, separator=" "), ridge), "tags"),
    ],
    groups="user",
    cv=3,
)
result = ablation(
    fusion,
    posts,
    posts["score"],
    content=["colour"],
    social=["tags"],
    user="user",
    groups="user",
    cv=4,
    random_state=0,
)
plot_comparison(result)
plt.show()
