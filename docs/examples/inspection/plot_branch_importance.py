"""
Which branch a late fusion relies on
====================================

Fall of the rank correlation when the outputs of a branch are permuted among photos.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import (
    ColorHistogram,
    LBPPyramid,
    StackedLateFusion,
    make_popularity,
)
from sklearn_popularity.inspection import branch_importance, plot_branch_importance

posts, truth = make_popularity(200, random_state=0)
ridge = RidgeCV(alphas=[0.1, 1, 10, 100, 1000])
texture = make_pipeline(LBPPyramid(), StandardScaler(), ridge)
fusion = StackedLateFusion(
    [
        ("colour", make_pipeline(ColorHistogram(), ridge), "photo"),
        ("texture", texture, "photo"),
    ],
    cv=3,
)
fusion.fit(posts[:120], posts["score"][:120])
table = branch_importance(fusion, posts[120:], posts["score"][120:], random_state=0)
plot_branch_importance(table)
plt.show()
